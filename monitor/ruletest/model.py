"""The keys of a rule test file and what each takes."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from monitor.alerts import Kind, Reason, Severity
from monitor.errors import shown
from monitor.rulefile.model import NAME
from monitor.rulefile.values import as_text

_STATE = re.compile(r"(ok|firing|(pending|recovering)( \d+/\d+)?)")


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    msg = f"a session label was expected, such as 2024-03-01; got {shown(value)}"
    raise ValueError(msg)


def _state(value: object) -> str:
    if isinstance(value, str) and _STATE.fullmatch(value):
        return value
    msg = f'a state was expected: ok, pending, "pending 2/3", firing, recovering, "recovering 1/2"; got {shown(value)}'
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_day)]
State = Annotated[str, BeforeValidator(_state)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnFile(_Strict):
    """A series read from a CSV file beside the test: one row per column, an empty field for no bar."""

    file: str
    column: str = "close"


def _written_as(value: object) -> str:
    return "file" if isinstance(value, dict | ColumnFile) else "text"


SeriesFile = Annotated[
    Annotated[Annotated[str, BeforeValidator(as_text)], Tag("text")] | Annotated[ColumnFile, Tag("file")],
    Discriminator(_written_as),
]


class EventFile(_Strict):
    """Something that happens besides bars, at the end of a column."""

    at: int
    do: Literal["restart", "channel_down", "silence"]
    channel: str | None = None
    """Which one is down."""
    rule: str | None = None
    """Which ones are silenced; `*` stands for any letters."""
    bars: int | None = Field(default=None, ge=1)
    """For so many columns, `at` the first of them; else for one."""

    @model_validator(mode="after")
    def _has_its_own_keys(self) -> "EventFile":
        own = {"channel_down": "channel", "silence": "rule"}.get(self.do)
        if own is not None and getattr(self, own) is None:
            raise ValueError(f"`{self.do}` needs a `{own}`")
        others = [key for key in ("channel", "rule") if key != own]
        others += ["bars"] if own is None else []
        if any(getattr(self, key) is not None for key in others):
            names = " or ".join(f"`{key}`" for key in others)
            raise ValueError(f"`{self.do}` takes no {names}")
        return self


class TransitionFile(_Strict):
    """One expected transition."""

    at: int
    kind: Kind
    rule: str
    level: Severity | None = None
    reason: Reason | None = None


class MessageFile(_Strict):
    """One expected message; `at` is the column in which its channel has it."""

    at: int
    channel: str
    kinds: tuple[Kind, ...]
    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()


class ExpectFile(_Strict):
    """What must come of it: states are samples, transitions and messages are all there are."""

    states: dict[int, dict[str, State]] = {}
    transitions: tuple[TransitionFile, ...] = ()
    messages: tuple[MessageFile, ...] | None = None


class CaseFile(_Strict):
    """One story of made-up bars."""

    rules: tuple[str, ...] | None = None
    start: Day = date(2024, 1, 2)
    series: dict[str, SeriesFile]
    events: tuple[EventFile, ...] = ()
    expect: ExpectFile


class RuleTestFile(_Strict):
    """One file of cases for one pack."""

    pack: str = Field(pattern=NAME)
    about: str | None = None
    cases: dict[str, CaseFile]
