"""Typed expressions over legs side by side -> values: joins, holes, unknown and three-valued logic."""

import math
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bars import side_by_side
from monitor.engine import observe
from monitor.language import Node, Scope, evaluate, inputs, understand
from monitor.language.blocks import Columns, blocks
from monitor.language.conditions import Asked
from monitor.language.plan import plan
from monitor.rules import Rulebook
from tests.support.made_up import CATALOGUE, FIRST, computed, made, nothing_missing, sessions, values_of
from tests.support.rules import rule

KLEENE_NOT = {True: False, False: True, None: None}


def kleene_and(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def kleene_or(left: bool | None, right: bool | None) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


TRUTHS: tuple[bool | None, ...] = (True, False, None)
NUMBER_FOR = {True: 2.0, False: 1.0, None: None}


def truth_of(text: str, gold: bool | None, silver: bool | None) -> bool | None:
    """A rule's condition of `gold > 1` and `silver > 1`, each of them true, false or unknown."""
    node = understand(text, Scope(CATALOGUE))
    columns = {"gold.close": [NUMBER_FOR[gold]], "silver.close": [NUMBER_FOR[silver]]}
    answers = Asked([node], Columns({k: pl.Series(k, value, pl.Float64) for k, value in columns.items()}))
    (block,) = blocks(1)
    holds, fails = bool(answers.holds(block)[0, 0]), bool(answers.fails(block)[0, 0])
    assert not (holds and fails)
    return holds if holds or fails else None


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_logic_is_three_valued(left: bool | None, right: bool | None) -> None:
    assert truth_of("gold > 1 and silver > 1", left, right) is kleene_and(left, right)
    assert truth_of("gold > 1 or silver > 1", left, right) is kleene_or(left, right)
    assert truth_of("not (gold > 1) and silver > 1", left, right) is kleene_and(KLEENE_NOT[left], right)
    assert truth_of("not (gold > 1 or silver > 1)", left, right) is KLEENE_NOT[kleene_or(left, right)]


@pytest.mark.parametrize("left", TRUTHS)
def test_logic_inside_a_metric_is_the_same_three_valued_logic(left: bool | None) -> None:
    gold = 2.0 if left is True else 1.0
    slv = 0.0 if left is None else 1.0  # dividing by it is unknown
    frame = made({"gold": [gold], "slv": [slv], "mp": [5.0]})

    assert values_of("gold / slv > 1 and mp > 1", frame) == [kleene_and(left, True)]
    assert values_of("gold / slv > 1 and mp > 9", frame) == [False]
    assert values_of("gold / slv > 1 or mp > 1", frame) == [True]
    assert values_of("gold / slv > 1 or mp > 9", frame) == [kleene_or(left, False)]
    assert values_of("not gold / slv > 1 and mp > 1", frame) == [KLEENE_NOT[left]]


def test_comparisons_are_strict_or_not_as_written() -> None:
    frame = made({"gold": [1.0, 2.0, 3.0]})

    assert values_of("gold > 2", frame) == [False, False, True]
    assert values_of("gold >= 2", frame) == [False, True, True]
    assert values_of("gold < 2", frame) == [True, False, False]
    assert values_of("gold <= 2", frame) == [True, True, False]
    assert values_of("1 < gold < 3", frame) == [False, True, False]
    assert values_of("2 > gold", frame) == [True, False, False]


def test_arithmetic_is_arithmetic() -> None:
    frame = made({"gold": [6.0, 9.0], "silver": [2.0, 4.0]})

    assert values_of("gold / silver - 1", frame) == [2.0, 1.25]
    assert values_of("-gold * 2 + silver", frame) == [-10.0, -14.0]
    assert values_of("100% * gold / silver - 50%", frame) == [2.5, 1.75]
    assert values_of("gsr * gsr", frame, gsr="gold / silver") == [9.0, 5.0625]


def test_dividing_by_nothing_or_less_is_unknown() -> None:
    frame = made({"gold": [6.0, 6.0, 6.0], "silver": [2.0, 0.0, -2.0]})

    assert values_of("gold / silver", frame) == [3.0, None, None]


def test_neither_nan_nor_infinity_leaves_an_expression() -> None:
    frame = made({"gold": [1e300, 1e-300, 1e300, 5.0], "silver": [1e300, 1e-300, 1e-300, 5.0]})

    assert values_of("gold * gold", frame) == [None, 0.0, None, 25.0]
    assert values_of("gold * gold - silver * silver", frame) == [None, 0.0, None, 0.0]
    assert values_of("gold * gold > 1", frame) == [None, False, None, True]
    assert values_of("gold / silver", frame) == [1.0, 1.0, None, 1.0]
    assert values_of("sma(gold * gold, 1)", frame) == [None, 0.0, None, 25.0]


@given(st.lists(st.sampled_from([1.0, 1e-308, 1e308, 1e155, 7.0]), min_size=4, max_size=12))
def test_every_value_that_leaves_is_a_finite_number_or_nothing(closes: list[float]) -> None:
    frame = made({"gold": closes, "silver": closes[::-1]})

    for text in (
        "gold * silver",
        "zscore(gold * silver, 3)",
        "change(gold / silver, 1)",
        "sigma_move(gold, 2)",
    ):
        assert all(v is None or math.isfinite(v) for v in values_of(text, frame)), text


def test_one_missing_bar_does_not_blank_a_window_of_252() -> None:
    closes: list[float | None] = [100.0 + (day * 7) % 13 for day in range(400)]
    closes[300] = None

    found = computed(understand("zscore(gold, 252)", Scope(CATALOGUE)), made({"gold": closes}))

    assert found.height == 399
    assert found["value"].null_count() == 251
    assert sessions(400)[300] not in found["session"].to_list()


def test_one_unknown_value_does_not_blank_a_window_either() -> None:
    gold = [100.0 + (day * 7) % 13 for day in range(40)]
    silver = [2.0] * 40
    silver[30] = 0.0

    found = values_of("sma(gold / silver, 20)", made({"gold": gold, "silver": silver}))

    assert [row for row, value in enumerate(found) if value is None] == [*range(19), 30]
    assert found[31] == pytest.approx(sum(g / 2 for g in (*gold[11:30], *gold[31:32])) / 20)


def test_windows_run_on_the_sessions_that_all_legs_have() -> None:
    silver: list[float | None] = [10.0, 11.0, 12.0, 13.2, 14.0]
    slv: list[float | None] = [9.0, 10.0, None, 12.0, 12.0]

    found = values_of("change(silver, 1) - change(slv, 1)", made({"silver": silver, "slv": slv}))

    # Joined before it changes: the change over the missing session is one of both legs.
    assert found == [
        None,
        pytest.approx(0.1 - 1 / 9),
        pytest.approx((13.2 / 11 - 1) - (12 / 10 - 1)),
        pytest.approx(14 / 13.2 - 1),
    ]


def test_a_metric_joins_all_instruments_named_in_it_through_the_metrics_it_uses() -> None:
    frame = made({"silver": [10.0, 11.0, 12.0], "slv": [9.0, None, 12.0]})

    assert values_of("up - change(slv, 1)", frame, up="change(silver, 1)") == [
        None,
        pytest.approx(12 / 10 - 12 / 9),
    ]
    assert values_of("up", frame, up="change(silver, 1)") == [
        None,
        pytest.approx(0.1),
        pytest.approx(12 / 11 - 1),
    ]


def test_each_side_of_a_comparison_in_a_rule_is_a_metric_of_its_own() -> None:
    node = understand("change(silver, 1) > change(slv, 1)", Scope(CATALOGUE))

    assert [found.legs for found in inputs(node)] == [{("silver", "close")}, {("slv", "close")}]


def test_a_value_is_known_when_the_last_of_its_legs_is() -> None:
    frame = made({"nys": [1.0], "lyc": [1.0]}, days=[FIRST.replace(day=3)])
    alone = computed(understand("nys", Scope(CATALOGUE)), frame)["at"][0]
    other = computed(understand("lyc", Scope(CATALOGUE)), frame)["at"][0]

    both = computed(understand("nys / lyc", Scope(CATALOGUE)), frame)["at"][0]

    assert other < alone
    assert both == alone


def test_the_same_expression_is_computed_once_whatever_its_name() -> None:
    scope = Scope(CATALOGUE, {"gsr": understand("gold / silver", Scope(CATALOGUE))})
    nodes = [understand(text, scope) for text in ("gsr", "gold / silver", "sma(gsr, 2)")]
    wide = side_by_side(made({"gold": [6.0, 9.0], "silver": [2.0, 4.0]}), nodes[0].legs)

    (frame,) = evaluate(nodes, wide, missing=nothing_missing).values()

    assert frame.columns == ["session", "at", nodes[0].key, nodes[2].key]


def test_a_constant_has_its_value_in_every_session() -> None:
    frame = made({"gold": [6.0, 9.0], "silver": [1.0, 1.0]})
    assert values_of("gold / silver - limit", frame, limit="5") == [1.0, 4.0]

    scope = Scope(CATALOGUE, {"limit": understand("5", Scope(CATALOGUE))})
    wide = side_by_side(made({"gold": [6.0, 9.0]}), {("gold", "close")})
    (frame,) = evaluate([understand("limit", scope)], wide, missing=nothing_missing).values()

    assert frame["5.0"].to_list() == [5.0, 5.0]


def with_a_hole(missing: int, name: str = "gold") -> pl.DataFrame:
    """Ten bars, so many sessions without one, and ten more bars."""
    closes: list[float | None] = [
        *(float(n) for n in range(1, 11)),
        *[None] * missing,
        *(float(n) for n in range(11, 21)),
    ]
    return made({name: closes})


def of_a_hole(text: str, missing: int, name: str = "gold") -> Sequence[float | None]:
    """An expression over a series with a hole, as `observe` evaluates it."""
    book = Rulebook(instances=(rule(f"{text} > 0"),), catalogue=CATALOGUE)
    (track,) = observe(book, with_a_hole(missing, name))
    node = next(iter(inputs(track.instance.levels[0].when)))
    found: Sequence[float | None] = [
        track.frame[node.key][row]
        for row, session in enumerate(track.sessions)
        if session in set(with_a_hole(missing, name)["session"])
    ]
    return found


def unknown_rows(values: Sequence[float | None]) -> list[int]:
    return [row for row, value in enumerate(values) if value is None]


def test_a_window_over_a_hole_of_more_than_ten_sessions_is_unknown() -> None:
    assert unknown_rows(of_a_hole("sma(gold, 4)", 10)) == [0, 1, 2]
    assert unknown_rows(of_a_hole("sma(gold, 4)", 11)) == [0, 1, 2, 10, 11, 12]


def test_a_change_over_a_hole_is_unknown_as_far_as_it_reaches_back() -> None:
    assert unknown_rows(of_a_hole("change(gold, 2)", 11)) == [0, 1, 10, 11]
    assert unknown_rows(of_a_hole("sma(change(gold, 2), 3)", 11)) == [0, 1, 2, 3, 10, 11, 12, 13]


def test_what_does_not_look_back_does_not_mind_a_hole() -> None:
    assert unknown_rows(of_a_hole("gold", 30)) == []
    assert unknown_rows(of_a_hole("high_water(gold)", 30)) == []


def test_sessions_of_a_market_without_weekends_count_one_by_one() -> None:
    assert unknown_rows(of_a_hole("sma(coin, 4)", 10, "coin")) == [0, 1, 2]
    assert unknown_rows(of_a_hole("sma(coin, 4)", 11, "coin")) == [0, 1, 2, 10, 11, 12]


def test_a_yes_or_no_metric_over_a_hole_is_unknown_too() -> None:
    scope = Scope(CATALOGUE, {"rising": understand("change(gold, 1) > 0", Scope(CATALOGUE))})
    node: Node = understand("rising", scope)
    wide = side_by_side(with_a_hole(11), node.legs)
    eleven = pl.Series([0] * 10 + [11] + [0] * 9)

    (frame,) = evaluate([node], wide, missing=lambda _instruments, _held: eleven).values()

    assert unknown_rows(frame[node.key].to_list()) == [0, 10]


PRICES = st.lists(st.sampled_from([None, 0.0, 0.5, 1.0, 3.0, 7.0]), min_size=8, max_size=8)
ALONE = ("sma(gold / silver, 3)", "zscore(2 * gold - silver, 3)", "highest(sma(gold / silver, 2) / gold, 3)")
BESIDE = ("ema(gold / silver, 3)", "percentile(2 * gold - silver, 3)", "ema(sma(gold / silver, 2) / gold, 2)")


@given(PRICES, PRICES)
def test_a_window_over_arithmetic_is_the_same_whoever_else_asks_for_it(
    gold: list[float | None], silver: list[float | None]
) -> None:
    frame = made({"gold": gold, "silver": silver})
    alone = [understand(text, Scope(CATALOGUE)) for text in ALONE]
    beside = [understand(text, Scope(CATALOGUE)) for text in BESIDE]
    wide = side_by_side(frame, frozenset({("gold", "close"), ("silver", "close")}))

    (few,) = evaluate(alone, wide, missing=nothing_missing).values()
    (many,) = evaluate([*alone, *beside], wide, missing=nothing_missing).values()

    assert few.equals(many.select(few.columns))


def test_bars_may_come_in_any_order() -> None:
    frame = made(
        {"gold": [1.0, None, 3.0, 4.0], "silver": [None, 2.0, 5.0, 6.0], "slv": [7.0, 8.0, 9.0, 1.0]}
    )
    legs = {("gold", "close"), ("silver", "close"), ("slv", "close")}

    mixed = side_by_side(frame.sort("session", "instrument", descending=True), legs)

    assert mixed.equals(side_by_side(frame, legs))
    assert mixed["slv.close"].to_list() == [7.0, 8.0, 9.0, 1.0]


def test_what_a_function_takes_is_worked_out_once_whoever_asks_for_it_too() -> None:
    texts = "gold / silver", "zscore(gold / silver, 3)", "ema(gold / silver, 3)"
    nodes = tuple(understand(text, Scope(CATALOGUE)) for text in texts)

    stages = plan(nodes, frozenset())

    keys = [node.key for stage in stages for alike in (*stage.arithmetic, *stage.alike) for node in alike]
    built = [node.key for stage in stages for node, _ in (*stage.arguments, *stage.parts)]
    assert sorted(keys + built) == sorted(node.key for node in nodes)


@pytest.mark.parametrize("limit", ["3", "max(2, 3)", "max(1, 2) + 1", "abs(-3)"])
def test_a_value_is_compared_with_a_function_of_numbers_as_with_the_number(limit: str) -> None:
    book = Rulebook(instances=(rule(f"gold / silver > {limit}"),), catalogue=CATALOGUE)

    (track,) = observe(book, made({"gold": [1.0, 2.0, 5.0, 3.0, 6.0], "silver": [1.0] * 5}))

    assert ["?FC"[verdict] for verdict in track.verdicts[0]] == ["C", "C", "F", "C", "F"]


@pytest.mark.parametrize("limit", ["4", "2 + 2", "max(3, 4)", "max(1, 2) + 2"])
def test_a_cross_over_a_function_of_numbers_is_that_over_the_number(limit: str) -> None:
    book = Rulebook(instances=(rule(f"crosses_above(gold / silver, {limit})"),), catalogue=CATALOGUE)

    (track,) = observe(book, made({"gold": [1.0, 2.0, 5.0, 3.0, 6.0], "silver": [1.0] * 5}))

    assert ["?FC"[verdict] for verdict in track.verdicts[0]] == ["?", "C", "F", "C", "F"]
