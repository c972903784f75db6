"""Bars downloaded again: single revisions, one re-adjustment, another series."""

import pytest

from monitor.bars import Status
from monitor.quality import Kind, revisions
from tests.quality.frames import calm, days, frame


def test_the_same_download_again_says_nothing() -> None:
    again = [close * (1 + 9e-6) for close in calm(60)]

    assert revisions(frame("silver", calm(60)), frame("silver", again)) == ()


def test_a_final_close_that_changed_is_a_revision() -> None:
    later = calm(60)
    later[40] *= 1.007

    (one,) = revisions(frame("silver", calm(60)), frame("silver", later))

    assert (one.kind, one.session, one.expected) == (Kind.REVISION, days(41)[-1], 100.0)
    assert one.seen == pytest.approx(100.7)


def test_a_bar_that_was_not_final_is_not_revised() -> None:
    held = frame("silver", calm(60), status=Status.PROVISIONAL)

    assert revisions(held, frame("silver", calm(60, 101.0))) == ()


@pytest.mark.parametrize("factor", [0.9927, 0.5, 2.0])
def test_one_factor_on_all_older_bars_is_one_readjustment(factor: float) -> None:
    later = [close * factor for close in calm(60)][:55] + calm(60)[55:]

    (one,) = revisions(frame("gdx", calm(60)), frame("gdx", later))

    assert (one.kind, one.session, one.steps) == (Kind.READJUSTMENT, days(56)[-1], (days(56)[-1],))
    assert one.seen == pytest.approx(factor)


@pytest.mark.parametrize("count", [2, 5])
def test_the_few_bars_of_a_poll_are_enough_to_see_a_split(count: int) -> None:
    later = [close / 2 for close in calm(count)]

    (one,) = revisions(frame("gdx", calm(count)), frame("gdx", later))

    assert one.kind is Kind.READJUSTMENT


def test_two_dividends_are_two_readjustments() -> None:
    factors = [0.98] * 20 + [0.99] * 20 + [1.0] * 20
    later = [close * factor for close, factor in zip(calm(60), factors, strict=True)]

    found = revisions(frame("gdx", calm(60)), frame("gdx", later))

    assert [(one.kind, one.session) for one in found] == [
        (Kind.READJUSTMENT, days(21)[-1]),
        (Kind.READJUSTMENT, days(41)[-1]),
    ]


def test_a_frozen_bar_inside_a_readjusted_stretch_is_a_revision_of_its_own() -> None:
    later = [close * 0.9927 for close in calm(60)]
    later[30] *= 1.002

    found = revisions(frame("gdx", calm(60)), frame("gdx", later))

    assert [(one.kind, one.session) for one in found] == [
        (Kind.REVISION, days(31)[-1]),
        (Kind.READJUSTMENT, days(60)[-1]),
    ]
    assert found[0].expected == pytest.approx(99.27)
    assert found[1].steps == tuple(days(32)[-2:])


def test_most_bars_changed_by_no_common_factor_is_told_once() -> None:
    later = [close * (1.01 + 0.0004 * row) for row, close in enumerate(calm(60))]

    (one,) = revisions(frame("gdx", calm(60)), frame("gdx", later))

    assert one.kind is Kind.ANOTHER_SERIES
