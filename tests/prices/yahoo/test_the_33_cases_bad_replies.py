"""Cases 6 to 11 of yahoo.md, section 6: replies that are none, networks that are down, folders that cannot be used."""

import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.prices.source import Outcome
from monitor.prices.yahoo import YahooSource
from tests.prices.yahoo.conftest import (
    GOLD,
    NEWMONT,
    PATIENCE,
    SILVER,
    THURSDAY_EVENING,
    MakeSource,
    Watching,
)
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_server import YahooServer

MORNING = ("2020-03-12T00:30-04:00", "2020-03-12T00:50-04:00")


def spoil_one_poll(watch: Watching, server: YahooServer, kind: str) -> tuple[Outcome, str]:
    """What becomes of one spoilt reply, once it is sure that held data stay and the next poll is fine."""
    watching = watch(GOLD, SILVER)
    watching.at(*MORNING)
    held = watching.bars("gold")
    server.fail("GC=F", Fault(kind))
    spoilt = watching.at("2020-03-12T17:10-04:00")

    assert watching.bars("gold").equals(held)
    assert watching.health("gold").outcome == spoilt.failed[0].outcome
    (failed,) = spoilt.failed
    assert failed.instrument == "gold"
    assert failed.bars.is_empty()
    assert "GC=F" in failed.detail
    assert "\n" not in failed.detail
    assert "delisted" not in failed.detail
    assert watching.at("2020-03-13T00:30-04:00", "2020-03-13T00:50-04:00").failed == ()
    assert watching.final("gold")[-1] == "03-12"
    return failed.outcome, failed.detail


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("html", "it begins '<!DOCTYPE html><html><body>Our engineers are working on it"),
        ("truncated", 'it begins \'{"chart": {"result": [{"meta":'),
        ("infinity", "Infinity is not a price"),
        ("empty", "an empty answer"),
        ("cut", "the answer broke off"),
    ],
)
def test_06_what_is_no_chart_is_told_with_its_first_bytes_and_the_last_good_data_are_kept(
    watch: Watching, server: YahooServer, kind: str, said: str
) -> None:
    """6: 200 with HTML, nothing, half a document, `Infinity`."""
    outcome, detail = spoil_one_poll(watch, server, kind)

    assert outcome == Outcome.BAD_PAYLOAD
    assert said in detail


@pytest.mark.parametrize("kind", ["all_null", "result_null", "quote_empty"])
def test_07_a_reply_without_a_price_is_empty_and_neither_a_price_of_zero_nor_silence(
    watch: Watching, server: YahooServer, kind: str
) -> None:
    """7: 200 all null."""
    outcome, detail = spoil_one_poll(watch, server, kind)

    assert outcome == Outcome.EMPTY
    assert detail


@pytest.mark.parametrize("kind", ["no_timestamp", "unequal"])
def test_08_arrays_that_do_not_fit_are_a_bad_payload_and_no_crash(
    watch: Watching, server: YahooServer, kind: str
) -> None:
    """8: missing `timestamp`, unequal arrays."""
    outcome, _ = spoil_one_poll(watch, server, kind)

    assert outcome == Outcome.BAD_PAYLOAD


@pytest.mark.parametrize("trouble", ["refused", "no such name", "no TLS", "reset"])
def test_09_a_host_that_cannot_be_reached_is_a_network_failure_and_not_delisted(
    make_source: MakeSource, server: YahooServer, trouble: str
) -> None:
    """9: DNS down, TLS refused."""
    addresses = {
        "refused": "http://127.0.0.1:1",
        "no such name": "http://nowhere.invalid",
        "no TLS": f"https://127.0.0.1:{server.port}",
    }
    server.fail("GC=F", Fault("reset"), times=5)
    source = make_source(endpoint=addresses.get(trouble, server.url))

    (gold,) = source.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)

    assert gold.outcome == Outcome.NETWORK
    assert "Error" in gold.detail
    assert "delisted" not in gold.detail


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_10_a_call_ends_at_its_deadline_and_the_other_symbols_are_served(
    make_source: MakeSource, server: YahooServer, kind: str
) -> None:
    """10: server hangs, or drips one byte now and then."""
    source = make_source(timeout=PATIENCE)
    source.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)
    server.fail("GC=F", Fault(kind))

    answers = source.fetch([GOLD, SILVER, NEWMONT], interval="1d", since={}, now=THURSDAY_EVENING)

    assert [one.outcome for one in answers] == [Outcome.TIMEOUT, Outcome.OK, Outcome.OK]
    assert f"no answer within {PATIENCE:g} s" in answers[0].detail


@pytest.mark.parametrize("trouble", ["no folder", "not a database", "locked"])
def test_11_a_cookie_file_that_cannot_be_used_costs_one_warning_and_no_request(
    make_source: MakeSource, server: YahooServer, tmp_path: Path, trouble: str
) -> None:
    """11: cache directory read-only, or locked by another process."""
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
    source = make_source(cache_folder=cookies.parent, timeout=20)

    with capture_logs() as logs:
        polls = [source.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)[0] for _ in range(3)]

    if writer is not None:
        writer.close()
    assert [one.outcome for one in polls] == [Outcome.OK] * 3
    assert len(server.log()) == 2 + 3
    assert [log["event"] for log in logs] == ["yahoo_cookie_file_unusable"]


def test_11_a_cookie_in_our_folder_is_used_again_by_the_next_process(
    make_source: MakeSource, server: YahooServer, tmp_path: Path
) -> None:
    """11: its other half; the cookie store is our own."""
    endpoint = server.url.replace("127.0.0.1", "yahoo.localhost")

    for _ in range(2):
        source: YahooSource = make_source(endpoint=endpoint, cache_folder=tmp_path / "ours")
        assert source.fetch([GOLD], interval="1d", since={}, now=THURSDAY_EVENING)[0].outcome == Outcome.OK
        source.close()

    assert (tmp_path / "ours" / "cookies.db").is_file()
    assert [one.path for one in server.log()].count("/") == 1
