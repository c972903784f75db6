"""`backtest`: the rules over history, as the daemon would have judged it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import monitor
from monitor.cli.options import JsonOption, PacksArgument, SettingsOption, configuration
from monitor.cli.screen import counted, note, paragraph, say, show_json, table, working
from monitor.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from monitor.backtest import Backtest
    from monitor.config import Configuration
    from monitor.policy import Decided
    from monitor.rules import InstanceKey, Rulebook

DAY = "%Y-%m-%d"
SHOWN_EPISODES = 12


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
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Run rules over history: every episode, with the messages that would have been sent."""
    from monitor.backtest import run
    from monitor.config import load_rulebook

    found = configuration(settings)
    names = packs or list(found.settings.packs)
    rulebook = load_rulebook(names, folder=Path() if packs else found.folder, catalogue=found.catalogue)
    with working("reading prices"):
        bars, source, warnings = bars_to_judge(found, prices, rulebook)
    for warning in warnings:
        note(f"warning: {warning}")
    check_held(rulebook, bars, source)
    with working("judging"):
        done = run(rulebook, bars, start=start.date() if start else None, end=end.date() if end else None)
    if not any(len(track.sessions) for track in done.tracks):
        raise UsageError(
            f"{source}: no session in which all that a rule reads has a price; check --to and the files"
        )
    if json:
        show_json(_report(done, source))
    else:
        _show(done, source)


def bars_to_judge(
    found: "Configuration", prices: Path | None, rulebook: "Rulebook"
) -> tuple["pl.DataFrame", str, tuple[str, ...]]:
    """The bars to judge, what they are called, and what was wrong with single rows."""
    configured = found.settings.prices
    if prices is None and configured.source == "files" and configured.folder is not None:
        prices = found.folder / configured.folder
    if prices is not None:
        from monitor.prices.files import read_prices

        read = read_prices(prices, rulebook.catalogue)
        return read.frame, str(prices), _about(read.warnings, rulebook)
    if configured.source == "sample":
        from monitor.prices.sample import SampleSource, sample_bars

        return sample_bars(), SampleSource().label, ()
    from monitor.opening import opened

    with opened(found, claim=False) as (store, _):
        return store.bars(instruments=rulebook.instruments), f"prices held in {store.name}", ()


def _about(warnings: Iterable[str], rulebook: "Rulebook") -> tuple[str, ...]:
    """The warnings about instruments that the rules read."""
    return tuple(w for w in warnings if w.partition(" ")[0].rstrip(":") in rulebook.instruments)


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
