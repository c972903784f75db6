"""What a poll brings is judged beside what is held: held, announced, released, and final bars are not lost."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from monitor.bars import Status
from monitor.instruments import Catalogue
from monitor.quality import Judged, Kind, Release, Sighting, judge_history, judge_live
from tests.quality.frames import NOW, calm, days, frame, statuses

DELAY = timedelta(minutes=15)


def poll(
    name: str, close: float, *, count: int = 61, status: Status = Status.PROVISIONAL, volume: float = 1000.0
) -> pl.DataFrame:
    """The newest bar alone."""
    return frame(name, [close], status=status, volumes=[volume], sessions=days(count)[-1:])


def seen(close: float, ago: timedelta, *, name: str = "silver", session: date | None = None) -> Sighting:
    return Sighting(instrument=name, session=session or days(61)[-1], close=close, seen_at=NOW - ago)


def live(incoming: pl.DataFrame, held: pl.DataFrame, catalogue: Catalogue, *sightings: Sighting) -> Judged:
    return judge_live(incoming, held, catalogue, now=NOW, sightings=sightings, delay=DELAY)


def kept(judged: Judged) -> list[tuple[object, ...]]:
    return judged.frame.select("session", "close", "status").rows()


def test_an_ordinary_bar_keeps_its_status(catalogue: Catalogue) -> None:
    judged = live(poll("silver", 101.5), frame("silver", calm(60)), catalogue)

    assert kept(judged) == [(days(61)[-1], 101.5, "provisional")]
    assert judged.findings == ()


def test_a_suspicious_bar_is_held_and_announced_as_unconfirmed(catalogue: Catalogue) -> None:
    judged = live(poll("silver", 583.0), frame("silver", calm(60)), catalogue)

    assert kept(judged) == [(days(61)[-1], 583.0, "quarantined")]
    (move,) = judged.unconfirmed
    assert move.reason == "+477.2% from 101 to 583, beyond +12.7%: unconfirmed"


@pytest.mark.parametrize(
    ("sighting", "release"),
    [
        (seen(69.5, DELAY), Release.SECOND_POLL),
        (seen(69.5, DELAY - timedelta(minutes=1)), None),
        (seen(71.0, DELAY), None),
        (seen(69.0, DELAY, name="gold"), None),
        (seen(69.0, DELAY, session=days(60)[-1]), None),
    ],
    ids=["agrees", "too soon", "another price", "another instrument", "another session"],
)
def test_a_second_poll_that_agrees_releases(
    catalogue: Catalogue, sighting: Sighting, release: Release | None
) -> None:
    judged = live(poll("silver", 69.0), frame("silver", calm(60)), catalogue, sighting)

    assert [one.released_by for one in judged.findings] == [release]
    assert statuses(judged.frame, "silver") == ["provisional" if release else "quarantined"]


def test_a_slipped_decimal_is_not_confirmed_by_seeing_it_again(catalogue: Catalogue) -> None:
    judged = live(poll("silver", 1.0), frame("silver", calm(60)), catalogue, seen(1.0, DELAY))

    assert [(one.kind, one.held) for one in judged.findings] == [(Kind.UNIT_SLIP, True)]


def test_the_sibling_of_the_same_poll_releases(catalogue: Catalogue) -> None:
    held = pl.concat([frame("silver", calm(60)), frame("slv", calm(60, 90.0))])

    judged = live(pl.concat([poll("silver", 69.0), poll("slv", 65.0)]), held, catalogue)

    assert [one.released_by for one in judged.findings] == [Release.SIBLING] * 2


def test_a_sibling_that_came_with_an_earlier_poll_releases(catalogue: Catalogue) -> None:
    held = pl.concat([frame("silver", calm(60)), frame("slv", [*calm(60, 90.0), 65.0])])

    judged = live(poll("silver", 69.0), held, catalogue)

    assert [one.released_by for one in judged.findings] == [Release.SIBLING]


def test_a_share_that_triples_on_great_volume_is_believed_at_once(catalogue: Catalogue) -> None:
    judged = live(poll("tmq", 311.0, volume=450_000.0), frame("tmq", calm(60)), catalogue)

    assert [one.released_by for one in judged.findings] == [Release.VOLUME]
    assert judged.unconfirmed == ()


def test_the_next_bar_releases_the_held_one_which_is_final_then(catalogue: Catalogue) -> None:
    held = pl.concat([frame("silver", calm(60)), poll("silver", 69.0, status=Status.QUARANTINED)])

    judged = live(poll("silver", 69.7, count=62), held, catalogue)

    assert kept(judged) == [(days(61)[-1], 69.0, "final"), (days(62)[-1], 69.7, "provisional")]
    assert [one.released_by for one in judged.findings] == [Release.NEXT_BAR]


def test_a_spike_that_is_gone_with_the_next_bar_stays_in_quarantine_and_is_not_told_again(
    catalogue: Catalogue,
) -> None:
    held = pl.concat([frame("silver", calm(60)), poll("silver", 583.0, status=Status.QUARANTINED)])

    judged = live(poll("silver", 101.2, count=62), held, catalogue)

    assert kept(judged) == [(days(62)[-1], 101.2, "provisional")]
    assert judged.findings == ()


def test_a_final_bar_is_not_replaced_by_a_suspicious_one(catalogue: Catalogue) -> None:
    held = frame("silver", calm(61))
    again = frame("silver", [100.0, 583.0, 100.0], sessions=days(61)[-3:])

    judged = live(again, held, catalogue)

    assert [row[1] for row in kept(judged)] == [100.0, 100.0]
    assert {one.kind for one in judged.findings} == {Kind.REVISION, Kind.SPIKE}


def test_a_small_revision_is_taken(catalogue: Catalogue) -> None:
    judged = live(frame("silver", [101.7], sessions=days(60)[-1:]), frame("silver", calm(60)), catalogue)

    assert kept(judged) == [(days(60)[-1], 101.7, "final")]
    assert [one.kind for one in judged.findings] == [Kind.REVISION]


def test_a_split_is_a_readjustment_and_no_jump(catalogue: Catalogue) -> None:
    halved = [close / 2 for close in calm(61)[-6:]]

    judged = live(frame("gdx", halved, sessions=days(61)[-6:]), frame("gdx", calm(60)), catalogue)

    assert [one.kind for one in judged.findings] == [Kind.READJUSTMENT]
    assert set(statuses(judged.frame, "gdx")) == {"final"}


def test_a_weekend_row_of_a_poll_is_quarantined(catalogue: Catalogue) -> None:
    sunday = frame("usdcny", [7.2], status=Status.PARTIAL, sessions=[date(2025, 3, 2)])

    judged = live(sunday, frame("usdcny", calm(8, 7.2)), catalogue)

    assert [(one.kind, one.held) for one in judged.findings] == [(Kind.WEEKEND_ROW, True)]
    assert statuses(judged.frame, "usdcny") == ["quarantined"]


def test_nothing_that_came_says_nothing(catalogue: Catalogue) -> None:
    held = frame("silver", calm(60))

    judged = live(held.clear(), held, catalogue)

    assert (judged.frame.height, judged.findings) == (0, ())


def test_the_first_fetch_of_a_series_is_judged_as_its_history(catalogue: Catalogue) -> None:
    bars = frame("silver", [*calm(60), 69.0, 69.5, 583.0, 70.0, 110.0, 583.0, 111.0])

    first = live(bars, bars.clear(), catalogue)

    assert first.frame.equals(judge_history(bars, catalogue).frame)


def test_bar_by_bar_ends_where_the_whole_history_does(catalogue: Catalogue) -> None:
    closes = [*calm(60), 69.0, 69.5, 583.0, 70.0, 110.0, 583.0, 111.0, 90.0, 91.0, 92.0]
    bars = frame("silver", closes)
    held = bars.clear()
    for row in range(bars.height):
        judged = live(bars[row], held, catalogue)
        rest = held.join(judged.frame, on="session", how="anti")
        held = pl.concat([rest, judged.frame]).sort("session")

    assert held.equals(judge_history(bars, catalogue).frame)


def test_time_is_an_argument_in_any_zone(catalogue: Catalogue) -> None:
    one = Sighting(
        instrument="silver",
        session=days(61)[-1],
        close=69.0,
        seen_at=datetime.fromisoformat("2025-05-31T19:45:00-04:00"),
    )

    judged = live(poll("silver", 69.0), frame("silver", calm(60)), catalogue, one)

    assert [finding.released_by for finding in judged.findings] == [Release.SECOND_POLL]
