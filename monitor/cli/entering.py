"""`prices enter`: one value of a series that nobody serves, typed in with its date, unit and source."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration, day_option
from monitor.cli.screen import note, say, show_json
from monitor.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from monitor.instruments import Catalogue, Instrument
    from monitor.quality import Judged

TYPED_IN = "typed in"


def a_value(text: str) -> float:
    """A value as it is typed."""
    try:
        return float(text)
    except ValueError:
        expected = "a number such as 2150.50, with a point before its decimals and no other sign"
        raise typer.BadParameter(f"expected {expected}; got {text!r}") from None


def enter(
    instrument: Annotated[str, typer.Argument(help="A series of kind manual, such as pslv_nav.")],
    value: Annotated[
        float, typer.Argument(parser=a_value, metavar="value", help="Its value, in its own unit.")
    ],
    *,
    on: Annotated[date | None, day_option(text="The session it is of; else today, where it is made.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="The unit of the value; another one than the catalogue's is refused.")
    ] = None,
    source: Annotated[str, typer.Option(help="Where the value is from.")] = TYPED_IN,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Type in one value of a series that nobody serves: a net asset value, a fixing, a price floor."""
    from monitor.clock import read_clock
    from monitor.opening import opened
    from monitor.quality import Kind, judge_live
    from monitor.storage.records import Polled

    found = configuration(settings)
    now = read_clock(clock or found.clock).now()
    one = _manual(instrument, found.catalogue)
    session = on or now.astimezone(ZoneInfo(one.zone)).date()
    _refuse(one, value, session, unit, now)
    with opened(found) as (store, _source):
        held = store.bars(instruments=[one.id])
        seen = store.sightings([one.id], since=session)
        # A value that was doubted is confirmed by typing it once more: nobody mistypes the same twice.
        bar = _bar(one, value, session, now)
        judged = judge_live(bar, held, found.catalogue, now=now, sightings=seen, delay=timedelta())
        polled = Polled(judged.frame, findings=judged.findings)
        kept = store.keep(polled, seen_at=now, source=source)
    told = _told(one, judged, session) | {"source": source, "new": kept.new_bars > 0}
    if json:
        show_json(told)
        return
    say(f"{one.id} {session}: {value:,.10g} {one.unit}, from {source}, {told['status'] or 'already held'}")
    say(
        f"It stands for {'its own session only' if one.carry_days is None else f'up to {one.carry_days} days'}."
    )
    for doubt in judged.unconfirmed:
        again = (
            "the digits look shifted" if doubt.kind is Kind.UNIT_SLIP else "type it once more if it is right"
        )
        note(f"warning: held as unconfirmed: {doubt.reason}: {again}")


def _manual(name: str, catalogue: "Catalogue") -> "Instrument":
    from monitor.instruments import AssetKind
    from monitor.yamltext import did_you_mean

    manual = [key for key, one in catalogue.instruments.items() if one.kind is AssetKind.MANUAL]
    if name in manual:
        return catalogue.instruments[name]
    known = f"series to type in: {', '.join(manual)}"
    if name not in catalogue.instruments:
        raise UsageError(f'unknown instrument "{name}"; {did_you_mean(name, manual) or known}')
    raise UsageError(
        f"{name} is fetched or imported, not typed in; {known}, and those of kind manual in a file of yours "
        "(`instruments:` in the settings)"
    )


def _refuse(one: "Instrument", value: float, session: date, unit: str | None, now: datetime) -> None:
    """Raises UsageError that tells everything that is wrong."""
    faults = []
    if not 0 < value < float("inf"):
        faults.append(f"the value {value:g} is no price; expected a number above zero")
    if unit is not None and unit != one.unit:
        faults.append(f"the unit {unit!r} is not that of {one.id}; expected {one.unit}: convert the value")
    if session > now.astimezone(ZoneInfo(one.zone)).date():
        faults.append(f"{session} is still to come; expected the session that the value is of")
    if faults:
        raise UsageError("\n".join(faults))


def _bar(one: "Instrument", value: float, session: date, now: datetime) -> "pl.DataFrame":
    import polars as pl

    from monitor.bars import FIELDS
    from monitor.prices.rows import rows_to_bars

    numbers = {name: [value if name == "close" else None] for name in FIELDS}
    return rows_to_bars(pl.DataFrame({"session": [session], **numbers}), one, now=now)


def _told(one: "Instrument", judged: "Judged", session: date) -> dict[str, object]:
    rows = [row for row in judged.frame.to_dicts() if row["session"] == session]
    return {
        "instrument": one.id,
        "session": session,
        "unit": one.unit,
        "status": rows[-1]["status"] if rows else None,
        "carry_days": one.carry_days,
        "doubts": [doubt.reason for doubt in judged.unconfirmed],
    }
