"""Text of an expression -> its parts, and what a text that does not parse is told."""

import pytest

from monitor.language.parsing import MAX_DEPTH, parse
from monitor.language.syntax import Call, ExpressionError, Name, Number, Operator, Part, Span, Text


def lisp(part: Part) -> str:
    """A part with every pair of parentheses written out."""
    if isinstance(part, Number):
        return f"{part.value:g}"
    if isinstance(part, Text):
        return repr(part.value)
    if isinstance(part, Name):
        return part.name
    if isinstance(part, Call):
        named = [f"{name}={lisp(value)}" for name, value in part.keywords]
        return f"{part.function}({' '.join([*map(lisp, part.args), *named])})"
    return f"({part.symbol} {' '.join(map(lisp, part.operands))})"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1 + 2 * 3", "(+ 1 (* 2 3))"),
        ("(1 + 2) * 3", "(* (+ 1 2) 3)"),
        ("8 - 4 - 2", "(- (- 8 4) 2)"),
        ("8 / 4 / 2", "(/ (/ 8 4) 2)"),
        ("8 / 4 * 2", "(* (/ 8 4) 2)"),
        ("-a * b", "(* (neg a) b)"),
        ("a - -b", "(- a (neg b))"),
        ("+a", "a"),
        ("-3", "-3"),
        ("- -3", "3"),
        ("a + 1 > b * 2", "(> (+ a 1) (* b 2))"),
        ("not a > 1 and b > 1", "(and (not (> a 1)) (> b 1))"),
        ("not not a > 1", "(not (not (> a 1)))"),
        ("a > 1 or b > 1 and c > 1", "(or (> a 1) (and (> b 1) (> c 1)))"),
        ("(a > 1 or b > 1) and c > 1", "(and (or (> a 1) (> b 1)) (> c 1))"),
        ("a > 1 and b > 1 and c > 1", "(and (> a 1) (> b 1) (> c 1))"),
        ("60 < a < 100", "(and (< 60 a) (< a 100))"),
        ("60 < a <= b > 3", "(and (< 60 a) (<= a b) (> b 3))"),
        ("f()", "f()"),
        ("f(a, n=3)", "f(a n=3)"),
        ("f(g(a) + 1, b > 2)", "f((+ g(a) 1) (> b 2))"),
        ("silver.volume", "silver.volume"),
        ("android > 1 or orange > 1", "(or (> android 1) (> orange 1))"),
        ("notional and origin", "(and notional origin)"),
        ('f("USD/t")', "f('USD/t')"),
        ("a\n  > 1", "(> a 1)"),
    ],
)
def test_operators_bind_as_everyone_expects(text: str, read: str) -> None:
    assert lisp(parse(text)) == read


@pytest.mark.parametrize(
    ("text", "value", "percent"),
    [
        ("90", 90.0, False),
        ("1_000", 1000.0, False),
        ("1_000.5", 1000.5, False),
        (".5", 0.5, False),
        ("1e3", 1000.0, False),
        ("1.5E-2", 0.015, False),
        ("20%", 0.2, True),
        ("20 %", 0.2, True),
        ("-20%", -0.2, True),
        ("0.5%", 0.005, True),
        ("1_000%", 10.0, True),
        ("1e-2%", 0.0001, True),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, value: float, percent: bool) -> None:
    assert parse(text) == Number(value, percent, Span(0, 0))


def test_every_part_knows_its_place() -> None:
    part = parse("gold / 2 > sma(silver, 20)")

    assert isinstance(part, Operator)
    left, right = part.operands
    assert part.span == Span(0, 26)
    assert left.span == Span(0, 8)
    assert right.span == Span(11, 26)
    assert isinstance(right, Call)
    assert right.args[1].span == Span(23, 25)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("(a > 1) and (b > 1)", Span(0, 19)),
        (" not (a > 1) ", Span(1, 12)),
        ("-(a + b)", Span(0, 8)),
        ("(a + b)", Span(1, 6)),
        ("(a + b) * c", Span(1, 11)),
    ],
)
def test_parentheses_belong_to_what_holds_them(text: str, span: Span) -> None:
    assert parse(text).span == span


MISSING = 'a ")" is missing; between { and } quote an expression that has a comma: "change(gold, 1) > 2%"'

UNIT = 'numbers have no unit; bring the price to it: convert(copper, "USD/t") > 9_000'


@pytest.mark.parametrize(
    ("text", "message", "start", "end", "hint"),
    [
        ("gold >", "the expression is not finished", 6, 7, "something is missing at its end"),
        ("", "the expression is not finished", 0, 1, "something is missing at its end"),
        ("(gold > 1", "the expression is not finished", 9, 10, MISSING),
        ("change(gold", "the expression is not finished", 11, 12, MISSING),
        ("sma(gold, 3) >", "the expression is not finished", 14, 15, "something is missing at its end"),
        ("gold > 1)", '")" cannot stand here', 8, 9, None),
        ("gold == 1", '"=" cannot stand here', 5, 6, "compare with <, <=, > or >="),
        ("gold != 1", "the character '!' means nothing here", 5, 6, "compare with <, <=, > or >="),
        ("gold = 1", '"=" cannot stand here', 5, 6, "compare with <, <=, > or >="),
        ("a > 1 & b > 1", "the character '&' means nothing here", 6, 7, "write `and`, `or`, `not`"),
        ("a > 1 || b > 1", "the character '|' means nothing here", 6, 7, "write `and`, `or`, `not`"),
        ("gold % 2", "the character '%' means nothing here", 5, 6, "a percent sign belongs to a number: 20%"),
        ("gold ^ 2", "the character '^' means nothing here", 5, 6, "there is no power; multiply"),
        ("gold ** 2", '"*" cannot stand here', 6, 7, "there is no power; multiply"),
        ("gold silver", '"silver" cannot stand here', 5, 11, None),
        ("gold orange", '"orange" cannot stand here', 5, 11, None),
        ("gold > 1 andy", '"andy" cannot stand here', 9, 13, None),
        ("gold + not silver", '"not" cannot stand here', 7, 10, None),
        ("sma(gold, )", '")" cannot stand here', 10, 11, None),
        ("gold[1]", "the character '[' means nothing here", 4, 5, None),
        ("gold ≥ 1", "the character '≥' means nothing here", 5, 6, "write >="),
        ("gold ≤ 1", "the character '≤' means nothing here", 5, 6, "write <="),
        ("gold > $2000", "the character '$' means nothing here", 7, 8, UNIT),
        ("copper > 9_000 USD/t", '"USD" cannot stand here', 15, 18, UNIT),
        ("gold > 2,000", '"," cannot stand here', 8, 9, "thousands are parted by _: 2_000"),
        ("gold > 2, 3", '"," cannot stand here', 8, 9, None),
        ("__import__('os').system", None, 16, 17, None),
    ],
)
def test_what_cannot_be_read_is_told_at_its_place(
    text: str, message: str | None, start: int, end: int, hint: str | None
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)

    (trouble,) = caught.value.troubles
    assert message is None or trouble.message == message
    assert trouble.span == Span(start, end)
    assert trouble.hint == hint


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300 + "a" + ")" * 300,
        "-" * 1_900 + "a",
        "1+" * 900 + "a",
        "not " * 400 + "a > 1",
        "f(" * 60 + "a" + ")" * 60,
    ],
)
def test_what_is_nested_too_deep_is_told_and_does_not_end_the_process(text: str) -> None:
    with pytest.raises(ExpressionError, match="nested more than 50 deep"):
        parse(text)


def test_nesting_up_to_the_limit_is_fine() -> None:
    assert isinstance(parse("f(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1)), Call)

    with pytest.raises(ExpressionError, match="nested more than 50 deep"):
        parse("f(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)


def test_an_expression_that_is_too_long_is_refused() -> None:
    with pytest.raises(ExpressionError, match="longer than 2000 characters"):
        parse("a" * 2_001)
