from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.health import Freshness, SeriesHealth, SourceHealth
from monitor.storage.store import Store
from tests.storage.examples import DAY, LATER, NOW, message

SILVER = SeriesHealth(
    instrument="silver",
    watched=DAY,
    freshness=Freshness.STALE,
    since=NOW,
    last_session=DAY,
    missing=2,
    gaps=(DAY - timedelta(days=7), DAY - timedelta(days=1)),
    outage_after=DAY,
    told=Freshness.STALE,
    outcome="rate limited",
    detail="429",
    answered_at=NOW,
    not_found=2,
    not_found_since=NOW,
    not_found_told=True,
    quote_at=NOW,
    behind=True,
)
NEW = SeriesHealth(instrument="gold", watched=DAY)
YAHOO = SourceHealth(source="Yahoo", failing=True, since=NOW, missing=3, filled=1, behind_since=LATER)
STALE = message(title="silver is stale")


def test_the_health_of_a_series_comes_back_as_it_was_kept(store: Store) -> None:
    store.commit_health([SILVER, NEW], [], now=NOW)

    assert store.healths() == {"silver": SILVER, "gold": NEW}


def test_only_the_series_that_are_given_are_written_again(store: Store) -> None:
    store.commit_health([SILVER, NEW], [], now=NOW)
    well = replace(SILVER, freshness=Freshness.FRESH, since=None, gaps=(), told=Freshness.FRESH)
    store.commit_health([well], [], now=LATER)

    assert store.healths() == {"silver": well, "gold": NEW}


def test_a_source_nobody_looked_at_is_well_and_each_has_its_own_row(store: Store) -> None:
    store.commit_health([], [], source=YAHOO, now=NOW)

    assert store.source_health("Yahoo") == YAHOO
    assert store.source_health("files") == SourceHealth(source="files")


def test_a_health_message_is_owed_once(store: Store) -> None:
    for now in (NOW, LATER):
        store.commit_health([SILVER], [STALE], now=now)

    assert [(row.title, row.created_at) for row in store.outbox_rows()] == [("silver is stale", NOW)]


def test_health_and_its_messages_are_written_together_or_not_at_all(store: Store) -> None:
    broken = replace(STALE, title=None)  # type: ignore[arg-type]  # the database refuses it

    with pytest.raises(IntegrityError):
        store.commit_health([SILVER], [broken], source=YAHOO, now=NOW)

    assert store.healths() == {}
    assert store.source_health("Yahoo") == SourceHealth(source="Yahoo")
