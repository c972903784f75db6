"""Health on a real database, from files that stop and go on: what is remembered, owed and shown."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.cycle import run_cycle
from monitor.gather import Context, fetch
from monitor.health import Freshness
from monitor.instruments import Catalogue
from monitor.prices.files import FileSource
from monitor.prices.source import Fetched, Outcome
from monitor.routing import QuietHours, everything
from monitor.storage.store import Store, open_store
from monitor.wellbeing import current_health, keep_health
from tests.support.made_up import CATALOGUE, instrument, made, sessions
from tests.support.process import home
from tests.support.rules import pack

DAYS = sessions(80)
STALE = f"WARNING slv: stale, 2 sessions missing, the last bar is of {DAYS[49]}"
BACK = f"RESOLVED slv: prices again, up to {DAYS[51]}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'health.db'}")
    yield opened
    opened.close()


@pytest.fixture
def context(store: Store, tmp_path: Path) -> Context:
    book = pack("high: {when: slv > 100}\nlow: {when: slv < 1}")
    source = FileSource(tmp_path / "prices", CATALOGUE)
    return Context(store=store, source=source, rulebook=book, routing=everything(["console"]))


def write(folder: Path, count: int) -> None:
    """The file of slv, with so many sessions."""
    (folder / "prices").mkdir(exist_ok=True)
    lines = [f"{day},{101 + number % 3}" for number, day in enumerate(DAYS[:count])]
    (folder / "prices" / "slv.csv").write_text("\n".join(["date,close", *lines]), encoding="utf-8")


def evening(day: date) -> datetime:
    return datetime.combine(day, time(23), UTC)


def titles(store: Store) -> list[str]:
    return [row.title for row in store.outbox_rows() if " slv: " in row.title]


def test_a_cycle_tells_of_a_stale_series_and_its_recovery_once_each(
    context: Context, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, 50)
    for day in DAYS[49:52]:
        for _ in range(2):
            run_cycle(context, now=evening(day))
    write(tmp_path, 52)
    back = run_cycle(context, now=evening(DAYS[51]))

    assert titles(store) == [STALE, BACK]
    assert [event.headline for event in back.health] == [f"prices again, up to {DAYS[51]}"]
    body = next(row.body for row in store.outbox_rows() if row.title == STALE)
    assert "Rules that wait: high, low." in body
    assert "Open alerts among them: high." in body


def test_staleness_is_noticed_while_nothing_is_asked_and_written_once(
    context: Context, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, 50)
    run_cycle(context, now=evening(DAYS[49]))
    with sqlite3.connect(tmp_path / "health.db") as other:

        def version() -> int:
            return int(other.execute("pragma data_version").fetchone()[0])

        first = keep_health(context, (), now=evening(DAYS[51]))
        before = version()
        again = keep_health(context, (), now=evening(DAYS[51]) + timedelta(minutes=15))
        after = version()

    assert [event.headline for event in first] == [STALE.removeprefix("WARNING slv: ")]
    assert (again, after) == ([], before)


def test_a_calendar_that_was_not_asked_yet_after_a_pause_is_not_told_as_stale(store: Store) -> None:
    book = pack("us: {when: nys > 1000}\noz: {when: lyc > 1000}")
    source = FileSource(Path("nowhere"), CATALOGUE)
    context = Context(store=store, source=source, rulebook=book, routing=everything(["console"]))
    days = sessions(20, "XNYS", date(2024, 3, 1))
    store.add_bars(
        made({"nys": [1.0] * 20, "lyc": [1.0] * 20}, days=days), seen_at=evening(days[-1]), source="made up"
    )
    later = evening(days[-1]) + timedelta(days=7)

    assert keep_health(context, (), now=evening(days[-1]), calendars={"XASX"}) == []
    events = keep_health(context, (), now=later, calendars={"XASX"})

    assert [event.about for event in events] == ["lyc"]
    assert set(store.healths()) == {"lyc"}


def test_health_messages_wait_for_the_end_of_quiet_hours(
    context: Context, store: Store, tmp_path: Path
) -> None:
    quiet = QuietHours(start=time(22), end=time(7), zone="UTC")
    context = replace(context, routing=replace(context.routing, quiet={"console": quiet}))
    write(tmp_path, 50)
    fetch(context, now=evening(DAYS[49]))
    keep_health(context, (), now=evening(DAYS[51]))

    (row,) = store.outbox_rows()
    assert row.next_at == datetime.combine(DAYS[51] + timedelta(days=1), time(7), UTC)


def test_an_outage_longer_than_what_is_usually_read_is_counted_whole(
    context: Context, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, 20)
    run_cycle(context, now=evening(DAYS[19]))
    run_cycle(context, now=evening(DAYS[75]))
    write(tmp_path, 78)
    run_cycle(context, now=evening(DAYS[77]))

    assert [title.partition(",")[0] for title in titles(store)] == [
        "CRITICAL slv: dead",
        "RESOLVED slv: prices again",
    ]
    (body,) = [row.body for row in store.outbox_rows() if row.title.startswith("RESOLVED slv")]
    assert body == "58 sessions missing, 58 back-filled."


def test_a_series_in_no_rule_any_more_makes_no_incident_and_none_is_told(
    context: Context, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, 50)
    run_cycle(context, now=evening(DAYS[49]))
    elsewhere = replace(context, rulebook=pack("high: {when: gold > 1}"))

    assert keep_health(elsewhere, (), now=evening(DAYS[60])) == []
    assert store.healths()["slv"].freshness is Freshness.FRESH


def test_the_answers_of_a_poll_are_remembered_with_the_time_of_the_quote(
    context: Context, store: Store
) -> None:
    now = evening(DAYS[0])
    quote = now - timedelta(minutes=10)
    keep_health(context, [Fetched("slv", Outcome.OK, meta={"source_time": quote})], now=now)
    keep_health(context, [Fetched("slv", Outcome.TIMEOUT, detail="too slow")], now=now + timedelta(hours=1))

    one = store.healths()["slv"]
    assert (one.quote_at, one.answered_at, one.outcome, one.detail) == (quote, now, "timeout", "too slow")


def test_looking_writes_nothing(context: Context, store: Store, tmp_path: Path) -> None:
    write(tmp_path, 50)
    fetch(context, now=evening(DAYS[49]))

    assert current_health(context, now=evening(DAYS[51])).series["slv"].freshness is Freshness.STALE
    assert store.healths() == {}
    assert store.outbox_rows() == []


def test_one_incident_is_told_where_a_source_has_prices_for_nobody(store: Store) -> None:
    catalogue = Catalogue({name: instrument(name) for name in "abcd"})
    book = pack("\n".join(f"{name}x: {{when: {name} > 1}}" for name in "abcd"), catalogue=catalogue)
    source = FileSource(Path("nowhere"), catalogue)
    context = Context(store=store, source=source, rulebook=book, routing=everything(["console"]))
    refused = [Fetched(name, Outcome.RATE_LIMITED, detail="429") for name in "abcd"]

    for hour in range(3):
        keep_health(context, refused, now=evening(DAYS[0]) + timedelta(hours=hour))

    (row,) = store.outbox_rows()
    assert "no prices for most series" in row.title


# --- what `status` shows


def test_status_shows_the_data_and_says_which_rules_wait(tmp_path: Path) -> None:
    place = home(tmp_path, "prices: {source: sample}\ndatabase: m.db\npacks: [precious]\n")
    monday = {"METALWATCH_CLOCK": "2026-02-02T18:00-05:00"}
    assert place.command("once", **monday).returncode == 0

    stale = place.command("status", "--clock", "2026-02-05T18:00-05:00")
    told = json.loads(place.command("status", "--json", "--clock", "2026-02-05T18:00-05:00").stdout)
    fresh = json.loads(place.command("status", "--json", "--clock", "2026-02-02T18:00-05:00").stdout)

    assert {row["stale_since"] for row in fresh["rules"]} == {None}
    assert (stale.returncode, stale.stderr) == (
        1,
        "error: gold and silver are stale; the rules that need them wait\n",
    )
    assert "gold    2026-02-02    stale            3  3 d" in stale.stdout
    assert "stale since" in stale.stdout
    assert max(map(len, stale.stdout.splitlines())) <= 80
    assert [(row["series"], row["freshness"], row["missing"]) for row in told["data"]] == [
        ("gold", "stale", 3),
        ("silver", "stale", 3),
    ]
    assert {row["stale_since"] for row in told["rules"]} == {"2026-02-04"}
    assert {row["state"] for row in told["rules"]} == {"ok", "firing"}
