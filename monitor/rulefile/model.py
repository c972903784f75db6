"""The keys of a pack and what each takes."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor.alerts import Severity

NAME = r"^[a-z][a-z0-9_-]*$"


def _bars(value: object) -> int:
    """`3 bars` -> 3."""
    match = re.fullmatch(r"\s*(\d+)\s+bars?\s*", value) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1:
        msg = f'it counts bars: write "3 bars", not {value!r}'
        raise ValueError(msg)
    return int(match[1])


def _days(value: object) -> int:
    """`20 days` -> 20."""
    match = re.fullmatch(r"\s*(\d+)\s+days?\s*", value) if isinstance(value, str) else None
    if match is None:
        msg = f'it counts calendar days: write "20 days", not {value!r}'
        raise ValueError(msg)
    return int(match[1])


def as_text(value: object) -> object:
    """YAML reads a lone number or yes/no as such; an expression is text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


Bars = Annotated[int, BeforeValidator(_bars)]
Days = Annotated[int, BeforeValidator(_days)]
Expression = Annotated[str, BeforeValidator(as_text)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class LevelFile(_Strict):
    """One level of a ladder."""

    when: Expression
    for_: Bars = Field(default=1, alias="for")
    clear_when: Expression | None = None
    clear_for: Bars = 1


class RuleFile(_Strict):
    """One rule."""

    when: Expression | None = None
    for_: Bars = Field(default=1, alias="for")
    clear_when: Expression | None = None
    clear_for: Bars = 1
    levels: dict[Severity, LevelFile] | None = None
    for_each: str | None = None
    severity: Severity = Severity.WARNING
    cooldown: Days = 0
    say: str | None = None
    study: str | None = None
    note: str | None = None


class PackFile(_Strict):
    """One pack."""

    pack: str = Field(pattern=NAME)
    about: str
    metrics: dict[str, Expression] = {}
    rules: dict[str, RuleFile]
