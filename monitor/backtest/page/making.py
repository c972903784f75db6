"""The page of one report: its values put into the template."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING

from monitor.backtest.attention import Load
from monitor.backtest.page import tables
from monitor.backtest.page.pictures import Fan, Painter, Picture, listed
from monitor.backtest.page.tables import Square, Table
from monitor.backtest.page.words import NARROW, NONE, counted, handed_on, number, without_folders
from monitor.backtest.report import Report
from monitor.backtest.run import span
from monitor.backtest.values import HEADLINE, Evidence
from monitor.backtest.watch import Watch, unwatched
from monitor.charts import DARK
from monitor.eventfile import Event

if TYPE_CHECKING:
    from jinja2 import Template

SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What the page tells of one rule."""

    one: Evidence
    facts: tuple[tuple[str, str], ...]
    timelines: tuple[Picture, ...]
    undrawn: int
    """So many instruments more have no picture."""
    fan: Fan | None
    tables: tuple[tuple[str, Table], ...]
    dates: Table | None


def page(report: Report, events: Sequence[Event] = (), *, watch: Watch = unwatched) -> str:
    """One HTML page without any reference to the outside; the same report gives the same bytes.

    Ended early by whoever watches, it has the sections of the first rules only.
    """
    known = listed(events, report)
    painter = Painter(report, known)
    sections = [_section(one, painter) for one in watch(report.measured.rules, "drawing")]
    first, last = span(report.done.tracks)
    start = max(filter(None, (first, report.done.start)), default=None)
    years = range(start.year, last.year + 1) if start and last else range(0)
    return _template().render(
        report=report,
        title=_title(report),
        first=start,
        last=last,
        source=without_folders(report.source),
        made_by=replace(report.made_by, command=handed_on(report.made_by.command)),
        simulated=SIMULATED in report.source,
        sections=sections,
        left_out=[one.rule for one in report.measured.rules[len(sections) :]],
        years=years,
        decades=tables.decades(years),
        by_year=tables.by_year(report.measured.rules, years),
        channels=[_channel(load, years) for load in report.needed.channels],
        legs=tables.legs(report.legs),
        events=known,
        headline=HEADLINE,
        dark=DARK,
        style=(files(__package__) / "page.css").read_text(encoding="utf-8"),
    )


def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["unbroken"] = lambda text: text.replace(" %", f"{NARROW}%")
    return environment.from_string((files(__package__) / "page.html.j2").read_text(encoding="utf-8"))


def _title(report: Report) -> str:
    packs = dict.fromkeys(instance.rule.pack for instance in report.done.rulebook.instances)
    return f"Backtest of {', '.join(packs)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What the page tells of one channel."""

    name: str
    facts: tuple[str, ...]
    calendar: list[tuple[int, list[Square]]]


def _channel(load: Load, years: Sequence[int]) -> Channel:
    facts = [f"{load.messages:,} messages, {tables.rate(load)}"]
    if load.busiest is not None:
        facts.append(f"busiest {load.busiest[0]} with {load.busiest[1]}")
    if load.deferred:
        facts.append(f"{load.deferred:,} held back by quiet hours")
    facts += [f"a storm on {one.session}: {one.opens} opens in one message" for one in load.storms]
    return Channel(name=load.channel, facts=tuple(facts), calendar=tables.calendar(load, years))


def _section(one: Evidence, painter: Painter) -> Section:
    measured = bool(one.outcomes and one.episodes)
    found = (
        [("What followed", tables.followed(one)), ("What luck explains", tables.luck(one))]
        if measured
        else []
    )
    origin = tables.parts(one)
    if origin is not None:
        found.append(("Where it comes from", origin))
    return Section(
        one=one,
        facts=tuple(_facts(one)),
        timelines=tuple(painter.timelines(one)),
        undrawn=painter.undrawn(one),
        fan=painter.fan(one) if measured else None,
        tables=tuple(found),
        dates=tables.dates(one),
    )


def _facts(one: Evidence) -> Iterable[tuple[str, str]]:
    counts = one.signals
    yield "sessions known", f"{counts.known:,}"
    yield "of them true", f"{counts.true:,}"
    yield "became true", f"{counts.crossings:,}"
    yield "episodes", f"{counts.episodes:,}"
    yield "told", f"{counts.told:,}"
    yield "a year", number(counts.a_year)
    yield "median length", NONE if counts.median_length is None else counted(counts.median_length, "session")
