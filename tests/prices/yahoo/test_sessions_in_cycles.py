"""Sessions as cycles meet them: short days, currencies, a market that is a day ahead, values typed in by hand."""

from collections.abc import Mapping
from datetime import date, datetime, time

import polars as pl
import pytest

from monitor.instruments import AssetKind
from monitor.sessions import settled_at_column
from monitor.storage.records import Polled
from tests.prices.yahoo.conftest import GOLD, NEWMONT, SILVER, Watching, flat, instrument
from tests.prices.yahoo.test_the_33_cases_bars import LYNAS
from tests.support.made_up import made
from tests.support.yahoo_market import Series, equity, future
from tests.support.yahoo_server import YahooServer
from tests.support.yahoo_watch import Watch

YUAN = instrument(
    "usdcny",
    "CNY=X",
    AssetKind.FX,
    currency="CNY",
    unit="CNY/USD",
    calendar="24/5",
    settle=time(23, 59),
    zone="Europe/London",
)
SHANGHAI = instrument(
    "shanghai",
    "shanghai",
    AssetKind.MANUAL,
    currency="CNY",
    unit="CNY/kg",
    calendar="XSHG",
    settle=time(15),
    zone="Asia/Shanghai",
    carry_days=3,
)


def yuan(closes: Mapping[str, float]) -> Series:
    return Series(
        symbol="CNY=X",
        bars=tuple(flat(closes, volume=0)),
        kind="CURRENCY",
        exchange="CCY",
        currency="CNY",
        zone="Europe/London",
    )


def sydney(closes: Mapping[str, float]) -> Series:
    return equity(
        "LYC.AX", flat(closes), zone="Australia/Sydney", opens=time(10), currency="AUD", exchange="ASX"
    )


def typed_in(watching: Watch, closes: Mapping[str, float]) -> None:
    """Values of the Shanghai series, kept as an import does."""
    days = [date.fromisoformat(day) for day in closes]
    frame = made({"gold": list(closes.values())}, days=days).with_columns(
        instrument=pl.lit("shanghai"), known_at=settled_at_column(SHANGHAI, pl.Series(days))
    )
    watching.store.keep(Polled(frame), seen_at=watching.server.clock(), source="bulletin")


@pytest.mark.parametrize(
    ("day", "settled"),
    [
        pytest.param("2025-11-28", "13:05", id="the Friday after Thanksgiving"),
        pytest.param("2025-12-24", "13:05", id="Christmas Eve"),
        pytest.param("2025-12-23", "16:05", id="a whole day"),
    ],
)
def test_a_short_day_is_judged_soon_after_its_early_close(
    watch: Watching, server: YahooServer, day: str, settled: str
) -> None:
    days = ["2025-11-26", "2025-11-28", "2025-12-01", "2025-12-22", "2025-12-23", "2025-12-24"]
    whole: dict[str, float | None] = {one: 50.0 + number for number, one in enumerate(days)}
    server.put(equity("NEM", flat(whole), closes=time(16) if settled > "16" else time(13)))
    watching = watch(NEWMONT, rules=f"high:\n  when: nem > {whole[day]} - 0.5\n  severity: warning")

    watching.at(f"{day}T12:50-05:00")
    before = watching.told()
    watching.at(f"{day}T{settled}-05:00", f"{day}T{settled[:2]}:45-05:00")

    assert before == []
    assert watching.told() == [f"open {day}"]


def test_a_currency_a_future_and_a_value_typed_in_make_one_premium_over_a_change_of_clocks(
    watch: Watching, server: YahooServer
) -> None:
    days = ["2026-03-25", "2026-03-26", "2026-03-27", "2026-03-30", "2026-03-31", "2026-04-01"]
    server.put(future("SI=F", flat(dict.fromkeys(days, 60.0))))
    server.put(yuan(dict.fromkeys(days, 7.0)))
    ounce = 0.0311034768
    watching = watch(
        SILVER,
        YUAN,
        SHANGHAI,
        rules=(
            'dear:\n  when: premium(convert(shanghai, "USD/ozt"), silver) > 7.5%\n'
            '  clear_when: premium(convert(shanghai, "USD/ozt"), silver) < 5%\n  severity: warning'
        ),
    )
    watching.at("2026-03-27T19:40-04:00")
    typed_in(watching, {"2026-03-26": 60 * 1.02 * 7 / ounce, "2026-03-30": 60 * 1.08 * 7 / ounce})
    for day in (29, 30, 31):
        watching.at(f"2026-03-{day}T19:40-04:00", f"2026-03-{day}T23:40-04:00")

    assert watching.final("usdcny") == ["03-25", "03-26", "03-27", "03-30", "03-31"]
    assert watching.told() == ["open 2026-03-30"]
    (alert,) = watching.store.transitions()
    legs = alert.transition.legs
    assert {name: str(leg["session"]) for name, leg in legs.items()} == {
        "shanghai.close": "2026-03-30",
        "silver.close": "2026-03-30",
        "usdcny.close": "2026-03-30",
    }


def test_nothing_is_judged_from_a_value_typed_in_that_is_older_than_its_limit(
    watch: Watching, server: YahooServer
) -> None:
    days = ["2026-03-26", "2026-03-27", "2026-03-30", "2026-03-31", "2026-04-01"]
    server.put(future("SI=F", flat(dict.fromkeys(days, 60.0))))
    watching = watch(SILVER, SHANGHAI, rules="dear:\n  when: shanghai / silver > 200\n  severity: warning")
    watching.at("2026-03-26T18:40-04:00")
    typed_in(watching, {"2026-03-27": 14_000.0})
    watching.at("2026-03-31T23:40-04:00", "2026-04-01T23:40-04:00")

    judged = [watching.store.evaluation("p/dear", None, date(2026, 3, day)) for day in (30, 31)]
    assert [one.verdicts if one else None for one in judged] == [("fire",), None]
    assert [one.split(" ")[0] for one in watching.told()] == ["open"]


@pytest.mark.parametrize(
    ("days", "opens"),
    [
        pytest.param(["2025-10-30", "2025-10-31", "2025-11-03", "2025-11-04"], "2025-11-03", id="November"),
        pytest.param(["2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10"], "2026-03-09", id="March"),
    ],
)
def test_sydney_and_new_york_in_one_rule_are_judged_when_the_later_one_has_settled(
    watch: Watching, server: YahooServer, days: list[str], opens: str
) -> None:
    low = {day: 100.0 if day < opens else 95.0 for day in days}
    server.put(future("GC=F", flat(dict.fromkeys(days, 1000.0))))
    server.put(sydney(low))
    watching = watch(GOLD, LYNAS, rules="ratio:\n  when: gold / lyc > 10.2\n  severity: warning")
    watching.at(f"{days[1]}T23:50-04:00")

    watching.at(f"{opens}T03:00-05:00", f"{opens}T03:20-05:00")  # Sydney is over, New York goes on
    early, told = watching.final("lyc"), watching.told()
    late = (f"{opens}T23:10", f"{opens}T23:50", f"{days[-1]}T23:30", f"{days[-1]}T23:50")
    watching.at(*(f"{instant}-05:00" for instant in late))

    assert early[-1] == f"{date.fromisoformat(opens):%m-%d}"
    assert told == []
    assert watching.told() == [f"open {opens}"]
    (alert,) = watching.store.transitions()
    assert alert.transition.at >= datetime.fromisoformat(f"{opens}T17:00-05:00")
