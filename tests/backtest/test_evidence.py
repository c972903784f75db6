"""Evidence of made-up markets with known answers, and the sentences of every case that leaves little to say."""

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.backtest import Evidence, Measured, measure, report_of, run
from monitor.backtest.evidence import audited
from monitor.backtest.forward import HORIZONS, Unmeasured
from monitor.backtest.poison import Audit
from monitor.backtest.values import ROWS, Outcome
from monitor.routing import everything
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE, Values, made, sessions
from tests.support.process import ROOT
from tests.support.rules import pack

ABOVE = "r: {when: gold > 9, clear_when: gold < 5, study: silver}"
GROWTH = 1.001


def evidence(rules: str, bars: pl.DataFrame) -> Evidence:
    return measure(run(pack(rules), bars), bars).rules[0]


def spikes(count: int, at: Sequence[int]) -> list[float]:
    """A quiet metal that is high in some sessions."""
    return [10.0 if row in at else 1.0 for row in range(count)]


def grown(count: int) -> list[float]:
    return [100 * GROWTH**row for row in range(count)]


def at(one: Evidence, horizon: int) -> Outcome:
    return next(outcome for outcome in one.outcomes if outcome.horizon == horizon)


def test_where_the_price_only_grows_a_rule_is_worth_what_any_session_is() -> None:
    one = evidence(ABOVE, made({"gold": spikes(600, range(40, 440, 40)), "silver": grown(600)}))

    for outcome in one.outcomes:
        expected = GROWTH**outcome.horizon - 1
        assert outcome.episodes.count == 10
        for figures in (outcome.episodes, outcome.baseline, outcome.random, outcome.without_best):
            assert figures is not None
            assert (figures.mean, figures.median, figures.worst) == pytest.approx((expected,) * 3)
            assert (figures.hit_rate, figures.worst_path) == (1, 0)
        assert outcome.t is None
        assert outcome.chance is not None
        assert (outcome.chance.p_two_sided, outcome.chance.p_adjusted) == (1, 1)
    assert not one.anecdote


def planted(
    count: int = 1500, *, days: int = 4, rise: float = 0.025, gap: int = 70
) -> tuple[list[float], list[float]]:
    """Silver rises in the days after the one that follows each spike of gold, and is random otherwise."""
    dice = random.Random(12345)
    when = [60]
    while when[-1] < count - 200:
        when.append(when[-1] + gap + dice.randrange(gap))
    silver = [100.0]
    for row in range(1, count):
        up = rise if any(one + 1 < row <= one + 1 + days for one in when) else 0.0
        silver.append(silver[-1] * (1 + dice.uniform(-0.01, 0.01) + up))
    return spikes(count, when), silver


def test_an_effect_that_is_there_is_found_through_all_tests() -> None:
    gold, silver = planted()

    one = evidence(ABOVE, made({"gold": gold, "silver": silver}))

    chance = at(one, 5).chance
    assert chance is not None
    assert chance.p_adjusted < 0.01
    assert chance.p_lower > 0.99
    t = at(one, 5).t
    assert t is not None
    assert t > 10


@pytest.mark.parametrize(
    ("rise", "words"),
    [
        (0.004, ": hardly luck, p below 0.001, "),
        (0.0004, ": by itself hardly luck, p = "),
        (0.0, ": may be luck, p = "),
    ],
)
def test_the_words_follow_how_much_luck_explains(rise: float, words: str) -> None:
    gold, silver = planted(4000, days=63, rise=rise, gap=150)

    one = evidence(ABOVE, made({"gold": gold, "silver": silver}))

    assert words in one.verdict


def test_a_ladder_shows_the_condition_of_each_level() -> None:
    ladder = "r: {levels: {info: {when: gold > 7}, critical: {when: gold > 9}}}"

    assert evidence(ladder, made({"gold": [1.0, 8.0, 1.0]})).when == "info: gold > 7; critical: gold > 9"
    assert evidence("r: {when: gold > 7}", made({"gold": [1.0, 8.0, 1.0]})).when == "gold > 7"


def test_a_few_episodes_are_never_called_more_than_luck() -> None:
    gold, silver = planted(1000, days=63, rise=0.004, gap=150)

    one = evidence(ABOVE, made({"gold": gold, "silver": silver}))

    chance = at(one, 63).chance
    assert chance is not None
    assert chance.p_two_sided < 0.05
    assert "an anecdote" in one.verdict
    assert ": too few to rule out luck, p = " in one.verdict


def test_an_effect_that_comes_before_anybody_could_act_is_not_counted() -> None:
    when = range(60, 1300, 70)
    silver = [100.0]
    for row in range(1, 1500):
        silver.append(silver[-1] * (1.1 if row - 1 in when else 1.0) * (1 / 1.1 if row - 30 in when else 1.0))

    one = evidence(ABOVE, made({"gold": spikes(1500, when), "silver": silver}))

    assert at(one, 5).episodes.mean == pytest.approx(0)  # the tenth between t and t+1 is gone


def test_halves_and_regimes_add_up_to_the_whole() -> None:
    gold, silver = planted()
    one = evidence(ABOVE, made({"gold": gold, "silver": silver}))

    for outcome in one.outcomes:
        for parts in (outcome.halves, outcome.regimes):
            assert sum(part.episodes.count for part in parts) == outcome.episodes.count
            assert sum(part.baseline.count for part in parts) == outcome.baseline.count
    assert [part.name for part in at(one, 5).regimes] == ["before 2025-01-01", "from 2025-01-01"]


def test_the_best_episode_can_be_the_whole_result() -> None:
    silver = [100.0] * 800
    silver[102:110] = [100.0, 200.0, 200.0, 200.0, 200.0, 200.0, 100.0, 100.0]
    one = evidence(ABOVE, made({"gold": spikes(800, range(101, 600, 30)), "silver": silver}))

    assert at(one, 5).episodes.mean == pytest.approx(1 / 17)
    assert at(one, 5).without_best.mean == 0


def test_signals_are_counted_as_sessions_crossings_and_episodes() -> None:
    gold = [1, 10, 10, 1, 10, None, 10, 6, 10, 1, 1, 10]
    one = evidence("r: {when: gold > 9, clear_when: gold < 5, for: 2 bars}", made({"gold": gold}))

    counted = one.signals
    assert (counted.known, counted.true, counted.crossings) == (11, 6, 4)
    assert (counted.episodes, counted.told, counted.open) == (2, 2, 0)
    assert [one.sessions for one in one.episodes] == [1, 3]
    assert counted.median_length == 2
    assert counted.by_year == ((2024, 2),)


# --- what is missing


ONE = "1 episode, an anecdote"
LUCK = "may be luck, p = 1.00, 1.00 as one of"
LONG = {"gold": spikes(400, (50, 150, 250)), "silver": grown(400)}


@pytest.mark.parametrize(
    ("rules", "bars", "sentence"),
    [
        (
            "r: {when: gold > 99, study: silver}",
            made(LONG),
            "no episode in 400 sessions, so nothing followed.",
        ),
        (
            ABOVE,
            made({**LONG, "gold": spikes(400, (50,))}),
            f"{ONE}: silver +6.5 % after 63 sessions against +6.5 % for any session: {LUCK} 20 tests.",
        ),
        (
            "r: {when: gold > 0.5, study: silver}",
            made(LONG),
            "always true in 400 sessions: it tells no session from another.",
        ),
        (
            'r: {when: "zscore(gold, 252) > 2", study: silver}',
            made({"gold": grown(100), "silver": grown(100)}),
            "never known: zscore(gold, 252) looks back over 252 bars, and 100 are held.",
        ),
        (
            'r: {when: "zscore(gold, 20) > 2", study: silver}',
            made({"gold": [1.0] * 60, "silver": grown(60)}),
            "never known: what it measures has no value in any of 60 sessions.",
        ),
        (
            'r: {when: "gold / silver > 2", study: silver}',
            made({"gold": [*[None] * 30, *grown(30)], "silver": [*grown(30), *[None] * 30]}),
            "never known: no session has all the prices it reads.",
        ),
        (
            ABOVE,
            made({"gold": spikes(60, (53,)), "silver": grown(60)}),
            f"{ONE}: silver +0.5 % after 5 sessions against +0.5 % for any session: {LUCK} 5 tests.",
        ),
        (
            ABOVE,
            made({"gold": spikes(60, (58,)), "silver": grown(60)}),
            "1 episode, an anecdote; none has a known return, not even after 5 sessions.",
        ),
        (
            ABOVE,
            made({"gold": LONG["gold"]}),
            "3 episodes, an anecdote; no prices of silver are held, so what followed is unknown.",
        ),
        (
            "r: {when: gold > 9, clear_when: gold < 5}",
            made(LONG),
            '3 episodes, an anecdote; the rule names no instrument under "study", so what followed is unknown.',
        ),
    ],
    ids=[
        "none",
        "one",
        "always",
        "look-back",
        "flat",
        "apart",
        "horizon",
        "too late",
        "no prices",
        "no study",
    ],
)
def test_each_case_that_leaves_little_to_say_has_its_sentence(
    rules: str, bars: pl.DataFrame, sentence: str
) -> None:
    one = evidence(rules, bars)

    assert one.verdict == sentence
    assert "NaN" not in json.dumps(one.plain(), default=str, allow_nan=False)


def test_a_rule_whose_prices_end_before_the_span_is_told_its_last_session() -> None:
    bars = made({"gold": LONG["gold"][:50], "silver": LONG["silver"]})
    done = run(pack(f"{ABOVE}\nother: {{when: silver > 1}}"), bars, start=sessions(400)[60])

    one = measure(done, bars).rules[0]

    assert one.verdict == f"never known: its last session, {sessions(400)[49]}, is before the span."


def test_an_instrument_listed_later_leaves_earlier_episodes_unknown() -> None:
    silver = pl.concat([made({"gold": LONG["gold"]}), made({"silver": grown(250)}, days=sessions(400)[150:])])

    one = evidence(ABOVE, silver.sort("instrument", "session"))

    assert at(one, 5).unmeasured == Unmeasured(before=1)
    assert [after.change is None for after in one.episodes[0].after] == [True] * 4
    assert one.episodes[0].entered is None
    assert one.verdict.startswith(
        "3 episodes, an anecdote (2 of them measured, 1 before prices begin): silver"
    )


def test_the_instruments_of_a_group_are_pooled_and_that_is_said() -> None:
    closes = {
        "mp": [*spikes(300, (50, 150)), *[1.0] * 100],
        "slv": [*[1.0] * 100, *spikes(300, (100,))],
    }

    one = evidence("r: {for_each: pair, when: it > 9, clear_when: it < 5, study: it}", made(closes))

    assert one.pooled
    assert one.instances == one.studies == ("mp", "slv")
    assert [episode.study for episode in one.episodes] == ["mp", "mp", "slv"]
    assert one.verdict.startswith(
        "3 episodes of 2 instruments together, an anecdote: mp and slv +0.0 % after 63"
    )
    assert at(one, 5).baseline.count == 2 * 394


def test_the_sessions_of_pooled_instruments_count_for_as_much_as_their_episodes() -> None:
    fast = [100 * 1.01**row for row in range(400)]
    gold = made({"mp": fast, "slv": grown(400)})
    rules = "r: {for_each: pair, when: it > 200, clear_when: it < 1, study: it}"

    one = evidence(rules, gold)  # mp doubles, slv does not

    assert len(one.episodes) == 1
    assert at(one, 5).baseline.mean == pytest.approx(1.01**5 - 1)


def test_each_instrument_of_a_group_opens_so_often_a_year_as_it_had_answers_for() -> None:
    closes: dict[str, Values] = {
        "mp": spikes(1_044, (50,)),
        "slv": [*[None] * 522, *spikes(522, (50,))],
    }  # four years, and two

    one = evidence("r: {for_each: pair, when: it > 9}", made(closes))

    assert one.signals.episodes == 2
    assert one.signals.a_year == pytest.approx(365.25 / 1_460 + 365.25 / 730, rel=2e-3)


def test_sessions_before_the_look_back_is_complete_are_no_time_without_an_alert() -> None:
    bars = made({"gold": spikes(1_044, (700,))})

    one = evidence("r: {when: 'change(gold, 522) > 100%'}", bars)

    assert one.signals.a_year == pytest.approx(365.25 / 730, rel=2e-3)


def test_a_rule_that_sees_the_future_is_told() -> None:
    bars = made(LONG)
    audit = Audit(12, {("p/r", None): sessions(400)[9]})

    measured = audited(measure(run(pack(ABOVE), bars), bars), audit)

    assert measured.audited == 12
    assert measured.rules[0].sees_future == "with other bars after 2024-01-12 what it said before changes"


# --- the same again


def rows_of(measured: Measured) -> list[dict[str, object]]:
    return [row for one in measured.rules for row in one.rows()]


def test_rows_hold_all_results_and_no_nan() -> None:
    gold, silver = planted()
    measured = measure(run(pack(ABOVE), made({"gold": gold, "silver": silver})), made({"silver": silver}))

    rows = rows_of(measured)

    assert all(list(row) == list(ROWS) for row in rows)
    kinds = {(row["part"], row["horizon"]) for row in rows}
    parts = ("all", "random dates", "without best", "half", "regime", "neighbour")
    assert kinds == {(part, horizon) for part in parts for horizon in HORIZONS}
    assert not any(isinstance(value, float) and math.isnan(value) for row in rows for value in row.values())


PLANTED = planted(700)


@examples(5)
@given(seed=st.integers(0, 100))
def test_shuffled_rows_give_the_same_evidence(seed: int) -> None:
    bars = made({"gold": PLANTED[0], "silver": PLANTED[1]})
    book = pack(ABOVE)
    shuffled = bars.sample(fraction=1, shuffle=True, seed=seed)

    told = [measure(run(book, frame), frame).rules[0].plain() for frame in (bars, shuffled)]

    assert told[0] == told[1]


def test_another_seed_moves_intervals_a_little_and_nothing_else() -> None:
    bars = made({"gold": PLANTED[0], "silver": PLANTED[1]})
    done = run(pack(ABOVE), bars)

    one, other = (at(measure(done, bars, seed=seed).rules[0], 63) for seed in (1, 2))

    assert one.interval != other.interval
    assert (one.chance, one.random, one.t) == (other.chance, other.random, other.t)


SCRIPT = """
import json
from monitor.backtest import measure, run
from tests.backtest.test_evidence import ABOVE, PLANTED
from tests.support.made_up import made
from tests.support.rules import pack
bars = made({"gold": PLANTED[0], "silver": PLANTED[1]})
measured = measure(run(pack(ABOVE), bars), bars)
print(json.dumps([one.plain() for one in measured.rules], default=str))
"""


def test_two_processes_of_one_and_of_two_threads_say_the_same_to_the_byte() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONHASHSEED": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]

    assert told[0] == told[1]
    assert len(told[0]) > 1000


def test_the_catalogue_of_the_tests_has_what_they_study() -> None:
    assert {"gold", "silver", "mp", "slv"} <= CATALOGUE.instruments.keys()


# --- ended early


def test_work_that_was_ended_early_has_the_first_rules_and_names_the_others() -> None:
    bars = made(LONG)
    two = pack(f"{ABOVE}\nlater: {{when: gold > 8, study: silver}}")

    report = report_of(
        run(two, bars),
        bars,
        source="made up",
        sources={},
        routing=everything(["mail"]),
        command="",
        watch=lambda items, _what: items[:1],
    )

    assert [one.rule for one in report.measured.rules] == ["p/r"]
    assert report.unfinished == (
        "stopped before the end: not measured: p/later; 3 sessions not audited for look-ahead"
    )
    assert measure(report.done, bars).left_out == ()
