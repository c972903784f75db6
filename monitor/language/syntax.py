"""Text of an expression -> its parts as written, each with its place in the text.

Knows the grammar, not what a name means.  A text that does not parse is one `Trouble`, told in the words of
someone who wrote it.
"""

from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

MAX_LENGTH = 2_000
MAX_DEPTH = 50


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


@lru_cache(maxsize=1_000)
def parse(text: str) -> Part:
    """The parts of an expression; ExpressionError when it does not follow the grammar."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            Trouble(f"longer than {MAX_LENGTH} characters", Span(0, 1), "name parts of it in metrics")
        )
    try:
        part = _Build().transform(_parser().parse(text))
        depth = _depth(part)
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedInput as error:
        raise ExpressionError(_trouble(text, error)) from None
    except RecursionError:
        raise ExpressionError(_too_deep(text)) from None
    except LarkError as error:
        raise ExpressionError(Trouble(f"cannot be read: {error}", Span(0, len(text)))) from None
    if depth > MAX_DEPTH:
        raise ExpressionError(_too_deep(text))
    return part


def _too_deep(text: str) -> Trouble:
    message = f"nested more than {MAX_DEPTH} deep"
    return Trouble(message, Span(0, len(text)), "name parts of it in metrics")


@cache
def _parser() -> Lark:
    grammar = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _depth(part: Part, seen: dict[int, int] | None = None) -> int:
    """How deep a part is nested; each is looked at once, for `1 < x < 2` holds x twice."""
    seen = {} if seen is None else seen
    if id(part) not in seen:
        inner: tuple[Part, ...] = part.operands if isinstance(part, Operator) else ()
        if isinstance(part, Call):
            inner = (*part.args, *(value for _, value in part.keywords))
        seen[id(part)] = 1 + max((_depth(one, seen) for one in inner), default=0)
    return seen[id(part)]


def _trouble(text: str, error: UnexpectedInput) -> Trouble:
    """Lark's complaint in plain words."""
    end = len(text.rstrip())
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return Trouble(
            "the expression is not finished", Span(end, end + 1), "something is missing at its end"
        )
    start = error.pos_in_stream if error.pos_in_stream is not None else end
    came = str(error.token) if isinstance(error, UnexpectedToken) else text[start : start + 1]
    hint = _hint(text, start, came)
    if isinstance(error, UnexpectedCharacters):
        return Trouble(f"the character {came!r} means nothing here", Span(start, start + 1), hint)
    return Trouble(f'"{came}" cannot stand here', Span(start, start + len(came)), hint)


def _hint(text: str, start: int, came: str) -> str | None:
    if came.startswith(("=", "!")):
        return "compare with <, <=, > or >="
    if came in ("&", "|"):
        return "write `and`, `or`, `not`"
    if came == "%" or text[start : start + 1] == "%":
        return "a percent sign belongs to a number: 20%"
    if came in ("^", "**") or text[start - 1 : start + 1] == "**":
        return "there is no power; multiply"
    return None


@v_args(meta=True)
class _Build(Transformer[Token, Part]):
    """Lark's tree -> our parts."""

    def number(self, meta: Any, children: list[Token]) -> Part:
        return Number(_number(children[0]), percent=False, span=_span(meta))

    def percent(self, meta: Any, children: list[Token]) -> Part:
        return Number(_number(children[0].rstrip("% \t")) / 100, percent=True, span=_span(meta))

    def text(self, meta: Any, children: list[Token]) -> Part:
        return Text(children[0][1:-1], span=_span(meta))

    def name(self, meta: Any, children: list[Token]) -> Part:
        return Name(str(children[0]), span=_span(meta))

    def keyword(self, _meta: Any, children: list[Any]) -> tuple[str, Part]:
        return str(children[0]), children[1]

    def call(self, meta: Any, children: list[Any]) -> Part:
        args = tuple(child for child in children[1:] if not isinstance(child, tuple))
        keywords = tuple(child for child in children[1:] if isinstance(child, tuple))
        return Call(str(children[0]), args, keywords, span=_span(meta))

    def minus(self, meta: Any, children: list[Part]) -> Part:
        inner = children[0]
        if isinstance(inner, Number):
            return Number(-inner.value, inner.percent, span=_span(meta))
        return Operator("neg", (inner,), span=_span(meta))

    def plus(self, _meta: Any, children: list[Part]) -> Part:
        return children[0]

    def arithmetic(self, _meta: Any, children: list[Any]) -> Part:
        left: Part = children[0]
        for symbol, right in zip(children[1::2], children[2::2], strict=True):
            left = Operator(str(symbol), (left, right), span=Span(left.span.start, right.span.end))
        return left

    def compare(self, meta: Any, children: list[Any]) -> Part:
        """`60 < gold < 100` is both comparisons."""
        pairs = zip(children[0::2], children[1::2], children[2::2], strict=False)
        parts: list[Part] = [
            Operator(str(symbol), (left, right), span=Span(left.span.start, right.span.end))
            for left, symbol, right in pairs
        ]
        return _joined("and", parts or children, meta)

    def negate(self, meta: Any, children: list[Part]) -> Part:
        return Operator("not", (children[0],), span=_span(meta))

    def all_of(self, meta: Any, children: list[Part]) -> Part:
        return _joined("and", children, meta)

    def any_of(self, meta: Any, children: list[Part]) -> Part:
        return _joined("or", children, meta)


def _joined(symbol: str, parts: list[Part], meta: Any) -> Part:
    return parts[0] if len(parts) == 1 else Operator(symbol, tuple(parts), span=_span(meta))


def _number(text: str) -> float:
    return float(text.replace("_", ""))


def _span(meta: Any) -> Span:
    return Span(meta.start_pos, meta.end_pos)
