"""Cases 18 to 24 of yahoo.md, section 6: prices that are revised, rescaled, split, wrong, dear or late."""

from datetime import date, datetime, timedelta

import pytest

from monitor.alerts import Reason
from monitor.bars import Action, ActionKind
from monitor.instruments import AssetKind
from monitor.quality import Kind, Release
from tests.prices.yahoo.conftest import GOLD, NEWMONT, SILVER, Watching, flat, instrument, straight
from tests.support.yahoo_market import Bar, equity, future, stamp_of
from tests.support.yahoo_server import YahooServer
from tests.support.yahoo_watch import Watch

NEM = equity("NEM", straight(45, 0.5))
GDX = instrument("gdx", "GDX", AssetKind.ETF)
TRILOGY = instrument("tmq", "TMQ", AssetKind.EQUITY)
SLV = instrument("slv", "SLV", AssetKind.ETF)
PRICES = ("open", "high", "low", "close")


def through(watching: Watch, *days: str) -> None:
    """Two polls after each session is over, on either path."""
    for day in days:
        watching.at(f"{day}T17:10-04:00", f"{day}T17:30-04:00", f"{day}T23:59:30-04:00")


def changed(bars: list[Bar], day: str, factor: float) -> list[Bar]:
    """The same bars, one of them multiplied."""
    at = date.fromisoformat(day)
    return [_times(bar, factor) if bar.session == at else bar for bar in bars]


def _times(bar: Bar, factor: float) -> Bar:
    prices = {
        name: value * factor for name, value in bar._asdict().items() if name in PRICES and value is not None
    }
    return bar._replace(**prices)


def test_18_a_close_that_is_revised_is_a_new_version_and_the_same_crossing_is_not_told_twice(
    watch: Watching, server: YahooServer
) -> None:
    """18: last close revised by 0.7 % next day, the threshold in between."""
    whole = straight(45, 0.5)
    server.put(equity("NEM", changed(whole, "2020-03-12", 1.007)))
    watching = watch(NEWMONT, rules="high:\n  when: nem > 58.7\n  severity: warning")
    through(watching, "2020-03-11", "2020-03-12")
    assert watching.told() == ["open 2020-03-12"]

    server.put(equity("NEM", whole))
    through(watching, "2020-03-13")

    before = watching.bar("nem", "2020-03-12", as_of=datetime.fromisoformat("2020-03-13T12:00-04:00"))
    assert round(before["close"], 3) == round(58.5 * 1.007, 3)
    assert watching.bar("nem", "2020-03-12")["close"] == 58.5
    assert watching.told() == ["open 2020-03-12", "retract 2020-03-12", "open 2020-03-13"]
    reasons = [one.transition.reason for one in reversed(watching.store.transitions())]
    assert reasons == [Reason.THRESHOLD, Reason.REVISED_DATA, Reason.THRESHOLD]
    assert [one.kind for one, _ in watching.store.findings()] == [Kind.REVISION]
    assert [title.split(" ")[0] for title in watching.owed()] == ["WARNING", "CORRECTION", "WARNING"]


def test_19_a_dividend_that_rescales_adjusted_closes_is_an_event_and_neither_revision_nor_signal(
    watch: Watching, server: YahooServer
) -> None:
    """19: a dividend rescales GDX by 0.9927."""
    series = equity("GDX", straight(30, 0.1), kind="ETF")
    server.put(series)
    watching = watch(GDX, rules="fall:\n  when: change(gdx, 1) < -0.5%\n  severity: info")
    through(watching, "2020-03-11", "2020-03-12")
    held = watching.store.counts().bars

    paid = {"date": stamp_of(series, date(2020, 3, 13)), "amount": 0.25}
    server.put(equity("GDX", series.bars, kind="ETF", adjusted=0.9927, events={"dividends": {"1": paid}}))
    result = watching.at("2020-03-13T17:10-04:00")
    watching.at("2020-03-13T17:30-04:00")

    assert result.fetched[0].actions == (Action("gdx", date(2020, 3, 13), ActionKind.DIVIDEND, 0.25),)
    assert watching.store.counts().bars == held + 2  # Friday's bar, provisional and final
    assert watching.bar("gdx", "2020-03-12")["close"] == series.bars[27].close
    assert watching.store.actions() == list(result.fetched[0].actions)
    assert watching.store.findings() == []
    assert watching.told() == []


def test_20_a_split_overnight_is_an_event_and_its_closes_are_all_in_new_shares(
    watch: Watching, server: YahooServer
) -> None:
    """20: a 2:1 split overnight."""
    server.put(NEM)
    watching = watch(NEWMONT, rules="fall:\n  when: change(nem, 1) < -30%\n  severity: info")
    through(watching, "2020-03-11", "2020-03-12")

    split = {"date": stamp_of(NEM, date(2020, 3, 13)), "numerator": 2, "denominator": 1, "splitRatio": "2:1"}
    server.put(equity("NEM", [_times(bar, 0.5) for bar in NEM.bars], events={"splits": {"1": split}}))
    server.forget()
    result = watching.at("2020-03-13T17:10-04:00")
    asked = server.charts()
    watching.at("2020-03-13T17:30-04:00")

    (fetched,) = result.fetched
    assert [one.query["period1"] in {"0", "1"} for one in asked] == [False, True]  # its end, then all of it
    assert watching.bar("nem", "2020-02-03")["close"] == 22.5
    assert fetched.actions == (Action("nem", date(2020, 3, 13), ActionKind.SPLIT, 2.0),)
    assert fetched.bars["close"].pct_change().drop_nulls().abs().max() < 0.02  # type: ignore[operator]
    assert watching.bar("nem", "2020-03-13")["close"] == 29.5
    assert watching.store.actions("nem") == list(fetched.actions)
    assert [one.kind for one, _ in watching.store.findings()] == [Kind.READJUSTMENT]
    assert watching.told() == []
    assert watching.owed() == []


@pytest.mark.parametrize(
    ("when", "new", "old", "ratio"), [("nem > 58", 2, 1, "2:1"), ("58 < nem < 60", 1, 10, "1:10")]
)
def test_a_correction_names_the_split_that_made_it_necessary(
    watch: Watching, server: YahooServer, when: str, new: int, old: int, ratio: str
) -> None:
    server.put(NEM)
    watching = watch(NEWMONT, rules=f"priced:\n  when: {when}\n  severity: info")
    through(watching, "2020-03-11", "2020-03-12")
    assert watching.told() == ["open 2020-03-12"]

    split = {"date": stamp_of(NEM, date(2020, 3, 13)), "numerator": new, "denominator": old}
    server.put(equity("NEM", [_times(bar, old / new) for bar in NEM.bars], events={"splits": {"1": split}}))
    through(watching, "2020-03-13")

    opened, correction = watching.store.outbox_rows()
    note = f"nem was split {ratio} on 2020-03-13: all its prices are in new shares now"
    assert correction.title.startswith("CORRECTION priced: ")
    assert note in correction.body
    assert "split" not in opened.body


def test_21_a_spike_that_the_next_poll_does_not_confirm_never_becomes_final(
    watch: Watching, server: YahooServer
) -> None:
    """21: a spike of +483 %, gone soon after."""
    server.put(future("GC=F", changed(straight(1600, 1), "2020-03-12", 5.83)))
    watching = watch(GOLD, rules="up:\n  when: gold > 5000\n  severity: warning")

    watching.at("2020-03-13T00:10-04:00")
    spike = watching.bar("gold", "2020-03-12")
    server.put(future("GC=F", straight(1600, 1)))
    watching.at("2020-03-13T00:30-04:00", "2020-03-13T00:50-04:00")

    assert spike["close"] > 9000
    assert spike["status"] == "quarantined"
    assert watching.owed() == ["WARNING gold: unconfirmed move, 2020-03-12"]
    assert watching.bar("gold", "2020-03-12")["close"] == 1627
    assert watching.bar("gold", "2020-03-12")["status"] == "final"
    assert watching.told() == []


def test_22_a_genuine_fall_that_its_etf_shares_is_told_within_two_polls(
    watch: Watching, server: YahooServer
) -> None:
    """22: silver -31 % with SLV -28.5 %, as on 2026-01-30."""
    calm = {f"2026-01-{day}": 100.0 for day in (20, 21, 22, 23, 26, 27, 28, 29)}
    server.put(future("SI=F", flat({**calm, "2026-01-30": 69.0, "2026-02-02": 69.5})))
    server.put(equity("SLV", flat({**calm, "2026-01-30": 71.5, "2026-02-02": 72.0}), kind="ETF"))
    watching = watch(SILVER, SLV, rules="fall:\n  when: change(silver, 1) < -20%\n  severity: critical")
    watching.at("2026-01-29T17:10-05:00", "2026-01-29T17:30-05:00")

    watching.at("2026-02-02T00:10-05:00", "2026-02-02T00:30-05:00")

    assert watching.told() == ["open 2026-01-30"]
    assert [one.released_by for one, _ in watching.store.findings()] == [Release.SIBLING] * 2


def test_23_a_share_that_triples_on_a_great_volume_is_told_within_two_polls(
    watch: Watching, server: YahooServer
) -> None:
    """23: an equity tripling on 200 M volume, as TMQ on 2025-10-07."""
    days = [date(2025, 10, 6) - timedelta(days=back) for back in range(40)]
    closes: dict[str, float | None] = {str(day): 2.09 for day in reversed(days) if day.weekday() < 5}
    del closes["2025-09-01"]
    calm = flat(closes, volume=2_000_000)
    server.put(equity("TMQ", [*calm, *flat({"2025-10-07": 6.5}, volume=212_000_000)]))
    watching = watch(TRILOGY, rules="up:\n  when: change(tmq, 1) > 100%\n  severity: critical")
    watching.at("2025-10-06T16:40-04:00", "2025-10-06T16:55-04:00")

    watching.at("2025-10-07T16:40-04:00", "2025-10-07T16:55-04:00")

    assert watching.told() == ["open 2025-10-07"]
    assert [one.released_by for one, _ in watching.store.findings()] == [Release.VOLUME]


def test_24_a_session_that_comes_two_days_late_is_put_in_its_place_and_no_alert_is_told_twice(
    watch: Watching, server: YahooServer
) -> None:
    """24: a middle session missing for two days, then filled."""
    whole = straight(45, 0.5)
    server.put(equity("NEM", [bar for bar in whole if bar.session != date(2020, 3, 10)]))
    watching = watch(NEWMONT, rules="high:\n  when: nem > 57.9\n  severity: warning")
    through(watching, "2020-03-09", "2020-03-10", "2020-03-11")
    gap = watching.bar("nem", "2020-03-10")
    told = watching.told()

    server.put(equity("NEM", whole))
    through(watching, "2020-03-12")

    assert gap == {}
    assert told == ["open 2020-03-11"]
    assert watching.bar("nem", "2020-03-10")["status"] == "final"
    assert watching.bar("nem", "2020-03-10")["close"] == 57.5
    assert watching.told() == told
    rows = watching.store.outbox_rows()
    assert [row.body.splitlines()[-1] for row in rows if " nem: prices again" in row.title] == [
        "Still missing: 2020-03-10."
    ]
    assert watching.owed()[-1] == "RESOLVED nem: the gap is filled, 2020-03-10"
