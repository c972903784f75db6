"""Typed expressions in the words of a rule file, and values as people read them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.language import Const, Node, Scope, bounds_of, shown, understand, written
from monitor.language.syntax import ExpressionError
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE

METRICS: dict[str, Node] = {}
for _name, _text in {"gsr": "gold / silver", "limit": "90", "calm": "change(gold, 1) < 1%"}.items():
    METRICS[_name] = understand(_text, Scope(CATALOGUE, METRICS))
SCOPE = Scope(CATALOGUE, METRICS)


def numbers() -> st.SearchStrategy[str]:
    """Texts of expressions that are numbers, with parentheses around every part."""
    plain = st.floats(0.0001, 1e7).map(lambda value: f"{value!r}")
    percent = st.floats(0.01, 900).map(lambda value: f"{value!r}%")
    names = st.sampled_from(["gold", "silver", "mp.volume", "lyc.high", "gsr", "limit"])
    return st.recursive(names | names | plain | percent | st.just("1_000"), _larger, max_leaves=8)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    window = st.integers(2, 99_999)
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"-({text})"),
        st.tuples(st.sampled_from(["sma", "zscore", "change", "drawdown", "rsi"]), inner, window).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        inner.map(lambda text: f"drawdown({text})"),
        window.map(lambda n: f"relative_volume(mp, {n})"),
        st.just("gap(lyc)"),
    )


def conditions() -> st.SearchStrategy[str]:
    compared = st.tuples(numbers(), st.sampled_from(["<", "<=", ">", ">="]), numbers()).map(
        lambda t: f"({t[0]}) {t[1]} ({t[2]})"
    )
    crossed = st.tuples(numbers(), numbers()).map(lambda t: f"crosses_above({t[0]}, {t[1]})")
    leaves = compared | crossed | st.just("calm") | st.just("60 < gold < 100")
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: " and ".join(f"({p})" for p in parts)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: " or ".join(f"({p})" for p in parts)),
            inner.map(lambda text: f"not ({text})"),
        ),
        max_leaves=6,
    )


@given(st.one_of(numbers(), conditions()))
def test_an_expression_that_is_written_and_read_again_computes_the_same(text: str) -> None:
    try:
        node = understand(text, SCOPE)
    except ExpressionError:
        return  # such as a drawdown above 0, or two constants compared

    again = understand(written(node), SCOPE)

    assert again.key == node.key
    assert written(again) == written(node)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gold/silver>90", "gold / silver > 90"),
        ("gsr > 20%", "gsr > 20 %"),
        ("gsr > 0.07", "gsr > 0.07"),
        ("gsr > 1234.5678", "gsr > 1234.5678"),
        ("gold > 5_000", "gold > 5000"),
        ("change(gold) > 7%", "change(gold, 1) > 7 %"),
        ("drawdown(gold) < -20%", "drawdown(gold) < -20 %"),
        ("(gold - silver) - gold > 1", "gold - silver - gold > 1"),
        ("gold - (silver - gold) > 1", "gold - (silver - gold) > 1"),
        ("(gold + silver) * 2 > 1", "(gold + silver) * 2 > 1"),
        ("-(gold * 2) > 1", "-(gold * 2) > 1"),
        ("60 < gold < 100", "60 < gold and gold < 100"),
        ("not (gold > 1 or silver > 1)", "not (gold > 1 or silver > 1)"),
        ("gap(mp) > 5% and relative_volume(mp) > 5", "gap(mp) > 5 % and relative_volume(mp, 20) > 5"),
    ],
)
def test_expressions_are_written_as_a_rule_file_would_have_them(text: str, words: str) -> None:
    assert written(understand(text, SCOPE)) == words


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "1", "?"),
        (None, "%", "?"),
        (104.849, "1", "104.8"),
        (5318.4, "USD/ozt", "5,318"),
        (90.0, "1", "90"),
        (1234567.0, "1", "1,234,567"),
        (0.0, "1", "0"),
        (-2.345, "1", "-2.345"),
        (0.05, "1", "0.0500"),
        (-0.313, "%", "-31.3 %"),
        (0.2, "%", "20 %"),
        (0.0004, "%", "0 %"),
    ],
)
def test_values_are_shown_with_about_four_digits(value: float | None, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def bounds(text: str) -> list[tuple[str, str, str]]:
    return [(written(m), sign, written(limit)) for m, sign, limit in bounds_of(understand(text, SCOPE))]


def test_the_comparisons_of_a_condition_have_their_metric_on_the_left() -> None:
    assert bounds("90 < gsr and not (gold >= 1 or calm)") == [("gsr", ">", "90"), ("gold", "<", "1")]
    assert bounds("not (90 < gsr and not gold >= 1)") == [("gsr", "<=", "90"), ("gold", ">=", "1")]
    assert bounds("60 <= gold < 100") == [("gold", ">=", "60"), ("gold", "<", "100")]
    assert bounds("calm") == []


def test_a_threshold_under_a_name_is_told_as_its_number() -> None:
    ((_, _, threshold),) = bounds_of(understand("gsr > limit", SCOPE))

    assert isinstance(threshold, Const)
    assert threshold.value == 90


def test_a_threshold_that_moves_keeps_its_words() -> None:
    assert bounds("gold > sma(gold, 200)") == [("gold", ">", "sma(gold, 200)")]


def test_strategies_reach_every_kind_of_node() -> None:
    seen: set[str] = set()

    @examples(50)
    @given(conditions())
    def look(text: str) -> None:
        try:
            _collect(understand(text, SCOPE), seen)
        except ExpressionError:
            return

    look()

    assert seen >= {"Const", "Leg", "Operation", "Apply", "Named"}


def _collect(node: Any, seen: set[str]) -> None:
    seen.add(type(node).__name__)
    for operand in node.operands:
        _collect(operand, seen)
