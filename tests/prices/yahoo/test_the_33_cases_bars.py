"""Cases 12 to 17, 25, 26, 31 and 32 of yahoo.md, section 6: which session a row is, and whether it is over."""

from datetime import date, datetime, time, timedelta

import pytest

from monitor.errors import FaultyFileError
from monitor.instruments import AssetKind
from monitor.prices.yahoo import Way
from monitor.quality import Kind
from tests.prices.yahoo.conftest import GOLD, NEWMONT, SILVER, Fetch, Watching, flat, instrument, straight
from tests.support.yahoo_market import Bar, equity, future
from tests.support.yahoo_server import YahooServer

AUGUST = {
    "2025-08-06": 3380.0,
    "2025-08-07": 3400.0,
    "2025-08-08": 3390.0,
    "2025-08-11": 3353.1,
    "2025-08-12": 3348.0,
}
LYNAS = instrument(
    "lyc",
    "LYC.AX",
    AssetKind.EQUITY,
    currency="AUD",
    unit="AUD",
    calendar="XASX",
    settle=time(16, 10),
    zone="Australia/Sydney",
)
NIGHT = timedelta(hours=7)
"""Until then Yahoo shows a session of a future by its live row."""


def test_12_a_forming_bar_is_partial_and_no_close_rule_fires_on_it(watch: Watching) -> None:
    """12: forming bar."""
    watching = watch(NEWMONT, rules="high:\n  when: nem > 58.2\n  severity: warning")
    watching.at("2020-03-12T15:45-04:00")

    forming = watching.bar("nem", "2020-03-12")
    assert forming["status"] == "partial"
    assert forming["close"] > 58.2
    assert forming["known_at"] == datetime.fromisoformat("2020-03-12T15:45-04:00")
    assert watching.told() == []

    watching.at("2020-03-12T16:40-04:00", "2020-03-12T16:55-04:00")
    assert watching.told() == ["open 2020-03-12"]


def test_12_a_live_rule_fires_once_on_a_forming_bar_says_so_and_is_confirmed_at_the_close(
    watch: Watching,
) -> None:
    """12: forming bar, a live rule."""
    watching = watch(NEWMONT, rules="high:\n  when: nem > 58.2\n  severity: warning\n  judge: live")
    watching.at("2020-03-11T16:40-04:00", "2020-03-11T16:55-04:00")
    watching.at("2020-03-12T15:30-04:00", "2020-03-12T15:45-04:00", "2020-03-12T15:55-04:00")
    live = watching.told()

    watching.at("2020-03-12T16:40-04:00", "2020-03-12T16:55-04:00")

    assert live == ["live 2020-03-12"]
    assert watching.told() == ["live 2020-03-12", "open 2020-03-12"]
    first, second = watching.owed()
    assert first.startswith("LIVE WARNING high: nem 58.")
    assert first.endswith("2020-03-12 (not settled)")
    assert second == "CONFIRMED WARNING high: nem 58.50 > 58.2, 2020-03-12"


def test_13_a_live_rule_on_another_contract_is_labelled_with_its_basis_and_withdrawn_at_the_close(
    watch: Watching, server: YahooServer
) -> None:
    """13: 90.27 live and 89.03 in the final history, a live rule."""
    silver = {"2025-08-07": 38.4, "2025-08-08": 38.3, "2025-08-11": 37.663, "2025-08-12": 37.6}
    server.put(future("GC=F", flat(AUGUST), live_factor=90.27 / 89.03, settles_late=NIGHT))
    server.put(future("SI=F", flat(silver), settles_late=NIGHT))
    watching = watch(
        GOLD, SILVER, rules="dear:\n  when: gold / silver > 90\n  severity: critical\n  judge: live"
    )

    watching.at("2025-08-11T00:30-04:00", "2025-08-11T00:50-04:00", "2025-08-11T15:10-04:00")
    watching.at("2025-08-11T15:25-04:00", "2025-08-11T15:40-04:00")
    live = watching.owed()
    body = watching.store.outbox_rows()[0].body
    watching.at("2025-08-12T00:30-04:00", "2025-08-12T00:50-04:00")

    assert live == ["LIVE CRITICAL dear: gold / silver 90.27 > 90, 2025-08-11 (not settled)"]
    assert "gold live: " in body
    assert watching.owed()[1:] == ["WITHDRAWN dear: gold / silver 89.03 <= 90, 2025-08-11 (at the close)"]
    assert watching.told() == ["live 2025-08-11", "withdraw 2025-08-11"]


def test_13_a_ratio_that_is_above_only_in_the_live_contract_does_not_fire(
    watch: Watching, server: YahooServer
) -> None:
    """13: 2025-08-11, 90.27 live and 89.03 in the final history."""
    silver = {
        "2025-08-06": 38.2,
        "2025-08-07": 38.4,
        "2025-08-08": 38.3,
        "2025-08-11": 37.663,
        "2025-08-12": 37.6,
    }
    server.put(future("GC=F", flat(AUGUST), live_factor=90.27 / 89.03, settles_late=NIGHT))
    server.put(future("SI=F", flat(silver), settles_late=NIGHT))
    watching = watch(GOLD, SILVER, rules="dear:\n  when: gold / silver > 90\n  severity: critical")

    watching.at("2025-08-11T00:30-04:00", "2025-08-11T00:50-04:00", "2025-08-11T17:10-04:00")
    live = [watching.bar(name, "2025-08-11") for name in ("gold", "silver")]
    watching.at(
        "2025-08-11T17:45-04:00", "2025-08-11T18:40-04:00", "2025-08-12T00:30-04:00", "2025-08-12T00:50-04:00"
    )
    final = [watching.bar(name, "2025-08-11") for name in ("gold", "silver")]

    assert [bar["status"] for bar in live] == ["partial", "partial"]
    assert live[0]["close"] / live[1]["close"] == pytest.approx(90.27, abs=0.01)
    assert [bar["status"] for bar in final] == ["final", "final"]
    assert final[0]["close"] / final[1]["close"] == pytest.approx(89.03, abs=0.01)
    assert watching.told() == []


@pytest.mark.parametrize("late", [timedelta(), NIGHT], ids=["besides it", "in its place"])
def test_14_the_first_trades_of_the_evening_open_the_next_session_and_never_replace_the_finished_day(
    watch: Watching, server: YahooServer, late: timedelta
) -> None:
    """14: 18:40 New York, the finished day replaced by a volume of 758."""
    tuesday = Bar(date(2025, 8, 12), 3392, 3400, 3350, 3348, 26_000)
    days = {day: close for day, close in AUGUST.items() if day < "2025-08-12"}
    server.put(future("GC=F", [*flat(days, volume=210_000), tuesday], settles_late=late))
    watching = watch(GOLD)

    watching.at("2025-08-11T00:30-04:00", "2025-08-11T17:10-04:00", "2025-08-11T18:40-04:00")
    evening = watching.bar("gold", "2025-08-12")
    day = watching.bar("gold", "2025-08-11")
    watching.at("2025-08-12T00:30-04:00", "2025-08-12T00:50-04:00")

    assert (evening["status"], evening["volume"]) == ("partial", 753)
    assert day["volume"] == 210_000
    assert watching.bar("gold", "2025-08-11")["close"] == 3353.1
    assert watching.bar("gold", "2025-08-11")["status"] == "final"


@pytest.mark.parametrize("clock", ["21:59:30", "22:00:30", "22:01:30", "23:00:30", "23:59:59"])
def test_15_an_evening_trade_belongs_to_the_same_session_whatever_its_minute(
    fetch: Fetch, server: YahooServer, clock: str
) -> None:
    """15: stamps 21:59:30, 22:00:30, 22:01:30."""
    server.put(future("GC=F", flat(AUGUST)))
    server.clock.move(datetime.fromisoformat(f"2025-08-11T{clock}-04:00"))

    (gold,) = fetch(GOLD)

    assert gold.bars.select("session", "status").row(-1) == (date(2025, 8, 12), "partial")
    assert date(2025, 8, 8) in gold.bars["session"].to_list()
    assert gold.bars["session"].is_unique().all()


@pytest.mark.parametrize(
    ("closed", "instant", "session"),
    [
        pytest.param("2020-03-15", "2020-03-15T18:30:07-04:00", "2020-03-16", id="Sunday"),
        pytest.param("2020-02-17", "2020-02-17T11:30:07-05:00", "2020-02-18", id="Presidents' Day"),
    ],
)
def test_16_rows_of_a_sunday_and_of_a_holiday_are_folded_into_the_next_session(
    watch: Watching, server: YahooServer, closed: str, instant: str, session: str
) -> None:
    """16: Sunday and Labor Day rows."""
    holiday = Bar(date.fromisoformat(closed), 1609, 1612, 1608, 1611, 5_000)
    traded = [holiday] if holiday.session.weekday() < 5 else []
    server.put(future("GC=F", sorted([*straight(1600, 1), *traded])))
    watching = watch(GOLD)

    watching.at(instant)
    folded = watching.bar("gold", session)
    server.put(future("GC=F", straight(1600, 1)))
    watching.at(f"{session}T17:10-04:00", f"{session}T23:50-04:00")
    days = [day.weekday() for day in watching.bars("gold")["session"]]

    assert folded["status"] == "partial"
    assert watching.bar("gold", closed) == {}
    assert max(days) <= 4


def test_17_duplicated_rows_are_one_bar_and_no_new_version(watch: Watching, server: YahooServer) -> None:
    """17: duplicated last bar, thirteen copies of all."""
    server.put(equity("NEM", straight(45, 0.5), live_too=True, copies=13))
    watching = watch(NEWMONT)

    first = watching.at("2020-03-12T17:00-04:00")
    second = watching.at("2020-03-12T17:20-04:00")

    assert first.fetched[0].bars["session"].is_unique().all()
    assert watching.bars("nem")["close"].to_list() == [
        bar.close for bar in straight(45, 0.5)[: first.new_bars]
    ]
    assert second.new_bars == 1  # the newest bar, seen twice, is final


def test_25_a_newest_session_without_a_close_is_not_used_and_is_asked_for_until_it_is_there(
    watch: Watching, server: YahooServer, path: Way
) -> None:
    """25: NaN close with volume on the newest session."""
    whole = straight(45, 0.5)
    hollow = [
        bar._replace(open=None, high=None, low=None, close=None) if bar.session == date(2020, 3, 12) else bar
        for bar in whole
    ]
    server.put(equity("NEM", hollow))
    watching = watch(NEWMONT, rules="high:\n  when: nem > 0\n  severity: info")

    watching.at("2020-03-12T17:00-04:00", "2020-03-12T17:20-04:00")
    held, health = watching.bars("nem"), watching.health("nem")
    server.put(equity("NEM", whole))
    watching.at("2020-03-12T17:40-04:00", "2020-03-12T18:00-04:00")

    assert held.select("session", "status").row(-1) == (date(2020, 3, 11), "final")
    assert (health.freshness, health.missing, health.last_session) == ("late", 1, date(2020, 3, 11))
    if path == "chart":  # yfinance's history does not say that the row without a close is a finished one
        findings = [(one.kind, one.session) for one, _ in watching.store.findings()]
        assert findings == [(Kind.NO_PRICE, date(2020, 3, 12))]
    assert watching.bar("nem", "2020-03-12")["status"] == "final"
    assert watching.bar("nem", "2020-03-12")["close"] == 58.5


@pytest.mark.parametrize(
    "days",
    [
        pytest.param("2025-10-30 2025-10-31 2025-11-03 2025-11-04", id="New York, November"),
        pytest.param("2026-03-05 2026-03-06 2026-03-09 2026-03-10", id="New York, March"),
        pytest.param("2025-10-02 2025-10-03 2025-10-06 2025-10-07", id="Sydney, October"),
        pytest.param("2026-04-01 2026-04-02 2026-04-07 2026-04-08", id="Sydney, April"),
    ],
)
def test_26_sessions_are_right_on_both_sides_of_a_change_of_clocks_in_sydney_and_new_york(
    watch: Watching, server: YahooServer, days: str
) -> None:
    """26: Sydney and New York in one ratio."""
    closes: dict[str, float | None] = dict.fromkeys(days.split(), 100.0)
    sydney = {"zone": "Australia/Sydney", "opens": time(10), "currency": "AUD", "exchange": "ASX"}
    server.put(future("GC=F", flat(closes)))
    server.put(equity("LYC.AX", flat(closes), **sydney))
    watching = watch(GOLD, LYNAS, rules="ratio:\n  when: gold / lyc > 50\n  severity: info")

    watching.at(f"{days.rsplit(maxsplit=1)[-1]}T23:00-04:00")

    assert [f"{day}" for day in watching.bars("gold")["session"]] == days.split()
    assert [f"{day}" for day in watching.bars("lyc")["session"]] == days.split()
    assert watching.store.latest_evaluations()["p/ratio", None].session >= date.fromisoformat(days.split()[1])


def test_31_a_flat_series_keeps_its_closes_and_rules_on_its_range_or_volume_are_refused(
    watch: Watching, server: YahooServer
) -> None:
    """31: flat bars of zero volume (PL=F, PA=F)."""
    server.put(
        future(
            "PL=F",
            [Bar(bar.session, bar.close, bar.close, bar.close, bar.close, 0) for bar in straight(900, 1)],
        )
    )
    platinum = instrument(
        "platinum", "PL=F", has_volume=False, has_range=False, basis="Yahoo continuous futures"
    )

    watching = watch(platinum)
    watching.at("2020-03-12T00:30-04:00")

    assert watching.bar("platinum", "2020-03-10")["close"] == 925
    for field in ("volume", "high"):
        with pytest.raises(FaultyFileError) as refused:
            watch(platinum, rules=f"one:\n  when: platinum.{field} > 5\n  severity: info")
        assert f"{field} of platinum means nothing (Yahoo continuous futures)" in str(refused.value)


def test_32_a_history_that_ends_two_days_back_judges_nothing_new_and_is_asked_again(
    watch: Watching, server: YahooServer, path: Way
) -> None:
    """32: futures history ends two days back (yfinance #2620)."""
    server.put(future("GC=F", [bar for bar in straight(1600, 1) if bar.session <= date(2020, 3, 10)]))
    watching = watch(GOLD, rules="high:\n  when: gold > 1625.5\n  severity: warning")

    watching.at("2020-03-12T17:10-04:00")
    asked = len(server.charts())
    watching.at("2020-03-12T17:25-04:00", "2020-03-12T17:40-04:00")

    # Over history nobody can tell whether the last row is the live contract's: it stays partial.
    assert watching.final("gold")[-1] == {"chart": "03-10", "history": "03-09"}[path]
    assert watching.told() == []
    assert len(server.charts()) == asked + 2
    stale = watching.store.outbox_rows()[0]
    assert stale.title.startswith("WARNING gold: stale, ")
    assert "Rules that wait: high." in stale.body
