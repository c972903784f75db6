"""Yahoo's chart reply, from bytes to rows: what the wire said, checked and typed, nothing interpreted.

A reply that is not whole is refused as such; a price that is missing is null.  Which session a row belongs to and
whether it is finished is decided in `daily`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

import polars as pl
from polars.exceptions import PolarsError

from monitor.bars import FIELDS, ActionKind
from monitor.bars import UTC as INSTANT
from monitor.prices.source import FetchError, Outcome, one_line

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = 200
_ERROR_CODES = {"Not Found": Outcome.NOT_FOUND, "Unauthorized": Outcome.UNAUTHORIZED}
NAMES = {
    "contract": "shortName",
    "name": "longName",
    "symbol": "symbol",
    "currency": "currency",
    "exchange": "exchangeName",
    "kind": "instrumentType",
    "zone": "exchangeTimezoneName",
}
"""What a chart says about itself: our word, and Yahoo's."""

_EVENTS = {
    "splits": ActionKind.SPLIT,
    "dividends": ActionKind.DIVIDEND,
    "capitalGains": ActionKind.CAPITAL_GAIN,
}


HUNDREDTHS = {"GBp": "GBP", "ZAc": "ZAR", "ILA": "ILS"}
"""What Yahoo quotes shares of London, Johannesburg and Tel Aviv in, and the currency of which it is a hundredth."""


class Event(NamedTuple):
    """A split or a payment, without the name of the series; in order of session and kind when sorted."""

    session: date
    kind: ActionKind
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One reply: rows `stamp, open ... volume` in the order of their stamps, and what it says about itself."""

    rows: pl.DataFrame
    meta: Mapping[str, object]
    """`contract, name, symbol, currency, exchange, kind, zone`, `source_time`, `open_time`; absent if not told."""
    events: tuple[Event, ...] = ()


def read_chart(body: bytes) -> Chart:
    """The chart in a reply; FetchError says what it is instead."""
    result = _result(body)
    try:
        meta = _meta(result)
        rows = _rows(result)
        events = _events(result, ZoneInfo(str(meta["zone"])))
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        TypeError,
        ValueError,
        PolarsError,
    ) as error:
        raise _bad(f"not the chart format ({type(error).__name__}: {error})", body) from error
    if rows["close"].null_count() == len(rows):
        raise FetchError(Outcome.EMPTY, f"none of {len(rows)} rows has a close", meta=meta)
    return Chart(rows, meta, events)


def in_hundreds(chart: Chart) -> Chart:
    """The chart of pence or cents in whole pounds or rand, payments too; volumes and splits stay."""
    prices = [pl.col(name) / 100 for name in FIELDS if name != "volume"]
    events = tuple(
        event if event.kind is ActionKind.SPLIT else event._replace(value=event.value / 100)
        for event in chart.events
    )
    return replace(chart, rows=chart.rows.with_columns(prices), events=events)


def error_text(body: bytes) -> str:
    """What an error reply says, in one line: Yahoo's own description if it has one, else its first bytes."""
    try:
        document = json.loads(body)
        error = next(iter(document.values()))["error"]
        return one_line(f"{error['code']}: {error['description']}")
    except (AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError):
        return _shown(body)


def _result(body: bytes) -> Any:
    """The one result of the reply."""
    if not body.strip():
        raise FetchError(Outcome.BAD_PAYLOAD, "an empty answer")
    try:
        document = json.loads(body, parse_constant=_refuse)
        chart = document.get("chart") or document["finance"]
        error, results = chart.get("error"), chart.get("result")
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as failure:
        raise _bad(f"not a chart ({failure})", body) from failure
    if error:
        code = error.get("code") if isinstance(error, dict) else None
        raise FetchError(_ERROR_CODES.get(str(code), Outcome.BAD_PAYLOAD), error_text(body))
    if not results:
        raise FetchError(Outcome.EMPTY, "no result for this symbol and span")
    if not (isinstance(results, list) and isinstance(results[0], dict)):
        raise _bad("not a chart", body)
    return results[0]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a price")


def _rows(result: Mapping[str, Any]) -> pl.DataFrame:
    stamps, quote = result.get("timestamp"), result["indicators"]["quote"][0]
    if stamps is None and not any(quote.get(name) for name in FIELDS):
        raise FetchError(Outcome.EMPTY, "no rows for this symbol and span", meta=_meta(result))
    if not isinstance(stamps, list) or not stamps:
        raise ValueError("prices without timestamps")
    columns = {name: _column(quote, name, len(stamps)) for name in FIELDS}
    frame = pl.DataFrame({"stamp": _instants(stamps), **columns})
    finite = [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in FIELDS]
    return frame.with_columns(finite).sort("stamp", maintain_order=True)


def _column(quote: Mapping[str, Any], name: str, length: int) -> pl.Series:
    values = quote.get(name)
    if values is None and name != "close":
        return pl.Series(name, [None] * length, dtype=pl.Float64)
    if len(values or ()) != length:
        raise ValueError(f"{len(values or ())} values of {name} for {length} timestamps")
    return pl.Series(name, values, dtype=pl.Float64, strict=True)


def _instants(stamps: list[Any]) -> pl.Series:
    if not all(type(stamp) is int for stamp in stamps):
        raise TypeError("timestamps are whole seconds")
    return pl.Series("stamp", [_instant(stamp) for stamp in stamps], dtype=INSTANT)


def _instant(seconds: float) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def _meta(result: Mapping[str, Any]) -> dict[str, object]:
    wire = result["meta"]
    meta: dict[str, object] = {
        ours: wire[theirs] for ours, theirs in NAMES.items() if wire.get(theirs) is not None
    }
    zone = ZoneInfo(wire["exchangeTimezoneName"])
    if wire.get("regularMarketTime") is not None:
        meta["source_time"] = _instant(wire["regularMarketTime"])
    trading = (wire.get("currentTradingPeriod") or {}).get("regular") or {}
    if trading.get("start") is not None:
        meta["open_time"] = _instant(trading["start"]).astimezone(zone).time()
    return meta


def _events(result: Mapping[str, Any], zone: ZoneInfo) -> tuple[Event, ...]:
    """Splits and payments, each with the session of its date; their keys may differ from their dates."""
    events = result.get("events") or {}
    return tuple(
        sorted(
            Event(_instant(event["date"]).astimezone(zone).date(), kind, _value(kind, event))
            for name, kind in _EVENTS.items()
            for event in (events.get(name) or {}).values()
        )
    )


def _value(kind: ActionKind, event: Mapping[str, Any]) -> float:
    value = event["numerator"] / event["denominator"] if kind == ActionKind.SPLIT else float(event["amount"])
    if kind == ActionKind.SPLIT and not value > 0:
        raise ValueError(f"a split of {event['numerator']} for {event['denominator']}")
    return float(value)


def _bad(what: str, body: bytes) -> FetchError:
    return FetchError(Outcome.BAD_PAYLOAD, f"{one_line(what)}; it begins {_shown(body)!r}")


def _shown(body: bytes) -> str:
    return one_line(body[:_SHOWN].decode("utf-8", "replace"), limit=_SHOWN)
