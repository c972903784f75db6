"""`events`: what prices did around dated events, beyond what they usually do, beside random dates."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.history import Held, bars_of
from monitor.cli.options import JsonOption, PricesOption, SettingsOption, configuration
from monitor.cli.patience import patient
from monitor.cli.screen import note, paragraph, say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.backtest.cases import Case
    from monitor.backtest.eventstudy import Around, Studied
    from monitor.eventfile import Event
    from monitor.instruments import Catalogue

LEAST_SHOWN = 0.0005


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(events)


def events(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A file of events; else those that ship.")
    ] = None,
    *,
    of: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="An instrument or group to measure around the events that touch it; else each event's own.",
        ),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only events with this tag.")] = None,
    market: Annotated[
        str | None,
        typer.Option(
            metavar="INSTRUMENT", help="What is usual is a + b x this; else an instrument's own mean."
        ),
    ] = None,
    prices: PricesOption = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Event study: abnormal returns around dated events, with random dates beside them."""
    from monitor.backtest.eventstudy import study_events
    from monitor.packs import load_events

    found = configuration(settings)
    catalogue = found.catalogue
    chosen = _chosen(load_events(catalogue, file), of, tag, catalogue)
    subjects = [_subjects(event, of, catalogue) for event in chosen]
    measured = {name for names in subjects for name in names}
    _check(market, measured, catalogue)
    wanted = measured | ({market} if market else set())
    with working("reading prices"):
        held = bars_of(found, prices, catalogue, wanted)
    for warning in held.warnings:
        note(f"warning: {warning}")
    _check_held(held, wanted, market)
    with patient() as patience:
        done = study_events(chosen, subjects, held.bars, catalogue, market=market, watch=patience.watch)
    if json:
        show_json(_plain(done, of, held))
    else:
        _show(done, of, held)
    if done.unfinished:
        note(f"PARTIAL: {done.unfinished}")
        raise typer.Exit(1)


def _chosen(
    events: "Sequence[Event]", of: str | None, tag: str | None, catalogue: "Catalogue"
) -> "list[Event]":
    """The events asked for; UsageError says what there is when nothing fits."""
    if tag is not None and not any(tag in event.tags for event in events):
        known = sorted({one for event in events for one in event.tags})
        raise UsageError(f'no event has the tag "{tag}"; tags: {", ".join(known) or "none"}')
    tagged = [event for event in events if tag is None or tag in event.tags]
    if of is None:
        return tagged
    names = _members(of, catalogue)
    touching = [event for event in tagged if any(map(event.touches, names))]
    if not touching:
        raise UsageError(
            f"none of {counted(len(tagged), 'event')} touches {of}; name it in their `instruments:`"
        )
    return touching


def _members(name: str, catalogue: "Catalogue") -> tuple[str, ...]:
    from monitor.yamltext import did_you_mean

    if name in catalogue.groups:
        return catalogue.groups[name]
    if name not in catalogue.instruments:
        known = (*catalogue.instruments, *catalogue.groups)
        hint = did_you_mean(name, known) or "instruments and groups stand in instruments.yml"
        raise UsageError(f'no instrument or group "{name}"; {hint}')
    return (name,)


def _subjects(event: "Event", of: str | None, catalogue: "Catalogue") -> tuple[str, ...]:
    if of is not None:
        return _members(of, catalogue)
    if not event.instruments:
        raise UsageError(f"{event.place}: the event names no instruments; say with --of what to measure")
    return event.instruments


def _check(market: str | None, measured: set[str], catalogue: "Catalogue") -> None:
    if market is not None and market in catalogue.groups:
        raise UsageError(f'"{market}" is a group; --market takes one instrument')
    if market is not None:
        _members(market, catalogue)
    if measured == {market}:
        raise UsageError(
            f"{market} cannot be measured against itself; name another --market, or another --of"
        )


def _check_held(held: Held, wanted: set[str], market: str | None) -> None:
    """Prices that are not there: of the market, of everything, or of some."""
    there = held.names
    hint = "run `metalwatch prices fetch`, or name a folder with --prices"
    if market is not None and market not in there:
        raise UsageError(f"{held.source}: no prices of the market {market}; {hint}")
    missing = sorted(wanted - there)
    if not (wanted & there) - {market}:
        raise UsageError(f"{held.source}: no prices of {', '.join(missing)}; {hint}")
    if missing:
        note(f"warning: {held.source}: no prices of {', '.join(missing)}: measured without them")


def _plain(done: "Studied", of: str | None, held: Held) -> dict[str, object]:
    import monitor
    from monitor.backtest.abnormal import ESTIMATION, GAP
    from monitor.backtest.chance import PLACEMENTS
    from monitor.backtest.values import plain

    return {
        "version": monitor.__version__,
        "prices": held.source,
        "of": of,
        "market": done.market,
        "estimation": {"sessions": ESTIMATION, "before": GAP},
        "placebos": PLACEMENTS,
        "unfinished": done.unfinished,
        "effective": plain(done.effective),
        "windows": [plain(one) for one in done.windows],
        "events": [
            {
                "date": one.event.date,
                "title": one.event.title,
                "tags": list(one.event.tags),
                "source": one.event.source,
                "place": str(one.event.place),
                "instruments": list(one.instruments),
                "partly": list(one.partly),
                "unmeasured": list(one.unmeasured),
                "day": one.day,
                "why": plain(one.why),
                "returns": plain(one.returns),
                "overlaps": one.overlaps,
            }
            for one in done.cases
        ],
    }


def _show(done: "Studied", of: str | None, held: Held) -> None:
    from monitor.backtest.abnormal import ESTIMATION, GAP
    from monitor.backtest.chance import PLACEMENTS
    from monitor.backtest.eventstudy import sentence

    usual = "its own mean" if done.market is None else f"a + b x {done.market}"
    if done.unfinished:
        paragraph(f"PARTIAL: {done.unfinished}.")
    say(f"Prices: {held.source}")
    paragraph(
        f"Changes in % beyond what is usual: {usual} over the {ESTIMATION} sessions that end {GAP} before day 0. "
        "Day 0 is the first session that settles after 9:30 in New York on the date; -5..-1 is before it.",
        hang="",
    )
    headings = ("date", "event", *(_window(one) for one in done.windows))
    table(headings, [_case(one, held.names) for one in done.cases], right=range(2, len(headings)))
    rows = [_row(one) for one in done.windows]
    headings = ("sessions", "n", "mean", "median", "spread", "above 0", "random dates", "share", "p")
    table(headings, rows, right=range(1, len(headings)))
    paragraph(
        f"`random dates`: 95 of 100 means of the same events moved together, with the gaps between them "
        f"({PLACEMENTS:,} turns of the circle of known returns); `share` of them did as well in the same direction; "
        "p is two-sided.",
        hang="",
    )
    _show_overlap(done)
    paragraph(sentence(done, of or "what they touched").capitalize(), hang="  ")


def _show_overlap(done: "Studied") -> None:
    if many := sum(one.overlaps for one in done.cases):
        measured = counted(
            sum(any(value is not None for value in one.returns) for one in done.cases), "event"
        )
        paragraph(
            f"* {many} of {measured} have others within their 20 sessions: together they are "
            f"worth {done.effective:.1f}, and one moves the figures of the next.",
            hang="  ",
        )
    silent = [one for one in done.cases if one.why is not None]
    if silent:
        told = ", ".join(f"{one.event.date} ({one.why})" for one in silent)
        paragraph(f"Nothing known around {told}.")


def _window(one: "Around") -> str:
    return str(one.start) if one.start == one.stop else f"{one.start}..{one.stop}"


def _case(one: "Case", held: Collection[str]) -> tuple[str, ...]:
    mark = "*" if one.overlaps else ""
    return (f"{one.event.date}{mark}", one.event.title + _without(one, held), *(map(_percent, one.returns)))


def _without(one: "Case", held: Collection[str]) -> str:
    """` (without tmq)`: which of those with prices are not in the figures; a warning names those without prices."""
    if not one.instruments:
        return ""
    missing = [name for name in one.unmeasured if name in held]
    told = [f"without {', '.join(missing)}"] if missing else []
    if one.partly and len(one.instruments) > 1:
        told.append(f"{', '.join(one.partly)} not in all windows")
    return f" ({'; '.join(told)})" if told else ""


def _row(one: "Around") -> tuple[str, ...]:
    from monitor.backtest.eventstudy import share_is

    own, placebo = one.figures, one.placebo
    share = "-" if own.hit_rate is None else f"{own.hit_rate:.0%}"
    head = (_window(one), str(own.count), _percent(own.mean), _percent(own.median), _percent(one.spread, "."))
    if placebo is None:
        return (*head, share, "-", "-", "-")
    between = f"{_percent(placebo.low)}..{_percent(placebo.high)}"
    return (*head, share, between, share_is(placebo.beaten, least="<1%"), _p(placebo.p))


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= LEAST_SHOWN else "<.001"


def _percent(value: float | None, sign: str = "+") -> str:
    if value is None:
        return "-"
    return f"{value * 100:.1f}" if sign == "." else f"{value * 100:+.1f}"
