import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from monitor.bars import BARS, conform
from monitor.storage.store import Store, open_store
from tests.storage.examples import DAY, LATER, NOW, SETTLED, bar, bars

NEXT_DAY = DAY + timedelta(days=1)


def test_bars_come_back_as_they_went_in(store: Store) -> None:
    frame = bars(
        bar("silver", close=31.123456789012345, opened_at=SETTLED - timedelta(hours=23, microseconds=1)),
        bar("gold", close=None, high=None, volume=None),
        bar("gold", date(1999, 1, 4)),
    )

    assert store.add_bars(frame, seen_at=NOW, source="files") == 3

    assert store.bars().equals(frame)


def test_an_empty_store_gives_an_empty_bar_frame(store: Store) -> None:
    assert store.bars().schema == BARS
    assert store.bars().is_empty()
    assert store.add_bars(store.bars(), seen_at=NOW, source="files") == 0


def test_bars_are_chosen_by_instrument_and_interval(store: Store) -> None:
    hour = bar("gold", interval="1h")
    store.add_bars(bars(bar("gold"), bar("silver"), bar("copper"), hour), seen_at=NOW, source="files")

    assert store.bars(instruments=["gold", "silver"])["instrument"].to_list() == ["gold", "silver"]
    assert store.bars(instruments=[]).is_empty()
    assert store.bars(interval="1h").equals(hour)


def test_the_same_bar_again_adds_nothing(store: Store) -> None:
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    assert store.add_bars(bar(), seen_at=LATER, source="yahoo") == 0
    assert store.add_bars(bar(close=30.0 * (1 + 9e-6)), seen_at=LATER, source="yahoo") == 0
    assert store.counts().bars == 1


def test_the_newest_bar_is_known_without_a_look_at_all_of_them(store: Store) -> None:
    assert store.newest() is None

    store.add_bars(bar(close=30.0), seen_at=LATER, source="yahoo")
    store.add_bars(bar(close=30.0), seen_at=LATER + timedelta(hours=1), source="yahoo")  # nothing new
    assert store.newest() == LATER

    store.add_bars(bar(close=31.0), seen_at=NOW, source="yahoo")  # a clock that was set back
    assert store.newest() == LATER


@pytest.mark.parametrize(
    "change", [{"close": 30.0 * (1 + 2e-5)}, {"high": 31.1}, {"low": None}, {"volume": 1001.0}]
)
def test_a_changed_value_is_a_new_version_known_when_it_was_seen(
    store: Store, change: dict[str, Any]
) -> None:
    first, revised = bar(), bar(**change)
    store.add_bars(first, seen_at=NOW, source="yahoo")

    assert store.add_bars(revised, seen_at=LATER, source="yahoo") == 1

    assert store.bars().equals(revised.with_columns(pl.lit(LATER).cast(BARS["known_at"]).alias("known_at")))
    assert store.bars(as_of=LATER - timedelta(microseconds=1)).equals(first)


def test_nothing_is_known_before_it_was_known(store: Store) -> None:
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    assert store.bars(as_of=SETTLED - timedelta(microseconds=1)).is_empty()
    assert store.bars(as_of=SETTLED).height == 1


def test_of_a_session_that_goes_on_only_the_last_look_is_kept(store: Store) -> None:
    looks = [NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)]
    partial = [bar(status="partial", close=30.0 + seen.minute, known_at=seen) for seen in looks]
    for seen, frame in zip(looks, partial, strict=True):
        assert store.add_bars(frame, seen_at=seen, source="yahoo") == 1

    assert store.bars().equals(partial[-1])
    assert store.counts().bars == 1

    store.add_bars(bar(close=30.25), seen_at=LATER, source="yahoo")
    assert store.bar_versions()["status"].to_list() == ["partial", "final"]


@pytest.mark.parametrize("status", ["partial", "provisional", "quarantined"])
def test_a_bar_that_is_not_final_is_no_news_to_a_close_rule(store: Store, status: str) -> None:
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    store.add_bars(bar(session=NEXT_DAY, status=status), seen_at=LATER, source="yahoo")
    assert store.newest() == NOW

    store.add_bars(bar(session=NEXT_DAY), seen_at=LATER, source="yahoo")
    assert store.newest() == LATER


def test_a_final_bar_that_is_doubted_is_news_to_a_close_rule(store: Store) -> None:
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    store.add_bars(bar(status="quarantined", close=3.0), seen_at=LATER, source="files")

    assert store.newest() == LATER


def test_a_version_seen_before_the_last_one_was_known_is_not_known_earlier(store: Store) -> None:
    store.add_bars(bar(status="provisional", known_at=LATER), seen_at=NOW, source="yahoo")
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    assert store.bars(as_of=LATER)["status"].to_list() == ["final"]
    assert store.bars()["known_at"].to_list() == [LATER]


def test_a_provisional_bar_becomes_final_with_the_same_values(store: Store) -> None:
    store.add_bars(bar(status="provisional"), seen_at=NOW, source="yahoo")

    assert store.add_bars(bar(), seen_at=LATER, source="yahoo") == 1
    assert store.bars()["status"].to_list() == ["final"]


@pytest.mark.parametrize("status", ["partial", "provisional"])
def test_a_final_bar_is_never_taken_back_by_an_unfinished_one(store: Store, status: str) -> None:
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    assert store.add_bars(bar(status=status, close=12.0), seen_at=LATER, source="yahoo") == 0
    assert store.bars().equals(bar())


def test_a_final_bar_is_doubted_only_when_its_values_change(store: Store) -> None:
    store.add_bars(bar(), seen_at=NOW, source="yahoo")

    assert store.add_bars(bar(status="quarantined"), seen_at=LATER, source="yahoo") == 0
    assert store.add_bars(bar(status="quarantined", close=3.0), seen_at=LATER, source="yahoo") == 1


def test_a_quarantined_bar_is_released_by_a_final_one(store: Store) -> None:
    store.add_bars(bar(status="quarantined"), seen_at=NOW, source="yahoo")

    assert store.add_bars(bar(), seen_at=LATER, source="yahoo") == 1
    assert store.bars()["status"].to_list() == ["final"]


def test_of_two_rows_for_one_bar_the_last_one_counts(store: Store) -> None:
    twice = pl.concat([bar(close=1.0), bar(close=2.0)])

    assert store.add_bars(twice, seen_at=NOW, source="files") == 1
    assert store.bars()["close"].to_list() == [2.0]


def test_new_and_known_bars_come_in_one_frame(store: Store) -> None:
    store.add_bars(bars(bar("gold"), bar("silver")), seen_at=NOW, source="yahoo")

    poll = bars(bar("gold"), bar("silver", close=20.0), bar("gold", NEXT_DAY), bar("silver", NEXT_DAY))

    assert store.add_bars(poll, seen_at=LATER, source="yahoo") == 3
    assert store.bars()["close"].to_list() == [30.0, 30.0, 20.0, 30.0]


def test_a_history_of_many_instruments_is_kept_and_read_within_seconds(tmp_path: Path) -> None:
    sessions = pl.date_range(date(1999, 1, 4), date(1999, 1, 4) + timedelta(days=6_699), eager=True)
    days = pl.DataFrame({"session": sessions}).with_row_index("day")
    names = pl.DataFrame({"instrument": [f"metal-{number:02}" for number in range(30)]})
    value = pl.col("day").cast(pl.Float64) + 1.5
    settled = pl.col("session").cast(BARS["known_at"])
    frame = conform(
        names.join(days, how="cross").with_columns(
            *(value.alias(name) for name in ("open", "high", "low", "close", "volume")),
            *(settled.alias(name) for name in ("opened_at", "known_at")),
            interval=pl.lit("1d"),
            status=pl.lit("final"),
        )
    )
    store = open_store(str(tmp_path / "metalwatch.db"))

    started = time.perf_counter()
    store.add_bars(frame, seen_at=datetime(2026, 11, 22, tzinfo=UTC), source="files")
    kept = time.perf_counter()
    read = store.bars()
    ended = time.perf_counter()

    assert read.equals(frame)
    assert kept - started < 20  # 2 to 3 s where it was written
    assert ended - kept < 8  # 0.5 to 0.9 s
    store.close()
