from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from monitor.bars import Action, ActionKind, Quote
from monitor.quality import Finding, Kind, Release, Sighting
from monitor.storage.records import Polled
from monitor.storage.store import Store
from tests.storage.examples import DAY, LATER, NOW, bar

JUMP = Finding(
    instrument="silver",
    session=DAY,
    kind=Kind.JUMP,
    seen=69.0,
    expected=100.0,
    reason="-31 % from 100 to 69: unconfirmed",
    held=True,
)
RELEASED = replace(JUMP, released_by=Release.SECOND_POLL, held=False)


def polled(*findings: Finding) -> Polled:
    return Polled(bar(), findings=findings)


def test_what_was_found_is_kept_once_and_is_news_once(store: Store) -> None:
    first = store.keep(polled(JUMP), seen_at=NOW, source="yahoo")
    again = store.keep(polled(JUMP), seen_at=LATER, source="yahoo")

    assert (first.findings, again.findings) == ((JUMP,), ())
    assert store.findings() == [(JUMP, NOW)]


def test_what_was_held_is_released_once(store: Store) -> None:
    store.keep(polled(JUMP), seen_at=NOW, source="yahoo")
    released = store.keep(polled(RELEASED), seen_at=LATER, source="yahoo")
    again = store.keep(polled(RELEASED), seen_at=LATER, source="yahoo")

    assert (released.findings, again.findings) == ((RELEASED,), ())
    assert store.findings() == [(RELEASED, NOW)]


def test_findings_are_listed_from_an_instant_on(store: Store) -> None:
    store.keep(polled(JUMP), seen_at=NOW, source="yahoo")
    later = replace(JUMP, instrument="gold")
    store.keep(polled(later), seen_at=LATER, source="yahoo")

    assert store.findings(since=LATER) == [(later, LATER)]


def test_splits_and_payments_are_kept_once_with_the_last_value(store: Store) -> None:
    split, paid = Action("nem", DAY, ActionKind.SPLIT, 2.0), Action("gdx", DAY, ActionKind.DIVIDEND, 0.25)
    store.keep(Polled(bar(), actions=(split, paid)), seen_at=NOW, source="yahoo")
    store.keep(Polled(bar(), actions=(replace(paid, value=0.26),)), seen_at=LATER, source="yahoo")

    assert store.actions() == [replace(paid, value=0.26), split]
    assert store.actions("nem") == [split]


@pytest.mark.parametrize(("status", "kept"), [("partial", "Silver Dec 26"), ("final", None)])
def test_a_bar_that_is_not_settled_is_kept_with_the_contract_that_was_quoted(
    store: Store, status: str, kept: str | None
) -> None:
    quotes = (Quote("silver", "Silver Dec 26", NOW - timedelta(minutes=10)),)
    store.keep(Polled(bar(status=status), quotes=quotes), seen_at=NOW, source="yahoo")

    with store.engine.connect() as connection:
        found = connection.exec_driver_sql("select contract, source_at from bar_version").one()
    assert found[0] == kept
    assert (found[1] is None) == (kept is None)


def test_sightings_are_the_closes_that_were_quarantined(store: Store) -> None:
    for close, seen_at in ((69.0, NOW), (70.0, LATER)):
        store.add_bars(bar(close=close, status="quarantined"), seen_at=seen_at, source="yahoo")
    store.add_bars(bar(close=70.5), seen_at=LATER, source="yahoo")

    seen = store.sightings(["silver"], since=DAY)

    assert seen == [
        Sighting(instrument="silver", session=DAY, close=69.0, seen_at=NOW),
        Sighting(instrument="silver", session=DAY, close=70.0, seen_at=LATER),
    ]
    assert store.sightings(["silver"], since=DAY + timedelta(days=1)) == []
    assert store.sightings(["gold"], since=DAY) == []


def test_nothing_of_a_poll_is_kept_when_a_part_of_it_cannot_be(store: Store) -> None:
    broken = replace(JUMP, reason=None)  # type: ignore[arg-type]  # the database refuses it

    with pytest.raises(Exception, match="reason"):
        store.keep(Polled(bar(), findings=(broken,)), seen_at=NOW, source="yahoo")

    assert store.bars().is_empty()
    assert isinstance(store.bars(), pl.DataFrame)
