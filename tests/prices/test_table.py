"""Price files in the forms people have them: every row is read, refused with its line, or told of."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from monitor.bars import BARS, Status
from monitor.errors import FaultyFileError
from monitor.instruments import Catalogue
from monitor.prices.files import read_prices
from tests.prices.price_files import Read, Write, closes, faults_of

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
ROW = "2025-01-02,10,12,9,11,11,1000\n"


def test_a_yahoo_file_becomes_bars_known_from_the_settle_time(read: Read) -> None:
    prices = read(HEADER + ROW)

    assert prices.frame.schema == BARS
    assert prices.frame.row(0, named=True) == {
        "instrument": "spy",
        "interval": "1d",
        "session": date(2025, 1, 2),
        "opened_at": None,
        "known_at": datetime(2025, 1, 2, 21, 0, tzinfo=UTC),
        "open": 10.0,
        "high": 12.0,
        "low": 9.0,
        "close": 11.0,
        "volume": 1000.0,
        "status": "final",
    }
    assert prices.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "DATE;OPEN;HIGH;LOW;CLOSE;VOLUME\n2025-01-02;10;12;9;11;1000\n",
        "date\tclose\topen\n2025-01-02\t11\t10\n",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nSPY.US,D,20250102,000000,10,12,9,11,1000,0\n",
        "Data,Otwarcie,Najwyższy,Najniższy,Zamknięcie,Wolumen\n2025-01-02,10,12,9,11,1000\n",
        "Price,Close,High,Low,Open,Volume\nTicker,SPY,SPY,SPY,SPY,SPY\nDate,,,,,\n2025-01-02,11,12,9,10,1000\n",
        ",Open,High,Low,Close\n2025-01-02 00:00:00-05:00,10,12,9,11\n",
        'Datetime,Close/Last\n2025-01-02T00:00:00Z,"$11.00"\n',
        "\ufeffdate,value\r\n2025/01/02, 11 \r\n\r\n",
    ],
    ids=[
        "capitals",
        "tabs",
        "stooq bulk",
        "stooq polish",
        "yfinance columns",
        "pandas index",
        "quoted",
        "manual",
    ],
)
def test_columns_are_known_by_the_names_vendors_give_them(read: Read, text: str) -> None:
    assert closes(read(text)) == {"2025-01-02": 11.0}


@pytest.mark.parametrize(
    ("name", "stamp", "session"),
    [
        ("spy", "2025-03-10 20:00:02Z", "2025-03-10"),
        ("spy", "2025-03-11T00:30:00+00:00", "2025-03-10"),
        ("gold", "2025-08-11 18:40:00-04:00", "2025-08-12"),
        ("gold", "2025-08-11 17:40:00-0400", "2025-08-11"),
        ("lyc", "2025-10-20 23:00:00+00:00", "2025-10-21"),
        ("lyc", "2025-10-21 00:00:00+11:00", "2025-10-21"),
        ("usdcny", "2025-07-01 00:00:00+01:00", "2025-07-01"),
        ("spy", "2025-03-10 16:00", "2025-03-10"),
    ],
)
def test_an_instant_belongs_to_the_session_of_its_exchange(
    read: Read, name: str, stamp: str, session: str
) -> None:
    assert closes(read(f"Date,Close\n{stamp},5\n", f"{name}.csv")) == {session: 5.0}


def test_thousands_and_empty_values_are_understood(read: Read) -> None:
    prices = read('Date,Open,Close,Volume\n2025-01-02,n/a,"1,234.50","12,000,000"\n2025-01-03,null,7,-\n')

    assert closes(prices) == {"2025-01-02": 1234.5, "2025-01-03": 7.0}
    assert prices.frame["volume"].to_list() == [12_000_000.0, None]
    assert prices.frame["open"].to_list() == [None, None]


def test_every_row_that_cannot_be_read_is_told_with_its_line(read: Read) -> None:
    text = (
        HEADER
        + ROW
        + "2025-13-03,1,1,1,1,1,1\n\n2025-01-06,1,x,1,1,1,1\n07/01/2025,1,1,1,1e999,1,1\n,1,1,1,1,1,1\n"
    )

    assert faults_of(read, text) == [
        "spy.csv:3:1: the date '2025-13-03' is not a date; expected one such as 2026-01-30",
        "spy.csv:5:14: the high 'x' is not a number; expected one such as 1234.5, or nothing where there is no value",
        "2025' is not a date; expected one such as 2026-01-30",
        "spy.csv:6:18: the close '1e999' is not a number; expected one such as 1234.5, or nothing where there is no value",
        "spy.csv:7:1: the row has no date; expected one such as 2026-01-30",
    ]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_thousands_that_can_be_nothing_else_are_understood_in_any_file(read: Read, sign: str) -> None:
    prices = read(f"Date{sign}Close{sign}Volume\n2025-01-02{sign}1,234.50{sign}12,000,000\n")

    assert prices.frame.select("close", "volume").row(0) == (1234.5, 12_000_000.0)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_a_decimal_comma_is_refused_rather_than_read_as_thousands(read: Read, sign: str) -> None:
    assert (
        "the close '1,234' is not a number" in faults_of(read, f"Date{sign}Close\n2025-01-02{sign}1,234\n")[0]
    )


@pytest.mark.parametrize("day", ["25-01-02", "02-01-25", "02/01/25"])
def test_a_year_of_two_digits_is_refused_rather_than_read_as_one_of_antiquity(read: Read, day: str) -> None:
    with pytest.raises(FaultyFileError, match=f"the date '{day}' is not a date"):
        read(f"Date,Close\n{day},5\n")


def test_a_row_cut_short_or_too_long_is_a_fault(read: Read) -> None:
    assert faults_of(read, HEADER + ROW + "2025-01-03,10,12\n2025-01-06,1,234.5,1,1,1,1,1\n") == [
        "spy.csv:3:1: the row has 3 fields; expected 7 as in the header",
        "spy.csv:4:1: the row has 8 fields; expected 7 as in the header",
    ]
    assert faults_of(read, 'Date,Close\n2025-01-02,"5"\n2025-01-03\n') == [
        "spy.csv:3:1: the row has 1 fields; expected 2 as in the header"
    ]


def test_a_file_of_another_kind_says_what_was_expected(read: Read) -> None:
    assert (
        "no column for the date and the close; found 'name', 'size'" in faults_of(read, "name,size\na,1\n")[0]
    )
    assert "the file is empty" in faults_of(read, "")[0]


def test_a_file_of_thousands_of_bad_rows_is_told_shortly(read: Read) -> None:
    faults = faults_of(read, "Date,Close\n" + "nonsense,1\n" * 5000)

    assert len(faults) == 51
    assert faults[-1].endswith("and 4,950 more rows like these")


def test_of_rows_that_repeat_a_session_the_last_one_counts(read: Read) -> None:
    prices = read("Date,Close\n2025-01-03,2.1\n2025-01-02,1\n2025-01-02,2\n")

    assert closes(prices) == {"2025-01-02": 2.0, "2025-01-03": 2.1}
    assert prices.warnings == (
        (
            "spy (spy.csv): several rows of one session, the finished one with the most volume counts, "
            "else the last (1): 2025-01-02"
        ),
    )


def test_a_row_without_a_close_above_zero_makes_no_bar_and_is_told(read: Read) -> None:
    prices = read("Date,Close\n2025-01-02,\n2025-01-03,0\n2025-01-06,-37.63\n2025-01-07,5\n")

    assert closes(prices) == {"2025-01-07": 5.0}
    assert prices.warnings == (
        "spy (spy.csv): no close above zero, left out (3): 2025-01-02, 2025-01-03, 2025-01-06",
    )


@pytest.mark.parametrize(
    "row", ["10,9,8,8.5", "10,12,11,10.5", "10,12,9,13", "0,12,9,11", "8,12,9,11", "10,8,12,11"]
)
def test_prices_that_contradict_each_other_are_unknown_but_the_close_stays(read: Read, row: str) -> None:
    prices = read(f"Date,Open,High,Low,Close\n2025-01-02,{row}\n2025-01-03,10,12,9,11\n")

    assert prices.frame.select("open", "high", "low").row(0) == (None, None, None)
    assert prices.frame.select("open", "high", "low").row(1) == (10.0, 12.0, 9.0)
    assert prices.frame["close"].null_count() == 0
    assert "contradict each other" in prices.warnings[0]


def test_a_missing_open_does_not_make_high_and_low_unknown(read: Read) -> None:
    prices = read("Date,Open,High,Low,Close\n2025-01-02,,12,9,11\n")

    assert prices.frame.select("open", "high", "low").row(0) == (None, 12.0, 9.0)
    assert prices.warnings == ()


def test_the_last_row_is_provisional_until_its_settle_time(read: Read) -> None:
    text = "Date,Close\n2025-01-02,5\n2025-01-03,5.1\n"

    def statuses(now: datetime | None) -> list[str]:
        return read(text, now=now).frame["status"].to_list()

    assert statuses(datetime(2025, 1, 3, 20, 59, tzinfo=UTC)) == [Status.FINAL, Status.PROVISIONAL]
    assert statuses(datetime(2025, 1, 3, 21, 0, tzinfo=UTC)) == [Status.FINAL, Status.FINAL]
    assert statuses(None) == [Status.FINAL, Status.FINAL]


def test_rows_of_another_life_of_the_symbol_are_left_out(read: Read) -> None:
    prices = read("Date,Close\n2020-11-17,14\n2020-11-18,15\n", "MP.csv")

    assert closes(prices) == {"2020-11-18": 15.0}
    assert "1 of 2 rows are before 2020-11-18 and left out" in prices.warnings[0]


def test_intraday_bars_are_refused(read: Read) -> None:
    rows = "".join(f"2025-01-02 {hour:02}:30:00-05:00,5\n" for hour in range(9, 16))

    assert faults_of(read, "Datetime,Close\n" + rows) == [
        "spy.csv: holds intraday bars; expected one row per session"
    ]


@pytest.mark.parametrize(
    "dates", [pl.Date, pl.Datetime("ns", "America/New_York"), pl.Datetime("us", "UTC"), pl.String]
)
def test_parquet_is_read_whatever_type_its_dates_have(
    dates: pl.DataType, tmp_path: Path, catalogue: Catalogue
) -> None:
    days = pl.Series("Date", ["2025-07-01", "2025-07-02"]).str.to_datetime("%Y-%m-%d")
    zone = getattr(dates, "time_zone", None)
    column = (
        days.dt.date().cast(pl.String) if dates == pl.String else days.dt.replace_time_zone(zone).cast(dates)
    )
    pl.DataFrame({"Date": column, "Close": [5, 6], "Volume": [1.0, float("nan")]}).write_parquet(
        tmp_path / "spy.parquet"
    )

    prices = read_prices(tmp_path, catalogue)

    assert closes(prices) == {"2025-07-01": 5.0, "2025-07-02": 6.0}
    assert prices.frame["volume"].to_list() == [1.0, None]


def test_a_broken_parquet_file_is_a_fault(write: Write, catalogue: Catalogue) -> None:
    with pytest.raises(FaultyFileError, match="cannot be read as a table"):
        read_prices(write("not parquet", "spy.parquet"), catalogue)


def test_columns_of_a_parquet_file_that_hold_lists_are_faults(tmp_path: Path, catalogue: Catalogue) -> None:
    frame = pl.DataFrame({"Date": [[date(2025, 7, 1)]], "Close": [[5.0]], "Volume": [b"1"]})
    frame.write_parquet(tmp_path / "spy.parquet")

    with pytest.raises(FaultyFileError) as caught:
        read_prices(tmp_path, catalogue)

    assert [
        str(fault).partition(": the column ")[2].partition(" is of")[0] for fault in caught.value.faults
    ] == [
        "for the date",
        "for the close",
        "for the volume",
    ]


def test_columns_of_a_parquet_file_of_another_kind_are_faults(tmp_path: Path, catalogue: Catalogue) -> None:
    frame = pl.DataFrame({"Date": [timedelta(1)], "Open": [True], "Close": [date(2025, 7, 1)]})
    frame.write_parquet(tmp_path / "spy.parquet")

    with pytest.raises(FaultyFileError) as caught:
        read_prices(tmp_path, catalogue)

    assert [str(fault).rpartition("the column for the ")[2] for fault in caught.value.faults] == [
        "date is of type Duration(time_unit='us'); expected a date a row",
        "open is of type Boolean; expected a number a row",
        "close is of type Date; expected a number a row",
    ]


def test_the_unicode_text_of_a_spreadsheet_is_read(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "spy.csv").write_text("Date\tClose\n2025-07-01\t5\n", encoding="utf-16")

    assert closes(read_prices(tmp_path, catalogue)) == {"2025-07-01": 5.0}
