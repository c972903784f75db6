"""Parts of an expression as written, each with its place in the text.

A text that does not follow the grammar of `parsing.py` is one `Trouble`, told in the words of someone who wrote it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """From the first character of a part to the one after its last, counted from 0."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with an expression, and where in its text."""

    message: str
    span: Span
    hint: str | None = None


class ExpressionError(ValueError):
    """An expression that cannot be used; `troubles` says all that is wrong with it."""

    def __init__(self, *troubles: Trouble) -> None:
        super().__init__("; ".join(trouble.message for trouble in troubles))
        self.troubles = troubles


@dataclass(frozen=True, slots=True)
class Number:
    """`90`, `1_000` or `20%`."""

    value: float
    percent: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text, such as the unit in `convert(copper, "USD/t")`."""

    value: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name, or a name and a field: `silver`, `silver.volume`."""

    name: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    args: tuple["Part", ...]
    keywords: tuple[tuple[str, "Part"], ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator and its operands: `+ - * /`, `neg`, `< <= > >=`, `and`, `or`, `not`."""

    symbol: str
    operands: tuple["Part", ...]
    span: Span = field(compare=False)


Part = Number | Text | Name | Call | Operator
