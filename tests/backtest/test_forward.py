"""What followed a session: returns of the instrument's own bars from the one after the signal, unknown where unknown."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.backtest.forward import HORIZONS, Study, Unmeasured, study_of
from tests.support.made_up import CATALOGUE, made, sessions

LONG = 400
GROWING = [100 * 1.01**i for i in range(LONG)]


def study(closes: Sequence[float | None], days: Sequence[date] | None = None, name: str = "silver") -> Study:
    return study_of(made({name: closes}, days=days), name, CATALOGUE, end=None)


def after(one: Study, day: date, horizon: int = 5) -> tuple[float, float] | None:
    """The return and the path after one session, if they are known."""
    field = one.field(horizon, one.sessions[0].astype(object), one.sessions[-1].astype(object))
    places = field.places(one.rows_of([day]))
    return (float(field.returns[places[0]]), float(field.paths[places[0]])) if len(places) else None


def test_a_return_runs_from_the_close_of_the_next_bar_to_five_bars_later() -> None:
    closes: list[float | None] = [100, 101, 200, 203, 204, 205, 206, 210, 300]

    assert after(study(closes), sessions(9)[1]) == pytest.approx((210 / 200 - 1, 0))


def test_the_bar_of_the_signal_and_the_move_to_the_next_one_count_for_nothing() -> None:
    calm: list[float | None] = [100.0] * 20
    jumped = [*calm[:10], 200.0, *calm[11:]]

    assert after(study(calm), sessions(20)[10]) == after(study(jumped), sessions(20)[10])


def test_the_way_is_told_by_its_deepest_close() -> None:
    closes: list[float | None] = [100, 100, 90, 70, 95, 100, 110]

    assert after(study(closes), sessions(7)[0]) == pytest.approx((0.1, -0.3))


def test_a_session_between_two_bars_is_followed_by_the_later_one() -> None:
    days = [date(2024, 1, day) for day in (1, 2, 4, 5, 8, 9, 10, 11)]
    closes: list[float | None] = [100, 101, 102, 103, 104, 105, 106, 107]

    assert after(study(closes, days), date(2024, 1, 3)) == pytest.approx((107 / 102 - 1, 0))


@pytest.mark.parametrize("bad", [0.0, -37.63])
def test_a_return_from_or_to_a_close_that_is_no_price_is_unknown_and_no_nan(bad: float) -> None:
    closes = [*GROWING[:10], bad, *GROWING[11:30]]
    one, days = study(closes), sessions(30)

    assert after(one, days[9]) is None  # enters there
    assert after(one, days[4]) is None  # ends there
    across = after(one, days[6])
    assert across is not None
    assert across[0] == pytest.approx(1.01**5 - 1)


def test_before_its_first_bar_and_too_near_its_last_one_nothing_is_known() -> None:
    one, days = study(GROWING[:30], sessions(40)[10:]), sessions(40)

    assert after(one, days[5]) is None
    assert after(one, days[9]) is None
    assert after(one, days[10]) is not None
    assert after(one, days[33]) is not None
    assert after(one, days[34]) is None


def test_why_a_return_is_unknown_is_told_in_words() -> None:
    one = study([*GROWING[:20], -37.63, *GROWING[21:30]], sessions(40)[10:])

    why = one.unmeasured(one.rows_of([sessions(40)[row] for row in (3, 5, 20, 29, 36)]), 5)

    assert why == Unmeasured(before=2, recent=1, gap=1)
    assert str(why) == "1 too recent, 2 before prices begin, 1 across a gap"
    assert str(Unmeasured()) == ""


def test_a_return_across_a_long_hole_is_unknown_and_one_across_a_short_one_is_not() -> None:
    days = sessions(60)
    short, long = ([*days[:20], *days[20 + hole :]] for hole in (10, 11))

    assert after(study(GROWING[: len(short)], short), days[18]) is not None
    assert after(study(GROWING[: len(long)], long), days[18]) is None
    assert after(study(GROWING[: len(long)], long), days[13]) is not None  # ends before it


def test_bars_after_the_end_and_unsettled_ones_are_not_looked_at() -> None:
    days = sessions(30)
    bars = made({"silver": GROWING[:30]})
    settled = bars.with_columns(
        status=pl.when(pl.col("session") == days[12]).then(pl.lit("quarantined")).otherwise(pl.lit("final"))
    )

    one = study_of(settled, "silver", CATALOGUE, end=days[20])

    assert len(one.sessions) == 20
    assert one.sessions.max() == np.datetime64(days[20])
    assert np.datetime64(days[12]) not in one.sessions


@given(
    closes=st.lists(st.one_of(st.just(-1.0), st.floats(1, 1000)), min_size=1, max_size=200),
    horizon=st.sampled_from(HORIZONS),
    cut=st.integers(1, 200),
)
def test_what_is_known_stays_as_it_is_when_more_bars_come(
    closes: list[float], horizon: int, cut: int
) -> None:
    days = sessions(len(closes))
    whole, part = study(closes), study(closes[:cut])
    for day in days[: len(part.sessions)]:
        early = after(part, day, horizon)
        if early is not None:
            np.testing.assert_equal(after(whole, day, horizon), early)


@given(st.lists(st.one_of(st.just(-1.0), st.floats(1, 1000)), min_size=1, max_size=150))
def test_returns_are_those_of_a_loop(closes: list[float]) -> None:
    one = study(closes)
    for row, day in enumerate(sessions(len(closes))):
        entry, end = row + 1, row + 6
        known = end < len(closes) and closes[entry] > 0 and closes[end] > 0
        found = after(one, day)
        assert (found is not None) is known
        if found is not None:
            assert found[0] == pytest.approx(closes[end] / closes[entry] - 1)
