"""What only yfinance's reading of a reply does, and how we live with it; what both paths do alike is elsewhere."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.prices.yahoo import Way
from tests.prices.yahoo.conftest import GOLD, NEWMONT, Fetch, flat, straight
from tests.support.yahoo_market import Bar, equity, future
from tests.support.yahoo_server import YahooServer


@pytest.fixture
def path() -> Way:
    return "history"


POLL = """
import sys
from datetime import datetime
from pathlib import Path
from monitor.prices.yahoo import YahooSource
from tests.prices.yahoo.conftest import GOLD
source = YahooSource(cache_folder=Path(sys.argv[2]), endpoint=sys.argv[1], path="history")
now = datetime.fromisoformat("2020-03-12T18:40-04:00")
for _ in range(2):
    print([answer.outcome.value for answer in source.fetch([GOLD, GOLD], interval="1d", since={}, now=now)])
source.close()
"""


def test_the_last_row_of_a_future_stays_partial_until_there_is_a_later_one(
    fetch: Fetch, server: YahooServer
) -> None:
    last = []
    for instant in (
        "2020-03-12T17:10",
        "2020-03-12T18:40",
        "2020-03-13T00:10",
        "2020-03-15T12:00",
        "2020-03-16T00:10",
    ):
        server.clock.move(datetime.fromisoformat(f"{instant}-04:00"))
        (gold,) = fetch(GOLD)
        last.append(
            [f"{day:%d} {status}" for day, status in gold.bars.select("session", "status").rows()[-2:]]
        )

    assert last == [
        ["11 provisional", "12 partial"],
        ["11 provisional", "13 partial"],  # the finished 12th is not in yfinance's frame
        ["12 provisional", "13 partial"],
        ["12 provisional", "13 partial"],  # all weekend
        ["13 provisional", "16 partial"],
    ]


def test_a_live_row_that_yfinance_moves_to_tomorrow_does_not_count_as_a_finished_bar(
    fetch: Fetch, server: YahooServer
) -> None:
    server.clock.move(datetime.fromisoformat("2020-03-12T22:00:30-04:00"))

    (gold,) = fetch(GOLD)

    days = gold.bars.select("session", "status", "opened_at").rows()[-2:]
    assert days[0][:2] == (date(2020, 3, 12), "provisional")
    assert days[1] == (date(2020, 3, 13), "partial", datetime(2020, 3, 13, 2, 0, 30, tzinfo=UTC))


def test_a_volume_of_zero_is_unknown(fetch: Fetch, server: YahooServer) -> None:
    server.put(equity("NEM", [bar._replace(volume=None) for bar in straight(45, 0.5)]))
    (unknown,) = fetch(NEWMONT)
    server.put(equity("NEM", [bar._replace(volume=0) for bar in straight(45, 0.5)]))
    (zero,) = fetch(NEWMONT)

    assert unknown.bars["volume"].null_count() == unknown.bars.height
    assert zero.bars["volume"].null_count() == zero.bars.height


def test_a_session_without_a_close_in_the_middle_is_no_bar_and_its_neighbours_stay(
    fetch: Fetch, server: YahooServer
) -> None:
    closes: dict[str, float | None] = {"2020-03-09": 50.0, "2020-03-10": None, "2020-03-11": 51.0}
    server.put(equity("NEM", flat(closes)))

    (newmont,) = fetch(NEWMONT)

    assert [day.day for day in newmont.bars["session"]] == [9, 11]


def test_a_history_of_one_bar_that_is_over_is_told(fetch: Fetch, server: YahooServer) -> None:
    server.put(future("GC=F", [Bar(date(2020, 3, 10), 1, 1, 1, 1, 1), Bar(date(2020, 3, 11), 2, 2, 2, 2, 1)]))

    (gold,) = fetch(GOLD)

    assert gold.bars.select("close", "status").rows() == [(1, "provisional"), (2, "partial")]


def test_the_whole_history_is_asked_for_in_one_request_without_a_look_up_of_the_zone(
    fetch: Fetch, server: YahooServer
) -> None:
    fetch(GOLD)

    (asked,) = server.charts()
    assert asked.query["period1"] == "1"
    assert int(asked.query["period2"]) == int((server.clock() + timedelta(days=1)).timestamp())
    assert "range" not in asked.query


def test_nothing_is_printed_although_pandas_will_refuse_what_yfinance_does(
    server: YahooServer, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", POLL, server.url, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["['ok', 'ok']"] * 2
    assert done.stderr == ""
