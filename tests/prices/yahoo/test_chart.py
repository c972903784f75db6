"""From bytes to rows: what the wire may hold, and what must come of it."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bars import ActionKind
from monitor.prices.source import FetchError, Outcome
from monitor.prices.yahoo.chart import Event, error_text, read_chart
from tests.support.yahoo_wire import at, body, finished, share

WEEK = [finished("2025-08-06", 3380), finished("2025-08-07", 3390), finished("2025-08-08", 3400)]


def test_the_reply_says_which_contract_it_quotes_and_when_it_was_traded() -> None:
    traded = at("2025-08-11T11:07:05")

    meta = read_chart(body(WEEK, traded=traded, exchangeName="CMX")).meta

    assert meta["contract"] == "Gold Dec 25"
    assert meta["exchange"] == "CMX"
    assert meta["currency"] == "USD"
    assert meta["source_time"] == traded


def test_splits_and_dividends_are_told_with_their_sessions() -> None:
    stamp = int(at("2025-03-07T09:30").timestamp())
    events: dict[str, Any] = {
        "splits": {"1": {"date": stamp, "numerator": 10, "denominator": 1, "splitRatio": "10:1"}},
        "dividends": {"2": {"date": stamp, "amount": 0.25}},
    }

    events["capitalGains"] = {"3": {"date": stamp, "amount": 1}}

    found = read_chart(body([share("2025-03-07", 45)], events=events)).events

    session = date(2025, 3, 7)
    assert set(found) == {
        Event(session, ActionKind.SPLIT, 10.0),
        Event(session, ActionKind.DIVIDEND, 0.25),
        Event(session, ActionKind.CAPITAL_GAIN, 1.0),
    }


GOOD = body(WEEK)


def _edited(**changes: Any) -> bytes:
    document = json.loads(GOOD)
    document["chart"]["result"][0].update(changes)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "an empty answer", id="empty"),
        pytest.param(b"<html>Will be right back</html>", "Will be right back", id="html"),
        pytest.param(GOOD[: len(GOOD) // 2], '"chart"', id="truncated"),
        pytest.param(GOOD.replace(b"3400", b"Infinity"), "Infinity is not a price", id="infinity"),
        pytest.param(b"[1, 2]", "[1, 2]", id="another document"),
        pytest.param(b'{"chart": 5}', "not a chart", id="not an object"),
        pytest.param(b"[" * 100_000, "not a chart", id="too deep"),
        pytest.param(_edited(timestamp=None), "without timestamps", id="no timestamp"),
        pytest.param(_edited(timestamp=[1, 2]), "3 values of open for 2 timestamps", id="unequal arrays"),
        pytest.param(_edited(timestamp=["a", "b", "c"]), "whole seconds", id="stamps that are not numbers"),
        pytest.param(_edited(timestamp=[10**30] * 3), "chart format", id="stamps beyond time"),
        pytest.param(_edited(meta={}), "exchangeTimezoneName", id="no zone"),
        pytest.param(
            _edited(meta={"exchangeTimezoneName": "Mars/Olympus"}), "Mars/Olympus", id="unknown zone"
        ),
        pytest.param(GOOD.replace(b"3400", b'"dear"'), "not the chart format", id="text for a price"),
    ],
)
def test_a_reply_that_is_not_a_chart_is_refused_with_its_first_bytes(content: bytes, said: str) -> None:
    with pytest.raises(FetchError) as caught:
        read_chart(content)

    assert caught.value.outcome == Outcome.BAD_PAYLOAD
    assert said in caught.value.detail
    assert len(caught.value.detail) < 520


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(body([finished("2025-08-06", None, None)] * 3), id="all null"),
        pytest.param(_edited(timestamp=None, indicators={"quote": [{}]}), id="no rows"),
        pytest.param(b'{"chart": {"result": [], "error": null}}', id="no result"),
        pytest.param(b'{"chart": {"result": null, "error": null}}', id="result null"),
    ],
)
def test_a_reply_without_a_single_price_is_empty(content: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        read_chart(content)

    assert caught.value.outcome == Outcome.EMPTY


def test_an_error_reply_is_told_in_yahoos_own_words() -> None:
    content = b'{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'

    with pytest.raises(FetchError) as caught:
        read_chart(content)

    assert caught.value.outcome == Outcome.UNAUTHORIZED
    assert error_text(content) == "Unauthorized: Invalid Crumb"


@given(st.binary(max_size=300) | st.builds(lambda cut: GOOD[:cut], st.integers(0, len(GOOD) - 1)))
def test_whatever_comes_is_a_chart_or_a_refusal(content: bytes) -> None:
    with pytest.raises(FetchError):
        read_chart(content)
