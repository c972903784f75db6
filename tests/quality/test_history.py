"""A history is judged bar by bar: what is held, what is released and by what, and what is off the calendar."""

from datetime import date, timedelta

import polars as pl
import pytest

from monitor.instruments import Catalogue
from monitor.quality import Kind, Release, judge_history
from tests.quality.frames import calm, days, frame, statuses


def test_a_calm_history_passes_unchanged(catalogue: Catalogue) -> None:
    bars = frame("silver", calm(60))

    judged = judge_history(bars, catalogue)

    assert judged.findings == ()
    assert judged.frame.equals(bars)


def test_a_spike_that_the_next_bar_gives_back_is_quarantined(catalogue: Catalogue) -> None:
    judged = judge_history(frame("silver", [*calm(60), 583.0, *calm(5)]), catalogue)

    (spike,) = judged.findings
    assert (spike.kind, spike.session, spike.seen, spike.held) == (Kind.SPIKE, days(61)[-1], 583.0, True)
    assert statuses(judged.frame, "silver") == ["final"] * 60 + ["quarantined"] + ["final"] * 5
    assert spike.reason == "+477.2% from 101 to 583, beyond +12.7%: given back by the next bar"


def test_a_jump_at_which_the_next_bar_stays_is_released(catalogue: Catalogue) -> None:
    judged = judge_history(frame("silver", [*calm(60), *calm(5, 69.0)]), catalogue)

    (jump,) = judged.findings
    assert (jump.kind, jump.released_by, jump.held) == (Kind.JUMP, Release.NEXT_BAR, False)
    assert set(statuses(judged.frame, "silver")) == {"final"}


def test_the_newest_bar_of_a_file_waits_for_the_next_one(catalogue: Catalogue) -> None:
    judged = judge_history(frame("silver", [*calm(60), 69.0]), catalogue)

    assert statuses(judged.frame, "silver")[-1] == "quarantined"
    assert [one.kind for one in judged.unconfirmed] == [Kind.JUMP]


def test_nothing_looks_further_ahead_than_the_next_bar(catalogue: Catalogue) -> None:
    closes = [*calm(60), 69.0, 69.5, 583.0, 70.0, 110.0, 111.0]
    whole = judge_history(frame("silver", closes), catalogue)

    for count in range(2, len(closes) + 1):
        cut = judge_history(frame("silver", closes[:count]), catalogue)
        assert statuses(cut.frame, "silver")[:-1] == statuses(whole.frame, "silver")[: count - 1]


def test_a_sibling_that_moved_alike_releases_at_once(catalogue: Catalogue) -> None:
    both = pl.concat([frame("silver", [*calm(60), 69.0]), frame("slv", [*calm(60, 90.0), 65.0])])

    judged = judge_history(both, catalogue)

    assert {one.instrument: one.released_by for one in judged.findings} == {
        "silver": Release.SIBLING,
        "slv": Release.SIBLING,
    }


@pytest.mark.parametrize("other", [80.0, 91.0, 120.0], ids=["too little", "not at all", "the other way"])
def test_a_sibling_that_did_not_releases_nothing(catalogue: Catalogue, other: float) -> None:
    both = pl.concat([frame("silver", [*calm(60), 69.0]), frame("slv", [*calm(60, 90.0), other])])

    assert statuses(judge_history(both, catalogue).frame, "silver")[-1] == "quarantined"


@pytest.mark.parametrize(
    ("name", "volume", "release"),
    [("tmq", 4000.0, Release.VOLUME), ("tmq", 2000.0, None), ("silver", 4000.0, None)],
)
def test_volume_confirms_shares_only_and_only_much_of_it(
    catalogue: Catalogue, name: str, volume: float, release: Release | None
) -> None:
    bars = frame(name, [*calm(60), 311.0], volumes=[1000.0] * 60 + [volume])

    assert [one.released_by for one in judge_history(bars, catalogue).findings] == [release]


def test_a_slip_of_a_hundred_is_not_confirmed_by_volume(catalogue: Catalogue) -> None:
    bars = frame("nem", [*calm(60), 1.0], volumes=[1000.0] * 60 + [9000.0])

    (slip,) = judge_history(bars, catalogue).findings

    assert (slip.kind, slip.held) == (Kind.UNIT_SLIP, True)


def test_a_wild_series_is_given_more_room_than_a_calm_one(catalogue: Catalogue) -> None:
    wild = [100.0 * (1.06 if row % 2 else 1.0) for row in range(60)]

    assert judge_history(frame("tmq", [*wild, 130.0]), catalogue).findings == ()
    assert judge_history(frame("tmq", [*calm(60), 130.0]), catalogue).findings != ()


def test_a_move_over_a_hole_of_months_is_not_a_jump(catalogue: Catalogue) -> None:
    late = days(60)[-1] + timedelta(days=400)
    bars = frame("tmq", [*calm(60), 159.0], sessions=[*days(60), late])

    assert judge_history(bars, catalogue).findings == ()


def test_currencies_are_doubted_earlier(catalogue: Catalogue) -> None:
    quiet = [6.45 + 0.005 * (row % 2) for row in range(60)]

    (spike,) = judge_history(frame("usdcny", [*quiet, 5.863, *quiet[:3]]), catalogue).findings

    assert spike.kind is Kind.SPIKE


@pytest.mark.parametrize("name", ["usdcny", "silver"])
def test_a_weekend_row_is_quarantined_and_judges_no_other_bar(catalogue: Catalogue, name: str) -> None:
    sessions = sorted([*days(30), date(2025, 3, 2)])
    closes = [50.0 if day.weekday() == 6 else 100.0 + day.day % 2 for day in sessions]

    judged = judge_history(frame(name, closes, sessions=sessions), catalogue)

    weekend = [one for one in judged.findings if one.kind is Kind.WEEKEND_ROW]
    assert [(one.session, one.held) for one in weekend] == [(date(2025, 3, 2), True)]
    assert [one.kind for one in judged.unconfirmed] == []
    assert statuses(judged.frame, name).count("quarantined") == 1


def test_a_bar_on_a_holiday_is_kept_and_told(catalogue: Catalogue) -> None:
    sessions = [date(2025, 8, 28), date(2025, 8, 29), date(2025, 9, 1), date(2025, 9, 2)]

    judged = judge_history(frame("silver", calm(4), sessions=sessions), catalogue)

    assert [(one.kind, one.session, one.held) for one in judged.findings] == [
        (Kind.PHANTOM_SESSION, date(2025, 9, 1), False)
    ]
    assert set(statuses(judged.frame, "silver")) == {"final"}


def test_extra_bars_of_the_catalogue_and_series_typed_in_are_expected(catalogue: Catalogue) -> None:
    sunday = [date(2025, 7, 3), date(2025, 7, 4), date(2025, 7, 6)]

    assert judge_history(frame("silver", calm(2), sessions=sunday[:2]), catalogue).findings == ()
    assert judge_history(frame("pslv_nav", calm(3), sessions=sunday), catalogue).findings == ()


def test_an_instrument_that_is_not_in_the_catalogue_is_left_alone(catalogue: Catalogue) -> None:
    assert judge_history(frame("tin", [*calm(60), 900.0]), catalogue).findings == ()
