"""What can be priced: instruments, their groups, and the catalogue that names them.

The catalogue is a text (`rules/instruments.yml`); this module turns it into frozen values and reports every
fault in it.  It does not know which sessions a calendar has (`sessions`) or where prices come from (`prices`).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from monitor.errors import Fault, FaultyFileError, hidden, shown
from monitor.validating import validate
from monitor.yamltext import Document, did_you_mean, read_yaml


class AssetKind(StrEnum):
    """What sort of thing an instrument is; it decides which bar fields mean something."""

    FUTURE = "future"
    ETF = "etf"
    EQUITY = "equity"
    FX = "fx"
    INDEX = "index"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One thing with a price: our id, the vendor's symbol, its unit and its clock."""

    id: str
    symbol: str
    name: str
    kind: AssetKind
    currency: str
    """ISO code of the quote; empty for an index."""
    unit: str
    """Unit of one price, such as `USD/ozt`; the currency alone for a share; empty for an index."""
    calendar: str
    """Exchange calendar (ISO 10383 code) whose sessions its bars follow; `24/5` for FX."""
    settle: time
    """Local time of day at which a session's values are settled."""
    zone: str
    """IANA zone of `settle`."""
    missing: frozenset[date] = frozenset()
    """Sessions of the calendar for which the vendor has no bar and never will."""
    extra: frozenset[date] = frozenset()
    """Bars the vendor has outside the calendar's sessions."""
    has_volume: bool = True
    has_range: bool = True
    """Whether volume, and open, high and low, mean anything."""
    basis: str = ""
    """What the series is, for messages: `Yahoo continuous futures`, `ETF`."""
    carry_days: int | None = None
    """Of a series that is typed in now and then: so many days its last value stands for."""
    valid_from: date | None = None
    """First session that belongs to this instrument (a symbol may have had another life)."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All instruments by id, and the groups of them by name."""

    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def subset(self, ids: Iterable[str]) -> tuple[Instrument, ...]:
        """The instruments with these ids, in the order of the catalogue."""
        wanted = set(ids)
        return tuple(instrument for key, instrument in self.instruments.items() if key in wanted)


_CODES = """
    24/5 24/7 AIXK ASEX BVMF CMES IEPA XAMS XASX XBDA XBEL XBKK XBOG XBOM XBRA XBRU XBSE XBUD XBUE XCBF XCSE XCYS
    XDUB XDUS XEEE XETR XEUR XFRA XHAM XHEL XHKG XICE XIDX XIST XJSE XKAR XKLS XKRX XLIM XLIS XLIT XLJU XLON XLUX
    XMAD XMEX XMIL XMOS XNYS XNZE XOSL XPAR XPHS XPRA XRIS XSAU XSES XSGO XSHG XSTO XSTU XSWX XTAE XTAI XTAL XTKS
    XTSE XWAR XWBO XZAG
"""
UNTOLD = frozenset({"ASEX", "XBEL", "XBSE", "XCYS", "XTAE"})
"""Calendars for which the installed exchange-calendars fails."""
CALENDARS = frozenset(_CODES.split()) - UNTOLD
"""Calendars an instrument may follow.  Written out, because asking exchange-calendars costs 250 ms."""

RESERVED = frozenset({"and", "or", "not", "it", "true", "false"})
"""Words of the expression language that can name neither an instrument nor a group."""

_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")


def _time_of_day(value: object) -> time:
    if isinstance(value, str) and _TIME.match(value):
        return time.fromisoformat(value)
    raise ValueError(f"expected a time of day from 00:00 to 23:59 such as 13:30; got {shown(value)}")


def _day(value: object) -> date:
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a date label has no zone
    except ValueError:
        raise ValueError(f"expected a date such as 2016-10-10; got {shown(value)}") from None


def _days(value: object) -> frozenset[date]:
    """Dates, of which a list may hold lists, so that a shared list can be taken in and added to."""
    parts = value if isinstance(value, list) else [value]
    days = [_days(part) if isinstance(part, list) else frozenset({_day(part)}) for part in parts]
    return frozenset[date]().union(*days)


def _currency(value: str) -> str:
    if value and not _CURRENCY.match(value):
        hundredths = "GBp, ZAc and ILA of Yahoo are read as GBP, ZAR and ILS"
        raise ValueError(f"expected three capitals such as USD ({hundredths}); got {shown(value)}")
    return value


def _calendar(value: str) -> str:
    if value in UNTOLD:
        raise ValueError(f"the sessions of {value} cannot be told just now; take 24/5, every weekday")
    if value not in CALENDARS:
        hint = did_you_mean(value, CALENDARS) or "expected an ISO 10383 code such as XNYS or XASX, or 24/5"
        raise ValueError(f'unknown calendar "{hidden(value)}"; {hint}')
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(value, available_timezones()) or "expected an IANA name such as America/New_York"
        raise ValueError(f'unknown time zone "{hidden(value)}"; {hint}') from None
    return value


class _Entry(BaseModel):
    """One instrument as the file writes it."""

    model_config = ConfigDict(extra="forbid")

    symbol: str = Field(min_length=1)
    name: str = Field(min_length=1)
    kind: AssetKind
    currency: Annotated[str, AfterValidator(_currency)] = ""
    unit: str = Field(default="", validate_default=True)
    calendar: Annotated[str, AfterValidator(_calendar)]
    settle: Annotated[time, BeforeValidator(_time_of_day)]
    zone: Annotated[str, AfterValidator(_zone)]
    missing: Annotated[frozenset[date], BeforeValidator(_days)] = frozenset()
    extra: Annotated[frozenset[date], BeforeValidator(_days)] = frozenset()
    has_volume: bool = True
    has_range: bool = True
    basis: str = ""
    carry_days: Annotated[int, Field(ge=1, le=400)] | None = None
    valid_from: Annotated[date, BeforeValidator(_day)] | None = None

    @field_validator("unit")
    @classmethod
    def _is_in_the_currency(cls, unit: str, info: ValidationInfo) -> str:
        currency = info.data.get("currency")
        if currency and unit.split("/", maxsplit=1)[0] != currency:
            raise ValueError(
                f"expected {currency} or {currency}/…, in the instrument's currency; got {shown(unit)}"
            )
        return unit


class _File(BaseModel):
    """The whole file; `shared` is a place for anchors and is not read."""

    model_config = ConfigDict(extra="forbid")

    shared: dict[str, Any] = Field(default_factory=dict)
    instruments: dict[str, _Entry]
    groups: dict[str, list[str]] = Field(default_factory=dict)


def read_catalogue(text: str, *, file: str, base: Catalogue | None = None) -> Catalogue:
    """The catalogue in a YAML text; FaultyFileError lists every fault in it with its place.

    With a `base` it adds to that one: its groups may name the instruments of both, and what it has again is replaced.
    """
    base = base or Catalogue()
    document = read_yaml(text, file=file)
    faults = list(_faults_between(document, known=base.instruments))
    try:
        content = validate(document, _File)
    except FaultyFileError as error:
        raise FaultyFileError([*error.faults, *faults]) from None
    if faults:
        raise FaultyFileError(faults)
    instruments = {key: Instrument(id=key, **dict(entry)) for key, entry in content.instruments.items()}
    groups = {name: tuple(members) for name, members in content.groups.items()}
    return Catalogue({**base.instruments, **instruments}, {**base.groups, **groups})


def _faults_between(document: Document, *, known: Iterable[str]) -> Iterator[Fault]:
    """What is wrong between entries: names, symbols given twice, groups of unknown instruments.

    It reads the plain values, so that a wrong entry elsewhere does not hide these faults.
    """
    instruments = _mapping(document, "instruments")
    groups = _mapping(document, "groups")
    yield from _name_faults(document, instruments, groups)
    yield from _symbol_faults(document, instruments)
    for name, members in groups.items():
        if isinstance(members, list):
            yield from _member_faults(document, name, members, {*instruments, *known})


def _mapping(document: Document, key: str) -> dict[str, Any]:
    value = document.value.get(key) if isinstance(document.value, dict) else None
    return value if isinstance(value, dict) else {}


def _name_faults(document: Document, instruments: Iterable[str], groups: Iterable[str]) -> Iterator[Fault]:
    taken = set(instruments)
    for section, names in (("instruments", instruments), ("groups", groups)):
        for name in names:
            place = document.key_place((section, name))
            if not _ID.match(name):
                hint = "expected lower-case letters, digits and _, beginning with a letter"
                yield Fault(place, f'"{hidden(name)}" cannot be a name', hint=hint)
            elif name in RESERVED:
                yield Fault(place, f'"{name}" belongs to the expression language', hint="take another name")
            elif section == "groups" and name in taken:
                yield Fault(place, f'"{name}" names a group and an instrument', hint="rename one of them")


def _symbol_faults(document: Document, instruments: Mapping[str, Any]) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for name, entry in instruments.items():
        symbol = entry.get("symbol") if isinstance(entry, dict) else None
        if not isinstance(symbol, str):
            continue
        owner = owners.setdefault(symbol.upper(), name)
        if owner != name:
            place = document.place(("instruments", name, "symbol"))
            yield Fault(place, f'the symbol {symbol} of "{name}" is that of "{owner}" already')


def _member_faults(
    document: Document, group: str, members: list[Any], instruments: Collection[str]
) -> Iterator[Fault]:
    if not members:
        yield Fault(document.key_place(("groups", group)), f'the group "{group}" is empty')
    for index, member in enumerate(members):
        place = document.place(("groups", group, index))
        if not isinstance(member, str):
            continue  # the model tells it
        if member not in instruments:
            hint = did_you_mean(member, instruments) or "name it under `instruments` first"
            yield Fault(
                place,
                f'the group "{hidden(group)}" names the unknown instrument "{hidden(member)}"',
                hint=hint,
            )
        elif member in members[:index]:
            yield Fault(place, f'the group "{hidden(group)}" names "{member}" twice')
