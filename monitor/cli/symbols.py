"""Whether symbols exist and are what the catalogue takes them for; for `prices symbols` and `check --symbols`."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.instruments import Instrument
    from monitor.prices.source import PriceSource, SymbolInfo

Row = dict[str, object]


def ask_symbols(source: "PriceSource", instruments: "Iterable[Instrument]", *, now: datetime) -> list[Row]:
    """A row for each instrument that has a symbol at the source: what it is, and what is wrong with it."""
    from monitor.instruments import AssetKind
    from monitor.prices.yahoo import YahooSource
    from monitor.prices.yahoo.symbols import differences

    if not isinstance(source, YahooSource):
        raise UsageError(f"{source.label} has no symbols to ask for; they are Yahoo's (prices.source: yahoo)")
    rows: list[Row] = []
    for one in instruments:
        if one.kind is not AssetKind.MANUAL:
            info = source.symbol_info(one.symbol, now=now)
            rows.append(_row(one, info, list(differences(info, one))))
    return rows


def _row(instrument: "Instrument", info: "SymbolInfo", wrong: list[str]) -> Row:
    if info.exists is None:
        wrong = [f"no answer: {info.outcome.value}: {info.detail}"]
    elif not info.exists:
        wrong = [f"Yahoo does not know {info.symbol}: look at `symbol` of {instrument.id} in the catalogue"]
    return {
        "instrument": instrument.id,
        "symbol": info.symbol,
        "exists": info.exists,
        "name": info.name or instrument.name,
        "currency": info.currency,
        "exchange": info.exchange,
        "kind": info.kind,
        "last_session": info.last_session,
        "last_close": info.last_close,
        "age_hours": None if info.age is None else round(info.age.total_seconds() / 3600, 1),
        "wrong": wrong,
    }
