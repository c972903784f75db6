"""The real source, with yfinance and curl_cffi underneath, against a real server on the loopback address.

What it does when things go wrong is in `test_the_33_cases_*`.
"""

import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.bars import Action, ActionKind
from monitor.errors import UsageError
from monitor.instruments import AssetKind
from monitor.prices.source import Outcome
from monitor.prices.yahoo import Way, YahooSource
from tests.prices.yahoo.conftest import (
    GOLD,
    HELD,
    NEWMONT,
    PATIENCE,
    SILVER,
    THURSDAY_EVENING,
    Fetch,
    MakeSource,
    instrument,
    straight,
)
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_market import equity, future
from tests.support.yahoo_server import YahooServer

MINUTE = timedelta(minutes=1)
REFUSAL = Fault("status", 429, "Too Many Requests")
INVALID_CRUMB = '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'
NOTHING_FOUND = '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}'


def outcomes(fetch: Fetch, *args: object, **kwargs: object) -> list[Outcome]:
    return [one.outcome for one in fetch(*args, **kwargs)]


# bars


def test_the_whole_history_comes_first_and_afterwards_only_its_end(fetch: Fetch, server: YahooServer) -> None:
    server.clock.move(datetime.fromisoformat("2020-03-13T00:30-04:00"))
    (first,) = fetch(GOLD)
    (then,) = fetch(GOLD, since=HELD)

    assert first.outcome == Outcome.OK
    assert first.bars["session"].to_list()[0] == date(2020, 2, 3)
    assert then.bars["session"].to_list()[0] == date(2020, 3, 4)
    assert then.bars["status"].to_list()[-3:] == ["final", "provisional", "partial"]
    assert then.bars["session"].to_list()[-2:] == [date(2020, 3, 12), date(2020, 3, 13)]
    assert then.meta["contract"] == "Gold Dec 26"
    assert then.meta["currency"] == "USD"
    assert then.meta["source_time"] == datetime.fromisoformat("2020-03-13T00:30-04:00")


def test_both_paths_give_the_same_bars_of_finished_sessions(
    make_source: MakeSource, server: YahooServer
) -> None:
    server.clock.move(datetime.fromisoformat("2020-03-13T00:30-04:00"))
    columns = ("session", "known_at", "open", "high", "low", "close", "volume", "status")
    ways: tuple[Way, Way] = ("chart", "history")

    frames = [
        [
            one.bars.select(columns).filter(one.bars["status"] != "partial")
            for one in make_source(path=way).fetch(
                [GOLD, NEWMONT], interval="1d", since={}, now=server.clock()
            )
        ]
        for way in ways
    ]

    assert all(chart.equals(history) for chart, history in zip(*frames, strict=True))
    assert all(chart.height == 28 for chart in frames[0])


def test_answers_come_in_the_order_of_the_questions(fetch: Fetch) -> None:
    answers = fetch(NEWMONT, SILVER, GOLD)

    assert [one.instrument for one in answers] == ["nem", "silver", "gold"]
    assert all(one.bars["instrument"].unique().to_list() == [one.instrument] for one in answers)


def test_a_share_is_partial_while_its_session_runs_and_provisional_when_it_is_over(
    fetch: Fetch, server: YahooServer
) -> None:
    server.clock.move(datetime.fromisoformat("2020-03-12T11:00-04:00"))
    (running,) = fetch(NEWMONT)
    server.clock.move(datetime.fromisoformat("2020-03-12T16:10-04:00"))
    (over,) = fetch(NEWMONT)

    assert running.bars["status"].to_list()[-2:] == ["provisional", "partial"]
    assert over.bars["status"].to_list()[-2:] == ["final", "provisional"]
    assert running.bars["close"].to_list()[-1] != over.bars["close"].to_list()[-1]


def test_closes_are_never_the_adjusted_ones(fetch: Fetch, server: YahooServer) -> None:
    server.put(equity("NEM", straight(45, 0.5), adjusted=0.9))

    (newmont,) = fetch(NEWMONT)

    assert newmont.bars["close"].to_list()[:3] == [45, 45.5, 46]


def test_a_revised_close_is_seen_at_the_next_poll(fetch: Fetch, server: YahooServer) -> None:
    (before,) = fetch(GOLD, since=HELD)
    server.put(future("GC=F", straight(1610, 1)))
    (after,) = fetch(GOLD, since=HELD)

    assert after.bars["close"].to_list()[0] == before.bars["close"].to_list()[0] + 10


def test_a_price_in_another_currency_is_not_taken_for_ours(fetch: Fetch, server: YahooServer) -> None:
    server.put(future("GC=F", straight(1600, 1), currency="USX"))

    (gold,) = fetch(GOLD)

    assert gold.outcome == Outcome.BAD_PAYLOAD
    assert "quoted in USX, but the catalogue says USD" in gold.detail


@pytest.mark.parametrize(("quoted", "currency"), [("GBp", "GBP"), ("ZAc", "ZAR"), ("ILA", "ILS")])
def test_prices_and_payments_in_pence_or_cents_are_told_in_whole_pounds_or_rand(
    fetch: Fetch, server: YahooServer, quoted: str, currency: str
) -> None:
    stamp = int(datetime.fromisoformat("2020-03-04T09:30-05:00").timestamp())
    paid = {"dividends": {str(stamp): {"date": stamp, "amount": 25.0}}}
    server.put(equity("NEM", straight(1000, 5), currency=quoted, events=paid))
    pounds = instrument("nem", "NEM", AssetKind.EQUITY, currency=currency, unit=currency)

    (newmont,) = fetch(pounds)

    first = newmont.bars.row(0, named=True)
    assert [first[name] for name in ("open", "high", "low", "close", "volume")] == [
        9.99,
        10.02,
        9.98,
        10.0,
        1000,
    ]
    assert newmont.actions == (Action("nem", date(2020, 3, 4), ActionKind.DIVIDEND, 0.25),)
    (refused,) = fetch(NEWMONT)
    assert f"quoted in {quoted}, but the catalogue says USD" in refused.detail


# requests


def test_every_request_goes_to_the_endpoint_and_names_the_host_it_was_meant_for(
    fetch: Fetch, server: YahooServer
) -> None:
    fetch(GOLD)

    assert [(one.host, one.path) for one in server.log()] == [
        ("fc.yahoo.com", "/"),
        ("query1.finance.yahoo.com", "/v1/test/getcrumb"),
        ("query2.finance.yahoo.com", "/v8/finance/chart/GC=F"),
    ]


def test_a_redirect_does_not_lead_away_from_the_endpoint(fetch: Fetch, server: YahooServer) -> None:
    server.fail("GC=F", Fault("status", 302, headers={"Location": "http://example.invalid/"}))

    (gold,) = fetch(GOLD)

    assert gold.outcome == Outcome.BAD_PAYLOAD
    assert "status 302" in gold.detail


def test_cookie_and_crumb_are_asked_for_once_and_a_poll_is_one_request_per_symbol(
    fetch: Fetch, server: YahooServer
) -> None:
    for poll in range(6):
        fetch(GOLD, SILVER, NEWMONT, since=HELD, later=poll * MINUTE)

    hosts = [one.host for one in server.log()]
    assert hosts.count("fc.yahoo.com") == 1
    assert hosts.count("query1.finance.yahoo.com") == 1
    assert len(server.charts()) == 18
    assert len(hosts) == 20
    assert all(one.query["crumb"] == "a-crumb" for one in server.charts())


@pytest.mark.parametrize(
    "fault",
    [REFUSAL, Fault("status", 503, "<html>busy</html>"), Fault("html"), Fault("empty")],
    ids=["429", "503", "html", "empty"],
)
@pytest.mark.parametrize("path", ["chart"])
def test_prices_come_without_a_crumb_which_is_not_asked_for_again(
    fetch: Fetch, server: YahooServer, fault: Fault
) -> None:
    server.fail("crumb", fault, times=10)

    polls = [outcomes(fetch, GOLD)[0] for _ in range(4)]

    assert polls == [Outcome.OK] * 4
    assert [one.path for one in server.log()].count("/v1/test/getcrumb") == 1
    assert all("crumb" not in one.query for one in server.charts())


@pytest.mark.parametrize("path", ["chart"])
def test_a_cookie_host_that_hangs_leaves_time_for_the_price(
    make_source: MakeSource, server: YahooServer
) -> None:
    server.fail("cookie", Fault("hang"))

    (gold,) = make_source(timeout=PATIENCE).fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)

    assert gold.outcome == Outcome.OK


# refusals


def test_a_host_that_refuses_everyone_is_left_alone_and_recovers_by_itself(
    fetch: Fetch, server: YahooServer
) -> None:
    fetch(GOLD, SILVER, NEWMONT)
    server.forget()
    server.fail("*", REFUSAL, times=100)

    refused = fetch(GOLD, SILVER, NEWMONT)
    at_once = fetch(GOLD, SILVER, NEWMONT)
    probing = [fetch(GOLD, SILVER, NEWMONT, later=MINUTE * minute) for minute in (1, 2, 3)]
    asked = len(server.charts())
    server.heal()
    recovered = fetch(GOLD, SILVER, NEWMONT, later=MINUTE * 40)

    assert [one.outcome for one in refused] == [Outcome.RATE_LIMITED] * 3
    assert [one.outcome for one in at_once] == [Outcome.SKIPPED] * 3
    assert "left alone until 2020-03-12 22:40:0" in at_once[0].detail
    assert all(
        [one.outcome for one in poll] == [Outcome.RATE_LIMITED, *[Outcome.SKIPPED] * 2] for poll in probing
    )
    assert asked == 6
    assert [one.outcome for one in recovered] == [Outcome.OK] * 3


def test_a_refusal_is_not_asked_again_at_once(fetch: Fetch, server: YahooServer) -> None:
    fetch(GOLD)
    server.forget()
    server.fail("GC=F", REFUSAL)

    assert outcomes(fetch, GOLD) == [Outcome.RATE_LIMITED]
    assert len(server.log()) == 1


def test_a_crumb_that_is_refused_for_good_opens_the_breaker(fetch: Fetch, server: YahooServer) -> None:
    server.fail("*", Fault("status", 401, INVALID_CRUMB), times=100)

    polls = [outcomes(fetch, GOLD)[0] for _ in range(5)]

    assert polls == [Outcome.UNAUTHORIZED] * 3 + [Outcome.SKIPPED] * 2


def test_a_not_found_inside_a_200_is_not_found(fetch: Fetch, server: YahooServer) -> None:
    server.fail("GC=F", Fault("body", 200, NOTHING_FOUND))

    assert outcomes(fetch, GOLD) == [Outcome.NOT_FOUND]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (403, Outcome.UNAUTHORIZED),
        (422, Outcome.BAD_PAYLOAD),
        (500, Outcome.SERVER_ERROR),
        (999, Outcome.RATE_LIMITED),
    ],
)
def test_a_status_is_an_outcome(fetch: Fetch, server: YahooServer, status: int, outcome: Outcome) -> None:
    server.fail("GC=F", Fault("status", status, "no"))

    assert outcomes(fetch, GOLD) == [outcome]


# the source itself


def test_the_label_tells_a_played_yahoo_from_the_real_one(source: YahooSource, server: YahooServer) -> None:
    real = YahooSource(cache_folder=Path("nowhere"))

    assert source.label == f"Yahoo, as played by {server.url}"
    assert real.label == "Yahoo"


def test_the_label_of_a_played_yahoo_tells_its_server_only() -> None:
    played = YahooSource(
        cache_folder=Path("nowhere"), endpoint="http://ann:s3cret@proxy:8000/s3cret?key=s3cret"
    )

    assert played.label == "Yahoo, as played by http://proxy:8000"


def test_other_intervals_are_refused_before_anyone_is_asked(source: YahooSource, server: YahooServer) -> None:
    with pytest.raises(UsageError, match="daily bars only"):
        source.fetch([GOLD], interval="1h", since={}, now=THURSDAY_EVENING)

    assert not server.log()


def test_a_source_that_is_closed_leaves_no_thread_and_can_be_closed_again(
    source: YahooSource, server: YahooServer
) -> None:
    source.fetch([GOLD, SILVER], interval="1d", since={}, now=THURSDAY_EVENING)
    workers = list(source._workers._threads)

    source.close()
    source.close()

    assert workers
    assert not any(thread.is_alive() for thread in workers)


def test_a_command_that_asks_for_no_price_does_not_wait_for_the_heavy_libraries() -> None:
    heavy = "{'yfinance', 'curl_cffi', 'pandas', 'exchange_calendars'} & set(sys.modules)"

    found = subprocess.run(
        [sys.executable, "-c", f"import sys, monitor.prices.yahoo; print({heavy})"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert found.stdout.strip() == "set()"
