"""The real source, with yfinance and curl_cffi underneath, against a real server on the loopback address."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.errors import UsageError
from monitor.prices.source import Outcome
from monitor.prices.yahoo import YahooSource
from tests.prices.yahoo.conftest import GOLD, NEWMONT, SILVER, THURSDAY_EVENING, Fetch, instrument, straight
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_market import future
from tests.support.yahoo_server import YahooServer

MINUTE = timedelta(minutes=1)
REFUSAL = Fault("status", 429, "Too Many Requests")
INVALID_CRUMB = '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'
NOTHING_FOUND = '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}'
HELD = date(2020, 3, 11)


@pytest.fixture
def impatient(server: YahooServer, tmp_path: Path) -> Iterator[YahooSource]:
    made = YahooSource(cache_folder=tmp_path, endpoint=server.url, timeout=0.4, chance=lambda: 0.999)
    yield made
    made.close()


def outcomes(fetch: Fetch, *args: object, **kwargs: object) -> list[Outcome]:
    return [one.outcome for one in fetch(*args, **kwargs)]


def test_the_whole_history_comes_first_and_afterwards_only_its_end(fetch: Fetch) -> None:
    (first,) = fetch(GOLD)
    (then,) = fetch(GOLD, since=HELD)

    assert first.outcome == Outcome.OK
    assert first.bars["session"].to_list()[0] == date(2020, 2, 3)
    assert then.bars["session"].to_list()[0] == date(2020, 3, 4)
    assert then.bars.tail(2)["status"].to_list() == ["provisional", "partial"]
    assert then.bars.tail(2)["session"].to_list() == [date(2020, 3, 12), date(2020, 3, 13)]
    assert then.meta["contract"] == "Gold Dec 26"


def test_answers_come_in_the_order_of_the_questions(fetch: Fetch) -> None:
    answers = fetch(NEWMONT, SILVER, GOLD)

    assert [one.instrument for one in answers] == ["nem", "silver", "gold"]
    assert all(one.bars["instrument"].unique().to_list() == [one.instrument] for one in answers)


def test_a_session_is_partial_while_it_runs_and_provisional_when_it_is_over(
    fetch: Fetch, server: YahooServer
) -> None:
    server.clock.move(datetime.fromisoformat("2020-03-12T11:00-04:00"))
    (running,) = fetch(NEWMONT)
    server.clock.move(datetime.fromisoformat("2020-03-12T16:10-04:00"))
    (over,) = fetch(NEWMONT)

    assert running.bars["status"].to_list()[-2:] == ["provisional", "partial"]
    assert over.bars["status"].to_list()[-2:] == ["final", "provisional"]
    assert running.bars["close"].to_list()[-1] != over.bars["close"].to_list()[-1]


def test_the_live_contract_of_a_future_never_stands_for_its_history(
    fetch: Fetch, server: YahooServer
) -> None:
    server.put(future("GC=F", straight(1600, 1), live_factor=1.014))
    server.clock.move(datetime.fromisoformat("2020-03-12T16:59-04:00"))

    (gold,) = fetch(GOLD)

    assert gold.bars["status"].to_list()[-1] == "partial"
    assert gold.bars["close"].to_list()[-1] > 1.01 * gold.bars["close"].to_list()[-2]


def test_the_label_tells_a_played_yahoo_from_the_real_one(source: YahooSource, server: YahooServer) -> None:
    assert source.label == f"Yahoo, as played by {server.url}"
    assert YahooSource(cache_folder=Path("nowhere")).label == "Yahoo"


def test_other_intervals_are_refused_before_anyone_is_asked(source: YahooSource, server: YahooServer) -> None:
    with pytest.raises(UsageError, match="daily bars only"):
        source.fetch([GOLD], interval="1h", since={}, now=THURSDAY_EVENING)

    assert not server.log()


def test_a_command_that_asks_for_no_price_does_not_wait_for_the_heavy_libraries() -> None:
    heavy = "{'yfinance', 'curl_cffi', 'pandas', 'exchange_calendars'} & set(sys.modules)"

    found = subprocess.run(
        [sys.executable, "-c", f"import sys, monitor.prices.yahoo; print({heavy})"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert found.stdout.strip() == "set()"


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


def test_hundreds_of_polls_need_no_further_threads(source: YahooSource, fetch: Fetch) -> None:
    fetch(GOLD, SILVER, NEWMONT)
    workers = threading.active_count()

    polls = [fetch(GOLD, SILVER, NEWMONT, since=HELD, later=poll * MINUTE) for poll in range(1, 200)]

    assert all(one.outcome == Outcome.OK for poll in polls for one in poll)
    assert sum(thread.name.startswith("yahoo") for thread in threading.enumerate()) <= 2
    assert threading.active_count() <= workers + 2


# 11


@pytest.mark.parametrize("trouble", ["no folder", "not a database", "locked"])
def test_a_cookie_file_that_cannot_be_used_costs_a_warning_and_no_request(
    server: YahooServer, tmp_path: Path, trouble: str
) -> None:
    cookies, writer = tmp_path / "cookies.db", None
    if trouble == "no folder":
        (tmp_path / "file").write_text("in the way")
        cookies = tmp_path / "file" / "cookies.db"
    elif trouble == "not a database":
        cookies.write_bytes(b"certainly not SQLite" * 100)
    else:
        writer = sqlite3.connect(cookies, isolation_level=None)
        writer.execute("PRAGMA locking_mode = EXCLUSIVE")
        writer.execute("BEGIN EXCLUSIVE")
    source = YahooSource(cache_folder=cookies.parent, endpoint=server.url, timeout=20)

    with capture_logs() as logs:
        polls = [
            source.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING + poll * MINUTE)[0]
            for poll in range(3)
        ]

    source.close()
    if writer is not None:
        writer.close()
    assert [one.outcome for one in polls] == [Outcome.OK] * 3
    assert len(server.log()) == 5
    assert len(logs) == (trouble != "no folder")


# 1, 2


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


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "120"},
        {"Retry-After": "Thu, 12 Mar 2020 22:42:00 GMT", "Date": "Thu, 12 Mar 2020 22:40:00 GMT"},
    ],
    ids=["seconds", "date"],
)
def test_retry_after_is_honoured(source: YahooSource, server: YahooServer, headers: dict[str, str]) -> None:
    server.fail("GC=F", Fault("status", 429, "Too Many Requests", headers))

    def ask(seconds: int) -> Outcome:
        now = THURSDAY_EVENING + timedelta(seconds=seconds)
        return source.fetch([GOLD], interval="1d", since={}, now=now)[0].outcome

    assert ask(0) == Outcome.RATE_LIMITED
    assert ask(119) == Outcome.SKIPPED
    assert len(server.charts()) == 1
    assert ask(121) == Outcome.OK


# 3


def test_a_stale_crumb_is_renewed_and_the_price_asked_for_once_more(
    fetch: Fetch, server: YahooServer
) -> None:
    fetch(GOLD)
    server.forget()
    server.fail("GC=F", Fault("status", 401, INVALID_CRUMB))

    assert outcomes(fetch, GOLD) == [Outcome.OK]
    assert len(server.charts()) == 2
    assert [one.path for one in server.log()].count("/v1/test/getcrumb") == 1
    assert outcomes(fetch, GOLD) == [Outcome.OK]
    assert len(server.charts()) == 3


def test_a_crumb_that_is_refused_for_good_opens_the_breaker(fetch: Fetch, server: YahooServer) -> None:
    server.fail("*", Fault("status", 401, INVALID_CRUMB), times=100)

    polls = [outcomes(fetch, GOLD)[0] for _ in range(5)]

    assert polls == [Outcome.UNAUTHORIZED] * 3 + [Outcome.SKIPPED] * 2


@pytest.mark.parametrize(
    "fault", [REFUSAL, Fault("status", 503, "<html>busy</html>"), Fault("html"), Fault("empty")]
)
def test_prices_come_without_a_crumb_which_is_not_asked_for_again(
    fetch: Fetch, server: YahooServer, fault: Fault
) -> None:
    server.fail("crumb", fault, times=10)

    polls = [outcomes(fetch, GOLD)[0] for _ in range(4)]

    assert polls == [Outcome.OK] * 4
    assert [one.path for one in server.log()].count("/v1/test/getcrumb") == 1
    assert all("crumb" not in one.query for one in server.charts())


def test_a_cookie_host_that_hangs_leaves_time_for_the_price(
    impatient: YahooSource, server: YahooServer
) -> None:
    server.fail("cookie", Fault("hang"))

    (gold,) = impatient.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)

    assert gold.outcome == Outcome.OK


# 4, 33


def test_an_unknown_symbol_is_one_request_and_leaves_the_others_alone(
    fetch: Fetch, server: YahooServer
) -> None:
    unknown = instrument("typo", "GLOD")

    answers = fetch(GOLD, unknown, SILVER)

    assert [one.outcome for one in answers] == [Outcome.OK, Outcome.NOT_FOUND, Outcome.OK]
    assert len(server.charts("GLOD")) == 1
    assert len(server.log()) == 5
    assert "status 404: Not Found: No data found" in answers[1].detail
    assert answers[1].bars.is_empty()


def test_an_unknown_symbol_is_bounded_at_the_very_first_contact(fetch: Fetch, server: YahooServer) -> None:
    assert outcomes(fetch, instrument("typo", "GLOD")) == [Outcome.NOT_FOUND]
    assert len(server.log()) == 3


def test_a_not_found_inside_a_200_is_not_found(fetch: Fetch, server: YahooServer) -> None:
    server.fail("GC=F", Fault("body", 200, NOTHING_FOUND))

    assert outcomes(fetch, GOLD) == [Outcome.NOT_FOUND]


# 5


@pytest.mark.parametrize(
    "fault", [Fault("status", 500, "oops"), Fault("status", 503, "busy"), Fault("empty")]
)
@pytest.mark.parametrize("since", [None, HELD], ids=["whole history", "its end"])
def test_one_bad_reply_at_first_contact_does_not_poison_the_next_poll(
    fetch: Fetch, server: YahooServer, fault: Fault, since: date | None
) -> None:
    server.fail("GC=F", fault)

    assert outcomes(fetch, GOLD, since=since) != [Outcome.OK]
    assert outcomes(fetch, GOLD, since=since) == [Outcome.OK]


def test_a_revised_close_is_seen_at_the_next_poll(fetch: Fetch, server: YahooServer) -> None:
    (before,) = fetch(GOLD, since=HELD)
    server.put(future("GC=F", straight(1610, 1)))
    (after,) = fetch(GOLD, since=HELD)

    assert after.bars["close"].to_list()[0] == before.bars["close"].to_list()[0] + 10


# 6, 7, 8, 9, 10


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("empty", Outcome.BAD_PAYLOAD),
        ("html", Outcome.BAD_PAYLOAD),
        ("truncated", Outcome.BAD_PAYLOAD),
        ("cut", Outcome.BAD_PAYLOAD),
        ("infinity", Outcome.BAD_PAYLOAD),
        ("unequal", Outcome.BAD_PAYLOAD),
        ("no_timestamp", Outcome.BAD_PAYLOAD),
        ("all_null", Outcome.EMPTY),
        ("result_null", Outcome.EMPTY),
        ("quote_empty", Outcome.EMPTY),
    ],
)
def test_a_spoilt_reply_is_told_for_what_it_is_and_the_next_one_is_fine(
    fetch: Fetch, server: YahooServer, kind: str, outcome: Outcome
) -> None:
    server.fail("GC=F", Fault(kind))

    gold, silver = fetch(GOLD, SILVER)

    assert (gold.outcome, silver.outcome) == (outcome, Outcome.OK)
    assert gold.bars.is_empty()
    assert "GC=F" in gold.detail
    assert "\n" not in gold.detail
    assert "delisted" not in gold.detail
    assert outcomes(fetch, GOLD) == [Outcome.OK]


def test_a_price_in_another_currency_is_not_taken_for_ours(fetch: Fetch, server: YahooServer) -> None:
    server.put(future("GC=F", straight(1600, 1), currency="USX"))

    (gold,) = fetch(GOLD)

    assert gold.outcome == Outcome.BAD_PAYLOAD
    assert "quoted in USX, but the catalogue says USD" in gold.detail


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


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_a_call_ends_at_its_deadline_and_the_other_symbols_are_served(
    impatient: YahooSource, server: YahooServer, kind: str
) -> None:
    impatient.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)
    server.fail("GC=F", Fault(kind))

    answers = impatient.fetch([GOLD, SILVER, NEWMONT], interval="1d", since={}, now=THURSDAY_EVENING)

    assert [one.outcome for one in answers] == [Outcome.TIMEOUT, Outcome.OK, Outcome.OK]
    assert "no answer within 0.4 s" in answers[0].detail


def test_a_connection_that_is_reset_is_a_network_failure(fetch: Fetch, server: YahooServer) -> None:
    fetch(GOLD)
    server.fail("GC=F", Fault("reset"), times=5)

    (gold,) = fetch(GOLD)

    assert gold.outcome == Outcome.NETWORK
    assert "delisted" not in gold.detail


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://nowhere.invalid"], ids=["refused", "no such name"]
)
def test_a_host_that_cannot_be_reached_is_a_network_failure(tmp_path: Path, address: str) -> None:
    source = YahooSource(cache_folder=tmp_path, endpoint=address, timeout=5)

    (gold,) = source.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)

    source.close()
    assert gold.outcome == Outcome.NETWORK
    assert "Error" in gold.detail
