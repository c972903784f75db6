"""Dated events: YAML text -> what was news on which day in New York, and which instruments it touched.

What followed them is measured by `backtest.eventstudy`, and reports draw them; nothing judges prices by them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor.errors import Fault, FaultyFileError, Place, hidden, shown
from monitor.instruments import Catalogue
from monitor.validating import validate
from monitor.yamltext import Document, did_you_mean, read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    date: date
    """The day in New York on which it was news."""
    title: str
    instruments: tuple[str, ...] = ()
    """The instruments it touched, members of groups one by one; none: it is about all of them."""
    tags: tuple[str, ...] = ()
    source: str = ""
    place: Place = field(default_factory=Place)

    def touches(self, instrument: str) -> bool:
        """Whether it was about that instrument."""
        return not self.instruments or instrument in self.instruments


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"expected a date such as 2025-10-20; got {shown(value)}") from None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Entry(_Strict):
    date: Annotated[date, BeforeValidator(_day)]
    title: str = Field(min_length=1)
    instruments: list[str] = []
    tags: list[str] = []
    source: str = ""


class _File(_Strict):
    events: list[_Entry] = Field(min_length=1)


def read_events(text: str, *, file: str, catalogue: Catalogue) -> tuple[Event, ...]:
    """The events of a YAML text in the order of their dates; FaultyFileError lists every fault with its place."""
    document = read_yaml(text, file=file)
    if not isinstance(document.value, dict):
        hint = "a file of events starts with `events:` and lists them: - {date: 2025-10-20, title: ...}"
        raise FaultyFileError([Fault(Place(file, 1, 1), "a mapping was expected", hint=hint)])
    faults = list(_unknown(document, catalogue))
    try:
        content = validate(document, _File)
    except FaultyFileError as error:
        raise FaultyFileError([*error.faults, *faults]) from None
    if faults:
        raise FaultyFileError(faults)
    events = [
        Event(
            date=one.date,
            title=one.title,
            instruments=tuple(dict.fromkeys(_members(one.instruments, catalogue))),
            tags=tuple(one.tags),
            source=one.source,
            place=document.place(("events", number)),
        )
        for number, one in enumerate(content.events)
    ]
    return tuple(sorted(events, key=lambda event: event.date))


def _members(names: list[str], catalogue: Catalogue) -> Iterator[str]:
    for name in names:
        yield from catalogue.groups.get(name, (name,))


def _unknown(document: Document, catalogue: Catalogue) -> Iterator[Fault]:
    """A fault for each name that is neither an instrument nor a group."""
    known = (*catalogue.instruments, *catalogue.groups)
    events = document.value.get("events")
    for number, event in enumerate(events if isinstance(events, list) else ()):
        names = event.get("instruments") if isinstance(event, dict) else None
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name not in known:
                place = document.place(("events", number, "instruments", index))
                hint = did_you_mean(name, known) or "name instruments or groups of instruments.yml"
                yield Fault(place, f'unknown instrument or group "{hidden(name)}"', hint=hint)
