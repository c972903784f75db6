"""The two worked examples of a trusted report: by the product, by hand, and as they were printed."""

from pathlib import Path

import pytest

from monitor.backtest import Evidence, measure, run
from monitor.backtest.values import Outcome
from monitor.instruments import Catalogue
from monitor.prices.files import read_prices
from tests.reference.evidence_by_hand import ByHand, closes, gsr_above_80, silver_down_20
from tests.support.rules import pack

RULES = """
gsr-80: {when: gold / silver > 80, for: 3 bars, clear_when: gold / silver < 75, study: silver}
dd-20: {when: "drawdown(silver, 252) <= -20%", clear_when: "drawdown(silver, 252) > -10%", study: silver}
"""


@pytest.fixture(scope="module")
def found(real_prices: Path, catalogue: Catalogue) -> dict[str, Evidence]:
    prices = read_prices(real_prices, catalogue).frame
    prices = prices.filter(prices["instrument"].is_in(["gold", "silver"]))
    measured = measure(run(pack(RULES, catalogue=catalogue), prices), prices)
    return {one.rule: one for one in measured.rules}


@pytest.fixture(scope="module")
def gsr(found: dict[str, Evidence]) -> Evidence:
    return found["p/gsr-80"]


@pytest.fixture(scope="module")
def drawdown(found: dict[str, Evidence]) -> Evidence:
    return found["p/dd-20"]


def at(evidence: Evidence, horizon: int) -> Outcome:
    return next(one for one in evidence.outcomes if one.horizon == horizon)


@pytest.mark.parametrize("horizon", [5, 20, 63, 126])
def test_the_ratio_above_80_comes_out_the_same_a_second_way(
    gsr: Evidence, real_prices: Path, horizon: int
) -> None:
    gold, silver = (closes(real_prices / name) for name in ("gold_GCF.csv", "silver_SIF.csv"))

    agree(gsr, gsr_above_80(gold, silver, horizon), horizon)


@pytest.mark.parametrize("horizon", [5, 20, 63, 126])
def test_a_fall_of_a_fifth_comes_out_the_same_a_second_way(
    drawdown: Evidence, real_prices: Path, horizon: int
) -> None:
    agree(drawdown, silver_down_20(closes(real_prices / "silver_SIF.csv"), horizon), horizon)


def agree(evidence: Evidence, hand: ByHand, horizon: int) -> None:
    one = at(evidence, horizon)
    assert evidence.signals.true == hand.true
    assert [str(episode.opened) for episode in evidence.episodes] == hand.opened
    assert one.episodes.mean == pytest.approx(hand.mean, rel=1e-12)
    assert one.episodes.median == pytest.approx(hand.median, rel=1e-12)
    assert one.episodes.hit_rate == pytest.approx(hand.positive / one.episodes.count)
    assert one.episodes.worst_path == pytest.approx(hand.worst_path, rel=1e-12)
    assert one.baseline.mean == pytest.approx(hand.baseline, rel=1e-12)
    assert one.baseline.hit_rate == pytest.approx(hand.baseline_hits, rel=1e-12)
    assert one.t == pytest.approx(hand.t, rel=1e-9)
    assert one.naive.mean == pytest.approx(hand.naive_mean, rel=1e-12)
    assert one.naive.t == pytest.approx(hand.naive_t, rel=1e-9)
    assert one.chance is not None
    # Five thousand rotations here, all of some 6,400 there; and two generators of random numbers.
    assert one.chance.p_higher == pytest.approx(hand.p, abs=0.005)
    assert one.chance.p_two_sided == pytest.approx(hand.p_two_sided, abs=0.005)
    assert one.interval is not None
    assert one.interval.block == 1
    assert (one.interval.low, one.interval.high) == pytest.approx((hand.low, hand.high), abs=0.004)


def test_the_ratio_above_80_is_as_it_was_printed(gsr: Evidence) -> None:
    one, half_a_year = at(gsr, 63), at(gsr, 126)

    assert gsr.signals.true == 1_419
    assert (one.naive.mean, one.naive.t) == pytest.approx((0.111, 14.0), abs=0.05)
    assert (one.episodes.count, one.unmeasured.count) == (9, 0)
    assert one.episodes.mean == pytest.approx(0.119, abs=0.0005)
    assert one.baseline.mean == pytest.approx(0.038, abs=0.0005)
    assert one.interval is not None
    # An end of the interval is known to about 0.001, from twenty thousand draws.
    assert (one.interval.low, one.interval.high) == pytest.approx((0.038, 0.205), abs=0.003)
    assert one.t == pytest.approx(1.8, abs=0.05)
    assert one.chance is not None
    assert one.chance.p_higher == pytest.approx(0.07, abs=0.005)
    assert half_a_year.episodes.hit_rate == pytest.approx(6 / 9)
    assert half_a_year.baseline.hit_rate == pytest.approx(0.59, abs=0.005)
    assert gsr.verdict.startswith(
        "9 episodes, an anecdote: silver +11.9 % after 63 sessions against +3.8 % for any session: "
        "may be luck, p = 0.07, "
    )


def test_a_fall_of_a_fifth_is_as_it_was_printed(drawdown: Evidence) -> None:
    one = at(drawdown, 63)

    assert one.episodes.count == 17
    assert one.episodes.mean == pytest.approx(0.054, abs=0.0005)
    assert one.baseline.mean == pytest.approx(0.038, abs=0.0005)
    assert drawdown.verdict.startswith(
        "17 episodes: silver +5.4 % after 63 sessions against +3.8 % for any session: may be luck"
    )


def test_two_pairs_of_episodes_of_the_ratio_that_hang_together_are_told(gsr: Evidence) -> None:
    one = at(gsr, 63)

    assert one.overlap == pytest.approx(2 / 9)  # 2008-10-17 and 2008-12-02
    assert 8 < one.effective < 9


def test_no_test_of_the_run_stands_out_once_all_are_counted(found: dict[str, Evidence]) -> None:
    chances = [one.chance for evidence in found.values() for one in evidence.outcomes]

    assert all(one is not None and one.p_adjusted > 0.5 for one in chances)
    assert all(one is not None and one.p_adjusted >= one.p_two_sided for one in chances)
