"""Cases 1 to 5 and 33 of yahoo.md, section 6: Yahoo refuses, does not know the symbol, or begins badly."""

from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from monitor.prices.source import Outcome
from monitor.prices.yahoo import YahooSource
from tests.prices.yahoo.conftest import (
    GOLD,
    HELD,
    NEWMONT,
    SILVER,
    THURSDAY_EVENING,
    Fetch,
    Watching,
    instrument,
)
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_server import YahooServer

REFUSAL = Fault("status", 429, "Too Many Requests")
INVALID_CRUMB = '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'
TYPO = instrument("typo", "GLOD")


def test_01_a_host_that_refuses_everyone_is_probed_seldom_warned_of_once_and_recovers_without_a_restart(
    watch: Watching, server: YahooServer
) -> None:
    """1: 429 for all, 10 min."""
    watching = watch(GOLD, SILVER)
    watching.at("2020-03-12T00:30-04:00", "2020-03-12T00:50-04:00", "2020-03-12T17:10-04:00")
    held = watching.store.counts().bars
    server.forget()
    server.fail("*", REFUSAL, times=1000)

    with capture_logs() as logs:
        polls = watching.every(timedelta(seconds=15), times=40)
    asked = len(server.charts())
    server.heal()
    watching.at("2020-03-13T00:30-04:00", "2020-03-13T00:50-04:00")

    # Three refusals open the breaker; its steps of 5, 10, 20 ... 320 s allow one probe each.
    assert 4 <= asked <= 3 + 7
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == ["yahoo_left_alone"]
    assert not any(poll.sessions or poll.new_bars for poll in polls)
    assert watching.store.counts().bars > held
    assert watching.final("gold")[-1] == "03-12"
    assert watching.store.latest_evaluations()["p/never", None].session == date(2020, 3, 12)


def test_01_a_refusal_of_days_suspends_rules_as_one_incident_and_what_was_missed_is_judged_afterwards(
    watch: Watching, server: YahooServer
) -> None:
    """1: its end, when the series have become stale: nothing is told from them, and nobody restarts anything."""
    watching = watch(GOLD, SILVER, NEWMONT, rules="high:\n  when: gold > 1627.5\n  severity: warning")
    watching.at("2020-03-12T00:30-04:00", "2020-03-12T00:50-04:00")
    server.fail("*", REFUSAL, times=1000)
    watching.at(*(f"2020-03-{day}T17:30-04:00" for day in (12, 13, 16)))
    during, stale = watching.owed(), [watching.health(name).freshness for name in ("gold", "silver", "nem")]

    server.heal()
    watching.at("2020-03-16T18:30-04:00", "2020-03-17T00:30-04:00")

    assert stale == ["stale"] * 3
    assert [title.partition(": ")[2] for title in during] == [
        "no prices for most series, since 2020-03-12 21:30 UTC"
    ]
    assert watching.told() == ["open 2020-03-13"]
    assert "RESOLVED Yahoo" in watching.owed()[1]
    assert (
        sum(
            "gold 1,628 > 1,627.5, 2020-03-13" in row.title + row.body for row in watching.store.outbox_rows()
        )
        == 1
    )
    assert not watching.health("gold").freshness.is_down


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "120"},
        {"Retry-After": "Thu, 12 Mar 2020 22:42:00 GMT", "Date": "Thu, 12 Mar 2020 22:40:00 GMT"},
    ],
    ids=["seconds", "date"],
)
def test_02_a_host_that_says_how_long_is_left_alone_that_long(
    source: YahooSource, server: YahooServer, headers: dict[str, str]
) -> None:
    """2: 429 with Retry-After 120."""
    server.fail("GC=F", Fault("status", 429, "Too Many Requests", headers))

    def ask(seconds: int) -> Outcome:
        now = THURSDAY_EVENING + timedelta(seconds=seconds)
        return source.fetch([GOLD], interval="1d", since={}, now=now)[0].outcome

    assert ask(0) == Outcome.RATE_LIMITED
    assert [ask(second) for second in (1, 60, 119)] == [Outcome.SKIPPED] * 3
    assert len(server.charts()) == 1
    assert ask(121) == Outcome.OK


def test_03_a_stale_crumb_is_renewed_and_the_price_asked_for_once_more(
    watch: Watching, server: YahooServer
) -> None:
    """3: 401 Invalid Crumb once."""
    watching = watch(GOLD)
    watching.at("2020-03-12T00:30-04:00")
    server.forget()
    server.fail("GC=F", Fault("status", 401, INVALID_CRUMB))

    with capture_logs() as logs:
        renewed = watching.at("2020-03-12T00:50-04:00")

    assert [one.outcome for one in renewed.fetched] == [Outcome.OK]
    assert len(server.charts()) == 2
    assert [one.path for one in server.log()].count("/v1/test/getcrumb") == 1
    assert not [log for log in logs if log["log_level"] == "warning"]
    assert watching.owed() == []
    watching.at("2020-03-12T17:10-04:00")
    assert len(server.charts()) == 3


def test_04_an_unknown_symbol_is_told_and_asked_for_again_and_the_others_go_on(
    watch: Watching, server: YahooServer
) -> None:
    """4: 404 for one symbol."""
    watching = watch(GOLD, TYPO)
    instants = (
        "2020-03-12T00:30",
        "2020-03-12T00:50",
        "2020-03-12T12:00",
        "2020-03-12T17:10",
        "2020-03-13T00:30",
    )

    polls = [watching.at(f"{instant}-04:00") for instant in instants]

    failed = [[(one.instrument, one.outcome) for one in poll.failed] for poll in polls]
    assert failed == [[("typo", Outcome.NOT_FOUND)]] * 5
    assert polls[0].failed[0].detail.endswith("GLOD: status 404: Not Found: No data found")
    assert len(server.charts("GLOD")) == 5
    assert watching.owed() == ["WARNING typo: GLOD not found since 2020-03-12 04:30 UTC"]
    assert watching.final("gold")[-1] >= "03-11"
    assert watching.bars("typo").is_empty()


@pytest.mark.parametrize(
    "fault",
    [Fault("status", 500, "oops"), Fault("status", 503, "busy"), Fault("empty")],
    ids=["500", "503", "empty"],
)
@pytest.mark.parametrize("since", [None, HELD], ids=["whole history", "its end"])
def test_05_one_bad_reply_at_first_contact_does_not_poison_the_next_poll(
    fetch: Fetch, server: YahooServer, fault: Fault, since: date | None
) -> None:
    """5: 500 or 503 at the very first contact, for a part of the history and for all of it."""
    server.fail("GC=F", fault)

    (first,) = fetch(GOLD, since=since)
    (second,) = fetch(GOLD, since=since)

    assert first.outcome in {Outcome.SERVER_ERROR, Outcome.BAD_PAYLOAD}
    assert second.outcome == Outcome.OK
    assert len(server.charts()) == 2


def test_33_an_unknown_symbol_at_start_up_costs_one_request_besides_cookie_and_crumb(
    source: YahooSource, server: YahooServer
) -> None:
    """33: yfinance alone makes 26 requests of it."""
    first = source.symbol_info("GLOD", now=THURSDAY_EVENING)
    second = source.symbol_info("SLIVER", now=THURSDAY_EVENING)
    (fetched,) = source.fetch([TYPO], interval="1d", since={}, now=THURSDAY_EVENING)

    assert (first.exists, second.exists) == (False, False)
    assert "No data found" in first.detail
    assert fetched.outcome == Outcome.NOT_FOUND
    assert [one.path for one in server.log()] == [
        "/",
        "/v1/test/getcrumb",
        "/v8/finance/chart/GLOD",
        "/v8/finance/chart/SLIVER",
        "/v8/finance/chart/GLOD",
    ]
