"""Thresholds for a rate: found in the first part of history, told on the rest, with what moves with them."""

import json
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import polars as pl
import pytest
from typer.testing import CliRunner

from monitor.backtest import run
from monitor.backtest.calibrating import Calibrated, calibrate
from monitor.backtest.watch import Watch, unwatched
from monitor.cli.app import app_of
from monitor.engine import opens
from monitor.errors import UsageError
from tests.support.made_up import made
from tests.support.rules import pack

T = TypeVar("T")
COUNT = 1_300


def walk(seed: int) -> list[float]:
    dice, level, values = random.Random(seed), 100.0, []
    for _ in range(COUNT):
        level *= math.exp(dice.gauss(0.0, 0.02))
        values.append(level)
    return values


BARS = made({"gold": walk(3), "silver": walk(4)})


@pytest.fixture(scope="module", autouse=True)
def after_all_of_them() -> Iterator[None]:
    """A clock set beyond the last of these bars: files are read up to now, and no test depends on today."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METALWATCH_CLOCK", "2030-01-01T00:00+00:00")
        yield


MOVE = "r: {when: 'change(gold, 1) >= 8%', clear_when: 'change(gold, 1) < 4%'}"


def found(rule: str, target: float, *, watch: Watch = unwatched, bars: pl.DataFrame = BARS) -> Calibrated:
    done = calibrate(run(pack(rule), bars), "p/r", target, watch=watch)
    assert done is not None
    return done


def texts(done: Calibrated, metric: int = 0) -> list[tuple[str, str, str | None]]:
    return [*done.metrics[metric].found[0].told.texts(done.member)]


def large_ones(items: Sequence[T], _what: str) -> Iterable[T]:
    """The upper half of thresholds: low ones open in every other session, which takes long."""
    return items[len(items) // 2 :]


def test_the_rule_written_with_what_was_found_opens_as_often_as_it_says() -> None:
    done = found(MOVE, 12.0)
    told = done.metrics[0].found[0].told
    ((_, when, clear),) = texts(done)

    days = opens(run(pack(f"r: {{when: '{when}', clear_when: '{clear}'}}"), BARS).tracks[0])

    split = done.split
    assert told.opens == (
        sum(split.first <= day < split.middle for day in days),
        sum(day >= split.middle for day in days),
    )
    assert abs(told.opens[0] - 12 * split.years[0]) <= max(0.5, 1.2 * split.years[0])


def test_history_is_split_at_60_in_100_days() -> None:
    split = found(MOVE, 12.0).split

    assert (split.middle - split.first).days == round(((split.last - split.first).days + 1) * 0.6)


def test_history_begins_where_the_look_back_is_complete() -> None:
    split = found("r: {when: 'change(gold, 400) >= 8%'}", 2.0).split

    assert split.first == BARS["session"].unique().sort()[400]
    assert sum(split.years) == pytest.approx(((split.last - split.first).days + 1) / 365.25)


def test_a_member_counts_for_the_years_in_which_it_had_answers() -> None:
    late = BARS.filter((pl.col("instrument") == "gold") | (pl.col("session") >= date(2026, 1, 1)))

    one, both = (found("r: {for_each: metals, when: 'it >= 8'}", 20.0, bars=bars) for bars in (BARS, late))

    assert both.split.middle == one.split.middle
    assert both.split.years[1] == one.split.years[1]
    assert both.split.years[0] == pytest.approx(
        (2 * one.split.years[0] - (date(2026, 1, 1) - one.split.first).days / 365.25) / 2
    )


def test_a_rule_that_never_has_an_answer_cannot_be_calibrated() -> None:
    never = run(pack("r: {when: 'change(gold, 5000) >= 8%'}"), BARS)

    assert calibrate(never, "p/r", 4.0, watch=unwatched) is None


def test_clear_levels_keep_their_proportion() -> None:
    ((_, when, clear),) = texts(found(MOVE, 12.0))

    up, down = (float(text.split()[-2]) for text in (when, str(clear)))
    assert down / up == pytest.approx(0.5, rel=1e-3)


def test_a_clear_level_that_is_worked_out_of_a_named_number_moves_as_one_that_is_written_out() -> None:
    named = pack(
        "r: {when: 'change(gold, 1) >= limit', clear_when: 'change(gold, 1) < limit / 2'}",
        metrics="{limit: 8%}",
    )
    done = [calibrate(run(rules, BARS), "p/r", 4.0, watch=unwatched) for rules in (pack(MOVE), named)]

    assert done[0] is not None
    assert done[1] is not None
    assert texts(done[0]) == texts(done[1])


def test_all_levels_of_a_ladder_move_by_the_same_factor() -> None:
    ladder = (
        "r: {levels: {info: {when: 'change(gold, 1) >= 8%', clear_when: 'change(gold, 1) < 4%'}, "
        "critical: {when: 'change(gold, 1) >= 16%', clear_when: 'change(gold, 1) < 8%'}}}"
    )
    done = found(ladder, 12.0, watch=large_ones)
    numbers = [float(text.split()[-2]) for level in texts(done) for text in level[1:] if text]

    assert [one / numbers[0] for one in numbers] == pytest.approx([1, 0.5, 2, 1], rel=1e-3)


def test_the_two_sides_of_a_threshold_move_together() -> None:
    done = found("r: {when: 'change(gold, 1) >= 8% or change(gold, 1) <= -8%'}", 20.0)

    (when,) = [when for _, when, _ in texts(done)]
    up, down = (float(side.split()[-2]) for side in when.split(" or "))
    assert up == -down


def test_each_metric_is_moved_alone() -> None:
    done = found("r: {when: 'change(gold, 1) >= 2% and change(silver, 1) >= 1%'}", 5.0)

    assert [one.metric for one in done.metrics] == ["change(gold, 1)", "change(silver, 1)"]
    assert all("change(silver, 1) >= 1 %" in when for _, when, _ in texts(done, 0))


def test_the_second_part_has_no_part_in_it() -> None:
    middle = found(MOVE, 12.0).split.middle
    poisoned = BARS.with_columns(
        close=pl.when(pl.col("session") > middle + timedelta(days=3))
        .then(100 + pl.int_range(pl.len()) % 7 * 30.0)
        .otherwise(pl.col("close"))
    )
    one, other = (found(MOVE, 12.0, bars=bars) for bars in (BARS, poisoned))

    assert texts(one) == texts(other)
    assert one.metrics[0].found[0].told.opens[0] == other.metrics[0].found[0].told.opens[0]
    assert one.metrics[0].found[0].told.opens[1] != other.metrics[0].found[0].told.opens[1]


def test_members_of_a_group_count_together() -> None:
    done = found("r: {for_each: metals, when: 'change(it, 1) >= 8%'}", 20.0)

    assert done.instances == 2
    assert texts(done)[0][1].startswith("change(it, 1) >= ")
    assert abs(done.metrics[0].found[0].told.opens[0] - 20 * done.split.years[0]) <= 2 * done.split.years[0]


def test_a_rule_without_a_number_cannot_be_calibrated() -> None:
    for rule in ("r: {when: gold > silver}", "r: {when: 'change(gold, 1) > 0'}"):
        assert calibrate(run(pack(rule), BARS), "p/r", 4.0, watch=unwatched) is None


def test_what_is_ended_early_says_so() -> None:
    def some(items: Sequence[T], _what: str) -> Iterable[T]:
        return items[:10]

    done = found(MOVE, 12.0, watch=some)

    assert done.unfinished is not None
    assert done.unfinished.startswith("10 of ")
    assert found(MOVE, 12.0).unfinished is None


def test_the_command_tells_what_it_found_or_that_nothing_does(tmp_path: Path) -> None:
    for name in ("gold", "silver"):
        own = BARS.filter(pl.col("instrument") == name)
        own.select(pl.col("session").alias("date"), "close").write_csv(tmp_path / f"{name}.csv")
    file = tmp_path / "own.yml"
    file.write_text(f"pack: own\nabout: made up\nrules:\n  {MOVE}\n  flat: {{when: gold > silver}}\n")

    def told(rule: str, target: str, *more: str, code: int = 0) -> str:
        arguments = ["calibrate", f"{file}:{rule}", "--target", target, "--prices", str(tmp_path), *more]
        done = CliRunner().invoke(app_of(), arguments)
        if isinstance(done.exception, UsageError):
            return str(done.exception)
        assert done.exit_code == code
        return done.stdout

    text = told("r", "12/year")
    assert "own/r: 12 alerts a year. " in text
    assert "own/r: 1 alert a year. " in told("r", "1/year")
    assert max(map(len, text.splitlines()[1:])) <= 80
    assert "as it is" in text
    assert "12 a year with change(gold, 1) >= " in " ".join(text.split())
    assert "no threshold gives 500 a year; the most is" in " ".join(told("r", "500/year", code=1).split())
    assert json.loads(told("r", "12/year", "--json"))["metrics"][0]["found"]
    assert "nothing to calibrate" in told("flat", "12/year")
    assert "is too short to calibrate on" in told("r", "12/year", "--from", "2028-06-01")
    assert 'no rule "s" in' in told("s", "12/year")
    assert '"12" is no rate of alerts' in told("r", "12")
