"""Chart replies written by hand, row by row, for what no honest server would send."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def row(
    stamp: datetime, close: float | None, volume: float | None = 1000, **more: float | None
) -> dict[str, Any]:
    flat = {"open": close, "high": close, "low": close, "close": close, "volume": volume}
    return {"stamp": int(stamp.timestamp()), **flat, **more}


def finished(
    session: str, close: float | None, volume: float | None = 1000, **more: float | None
) -> dict[str, Any]:
    """A finished bar of a future, stamped at New York's midnight."""
    return row(at(session), close, volume, **more)


def share(
    session: str, close: float | None, zone: ZoneInfo = NEW_YORK, opens: str = "09:30"
) -> dict[str, Any]:
    return row(at(f"{session}T{opens}", zone), close)


def body(rows: list[dict[str, Any]], *, traded: datetime | None = None, **meta: Any) -> bytes:
    said: dict[str, Any] = {
        "currency": "USD",
        "symbol": "GC=F",
        "exchangeTimezoneName": "America/New_York",
        "shortName": "Gold Dec 25",
    }
    said |= {"regularMarketTime": int(traded.timestamp())} if traded else {}
    events = meta.pop("events", {})
    result = {
        "meta": said | meta,
        "timestamp": [one["stamp"] for one in rows],
        "events": events,
        "indicators": {
            "quote": [
                {name: [one[name] for one in rows] for name in ("open", "high", "low", "close", "volume")}
            ]
        },
    }
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()
