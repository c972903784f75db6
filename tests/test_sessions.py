"""Expected sessions, settle times and trade dates, against known days and against real price files."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from monitor import closures
from monitor.instruments import CALENDARS, UNTOLD, Catalogue, Instrument
from monitor.sessions import (
    calendar_sessions,
    expected_sessions,
    known_until,
    local_instants,
    missing_sessions,
    next_session,
    settled_at,
    settled_at_column,
    trading_since,
)
from tests.reference.calendars import shipped, written
from tests.support.made_up import instrument

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def gold(catalogue: Catalogue) -> Instrument:
    return catalogue.instruments["gold"]


@pytest.fixture
def lynas(catalogue: Catalogue) -> Instrument:
    return catalogue.instruments["lyc"]


def test_every_calendar_a_catalogue_may_name_is_one_the_library_has() -> None:
    import exchange_calendars

    assert set(exchange_calendars.get_calendar_names(include_aliases=False)) >= CALENDARS


@pytest.mark.parametrize("calendar", sorted(UNTOLD))
def test_a_calendar_that_is_refused_is_one_for_which_the_library_fails(calendar: str) -> None:
    import exchange_calendars

    with pytest.raises((ValueError, NotImplementedError)):
        exchange_calendars.get_calendar(calendar, start="2025-01-01", end="2026-12-31")


def test_what_is_written_of_calendars_is_what_the_installed_library_says() -> None:
    assert Path(closures.__file__).read_text(encoding="utf-8") == written(shipped()), (
        "renew it: make calendars"
    )


@pytest.mark.parametrize("calendar", shipped())
def test_sessions_and_settle_times_are_the_same_read_or_asked(
    calendar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, span = instrument("one", calendar), (date(2000, 1, 1), date(2026, 12, 31))
    read = calendar_sessions(calendar, *span)
    days = read.sample(50, seed=1).to_list()
    settled = [settled_at(one, day) for day in days]

    monkeypatch.setattr(closures, "VERSION", "another")

    assert calendar_sessions(calendar, *span).equals(read)
    assert [settled_at(one, day) for day in days] == settled


def test_a_week_with_a_holiday_has_four_sessions(gold: Instrument) -> None:
    week = expected_sessions(gold, date(2025, 11, 24), date(2025, 11, 30))

    assert week.to_list() == [date(2025, 11, day) for day in (24, 25, 26, 28)]


def test_an_instrument_leaves_sessions_out_and_adds_others(gold: Instrument) -> None:
    assert expected_sessions(gold, date(2016, 10, 10), date(2016, 10, 10)).is_empty()
    assert expected_sessions(gold, date(2025, 7, 4), date(2025, 7, 4)).to_list() == [date(2025, 7, 4)]
    assert len(calendar_sessions("XNYS", date(2016, 10, 10), date(2016, 10, 10))) == 1
    assert calendar_sessions("XNYS", date(2025, 7, 4), date(2025, 7, 4)).is_empty()


def test_a_span_that_ends_before_it_begins_has_no_sessions(gold: Instrument) -> None:
    assert expected_sessions(gold, date(2025, 7, 3), date(2025, 7, 2)).is_empty()


def test_currencies_trade_from_monday_to_friday() -> None:
    fortnight = calendar_sessions("24/5", date(2025, 12, 20), date(2026, 1, 2))

    assert len(fortnight) == 10
    assert date(2025, 12, 25) in fortnight.to_list()


def test_the_next_session_is_after_the_long_weekend() -> None:
    assert next_session("XNYS", date(2026, 1, 16)) == date(2026, 1, 20)
    assert next_session("XASX", date(2025, 12, 24)) == date(2025, 12, 29)


def test_sessions_are_the_same_whatever_span_was_asked_before() -> None:
    wide = calendar_sessions("XNYS", date(1995, 1, 1), date(2031, 12, 31))
    narrow = calendar_sessions("XNYS", date(2010, 1, 1), date(2010, 12, 31))

    assert wide.filter(wide.dt.year() == 2010).equals(narrow)


def test_beyond_the_end_of_a_calendar_every_weekday_counts() -> None:
    assert len(calendar_sessions("XSHG", date(2026, 9, 28), date(2026, 10, 9))) == 5
    assert len(calendar_sessions("XSHG", date(2062, 9, 29), date(2062, 10, 3))) == 3
    assert calendar_sessions("XSHG", date(2026, 9, 28), date(2062, 10, 6)).is_sorted()
    assert known_until("XSHG", date(2062, 10, 6)) < date(2062, 10, 6)
    assert known_until("XSHG", date(2026, 9, 28)) == date(2026, 9, 28)


def test_before_the_beginning_of_a_calendar_every_weekday_counts() -> None:
    assert len(calendar_sessions("XBOM", date(1990, 1, 22), date(1990, 1, 28))) == 5
    assert len(calendar_sessions("XBOM", date(1256, 1, 1), date(2000, 1, 1))) > 100_000


def test_beyond_the_end_of_a_calendar_an_exchange_trades_at_its_usual_hours(catalogue: Catalogue) -> None:
    shanghai = catalogue.instruments["shanghai_silver"]
    noon = datetime(2062, 10, 3, 12, tzinfo=ZoneInfo("Asia/Shanghai"))

    assert trading_since(shanghai, noon) == noon.replace(hour=9, minute=30)
    assert trading_since(shanghai, noon.replace(hour=16)) is None
    assert settled_at(shanghai, noon.date()) == noon.replace(hour=15)


def test_gold_settles_at_half_past_one_in_new_york_in_winter_and_summer(gold: Instrument) -> None:
    assert settled_at(gold, date(2026, 1, 30)) == datetime(2026, 1, 30, 18, 30, tzinfo=UTC)
    assert settled_at(gold, date(2026, 7, 1)) == datetime(2026, 7, 1, 17, 30, tzinfo=UTC)


def test_a_short_day_settles_at_its_early_close(gold: Instrument, catalogue: Catalogue) -> None:
    one_o_clock = datetime(2025, 11, 28, 13, tzinfo=NEW_YORK)

    assert settled_at(gold, date(2025, 11, 28)) == one_o_clock
    assert settled_at(catalogue.instruments["spy"], date(2025, 11, 28)) == one_o_clock
    assert settled_at(catalogue.instruments["palladium"], date(2025, 11, 28)) == one_o_clock


def test_sydney_has_its_closing_auction_on_short_days_too(lynas: Instrument) -> None:
    sydney = ZoneInfo("Australia/Sydney")

    assert settled_at(lynas, date(2025, 12, 23)) == datetime(2025, 12, 23, 16, 10, tzinfo=sydney)
    assert settled_at(lynas, date(2025, 12, 24)) == datetime(2025, 12, 24, 14, 20, tzinfo=sydney)


def test_a_currency_settles_on_every_weekday(catalogue: Catalogue) -> None:
    assert settled_at(catalogue.instruments["usdcny"], date(2025, 12, 25)) == datetime(
        2025, 12, 25, 23, 59, tzinfo=UTC
    )


def test_settle_times_follow_the_change_of_clocks_in_each_city(gold: Instrument, lynas: Instrument) -> None:
    days = pl.Series([date(2026, 3, 6), date(2026, 3, 9), date(2026, 4, 3), date(2026, 4, 6)])

    assert settled_at_column(gold, days).dt.strftime("%d %H:%M").to_list() == [
        "06 18:30",
        "09 17:30",
        "03 17:30",
        "06 17:30",
    ]
    assert settled_at_column(lynas, days).dt.strftime("%d %H:%M").to_list() == [
        "06 05:10",
        "09 05:10",
        "03 05:10",
        "06 06:10",
    ]


def test_the_column_of_settle_times_equals_the_single_ones_except_on_short_days(gold: Instrument) -> None:
    days = expected_sessions(gold, date(2024, 1, 1), date(2025, 12, 31))

    column = settled_at_column(gold, days)

    single = [settled_at(gold, day) for day in days]
    short = [day for day, known, settled in zip(days, column, single, strict=True) if known != settled]
    assert short == [
        date(2024, 7, 3),
        date(2024, 11, 29),
        date(2024, 12, 24),
        date(2025, 7, 3),
        date(2025, 11, 28),
        date(2025, 12, 24),
    ]
    assert (column >= pl.Series(single)).all()


def test_a_time_that_clocks_skip_or_repeat_is_taken_late_rather_than_early() -> None:
    skipped = local_instants(pl.Series([date(2026, 3, 8)]), time(2, 30), zone="America/New_York")
    repeated = local_instants(pl.Series([date(2025, 11, 2)]), time(1, 30), zone="America/New_York")

    assert skipped.item() == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert repeated.item() == datetime(2025, 11, 2, 6, 30, tzinfo=UTC)


def test_instants_of_no_days_are_no_instants(gold: Instrument) -> None:
    empty = settled_at_column(gold, pl.Series([], dtype=pl.Date))

    assert empty.is_empty()
    assert empty.dtype == pl.Datetime("us", "UTC")


def test_missing_sessions_are_those_between_the_first_and_the_last_bar(gold: Instrument) -> None:
    have = pl.Series([date(2025, 11, 25), date(2025, 12, 1)])

    assert missing_sessions(gold, have) == [date(2025, 11, 26), date(2025, 11, 28)]
    assert missing_sessions(gold, []) == []


@pytest.mark.parametrize(
    ("metal", "file"), [("gold", "gold_GCF.csv"), ("silver", "silver_SIF.csv"), ("copper", "copper_HGF.csv")]
)
def test_the_exceptions_of_each_metal_are_exactly_those_of_real_bars(
    metal: str, file: str, catalogue: Catalogue, real_prices: Path
) -> None:
    instrument = catalogue.instruments[metal]
    have = pl.read_csv(real_prices / file, columns=["date"])["date"].str.to_date()
    plain = replace(instrument, missing=frozenset(), extra=frozenset())
    sessions = set(expected_sessions(plain, date(2000, 8, 30), max(have)))

    assert sessions - set(have) == instrument.missing
    assert set(have) - sessions == instrument.extra
    assert missing_sessions(instrument, have) == []


def test_the_dollar_index_follows_new_york_but_for_its_exceptions(
    catalogue: Catalogue, real_prices: Path
) -> None:
    dollar = catalogue.instruments["dxy"]
    have = pl.read_csv(real_prices / "DXY.csv", columns=["date"])["date"].str.to_date()

    assert expected_sessions(dollar, min(have), max(have)).equals(have.sort().alias("session"))


# --- trading


@pytest.mark.parametrize(
    ("calendar", "zone", "now", "since"),
    [
        pytest.param("XNYS", "America/New_York", "2024-03-08T10:00", "2024-03-08T09:30", id="winter"),
        pytest.param("XNYS", "America/New_York", "2024-03-11T10:00", "2024-03-11T09:30", id="summer"),
        pytest.param("XNYS", "America/New_York", "2024-03-11T09:29", None, id="before the open"),
        pytest.param("XNYS", "America/New_York", "2024-03-11T16:00", None, id="after the close"),
        pytest.param("XNYS", "America/New_York", "2024-03-09T12:00", None, id="weekend"),
        pytest.param("XNYS", "America/New_York", "2024-11-29T13:00", None, id="after an early close"),
        pytest.param("XHKG", "Asia/Hong_Kong", "2024-03-12T10:00", "2024-03-12T09:30", id="morning"),
        pytest.param("XHKG", "Asia/Hong_Kong", "2024-03-12T12:30", None, id="midday"),
        pytest.param("XHKG", "Asia/Hong_Kong", "2024-03-12T13:30", "2024-03-12T13:00", id="afternoon"),
        pytest.param(
            "CMES", "America/New_York", "2024-03-11T19:00", "2024-03-11T18:00", id="the evening before"
        ),
        pytest.param("24/5", "America/New_York", "2024-03-12T10:00", "2024-03-12T00:00", id="weekday"),
        pytest.param("24/5", "America/New_York", "2024-03-10T10:00", None, id="Sunday"),
        pytest.param("24/5", "America/New_York", "2024-03-12T16:00", None, id="weekday, settled"),
    ],
)
def test_trading_began_when_the_exchange_opened_or_came_back_from_midday(
    calendar: str, zone: str, now: str, since: str | None
) -> None:
    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))

    found = trading_since(instrument("x", calendar, zone=zone), local(now))

    assert found == (local(since) if since else None)
