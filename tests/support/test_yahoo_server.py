"""The loopback Yahoo is a product of its own: it must show what Yahoo would at that instant, and nothing later."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from tests.support.yahoo_market import Bar, Clock, Series, chart, equity, future
from tests.support.yahoo_server import YahooServer

BARS = [
    Bar(date(2020, 3, 10), 1670, 1680, 1650, 1660, 500),
    Bar(date(2020, 3, 11), 1660, 1671, 1632, 1642, 400),
    Bar(date(2020, 3, 12), 1640, 1650, 1560, 1590, 300),
]
GOLD = future("GC=F", BARS)
EVERYTHING = {"period1": "0", "period2": "9999999999"}


def reply(series: Series, when: str, **query: str) -> Any:
    now = datetime.fromisoformat(when)
    return chart(series, now=now, query=query or EVERYTHING)["chart"]["result"][0]


def call(url: str, method: str = "GET", body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method), timeout=10) as answer:
        return json.load(answer)


def test_sessions_that_are_over_are_stamped_at_midnight_and_the_running_one_at_the_last_trade() -> None:
    result = reply(GOLD, "2020-03-12T12:00:07-04:00")

    stamps = [datetime.fromtimestamp(stamp, UTC) for stamp in result["timestamp"]]
    assert stamps == [
        datetime(2020, 3, 10, 4, tzinfo=UTC),
        datetime(2020, 3, 11, 4, tzinfo=UTC),
        datetime(2020, 3, 12, 16, 0, 7, tzinfo=UTC),
    ]
    assert 1590 < result["indicators"]["quote"][0]["close"][-1] < 1640
    assert result["meta"]["regularMarketTime"] == result["timestamp"][-1]


def test_the_session_of_tomorrow_begins_at_18_00() -> None:
    assert len(reply(GOLD, "2020-03-11T17:59-04:00")["timestamp"]) == 2
    assert len(reply(GOLD, "2020-03-11T18:01-04:00")["timestamp"]) == 3


def test_a_share_is_stamped_at_its_open_and_has_no_row_before_it() -> None:
    share = equity("NEM", BARS)

    before = reply(share, "2020-03-12T09:00-04:00")
    after = reply(share, "2020-03-12T16:30-04:00")

    assert len(before["timestamp"]) == 2
    assert after["timestamp"][-1] == datetime(2020, 3, 12, 13, 30, tzinfo=UTC).timestamp()
    assert after["indicators"]["quote"][0]["close"][-1] == 1590


@pytest.mark.parametrize(("span", "rows"), [("1d", 1), ("5d", 3), ("max", 3)])
def test_a_range_is_counted_from_the_end(span: str, rows: int) -> None:
    assert len(reply(GOLD, "2020-03-12T17:30-04:00", range=span)["timestamp"]) == rows


def test_a_period_without_rows_has_no_timestamps() -> None:
    result = reply(GOLD, "2020-03-12T17:30-04:00", period1="0", period2="1000")

    assert "timestamp" not in result
    assert result["indicators"]["quote"] == [{}]


def test_another_exchange_has_its_own_zone() -> None:
    lynas = equity("LYC.AX", BARS, zone="Australia/Sydney", opens=time(10), currency="AUD")

    result = reply(lynas, "2020-03-12T17:30-04:00")

    assert result["timestamp"][0] == datetime(2020, 3, 9, 23, tzinfo=UTC).timestamp()
    assert result["meta"]["currency"] == "AUD"


def test_it_is_steered_over_http() -> None:
    with YahooServer([GOLD], clock=Clock.parse("2020-03-10T20:00-04:00")) as server:
        moved = call(f"{server.url}/-/clock", "POST", {"now": "2020-03-12T20:00-04:00"})
        call(
            f"{server.url}/-/faults",
            "POST",
            {"target": "GC=F", "faults": [{"kind": "status", "status": 503}], "times": 2},
        )
        call(f"{server.url}/-/faults", "DELETE")
        prices = call(f"{server.url}/v8/finance/chart/GC=F?range=max")
        log = call(f"{server.url}/-/log")

    assert moved == {"now": "2020-03-13T00:00:00+00:00"}
    assert len(prices["chart"]["result"][0]["timestamp"]) == 3
    assert [one["symbol"] for one in log] == ["GC=F"]


def test_as_a_process_it_serves_a_folder_of_prices(tmp_path: Path) -> None:
    (tmp_path / "prices.yml").write_text("gold: [old.csv, gold.csv]\nsomething: else.csv\n")
    (tmp_path / "old.csv").write_text("date,open,high,low,close,volume\n2020-03-11,1,1,1,1,\n")
    (tmp_path / "gold.csv").write_text("date,open,high,low,close,adj_close,volume\n2020-03-11,9,9,9,9,,5\n")

    with _process(tmp_path, "2020-03-12T18:00-04:00") as url:
        result = call(f"{url}/v8/finance/chart/GC=F?range=max")["chart"]["result"][0]

    assert result["indicators"]["quote"][0]["close"] == [9]


@contextmanager
def _process(folder: Path, clock: str) -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "tests.support.yahoo_server"]
    given = ["--prices", str(folder), "--clock", clock]
    with subprocess.Popen([*command, *given], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            yield url
        finally:
            process.terminate()
