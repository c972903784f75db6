"""What `backtest` tells of evidence: for people a sentence and a small table for each rule, rows for machines."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.patience import patient
from monitor.cli.screen import WIDTH, paragraph, say, table, wrapped
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.backtest import Measured, Report
    from monitor.backtest.spans import LegSpan, Reproduction
    from monitor.backtest.values import Evidence, Outcome
    from monitor.config import Configuration

HEADINGS = ("after", "n", "mean", "any", "median", "hits", "any", "worst", "interval", "t", "p", "adj")
LEAST_SHOWN = 0.005


def show_evidence(measured: "Measured") -> None:
    """What followed the episodes of each rule."""
    say()
    paragraph(
        "What followed: changes in % from the close after the signal to so many sessions later; `any` is any "
        "session of the span, `interval` that of 95 % of means when episodes are drawn again, p the share of random dates with the same spacing that did as well, adj the same "
        f"over {measured.tests:,} tests, both directions.",
        hang="",
    )
    for one in measured.rules:
        say()
        _told(f"{one.rule}: {one.verdict}", hang="  ")
        if one.sees_future is not None:
            paragraph(f"It sees the future: {one.sees_future}.", indent="  ")
        if one.outcomes and one.episodes:
            table(HEADINGS, _rows(one.outcomes), right=range(len(HEADINGS)))
            _told(_beside(one), indent="  ")


def _told(text: str, *, indent: str = "", hang: str = "") -> None:
    """A paragraph in which no `%` begins a line."""
    say(wrapped(text.replace(" %", "\u00a0%"), indent=indent, hang=hang).replace("\u00a0", " "))


def _rows(outcomes: "Sequence[Outcome]") -> list[tuple[str, ...]]:
    """A row for each horizon; intervals without decimals where the table would be too wide."""
    rows = [_row(one, digits=1) for one in outcomes]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    fits = sum(widths) + 2 * len(widths) <= WIDTH
    return rows if fits else [_row(one, digits=0) for one in outcomes]


def _row(one: "Outcome", *, digits: int) -> tuple[str, ...]:
    own, any_session, interval, chance = one.episodes, one.baseline, one.interval, one.chance
    return (
        str(one.horizon),
        str(own.count),
        _percent(own.mean),
        _percent(any_session.mean),
        _percent(own.median),
        _share(own.hit_rate),
        _share(any_session.hit_rate),
        _percent(own.worst),
        "-" if interval is None else _between(interval.low, interval.high, digits),
        "-" if one.t is None else f"{one.t:.1f}",
        "-" if chance is None else _p(chance.one_sided),
        "-" if chance is None else _p(chance.p_adjusted),
    )


def _between(low: float, high: float, digits: int) -> str:
    """Both ends in per cent."""
    return f"{low * 100:+.{digits}f}..{high * 100:+.{digits}f}"


def _beside(one: "Evidence") -> str:
    """What else a reader should weigh, at the horizon of the verdict."""
    from monitor.backtest.values import HEADLINE
    from monitor.backtest.verdicts import p_is

    told = next(outcome for outcome in one.outcomes if outcome.horizon == HEADLINE)
    texts = [
        f"At {HEADLINE}: {counted(told.episodes.count, 'episode')} worth {told.effective:.1f} where windows overlap"
    ]
    if told.naive.t is not None and told.naive.sessions > told.episodes.count:
        texts.append(
            f"t = {told.naive.t:.1f} over {told.naive.sessions:,} true sessions would be wrong, they overlap"
        )
    if told.chance is not None:
        texts.append(f"two-sided {p_is(told.chance.p_two_sided)}")
    if told.episodes.worst_path is not None:
        texts.append(f"worst way there {_percent(told.episodes.worst_path)} %")
    texts.append(f"without the best {_percent(told.without_best.mean)}")
    for kind, parts in (("halves", told.halves), ("regimes", told.regimes)):
        shown = (f"{_percent(part.episodes.mean)} ({part.episodes.count})" for part in parts)
        texts.append(f"{kind} {', '.join(shown)}")
    if near := [
        _percent(g.episodes.mean) for n in one.neighbours for g in n.glances if g.horizon == HEADLINE
    ]:
        texts.append(f"thresholds moved by 5 or 10 % give {', '.join(near)}")
    return "; ".join(texts) + "."


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:+.1f}"


def _p(value: float) -> str:
    return f"{value:.2f}" if value >= LEAST_SHOWN else "<.01"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.0f}"


def show_spans(legs: Sequence["LegSpan"], line: "Reproduction", *, audited: int) -> None:
    """What it was made of, and what makes the same again."""
    say()
    headings = ("instrument", "first", "last", "bars", "missing", "extra", "held", "repaired")
    rows = [
        (
            one.instrument,
            one.first or "-",
            one.last or "-",
            f"{one.bars:,}",
            one.missing,
            one.extra,
            one.quarantined,
            one.repaired,
        )
        for one in legs
    ]
    table(headings, rows, right=range(3, len(headings)))
    for one in legs:
        if one.unpriced:
            closes = counted(one.unpriced, "close")
            paragraph(
                f"{one.instrument}: {closes} not above zero: no price, and no return begins or ends there."
            )
    paragraph(
        f"Look-ahead audit: {audited:,} histories with a poisoned future compared with the true one.", hang=""
    )
    paragraph(f"Made by: {line}", hang="  ")


def write_page(path: Path, report: "Report", found: "Configuration") -> str:
    """The report as one HTML file; what to tell where it is not all of it."""
    from monitor.backtest.page import page
    from monitor.packs import load_events

    events = load_events(found.catalogue)
    with patient() as patience:
        text = page(report, events, watch=patience.watch)
    _write(path, text.encode())
    return f"{path}: stopped before the end, not every rule is drawn" if patience.over else ""


def write_rows(path: Path, measured: "Measured") -> None:
    """All results as rows of a Parquet file."""
    import polars as pl

    from monitor.backtest.values import ROWS

    types = {str: pl.String, int: pl.Int64, float: pl.Float64}
    schema = {name: types[kind] for name, kind in ROWS.items()}
    frame = pl.DataFrame([row for one in measured.rules for row in one.rows()], schema=schema)
    rows = BytesIO()
    frame.write_parquet(rows)
    _write(path, rows.getvalue())


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from None
