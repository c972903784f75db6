"""Text of an expression -> its parts.

Knows the grammar, not what a name means.  Loosest binding first, `X*` any number, `X?` none or one:

    expression: conjunction ("or" conjunction)*
    conjunction: negation ("and" negation)*
    negation: "not" negation | comparison
    comparison: sum (("<" | "<=" | ">" | ">=") sum)*
    sum: product (("+" | "-") product)*
    product: factor (("*" | "/") factor)*
    factor: ("-" | "+") factor | number | percent | text | name | call | "(" expression ")"
    call: name "(" (argument ("," argument)*)? ")"
    argument: (name "=")? expression
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from monitor.language.syntax import Call, ExpressionError, Name, Number, Operator, Part, Span, Text, Trouble

MAX_LENGTH = 2_000
MAX_DEPTH = 50

OR, AND, NOT, COMPARE, SUM, PRODUCT, FACTOR = range(1, 8)
BINDS = {
    "or": OR, "and": AND, "<": COMPARE, "<=": COMPARE, ">": COMPARE, ">=": COMPARE,
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT,
}  # fmt: skip
"""How tight an operator between two operands binds."""
DIGITS = r"(?:\d[\d_]*(?:\.[\d_]+)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?"
WORD = "[A-Za-z_][A-Za-z0-9_]*"
TOKEN = re.compile(
    rf"(?P<percent>{DIGITS}\s*%)|(?P<number>{DIGITS})"
    r"""|(?P<text>"[^"\n]*"|'[^'\n]*')"""
    rf"|(?P<name>(?!(?:and|or|not)\b){WORD}(?:\.{WORD})?)"
    r"|(?P<sign>and|or|not|<=|>=|[-+*/<>(),=])"
)
SPACE = re.compile(r"[ \t\f\r\n]*")


class Token(NamedTuple):
    """The smallest part of a text: what it is, and from where to where it stands; a sign is its own kind."""

    kind: str
    text: str
    start: int
    end: int


@lru_cache(maxsize=1_000)
def parse(text: str) -> Part:
    """The parts of an expression; ExpressionError when it does not follow the grammar."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            Trouble(f"longer than {MAX_LENGTH} characters", Span(0, 1), "name parts of it in metrics")
        )
    parser = _Parser(text)
    part = parser.expression()
    parser.take("end")
    try:
        depth = _depth(part)
    except RecursionError:
        raise parser.too_deep() from None
    if depth > MAX_DEPTH:
        raise parser.too_deep()
    return part


def _depth(part: Part, seen: dict[int, int] | None = None) -> int:
    """How deep a part is nested; each is looked at once, for `1 < x < 2` holds x twice."""
    seen = {} if seen is None else seen
    if id(part) not in seen:
        inner: tuple[Part, ...] = part.operands if isinstance(part, Operator) else ()
        if isinstance(part, Call):
            inner = (*part.args, *(value for _, value in part.keywords))
        seen[id(part)] = 1 + max((_depth(one, seen) for one in inner), default=0)
    return seen[id(part)]


def _tokens(text: str) -> Iterator[Token]:
    """The tokens of a text; what cannot begin one is `unknown`, and the last."""
    at = _after_space(text, 0)
    while found := TOKEN.match(text, at):
        kind, whole = found.lastgroup or "", found[0]
        yield Token(whole if kind == "sign" else kind, whole, at, found.end())
        at = _after_space(text, found.end())
    if at < len(text):
        yield Token("unknown", text[at], at, at + 1)
    else:
        end = len(text.rstrip())
        yield Token("end", "", end, end + 1)


def _after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


class _Parser:
    """The tokens of one text, and how far they are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tuple(_tokens(text))
        self.at = 0
        self.nested = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, *kinds: str) -> Token:
        """The next token, which must be one of these."""
        token = self.next
        if token.kind not in kinds:
            raise ExpressionError(_trouble(self.text, token))
        self.at += 1
        return token

    def too_deep(self) -> ExpressionError:
        message = f"nested more than {MAX_DEPTH} deep"
        return ExpressionError(Trouble(message, Span(0, len(self.text)), "name parts of it in metrics"))

    def expression(self, loosest: int = OR) -> Part:
        """What binds at least so tight."""
        first = self.next
        part = self._operand(loosest)
        while (binds := BINDS.get(self.next.kind, 0)) >= loosest:
            part = self._series(part, binds, first)
        return part

    def _series(self, part: Part, binds: int, first: Token) -> Part:
        """An operand, and the operators that follow and bind alike, each with its own."""
        symbols, operands = [], [part]
        while BINDS.get(self.next.kind) == binds:
            symbols.append(self.take(*BINDS).kind)
            operands.append(self.expression(binds + 1))
        if binds <= AND:
            return self._joined(symbols[0], operands, first)
        if binds == COMPARE:  # `60 < gold < 100` is both comparisons
            pairs = zip(symbols, pairwise(operands), strict=True)
            return self._joined("and", [_between(symbol, *pair) for symbol, pair in pairs], first)
        for symbol, right in zip(symbols, operands[1:], strict=True):
            part = _between(symbol, part, right)
        return part

    def _joined(self, symbol: str, parts: list[Part], first: Token) -> Part:
        return parts[0] if len(parts) == 1 else Operator(symbol, tuple(parts), self._since(first))

    def _since(self, first: Token) -> Span:
        """From the start of a token to the end of what was read last."""
        return Span(first.start, self.tokens[self.at - 1].end)

    def _operand(self, loosest: int) -> Part:
        self.nested += 1
        if self.nested > MAX_DEPTH + 1:
            raise self.too_deep()
        part = self._negated() if self.next.kind == "not" and loosest <= NOT else self._factor()
        self.nested -= 1
        return part

    def _negated(self) -> Part:
        first = self.take("not")
        inner = self.expression(NOT)
        return Operator("not", (inner,), self._since(first))

    def _factor(self) -> Part:
        token = self.take("number", "percent", "text", "name", "(", "-", "+")
        place = Span(token.start, token.end)
        match token.kind:
            case "number":
                return Number(_number(token.text), percent=False, span=place)
            case "percent":
                return Number(_number(token.text.rstrip("% \t")) / 100, percent=True, span=place)
            case "text":
                return Text(token.text[1:-1], place)
            case "name":
                return self._call(token) if self.next.kind == "(" else Name(token.text, place)
            case "(":
                inner = self.expression()
                self.take(")")
                return inner
            case _:
                return self._signed(token, self.expression(FACTOR))

    def _signed(self, sign: Token, inner: Part) -> Part:
        if sign.kind == "+":
            return inner
        if isinstance(inner, Number):
            return Number(-inner.value, inner.percent, self._since(sign))
        return Operator("neg", (inner,), self._since(sign))

    def _call(self, name: Token) -> Part:
        args: list[Part] = []
        keywords: list[tuple[str, Part]] = []
        self.take("(")
        if self.next.kind != ")":
            self._argument(args, keywords)
            while self.next.kind == ",":
                self.take(",")
                self._argument(args, keywords)
        self.take(")")
        return Call(name.text, tuple(args), tuple(keywords), self._since(name))

    def _argument(self, args: list[Part], keywords: list[tuple[str, Part]]) -> None:
        if self.next.kind == "name" and self.tokens[self.at + 1].kind == "=":
            name = self.take("name").text
            self.take("=")
            keywords.append((name, self.expression()))
        else:
            args.append(self.expression())


def _between(symbol: str, left: Part, right: Part) -> Part:
    return Operator(symbol, (left, right), Span(left.span.start, right.span.end))


def _number(text: str) -> float:
    return float(text.replace("_", ""))


def _trouble(text: str, token: Token) -> Trouble:
    """What is wrong with a token that cannot stand where it does."""
    place = Span(token.start, token.end)
    if token.kind == "end":
        return Trouble("the expression is not finished", place, _missing(text))
    hint = _hint(text, token.start, token.text)
    if token.kind == "unknown":
        return Trouble(f"the character {token.text!r} means nothing here", place, hint)
    return Trouble(f'"{token.text}" cannot stand here', place, hint)


def _missing(text: str) -> str:
    if text.count("(") > text.count(")"):
        return (
            'a ")" is missing; between { and } quote an expression that has a comma: "change(gold, 1) > 2%"'
        )
    return "something is missing at its end"


def _hint(text: str, start: int, came: str) -> str | None:
    if came.startswith(("=", "!")):
        return "compare with <, <=, > or >="
    if came in ("&", "|"):
        return "write `and`, `or`, `not`"
    if came == "%" or text[start : start + 1] == "%":
        return "a percent sign belongs to a number: 20%"
    if came in ("^", "**") or text[start - 1 : start + 1] == "**":
        return "there is no power; multiply"
    return _hint_at_number(text[:start].rstrip(), text[start + len(came) :], came)


def _hint_at_number(before: str, after: str, came: str) -> str | None:
    """What to write instead of thousands and units as one finds them in print."""
    if came in ("≤", "≥"):
        return f"write {'<=' if came == '≤' else '>='}"
    if came in ("$", "€", "£", "¥") or (before[-1:].isdigit() and re.fullmatch("[A-Z]{3}", came)):
        return 'numbers have no unit; bring the price to it: convert(copper, "USD/t") > 9_000'
    if came == "," and before[-1:].isdigit() and after[:3].isdigit():
        return "thousands are parted by _: 2_000"
    return None
