"""From the rows of a chart to bars: the session of each row, one bar per session, how settled it is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bars import BARS
from monitor.instruments import AssetKind, Instrument
from monitor.prices.yahoo.chart import read_chart
from monitor.prices.yahoo.daily import Calendar, Daily, daily_bars
from monitor.sessions import settled_at_column
from tests.prices.yahoo.conftest import GOLD, NEWMONT, instrument
from tests.support.yahoo_wire import NEW_YORK, at, body, finished, row, share

LABOR_DAY = date(2025, 9, 1)
WEEK = [finished("2025-08-06", 3380), finished("2025-08-07", 3390), finished("2025-08-08", 3400)]


def bars(content: bytes, *, now: datetime, of: Instrument = GOLD) -> pl.DataFrame:
    return read(content, now=now, of=of).bars


def read(content: bytes, *, now: datetime, of: Instrument = GOLD) -> Daily:
    return daily_bars(read_chart(content), instrument=of, calendar=weekdays(of), now=now)


def weekdays(of: Instrument) -> Calendar:
    """Monday to Friday, without Labor Day: a calendar that is not the one of the product."""

    def is_session(day: date) -> bool:
        return day.weekday() < 5 and day != LABOR_DAY

    def next_session(day: date) -> date:
        return next(later for n in range(1, 9) if is_session(later := day + timedelta(days=n)))

    return Calendar(
        is_session=is_session,
        next_session=next_session,
        settled_at=lambda day: datetime.combine(day, of.settle, ZoneInfo(of.zone)),
        settled_column=lambda days: settled_at_column(of, days),
    )


def statuses(frame: pl.DataFrame) -> dict[str, str]:
    return {f"{session:%m-%d}": status for session, status in frame.select("session", "status").rows()}


def closes(frame: pl.DataFrame) -> dict[str, float]:
    return {f"{session:%m-%d}": close for session, close in frame.select("session", "close").rows()}


def test_a_frame_has_the_columns_of_a_bar_frame_and_says_when_its_values_were_known() -> None:
    frame = bars(body(WEEK), now=at("2025-08-09T12:00"))

    assert dict(frame.schema) == BARS
    assert frame["instrument"].unique().to_list() == ["gold"]
    assert frame["opened_at"].to_list()[0] == at("2025-08-06")
    assert frame["known_at"].to_list() == [at(f"2025-08-0{day}T17:00") for day in (6, 7, 8)]


def test_the_newest_settled_session_is_provisional_and_those_before_it_final() -> None:
    frame = bars(body(WEEK), now=at("2025-08-09T12:00"))

    assert statuses(frame) == {"08-06": "final", "08-07": "final", "08-08": "provisional"}


def test_the_forming_bar_of_a_future_is_partial_and_known_only_since_now() -> None:
    now = at("2025-08-11T11:17:05")
    content = body([*WEEK, row(at("2025-08-11T11:07:05"), 3350, 150_000)], traded=at("2025-08-11T11:07:05"))

    frame = bars(content, now=now)

    assert statuses(frame) == {"08-06": "final", "08-07": "final", "08-08": "provisional", "08-11": "partial"}
    assert frame["known_at"].to_list()[-1] == now


def test_the_forming_bar_of_a_share_is_partial_until_the_close() -> None:
    content = body([share("2025-03-06", 44), share("2025-03-07", 45), row(at("2025-03-10T14:00:02"), 46)])

    frame = bars(content, now=at("2025-03-10T14:15"), of=NEWMONT)

    assert statuses(frame) == {"03-06": "final", "03-07": "provisional", "03-10": "partial"}


def test_a_share_that_is_over_is_provisional_although_its_row_still_carries_the_last_trade() -> None:
    last = at("2025-03-10T16:00:02")
    content = body([share("2025-03-06", 44), share("2025-03-07", 45), row(last, 46)], traded=last)

    frame = bars(content, now=at("2025-03-10T16:05"), of=NEWMONT)

    assert statuses(frame) == {"03-06": "final", "03-07": "final", "03-10": "provisional"}


def test_a_bar_whose_quote_is_older_than_the_close_stays_partial_as_long_as_quotes_may_run_late() -> None:
    content = body([share("2025-03-07", 45), share("2025-03-10", 46)], traded=at("2025-03-10T15:50"))

    early = bars(content, now=at("2025-03-10T16:05"), of=NEWMONT)
    later = bars(content, now=at("2025-03-10T16:31"), of=NEWMONT)

    assert statuses(early)["03-10"] == "partial"
    assert statuses(later)["03-10"] == "provisional"


def test_a_running_session_is_partial_even_when_its_row_is_stamped_like_a_finished_one() -> None:
    frame = bars(body([*WEEK, finished("2025-08-11", 3350)]), now=at("2025-08-11T11:00"))

    assert statuses(frame)["08-11"] == "partial"


def test_the_live_quote_of_a_future_never_settles_because_it_is_another_contract() -> None:
    live = row(at("2025-08-11T16:59:30"), 3404.7, 180_000)

    frame = bars(body([*WEEK, live], traded=at("2025-08-11T16:59:30")), now=at("2025-08-11T17:45"))

    assert statuses(frame)["08-11"] == "partial"


def test_trades_after_18_00_open_the_next_session_and_leave_the_finished_day_alone() -> None:
    monday = finished("2025-08-11", 3353.1, 210)
    evening = row(at("2025-08-11T18:40:12"), 3392, 758)

    frame = bars(body([*WEEK, monday, evening]), now=at("2025-08-11T18:50"))

    assert closes(frame)["08-11"] == 3353.1
    assert closes(frame)["08-12"] == 3392
    assert statuses(frame)["08-12"] == "partial"


@pytest.mark.parametrize("clock", ["21:59:30", "22:00:00", "22:00:30", "22:01:30", "23:00:00", "23:59:59"])
def test_an_evening_trade_belongs_to_the_same_session_whatever_its_minute(clock: str) -> None:
    frame = bars(body([*WEEK, row(at(f"2025-08-11T{clock}"), 3392)]), now=at("2025-08-12T00:05"))

    assert list(closes(frame))[-1] == "08-12"


def test_a_sunday_evening_row_is_folded_into_monday() -> None:
    frame = bars(body([*WEEK, row(at("2025-08-10T18:30:07"), 3395)]), now=at("2025-08-10T18:45"))

    assert list(closes(frame)) == ["08-06", "08-07", "08-08", "08-11"]


@pytest.mark.parametrize("stamp", ["2025-09-01T11:30:07", "2025-09-01T00:00:00"])
def test_a_holiday_row_is_folded_into_the_next_session(stamp: str) -> None:
    rows = [finished("2025-08-28", 3400), finished("2025-08-29", 3410), row(at(stamp), 3475)]

    frame = bars(body(rows), now=at("2025-09-01T11:45"))

    assert list(closes(frame)) == ["08-28", "08-29", "09-02"]
    assert statuses(frame)["09-02"] == "partial"


def test_a_finished_row_outside_the_calendar_keeps_its_date() -> None:
    rows = [finished("2025-08-29", 3410), finished("2025-09-01", 3475), finished("2025-09-02", 3550)]

    frame = bars(body(rows), now=at("2025-09-03T08:00"))

    assert closes(frame) == {"08-29": 3410, "09-01": 3475, "09-02": 3550}


def test_of_a_finished_and_a_live_bar_of_one_session_the_finished_one_stays() -> None:
    rows = [share("2025-03-07", 45), share("2025-03-10", 46), row(at("2025-03-10T16:00:02"), 46, 5)]

    frame = bars(body(rows), now=at("2025-03-10T17:00"), of=NEWMONT)

    assert frame["volume"].to_list() == [1000, 1000]


def test_thirteen_copies_in_any_order_are_one_series() -> None:
    frame = bars(body([*reversed(WEEK)] * 13), now=at("2025-08-09T12:00"))

    assert closes(frame) == {"08-06": 3380, "08-07": 3390, "08-08": 3400}


def test_a_newest_session_without_a_close_is_not_used_and_the_one_before_it_stays_final() -> None:
    frame = bars(body([*WEEK[:2], finished("2025-08-08", None, 5000)]), now=at("2025-08-09T12:00"))

    assert statuses(frame) == {"08-06": "final", "08-07": "final"}


def test_sessions_are_right_on_both_sides_of_a_change_of_clocks() -> None:
    sydney = ZoneInfo("Australia/Sydney")
    days = ["2025-10-02", "2025-10-03", "2025-10-06", "2025-10-07"]
    rows = [share(day, 2.5, sydney, "10:00") for day in days]
    lynas = instrument("lyc", "LYC.AX", AssetKind.EQUITY)

    frame = bars(body(rows, exchangeTimezoneName="Australia/Sydney"), now=at("2025-10-08T20:00"), of=lynas)

    assert [f"{day}" for day in frame["session"]] == days


def test_midnight_stamps_that_missed_a_change_of_clocks_keep_their_session() -> None:
    rows = [row(at("2025-10-30T23:00"), 3990), finished("2025-11-03", 4000), finished("2025-11-04", 4010)]

    frame = bars(body(rows), now=at("2025-11-05T08:00"))

    assert list(closes(frame)) == ["10-31", "11-03", "11-04"]


def test_a_currency_is_dated_by_london_midnight() -> None:
    london = ZoneInfo("Europe/London")
    rows = [row(at(f"2025-08-0{day}", london), 7.18) for day in (6, 7)]
    live = row(at("2025-08-08T22:30:15", london), 7.19)
    yuan = instrument("usdcny", "CNY=X", AssetKind.FX)

    frame = bars(
        body([*rows, live], exchangeTimezoneName="Europe/London"), now=at("2025-08-08T17:31"), of=yuan
    )

    assert list(closes(frame)) == ["08-06", "08-07", "08-08"]


# values


@pytest.mark.parametrize("close", [None, 0, -37.63, 1e999])
def test_a_row_without_a_positive_finite_close_is_dropped(close: float | None) -> None:
    content = body([*WEEK[:2], finished("2025-08-08", close)]).replace(b"Infinity", b"1e999")

    assert closes(bars(content, now=at("2025-08-09T12:00"))) == {"08-06": 3380, "08-07": 3390}


@pytest.mark.parametrize(
    ("day", "close", "told"),
    [
        ("2025-08-08", None, ["no_price"]),
        ("2025-08-08", -37.63, ["no_price"]),
        ("2025-09-01", None, []),
        ("2025-09-01", -37.63, ["no_price"]),
    ],
    ids=["none", "negative", "none on a holiday", "negative on a holiday"],
)
def test_a_row_that_is_left_out_is_told_unless_nobody_expected_one(
    day: str, close: float | None, told: list[str]
) -> None:
    rows = [*WEEK[:2], finished(day, close), finished("2025-09-03", 3410)]
    found = read(body(rows), now=at("2025-09-05T12:00")).findings

    assert [one.kind.value for one in found] == told
    assert all((f"{one.session}", one.seen, one.held) == (day, close, True) for one in found)


def test_rows_of_the_future_and_rows_that_do_not_agree_are_told() -> None:
    rows = [*WEEK, finished("2025-08-08", 3450), finished("2025-08-11", 3500), finished("2025-09-03", 3410)]

    daily = read(body(rows), now=at("2025-08-12T12:00"))

    assert closes(daily.bars) == {"08-06": 3380, "08-07": 3390, "08-08": 3450, "08-11": 3500}
    assert [(one.kind.value, f"{one.session:%m-%d}", one.seen) for one in daily.findings] == [
        ("conflict", "08-08", 3450),
        ("future", "09-03", 3410),
    ]
    assert "2 rows of one session with different closes: the last one, 3450" in daily.findings[0].reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"high": 3300.0, "low": 3500.0},
        {"high": 3399.0},
        {"low": 3401.0},
        {"open": 3500.0},
        {"open": 0.0, "low": 0.0},
    ],
    ids=str,
)
def test_contradictory_open_high_and_low_become_unknown_and_the_close_stays(wrong: dict[str, float]) -> None:
    frame = bars(body([*WEEK[:2], finished("2025-08-08", 3400, **wrong)]), now=at("2025-08-09T12:00"))

    assert frame.select("open", "high", "low", "close").row(-1) == (None, None, None, 3400)
    assert frame["high"].null_count() == 1


def test_a_missing_high_leaves_the_other_fields() -> None:
    frame = bars(body([*WEEK[:2], finished("2025-08-08", 3400, high=None)]), now=at("2025-08-09T12:00"))

    assert frame.select("open", "high", "low", "close").row(-1) == (3400, None, 3400, 3400)


def test_rows_from_the_future_are_not_used() -> None:
    frame = bars(body(WEEK), now=at("2025-08-07T20:00"))

    assert list(closes(frame)) == ["08-06", "08-07"]


def test_sessions_before_an_instrument_came_to_life_are_not_its_own() -> None:
    reborn = Instrument(
        **{name: getattr(NEWMONT, name) for name in NEWMONT.__slots__ if name != "valid_from"},
        valid_from=date(2025, 3, 7),
    )

    content = body([share("2025-03-06", 10), share("2025-03-07", 45)])

    assert closes(bars(content, now=at("2025-03-10T08:00"), of=reborn)) == {"03-07": 45}


@given(
    st.lists(
        st.sampled_from(["2025-08-06", "2025-08-07", "2025-08-08", "2025-08-11"]), min_size=1, max_size=12
    ),
    st.sampled_from([time(3), time(12), time(17, 30), time(18, 30), time(23, 30)]),
)
def test_there_is_one_bar_per_session_and_at_most_one_provisional(days: list[str], clock: time) -> None:
    now = datetime.combine(date(2025, 8, 11), clock, NEW_YORK)
    rows = [finished(day, 3400 + number) for number, day in enumerate(days)]

    frame = bars(body([*rows, row(now, 3500)]), now=now)

    assert frame["session"].is_unique().all()
    assert frame["session"].is_sorted()
    assert (frame["status"] == "provisional").sum() <= 1
    assert frame["known_at"].max() <= now.astimezone(UTC)  # type: ignore[operator]
