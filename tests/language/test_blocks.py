"""Conditions over plain arrays: the same answers as over columns, wherever a block begins and ends."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bars import side_by_side
from monitor.engine import observe
from monitor.engine.classing import verdicts_of
from monitor.language import Node, Scope, evaluate_together, understand
from monitor.language.arithmetic import is_arithmetic
from monitor.language.blocks import Columns, blocks
from monitor.language.conditions import Asked
from monitor.language.nodes import Const, Operation
from monitor.metrics import FUNCTIONS
from monitor.rules import Rulebook
from tests.support.made_up import CATALOGUE, made, nothing_missing, sessions
from tests.support.rules import rule

ARITHMETIC = (
    "gold / silver",
    "-gold / (silver - 3)",
    "2 * gold - silver / 4",
    "change(gold, 1)",
    "change(gold / silver, 2)",
    "difference(gold - silver, 3)",
    "previous(gold, 4) - gold",
    "change(highest(gold, 3), 1) * 100",
    "5 / previous(sma(silver, 2), 1)",
)
PRICES = st.lists(
    st.sampled_from([None, 1e-300, 0.1, 0.3, 1.0, 1.1, 3.0, 7.0, 1e300]), min_size=12, max_size=12
)


def columns_of(node: Node, gold: list[float | None], silver: list[float | None]) -> tuple[Columns, pl.Series]:
    """What blocks are given for a metric, and its values as a column of its own."""
    frame = made({"gold": gold, "silver": silver})
    wide = side_by_side(frame, node.legs)
    (together,) = evaluate_together([node], wide, missing=nothing_missing)
    return Columns(together.columns), together.values[node.key]


@pytest.mark.parametrize("text", ARITHMETIC)
@given(PRICES, PRICES, st.integers(1, 5), st.sampled_from(["<", "<=", ">", ">="]))
def test_blocks_answer_as_a_column_does_to_the_last_bit(
    text: str, gold: list[float | None], silver: list[float | None], at_once: int, symbol: str
) -> None:
    node = understand(text, Scope(CATALOGUE))
    assert is_arithmetic(node)
    columns, values = columns_of(node, gold, silver)

    for limit in {0.0, *values.drop_nulls()}:
        asks = Operation(symbol, (node, Const(limit)))
        answers, parts = Asked([asks], columns), list(blocks(len(values), at_once=at_once))
        holds = [bool(one) for block in parts for one in answers.holds(block)[0]]
        fails = [bool(one) for block in parts for one in answers.fails(block)[0]]
        above = {"<": values < limit, "<=": values <= limit, ">": values > limit, ">=": values >= limit}[
            symbol
        ]
        assert holds == above.fill_null(value=False).to_list()
        assert fails == (~above).fill_null(value=False).to_list()
        for block in parts:
            known = not values[block.start : block.stop].null_count()
            assert answers.known(block) is known


def test_arithmetic_is_no_column_until_somebody_asks_for_it() -> None:
    node = understand("change(gold, 1)", Scope(CATALOGUE))
    columns, values = columns_of(node, [1.0, 2.0, 3.0], [1.0, 1.0, 1.0])

    assert node.key not in columns.series
    assert values.to_list() == [None, 1.0, 0.5]


def test_functions_that_take_plain_arrays_are_told_apart() -> None:
    found = {name for name, function in FUNCTIONS.items() if function.arithmetic}

    assert found == {"change", "difference", "previous", "crosses_above", "crosses_below"}


def test_a_limit_may_be_worked_out_of_named_numbers() -> None:
    scope = Scope(CATALOGUE, {"limit": understand("5", Scope(CATALOGUE))})
    asks = understand("gold / silver > limit * 2 - 1", scope)
    columns = Columns({"gold.close": pl.Series([18.0, 20.0]), "silver.close": pl.Series([2.0, 2.0])})
    (block,) = blocks(2)

    assert Asked([asks], columns).holds(block).tolist() == [[False, True]]


@given(PRICES, PRICES)
def test_a_rule_over_arithmetic_judges_as_its_shown_values_say(
    gold: list[float | None], silver: list[float | None]
) -> None:
    book = Rulebook(instances=(rule("change(gold / silver, 1) > 5%"),), catalogue=CATALOGUE)
    frame = made({"gold": gold, "silver": silver}, days=sessions(12))

    (track,) = observe(book, frame)

    (key,) = (node.key for node in track.instance.inputs)
    values = track.frame[key].to_list()
    said = "".join("?" if v is None else "F" if v > 0.05 else "C" for v in values)
    assert said == "".join("?FC"[verdict] for verdict in track.verdicts[0])
    assert not any(v is not None and not math.isfinite(v) for v in values)


SHAPES = (
    ("gold > 1", "gold < 0.2"),
    ("silver > 3", "silver < 1"),
    ("change(gold, 1) > 5%", None),
    ("change(silver, 1) > 900%", None),
    ("gold / silver > 2 and not silver > 5", None),
    ("silver / gold > 0.5 and not gold > 5", None),
    ("gold > silver", None),
    ("gold > 1.05", None),
)


@given(PRICES, PRICES, st.integers(1, 4))
def test_levels_are_classed_together_as_each_of_them_alone(
    gold: list[float | None], silver: list[float | None], more: int
) -> None:
    metrics = {
        "gold.close": pl.Series(gold * more, dtype=pl.Float64),
        "silver.close": pl.Series(silver * more, dtype=pl.Float64),
    }
    levels = [level for when, clear in SHAPES for level in rule(when, clear=clear).levels]

    together = verdicts_of(levels, metrics, 12 * more)

    alone = [verdicts_of([level], metrics, 12 * more)[0] for level in levels]
    assert [one.tolist() for one in together] == [one.tolist() for one in alone]


def test_what_was_computed_and_what_is_plain_arithmetic_are_asked_together() -> None:
    asks = [understand(f"change({one}, 1) > 5%", Scope(CATALOGUE)) for one in ("gold", "silver")]
    computed = asks[0].operands[0].key
    columns = Columns(
        {
            "gold.close": pl.Series([1.0, 1.0, 1.0, 1.0]),
            "silver.close": pl.Series([1.0, 1.01, 2.0, 2.0]),
            computed: pl.Series([None, 0.5, None, 0.1]),
        }
    )
    together, (block,) = Asked(asks, columns), blocks(4)

    assert together.holds(block).tolist() == [[False, True, False, True], [False, False, True, False]]
    assert together.fails(block).tolist() == [[False, False, False, False], [False, True, False, True]]
    assert together.unknown(block).tolist() == [[True, False, True, False], [True, False, False, False]]
    assert not together.known(block)
