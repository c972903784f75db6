"""The fans of what followed: the changes of evidence at every step, and how they spread."""

import numpy as np
import pytest

from monitor.backtest.fan import LEAST_SHADED, MOST_WAYS, STEPS, fans_of
from monitor.backtest.forward import HORIZONS, Study, study_of
from tests.support.made_up import CATALOGUE, made

CLOSES = [100.0 + (row * 7919) % 53 for row in range(400)]
STUDY: Study = study_of(made({"silver": CLOSES}), "silver", CATALOGUE, end=None)
ALL = np.arange(400)


def test_the_ways_of_signals_pass_through_their_forward_returns() -> None:
    ways = STUDY.ways(ALL, STEPS)

    for horizon in HORIZONS:
        field = STUDY.field(horizon, STUDY.sessions[0].astype(object), STUDY.sessions[-1].astype(object))
        column = ways[:, STEPS.index(horizon)]
        assert column[field.rows] == pytest.approx(field.returns, abs=0)
        assert np.isnan(np.delete(column, field.rows)).all()
    assert (ways[:-1, 0] == 0).all()


def test_a_signal_before_the_first_bar_has_no_way() -> None:
    assert np.isnan(STUDY.ways(np.array([-1]), STEPS)).all()


def test_the_bands_are_quantiles_of_what_is_known() -> None:
    fans = fans_of([(STUDY, ALL[:101], ALL)])

    changes = STUDY.ways(ALL[:101], (63,))[:, 0]
    band = next(one for one in fans.own if one.after == 63)
    assert band.middle == pytest.approx(np.median(changes))
    assert band.quarter == pytest.approx(np.quantile(changes, 0.25, method="hazen"))
    assert all(b.low <= b.quarter <= b.middle <= b.three_quarters <= b.high for b in (*fans.own, *fans.any))
    assert [one.after for one in fans.own] == list(STEPS)


def test_the_sessions_of_pooled_instruments_count_for_as_much_as_their_signals() -> None:
    flat = study_of(made({"gold": [1.0] * 400}), "gold", CATALOGUE, end=None)

    fans = fans_of([(STUDY, ALL[:1], ALL), (flat, ALL[:99], ALL)])

    assert {(one.low, one.high) for one in fans.any} == {(0, 0)}


def test_few_episodes_are_drawn_one_by_one_and_many_as_a_band() -> None:
    few, some, many = (fans_of([(STUDY, ALL[:n], ALL)]) for n in (LEAST_SHADED - 1, MOST_WAYS, MOST_WAYS + 1))

    assert (few.shaded, len(few.ways)) == (False, LEAST_SHADED - 1)
    assert (some.shaded, len(some.ways)) == (True, MOST_WAYS)
    assert (many.shaded, many.ways) == (True, ())


def test_without_anything_studied_there_is_no_fan() -> None:
    assert (fans_of([]).own, fans_of([]).any) == ((), ())
