"""`backtest`: the rules over history, as the daemon would have judged it, and what their episodes were followed by."""

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import monitor
from monitor.cli.evidence import show_evidence, show_spans, write_rows
from monitor.cli.options import JsonOption, PacksArgument, SettingsOption, configuration
from monitor.cli.screen import note, paragraph, say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    import polars as pl

    from monitor.backtest import Backtest, Measured
    from monitor.backtest.poison import Audit
    from monitor.backtest.spans import LegSpan, Reproduction
    from monitor.config import Configuration
    from monitor.instruments import Catalogue
    from monitor.policy import Decided
    from monitor.rules import InstanceKey, Rulebook

DAY = "%Y-%m-%d"
SHOWN_EPISODES = 12
AUDITED_SESSIONS = 10
"""In so many sessions, and two more, the future is poisoned."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(backtest)


def backtest(
    packs: PacksArgument = None,
    *,
    prices: Annotated[
        Path | None,
        typer.Option(help="A file, a folder, or a mapping such as prices.yml; else the prices held."),
    ] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", formats=[DAY], help="First session reported.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=[DAY], help="Last session judged.")] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all results as rows of a Parquet file.")
    ] = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Run rules over history: every episode, what would have been sent, and what followed."""
    from monitor.backtest import measure, reproduction, run, spans
    from monitor.packs import load_rulebook

    found = configuration(settings)
    names = packs or list(found.settings.packs)
    rulebook = load_rulebook(names, folder=Path() if packs else found.folder, catalogue=found.catalogue)
    with working("reading prices"):
        held = bars_to_judge(found, prices, rulebook)
    for warning in held.warnings:
        note(f"warning: {warning}")
    check_held(rulebook, held.bars, held.source)
    first, last = (None if day is None else day.date() for day in (start, end))
    with working("judging"):
        done = run(rulebook, held.bars, start=first, end=last)
    if not any(len(track.sessions) for track in done.tracks):
        raise UsageError(
            f"{held.source}: no session in which all that a rule reads has a price; check --to and the files"
        )
    with working("measuring what followed"):
        measured = measure(done, held.bars, audit=_audit(done, held.bars))
    legs = spans(rulebook, held.bars, held.sources(rulebook), end=last)
    command = _command(
        packs or (), {"--prices": prices, "--from": first, "--to": last, "--settings": settings}
    )
    line = reproduction(rulebook, held.bars, command=command, seed=measured.seed, end=last)
    if parquet is not None:
        write_rows(parquet, measured)
    if json:
        show_json(_report(done, held.source) | _evidence(measured, legs, line))
    else:
        _show(done, held.source)
        show_evidence(measured)
        show_spans(legs, line, audited=measured.audited)


def _audit(done: "Backtest", bars: "pl.DataFrame") -> "Audit":
    """A quick look at whether rules see the future; `check --deep` takes a longer one."""
    from monitor.backtest.poison import look_ahead
    from monitor.backtest.run import END_OF_TIME
    from monitor.bars import completed

    judged = completed(bars, now=END_OF_TIME)
    return look_ahead(done.rulebook, judged, done.tracks, done.decided, most=AUDITED_SESSIONS)


def _command(packs: Iterable[str], options: Mapping[str, object]) -> str:
    """The command that does the same again."""
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return shlex.join(["metalwatch", "backtest", *packs, *given])


def _evidence(measured: "Measured", legs: Iterable["LegSpan"], line: "Reproduction") -> dict[str, object]:
    from monitor.backtest.values import plain

    return {
        "legs": [plain(leg) for leg in legs],
        "made_by": plain(line),
        "tests": measured.tests,
        "audited": measured.audited,
        "evidence": [one.plain() for one in measured.rules],
    }


@dataclass(frozen=True)
class Held:
    """The bars to judge, what they are called, what was wrong with single rows, and the files they came from."""

    bars: "pl.DataFrame"
    source: str
    warnings: tuple[str, ...] = ()
    files: "Mapping[str, tuple[Path, ...]]" = field(default_factory=dict)

    def sources(self, rulebook: "Rulebook") -> dict[str, str]:
        """Where the prices of each instrument are from."""
        names = {key: ", ".join(path.name for path in paths) for key, paths in self.files.items()}
        return dict.fromkeys(rulebook.catalogue.instruments, self.source) | names


def bars_to_judge(found: "Configuration", prices: Path | None, rulebook: "Rulebook") -> Held:
    """The bars that a backtest of these rules takes, those of instruments they study with them."""
    from monitor.backtest import studied

    return bars_of(found, prices, rulebook.catalogue, rulebook.instruments | studied(rulebook))


def bars_of(
    found: "Configuration", prices: Path | None, catalogue: "Catalogue", wanted: Collection[str]
) -> Held:
    """The bars of some instruments, from where a command or settings say; of files, those of others too."""
    configured = found.settings.prices
    if prices is None and configured.source == "files" and configured.folder is not None:
        prices = found.folder / configured.folder
    if prices is not None:
        from monitor.prices.files import read_prices

        read = read_prices(prices, catalogue)
        return Held(read.frame, str(prices), _about(read.warnings, wanted), read.files)
    if configured.source == "sample":
        from monitor.prices.sample import SampleSource, sample_bars

        return Held(sample_bars(), SampleSource().label)
    from monitor.opening import opened

    with opened(found, claim=False) as (store, _):
        return Held(store.bars(instruments=wanted), f"prices held in {store.name}")


def _about(warnings: Iterable[str], wanted: Collection[str]) -> tuple[str, ...]:
    """The warnings about these instruments."""
    return tuple(w for w in warnings if w.partition(" ")[0].rstrip(":") in wanted)


def check_held(rulebook: "Rulebook", bars: "pl.DataFrame", source: str) -> None:
    """Prices that are not there: some rules stay unknown, or nothing can be judged at all."""
    held = set(bars["instrument"].unique())
    missing = sorted(rulebook.instruments - held)
    if not missing:
        return
    judged = [one for one in rulebook.instances if one.instruments <= held]
    left = len(rulebook.instances) - len(judged)
    unknown = f"{left} of {len(rulebook.instances)} rules cannot be judged"
    hint = "run `metalwatch prices fetch`, or name a folder with --prices"
    text = f"{source}: no prices of {', '.join(missing)}: {unknown}; {hint}"
    if not judged:
        raise UsageError(text)
    note(f"warning: {text}")


def _report(done: "Backtest", source: str) -> dict[str, object]:
    from monitor.backtest.run import span

    first, last = span(done.tracks)
    rules = {instance.rule.id for instance in done.rulebook.instances}
    labels = {instance.key: dict(instance.labels) for instance in done.rulebook.instances}
    return {
        "version": monitor.__version__,
        "prices": source,
        "rules": len(rules),
        "span": {"first": first, "last": last},
        "alerts": [_alert(one, labels) for one in done.decided if _is_reported(one)],
    }


def _is_reported(one: "Decided") -> bool:
    from monitor.alerts import RECORDED_ONLY, Kind

    return one.transition.kind not in RECORDED_ONLY | {Kind.REMIND}


def _alert(one: "Decided", labels: "Mapping[InstanceKey, dict[str, str]]") -> dict[str, object]:
    transition = one.transition
    return {
        "rule": transition.rule,
        "instance": transition.instance,
        "level": transition.level.value,
        "kind": transition.kind.value,
        "session": transition.session,
        "episode": transition.episode,
        "values": dict(transition.values),
        "message": "sent" if one.sent else f"withheld: {one.cause}",
        "text": one.text,
        "labels": labels[transition.rule, transition.instance],
    }


def _show(done: "Backtest", source: str) -> None:
    from monitor.backtest import episodes
    from monitor.backtest.run import span

    first, last = span(done.tracks)
    say(f"Prices: {source}, {first} to {last}")
    everything = episodes(done.decided)
    rows = [
        _summary(key, [e for e in everything if (e.rule, e.instance) == key], done) for key in _keys(done)
    ]
    table(("rule", "episodes", "told", "a year", "first", "last", "days open"), rows, right=(1, 2, 3, 6))
    for key in _keys(done):
        own = [e for e in everything if (e.rule, e.instance) == key]
        if own:
            _show_dates(_name(key), [(e.opened, e.resolved, e.told) for e in own])
    sent = sum(one.sent for one in done.decided)
    withheld = sum(not one.sent and _is_reported(one) for one in done.decided)
    paragraph(
        f"{counted(len(everything), 'episode')} (days open: the median), {counted(sent, 'alert')} sent, "
        f"{withheld:,} withheld{_why_withheld(done)}.",
        hang="",
    )


def _why_withheld(done: "Backtest") -> str:
    """` by a cooldown`, or by whatever else can withhold an alert."""
    causes = sorted({one.cause or "" for one in done.decided if not one.sent and _is_reported(one)})
    return " by a cooldown" if causes in ([], ["cooldown"]) else f" ({', '.join(causes)})"


def _keys(done: "Backtest") -> list[tuple[str, str | None]]:
    return [instance.key for instance in done.rulebook.instances]


def _name(key: tuple[str, str | None]) -> str:
    return key[0] if key[1] is None else f"{key[0]} {key[1]}"


def _summary(
    key: tuple[str, str | None], own: Sequence["monitor.backtest.Episode"], done: "Backtest"
) -> tuple[object, ...]:
    track = done.track(*key)
    start = (
        max(d for d in (done.start, track.sessions[0] if len(track.sessions) else None) if d) if own else None
    )
    years = ((track.sessions[-1] - start).days + 1) / 365.25 if start else 0
    closed = sorted((e.resolved - e.opened).days for e in own if e.resolved)
    length = f"{closed[len(closed) // 2]}" if closed else "-"
    rate = f"{len(own) / years:.1f}" if own else "0"
    ends = (own[0].opened, own[-1].opened) if own else ("-", "-")
    return (_name(key), len(own), sum(e.told for e in own), rate, *ends, length)


def _show_dates(name: str, dates: list[tuple[date, date | None, bool]]) -> None:
    """The newest episodes of one rule; an open that a cooldown withheld stands in brackets."""
    shown = dates[-SHOWN_EPISODES:]
    texts = [str(opened) if told else f"({opened})" for opened, _, told in shown]
    if shown[-1][1] is None:
        texts[-1] += " still open"
    more = f"{len(dates) - len(shown)} earlier, " if len(dates) > len(shown) else ""
    paragraph(f"{name}: {more}{', '.join(texts)}")
