"""What a backtest was made of: gaps are counted, and hashes are of values, not of files."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.backtest.spans import data_hash, reproduction, rules_hash, spans
from monitor.bars import Status
from tests.support.made_up import made, sessions
from tests.support.rules import pack

BOOK = pack("r: {when: gold > 9, study: silver}")
BARS = made({"gold": [float(row) for row in range(1, 21)], "silver": [2.0] * 20})


def test_a_leg_tells_its_span_its_gaps_and_what_is_held_back() -> None:
    closes: list[float | None] = [1.0, None, None, *[1.0] * 7, -3.0]
    bars = pl.concat([made({"gold": closes}), made({"gold": [1.0]}, days=[date(2024, 1, 6)])])
    bars = bars.sort("session").with_columns(
        status=pl.when(pl.col("session") == date(2024, 1, 9))
        .then(pl.lit(Status.QUARANTINED))
        .otherwise(pl.col("status")),
        high=pl.when(pl.col("session") != date(2024, 1, 10)).then(pl.col("high")),
    )

    gold, silver = spans(BOOK, bars, {"gold": "gold.csv"})

    assert (gold.instrument, gold.source, gold.basis, gold.unit) == (
        "gold",
        "gold.csv",
        "Yahoo continuous futures",
        "USD/ozt",
    )
    assert (gold.first, gold.last) == (date(2024, 1, 1), date(2024, 1, 15))
    assert (gold.bars, gold.missing, gold.extra, gold.quarantined) == (9, 2, 1, 1)
    assert (gold.unpriced, gold.repaired) == (1, 1)
    assert (silver.bars, silver.first, silver.missing) == (0, None, 0)


def test_a_series_of_closes_alone_is_not_called_repaired() -> None:
    bars = BARS.with_columns(high=pl.lit(None, pl.Float64))

    assert [leg.repaired for leg in spans(BOOK, bars, {})] == [0, 0]


@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_does_not_change_the_hash(seed: int) -> None:
    shuffled = BARS.sample(fraction=1, shuffle=True, seed=seed)

    assert data_hash(shuffled, ["gold", "silver"]) == data_hash(BARS, ["silver", "gold"])


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
def test_any_value_changes_the_hash_and_unknown_is_not_zero(name: str) -> None:
    first = pl.col("session") == sessions(20)[3]
    hashes = [
        data_hash(
            BARS.with_columns(pl.when(first).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)),
            ["gold"],
        )
        for value in (7.25, 0.0, None)
    ]

    assert len({*hashes, data_hash(BARS, ["gold"])}) == 4


def test_what_no_rule_reads_or_studies_and_what_comes_after_the_end_do_not_change_it() -> None:
    more = pl.concat([BARS, made({"mp": [1.0] * 5})])
    day = sessions(20)[9]

    assert reproduction(BOOK, more, command="", seed=1) == reproduction(BOOK, BARS, command="", seed=1)
    assert data_hash(BARS, ["gold"], end=day) == data_hash(BARS.filter(pl.col("session") <= day), ["gold"])
    assert data_hash(BARS, ["gold"], end=day) != data_hash(BARS, ["gold"])


def test_the_hash_of_rules_is_of_what_they_judge_tell_and_study_not_of_words() -> None:
    same = pack('r: {when: gold > 9, study: silver, note: "why", say: "{gold}"}')
    others = [
        pack("r: {when: gold > 8, study: silver}"),
        pack("r: {when: gold > 9, study: gold}"),
        pack("r: {when: gold > 9, study: silver, cooldown: 5 days}"),
        pack("r: {when: gold > 9, study: silver, for: 2 bars}"),
    ]

    assert rules_hash(same) == rules_hash(BOOK)
    assert len({rules_hash(one) for one in (BOOK, *others)}) == 5


def test_the_line_says_what_to_run_on_what() -> None:
    line = str(reproduction(BOOK, BARS, command="metalwatch backtest p.yml", seed=1))

    assert line.startswith("metalwatch backtest p.yml  # version ")
    assert f"data {data_hash(BARS, ['gold', 'silver'])}, seed 1" in line
