"""What single keys of a pack take: durations, parts of a hundred, dates, expressions; and how a schema tells it."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from monitor.errors import shown

BARS = r"^\s*0*[1-9]\d*\s+bars?\s*$"
NAMED_BARS = r"^\s*([a-z_][a-z0-9_]*)\s+bars?\s*$"
"""A parameter stands for the number."""
DAYS = r"^\s*\d+\s+days?\s*$"
PERCENT = r"^\s*(?=.*[1-9])\d+(\.\d+)?\s*%\s*$"
AMOUNT = r"^\s*-?\d+(\.\d+)?\s*%\s*$"
DATE = r"^\d{4}-\d{2}-\d{2}$"


def _text(value: object, pattern: str, expected: str) -> str:
    if not isinstance(value, str) or re.match(pattern, value) is None:
        msg = f"{expected}, not {shown(value)}"
        raise ValueError(msg)
    return value.strip()


def _bars(value: object) -> int:
    """`3 bars` -> 3."""
    return int(_text(value, BARS, 'it counts bars: write "3 bars"').split()[0])


def _days(value: object) -> int:
    """`20 days` -> 20."""
    return int(_text(value, DAYS, 'it counts calendar days: write "20 days"').split()[0])


def _percent(value: object) -> float:
    """`2%` -> 0.02."""
    return float(_text(value, PERCENT, 'it is a part of the value: write "2%"').rstrip("% ")) / 100


def _date(value: object) -> date:
    """`2026-12-31` -> that date."""
    return date.fromisoformat(_text(value, DATE, "it is a session: write 2026-12-31"))


@dataclass(frozen=True, slots=True)
class Amount:
    """A value of a parameter, as written: 90, or 8 %."""

    number: float
    percent: bool = False

    @property
    def value(self) -> float:
        """What is computed with."""
        return self.number / 100 if self.percent else self.number

    def __str__(self) -> str:
        return f"{self.number:.12g}{' %' if self.percent else ''}"


def amount(value: object) -> Amount:
    """`90` and `8%` as amounts."""
    percent = isinstance(value, str) and re.match(AMOUNT, value) is not None
    if percent or (isinstance(value, int | float) and not isinstance(value, bool)):
        with suppress(OverflowError, ValueError):
            number = float(str(value).rstrip("% "))
            if math.isfinite(number):
                return Amount(number, percent)
    msg = f"it is a number or a part of a hundred: write 90 or 8%, not {shown(value)}"
    raise ValueError(msg)


def as_text(value: object) -> object:
    """YAML reads a lone number or yes/no as such; an expression is text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def is_mapping(value: object) -> str:
    """Which of two forms a key takes that may be a word or a mapping."""
    return "mapping" if isinstance(value, Mapping) else "word"


def _told(pattern: str, example: str) -> Any:
    return Annotated[str, Field(pattern=pattern, examples=[example])]


Bars = Annotated[int, BeforeValidator(_bars, json_schema_input_type=_told(BARS, "3 bars"))]
ParamBars = Annotated[
    int, BeforeValidator(_bars, json_schema_input_type=_told(f"{BARS}|{NAMED_BARS}", "3 bars"))
]
"""As `Bars`; where a parameter stands for the number, it was written in before."""
AmountFile = Annotated[
    Amount,
    PlainValidator(
        amount,
        json_schema_input_type=Annotated[float, Field()] | _told(AMOUNT, "8%"),
    ),
]
Days = Annotated[int, BeforeValidator(_days, json_schema_input_type=_told(DAYS, "20 days"))]
Percent = Annotated[float, BeforeValidator(_percent, json_schema_input_type=_told(PERCENT, "2%"))]
Session = Annotated[date, BeforeValidator(_date, json_schema_input_type=_told(DATE, "2026-12-31"))]
Count = Annotated[int, Field(ge=1, strict=True)]
Expression = Annotated[
    str,
    BeforeValidator(as_text),
    WithJsonSchema({"type": ["string", "number"], "examples": ["gsr > 90", "gold / silver"]}),
]
