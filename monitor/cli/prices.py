"""`prices`: fill the store from the source or from files, look at what it holds, and at the symbols."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.entering import enter
from monitor.cli.importing import import_prices
from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import note, progress, say, show_json, table, working
from monitor.errors import MonitorError, SourceError, UsageError

if TYPE_CHECKING:
    from monitor.gather import Context
    from monitor.instruments import Catalogue, Instrument

app = typer.Typer(help="Fetch prices and look at them.", no_args_is_help=True)
Names = Annotated[
    list[str] | None, typer.Argument(metavar="INSTRUMENT", help="Instruments; else those of the rules.")
]


@app.command()
def fetch(
    names: Names = None,
    *,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Fetch the prices of instruments and keep them; run it again to go on where it stopped."""
    from monitor.clock import read_clock
    from monitor.instruments import AssetKind
    from monitor.opening import make_context, opened

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    with opened(found) as (store, source):
        context = make_context(found, store, source)
        catalogue = context.rulebook.catalogue
        asked = catalogue.subset(_known(names, catalogue) or context.rulebook.instruments)
        wanted = [one for one in asked if one.kind is not AssetKind.MANUAL]
        for one in set(asked) - set(wanted):
            note(f"warning: {one.id}: nobody serves it; use `metalwatch prices import`")
        if not json:
            say(f"Prices: {source.label}")
        rows = list(_fetched(context, wanted, watch.now, note if json else say))
    if json:
        show_json({"prices": source.label, "series": rows})
    failed = sum(row["outcome"] != "ok" for row in rows)
    if failed and failed == len(rows):
        raise SourceError(f"{source.label} gave no prices; what is held stays: try again later")
    if failed:
        raise MonitorError(f"{failed} of {len(rows)} series got no prices; what is held of them stays")


def _fetched(
    context: "Context",
    instruments: "list[Instrument]",
    now: "Callable[[], datetime]",
    tell: "Callable[[str], None]",
) -> "Iterator[dict[str, object]]":
    """Each series, kept at once, so that nothing is asked for twice; from its last session on, or the first missing."""
    from monitor.gather import ask
    from monitor.quality import Kind, told_of_each
    from monitor.sessions import missing_sessions

    with progress("fetching", len(instruments), tell) as step:
        for number, one in enumerate(instruments):
            held = context.store.bars(instruments=[one.id])["session"]
            since = {one.id: min([held[-1], *missing_sessions(one, held)])} if len(held) else {}
            try:
                gathered = ask(context, [one], since, now=now())
            except KeyboardInterrupt:
                raise MonitorError(
                    f"stopped after {number} of {len(instruments)} series; what came is kept: run it again to go on"
                ) from None
            answer = next(a for a in gathered.answers if a.instrument == one.id)
            if answer.outcome.value != "ok":
                note(f"warning: {one.id}: {answer.outcome.value}: {answer.detail}")
            serious = [found for found in gathered.findings if found.kind is not Kind.PHANTOM_SESSION]
            for line in told_of_each(serious):
                note(f"warning: {line}")
            step(f"{one.id}: {answer.bars.height:,} bars, {gathered.new_bars:,} new")
            yield {
                "instrument": one.id,
                "outcome": answer.outcome.value,
                "detail": answer.detail,
                "bars": answer.bars.height,
                "new": gathered.new_bars,
            }


def _known(names: list[str] | None, catalogue: "Catalogue") -> list[str]:
    from monitor.yamltext import did_you_mean

    unknown = [name for name in names or [] if name not in catalogue.instruments]
    if unknown:
        hints = [
            f'unknown instrument "{n}"; {did_you_mean(n, catalogue.instruments) or "see rules/instruments.yml"}'
            for n in unknown
        ]
        raise UsageError("\n".join(hints))
    return names or []


app.command("import")(import_prices)
app.command()(enter)


@app.command()
def symbols(
    names: Names = None,
    *,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Ask whether symbols exist and are what the catalogue says: name, currency, exchange, last price, age."""
    from monitor.cli.symbols import ask_symbols
    from monitor.clock import read_clock
    from monitor.opening import opened

    found = configuration(settings)
    now = read_clock(clock or found.clock).now()
    catalogue = found.catalogue
    wanted = catalogue.subset(_known(names, catalogue) or found.rulebook.instruments)
    with opened(found, claim=False) as (_store, source), working(f"asking {source.label}"):
        rows = ask_symbols(source, wanted, now=now)
    if json:
        show_json({"prices": source.label, "symbols": rows})
    else:
        say(f"Prices: {source.label}")
        columns = ("instrument", "symbol", "name", "currency", "exchange", "last_session", "age_hours")
        cells = [["-" if row[name] in (None, "") else row[name] for name in columns] for row in rows]
        table(("instrument", "symbol", "name", "in", "at", "last", "hours"), cells, right=(6,))
    wrong = [f"{row['instrument']}: {one}" for row in rows for one in row["wrong"]]  # type: ignore[attr-defined]
    if rows and all(row["exists"] is None for row in rows):
        raise SourceError("\n".join(wrong))
    if wrong:
        raise MonitorError("\n".join(wrong))


@app.command()
def show(
    names: Names = None,
    *,
    last: Annotated[int, typer.Option(help="How many sessions.", min=1)] = 5,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="As they were known then: 2020-03-12T17:00-04:00, or a date."),
    ] = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Show the newest bars that are held, or those that were known at an instant."""
    from monitor.opening import opened

    found, instant = configuration(settings), _instant(as_of)
    wanted = _known(names, found.catalogue)
    with opened(found, claim=False) as (store, source):
        held = store.bars(instruments=wanted or None, as_of=instant)
    newest = held.group_by("instrument", maintain_order=True).tail(last)
    if json:
        show_json({"prices": source.label, "as_of": instant, "bars": newest.to_dicts()})
        return
    lacking = [one for one in found.catalogue.subset(wanted) if one.id not in set(newest["instrument"])]
    if newest.is_empty() or lacking:
        told = _lacking(lacking, instant)
        if newest.is_empty():
            raise UsageError(told)
        note(f"warning: {told}")
    columns = ("instrument", "session", "open", "high", "low", "close", "volume", "status")
    whole = newest.with_columns(volume=newest["volume"].round().cast(int))
    rows = [[_cell(row[name]) for name in columns] for row in whole.to_dicts()]
    known = f", as known at {instant:%Y-%m-%d %H:%M} UTC" if instant else ""
    say(f"Prices: {source.label}{known}")
    table(columns, rows, right=(2, 3, 4, 5, 6))


def _lacking(lacking: "list[Instrument]", instant: datetime | None) -> str:
    """That no prices are held, of some instruments or at all, and what brings them."""
    from monitor.instruments import AssetKind

    names = [one.id for one in lacking]
    what = f"no prices of {', '.join(names)}" if names else "no prices"
    if instant is not None:
        return f"{what} were known at {instant:%Y-%m-%d %H:%M} UTC"
    if names and all(one.kind is AssetKind.MANUAL for one in lacking):
        return f"{what} are held; nobody serves them: use `metalwatch prices enter` or `prices import`"
    return f"{what} are held; run `{' '.join(['metalwatch prices fetch', *names])}`"


def _instant(text: str | None) -> datetime | None:
    """An instant with its offset; of a date its end, in UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    is_date = len(text) == len("2020-03-12")
    if found is not None and is_date:
        return found.replace(tzinfo=UTC) + timedelta(days=1)
    if found is None or found.tzinfo is None:
        raise UsageError(
            f"--as-of: expected an instant with its offset such as 2020-03-12T17:00-04:00, or a date; got {text!r}"
        )
    return found.astimezone(UTC)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    places = max(2, 5 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{places}f}".rstrip("0").rstrip(".") if places else "0"
