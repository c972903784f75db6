"""Does the symbol exist, and is it what we think: one request, and an answer whatever happens."""

from datetime import date, datetime, timedelta

from monitor.instruments import AssetKind
from monitor.prices.source import Outcome, SymbolInfo
from monitor.prices.yahoo import YahooSource, differences
from tests.prices.yahoo.conftest import GOLD, NEWMONT, THURSDAY_EVENING, instrument, straight
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_market import future
from tests.support.yahoo_server import YahooServer


def test_a_symbol_is_told_by_name_currency_exchange_last_close_and_age(
    source: YahooSource, server: YahooServer
) -> None:
    server.put(future("GC=F", straight(1600, 1), delay=timedelta(minutes=10)))
    server.clock.move(datetime.fromisoformat("2020-03-12T17:30-04:00"))

    info = source.symbol_info("GC=F", now=server.clock())

    assert info == SymbolInfo(
        symbol="GC=F",
        exists=True,
        name="Gold Dec 26",
        currency="USD",
        exchange="CMX",
        kind="FUTURE",
        last_session=date(2020, 3, 12),
        last_close=1627.0,
        age=timedelta(minutes=30),
    )
    assert len(server.charts()) == 1
    assert list(differences(info, GOLD)) == []


def test_a_symbol_that_is_something_else_is_told_so(source: YahooSource, server: YahooServer) -> None:
    server.put(future("NEM", straight(1600, 1), currency="CAD"))

    info = source.symbol_info("NEM", now=THURSDAY_EVENING)

    assert list(differences(info, NEWMONT)) == [
        "quoted in CAD, but the catalogue says USD",
        "Yahoo calls it FUTURE, but the catalogue says equity",
    ]
    assert list(differences(info, instrument("n", "NEM", AssetKind.MANUAL, currency="CAD", unit="CAD"))) == []


def test_a_symbol_quoted_in_pence_is_what_a_catalogue_in_pounds_says() -> None:
    info = SymbolInfo(symbol="FRES.L", exists=True, outcome=Outcome.OK, currency="GBp")

    pounds, dollars = (
        instrument("fres", "FRES.L", AssetKind.EQUITY, currency=name, unit=name) for name in ("GBP", "USD")
    )
    assert list(differences(info, pounds)) == []
    assert list(differences(info, dollars)) == ["quoted in GBp, but the catalogue says USD"]


def test_a_symbol_without_a_recent_price_exists(source: YahooSource, server: YahooServer) -> None:
    server.fail("GC=F", Fault("all_null"))

    info = source.symbol_info("GC=F", now=THURSDAY_EVENING)

    assert (info.exists, info.outcome, info.last_close) == (True, Outcome.EMPTY, None)
    assert info.name == "Gold Dec 26"


def test_nobody_knows_whether_a_symbol_exists_when_yahoo_does_not_answer(
    source: YahooSource, server: YahooServer
) -> None:
    server.fail("*", Fault("status", 429, "Too Many Requests", {"Retry-After": "60"}))

    refused = source.symbol_info("GC=F", now=THURSDAY_EVENING)
    left_alone = source.symbol_info("SI=F", now=THURSDAY_EVENING)

    assert (refused.exists, refused.outcome) == (None, Outcome.RATE_LIMITED)
    assert (left_alone.exists, left_alone.outcome) == (None, Outcome.SKIPPED)
    assert "left alone until" in left_alone.detail
    assert len(server.charts()) == 1
