"""`backtest`: the rules over history, as the daemon would have judged it, and what their episodes were followed by."""

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import monitor
from monitor.cli.episodes import is_reported, show_attention, show_episodes
from monitor.cli.evidence import show_evidence, show_spans, write_page, write_rows
from monitor.cli.known import show_known
from monitor.cli.options import (
    FromOption,
    JsonOption,
    PacksArgument,
    SettingsOption,
    ToOption,
    check_span,
    configuration,
)
from monitor.cli.patience import patient
from monitor.cli.screen import note, paragraph, show_json, working
from monitor.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from monitor.backtest import Report
    from monitor.config import Configuration
    from monitor.instruments import Catalogue
    from monitor.policy import Decided
    from monitor.rules import InstanceKey, Rulebook


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
    start: FromOption = None,
    end: ToOption = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a report that opens in a browser, offline."),
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all results as rows of a Parquet file.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="N/UNIT", help="Fail where a channel has more messages: 4/month, 1/week, 30/year."
        ),
    ] = None,
    as_known: Annotated[
        bool,
        typer.Option("--as-known", help="Judge the prices held as they came, late and revised ones too."),
    ] = False,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Run rules over history: every episode, what would have been sent, and what followed."""
    from monitor.backtest.budget import over_budget, read_budget

    allowed = None if budget is None else read_budget(budget)
    check_span(start, end)
    if as_known:
        if prices or html or parquet or budget:
            refused = "--prices, --html, --parquet or --budget"
            raise UsageError(f"--as-known judges the prices held; it takes no {refused}")
        show_known(configuration(settings), packs or (), (start, end), json=json)
        return
    options = {"--prices": prices, "--from": start, "--to": end, "--settings": settings}
    found = configuration(settings)
    report = _report(found, packs or (), prices, (start, end), _command(packs or (), options))
    cut = "" if html is None else write_page(html, report, found)
    if parquet is not None:
        write_rows(parquet, report.measured)
    beyond = [] if allowed is None else over_budget(allowed, report.needed)
    if json:
        show_json(_alerts(report) | _evidence(report) | {"over_budget": beyond})
    else:
        _show(report)
    for text in filter(None, [report.unfinished, cut, *beyond]):
        note(text)
    if report.unfinished or cut or beyond:
        raise typer.Exit(1)


def _report(
    found: "Configuration",
    packs: Sequence[str],
    prices: Path | None,
    span: tuple[date | None, date | None],
    command: str,
) -> "Report":
    """Read, judge and measure, with a sign of life."""
    from monitor.backtest import report_of, run
    from monitor.packs import load_rulebook

    names = packs or list(found.settings.packs)
    rulebook = load_rulebook(names, folder=Path() if packs else found.folder, catalogue=found.catalogue)
    with working("reading prices"):
        held = bars_to_judge(found, prices, rulebook)
    for warning in held.warnings:
        note(f"warning: {warning}")
    check_held(rulebook, held.bars, held.source)
    check_reached(rulebook, held, span)
    with working("judging"):
        done = run(rulebook, held.bars, start=span[0], end=span[1])
    if not any(len(track.sessions) for track in done.tracks):
        raise UsageError(
            f"{held.source}: no session in which all that a rule reads has a price; check --to and the files"
        )
    with patient() as patience:
        return report_of(
            done,
            held.bars,
            source=held.source,
            sources=held.sources(rulebook),
            routing=found.routing,
            command=command,
            watch=patience.watch,
        )


def _show(report: "Report") -> None:
    if report.unfinished:
        paragraph(f"PARTIAL: {report.unfinished}.")
    show_episodes(report.done, report.source)
    show_attention(report.needed)
    show_evidence(report.measured)
    show_spans(report.legs, report.made_by, audited=report.measured.audited)


def _command(packs: Iterable[str], options: Mapping[str, object]) -> str:
    """The command that does the same again."""
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return shlex.join(["metalwatch", "backtest", *packs, *given])


def _evidence(report: "Report") -> dict[str, object]:
    from monitor.backtest.values import plain

    measured = report.measured
    return {
        "legs": [plain(leg) for leg in report.legs],
        "made_by": plain(report.made_by),
        "tests": measured.tests,
        "audited": measured.audited,
        "unfinished": report.unfinished,
        "evidence": [one.plain() for one in measured.rules],
        "messages": plain(report.needed),
    }


@dataclass(frozen=True)
class Held:
    """The bars to judge, what they are called, what was wrong with single rows, and the files they came from."""

    bars: "pl.DataFrame"
    source: str
    warnings: tuple[str, ...] = ()
    files: "Mapping[str, tuple[Path, ...]]" = field(default_factory=dict)

    @property
    def names(self) -> "frozenset[str]":
        """The instruments with bars."""
        return frozenset(self.bars["instrument"].unique())

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
    """The bars of some instruments, from where a command or settings say; of files what an import would keep now."""
    configured = found.settings.prices
    if prices is None and configured.source == "files" and configured.folder is not None:
        prices = found.folder / configured.folder
    if prices is not None:
        from monitor.clock import read_clock
        from monitor.prices.files import read_prices

        read = read_prices(prices, catalogue, now=read_clock(found.clock).now(), wanted=wanted)
        missing = not set(wanted) <= set(read.files)
        told = _about(read.warnings, [*wanted, str(prices)] if missing else wanted)
        return Held(read.frame, str(prices), told, read.files)
    if configured.source == "sample":
        from monitor.prices.sample import SampleSource, sample_bars

        return Held(sample_bars(), SampleSource().label)
    from monitor.opening import opened

    with opened(found, claim=False) as (store, _):
        return Held(store.bars(instruments=wanted), f"prices held in {store.name}")


def _about(warnings: Iterable[str], wanted: Collection[str]) -> tuple[str, ...]:
    """The warnings about these instruments, or about a folder: what is missing may lie in it."""
    return tuple(
        w for w in warnings if w.startswith(tuple(f"{one}{sign}" for one in wanted for sign in ": "))
    )


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


def check_reached(rulebook: "Rulebook", held: Held, span: tuple[date | None, date | None]) -> None:
    """UsageError where a span begins after the last session of all that is read, or ends before the first."""
    import polars as pl

    own = pl.col("instrument").is_in(sorted(rulebook.instruments))
    sessions, (start, end) = held.bars.filter(own)["session"], span
    first, last = sessions.min(), sessions.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return
    if start is not None and start > last:
        raise UsageError(f"{held.source}: no session from {start} on; the last one is {last}")
    if end is not None and end < first:
        raise UsageError(f"{held.source}: no session up to {end}; the first one is {first}")


def _alerts(report: "Report") -> dict[str, object]:
    from monitor.backtest.run import span

    done = report.done
    first, last = span(done.tracks)
    rules = {instance.rule.id for instance in done.rulebook.instances}
    labels = {instance.key: dict(instance.labels) for instance in done.rulebook.instances}
    return {
        "version": monitor.__version__,
        "prices": report.source,
        "rules": len(rules),
        "span": {"first": first, "last": last},
        "alerts": [_alert(one, labels) for one in done.decided if is_reported(one)],
    }


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
