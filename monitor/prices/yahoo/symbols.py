"""What Yahoo says about one symbol: whether it exists, and whether it is what the catalogue takes it for."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.instruments import AssetKind, Instrument
from monitor.prices.source import Fetched, Outcome, SymbolInfo
from monitor.prices.yahoo.chart import HUNDREDTHS, Chart

RECENT: Mapping[str, object] = {"range": "5d", "interval": "1d", "includePrePost": "false"}
"""The parameters of a chart request that asks little: one request, whether the symbol exists or not."""

_KINDS = {
    AssetKind.FUTURE: "FUTURE",
    AssetKind.ETF: "ETF",
    AssetKind.EQUITY: "EQUITY",
    AssetKind.FX: "CURRENCY",
    AssetKind.INDEX: "INDEX",
}


def summary(chart: Chart) -> dict[str, object]:
    """The meta of a chart, with its last close and the date of it."""
    closed = chart.rows.drop_nulls("close")
    stamp, close = closed.select("stamp", "close").row(-1)
    return {
        **chart.meta,
        "last_session": stamp.astimezone(ZoneInfo(str(chart.meta["zone"]))).date(),
        "last_close": close,
    }


def symbol_info(symbol: str, fetched: Fetched, *, now: datetime) -> SymbolInfo:
    """What an answer says about the symbol; an answer without prices may still name it."""
    meta = fetched.meta
    known = fetched.outcome == Outcome.OK or "zone" in meta
    quoted, session, close = meta.get("source_time"), meta.get("last_session"), meta.get("last_close")
    return SymbolInfo(
        symbol=symbol,
        exists=True if known else False if fetched.outcome == Outcome.NOT_FOUND else None,
        outcome=fetched.outcome,
        detail=fetched.detail,
        name=str(meta.get("name") or meta.get("contract") or ""),
        currency=str(meta.get("currency", "")),
        exchange=str(meta.get("exchange", "")),
        kind=str(meta.get("kind", "")),
        last_session=session if isinstance(session, date) else None,
        last_close=close if isinstance(close, float) else None,
        age=max(now - quoted, timedelta()) if isinstance(quoted, datetime) else None,
    )


def differences(info: SymbolInfo, instrument: Instrument) -> Iterator[str]:
    """Where the symbol is not what the catalogue says; what Yahoo does not tell is no difference."""
    quoted = HUNDREDTHS.get(info.currency, info.currency)
    if quoted and instrument.currency and quoted != instrument.currency:
        yield f"quoted in {info.currency}, but the catalogue says {instrument.currency}"
    kind = _KINDS.get(instrument.kind, "")
    if info.kind and kind and info.kind != kind:
        yield f"Yahoo calls it {info.kind}, but the catalogue says {instrument.kind}"
