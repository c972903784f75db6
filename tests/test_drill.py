"""A drill: the message of a rule over its routes, while nothing happened."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from monitor.alerts import Severity
from monitor.cycle import judge_new
from monitor.drill import drill
from monitor.errors import UsageError
from monitor.gather import Context
from monitor.prices.sample import SampleSource
from monitor.routing import Match, QuietHours, Route, Routing
from monitor.storage.store import Store, open_store
from tests.support.made_up import made, sessions
from tests.support.process import home
from tests.support.receivers import web_receiver
from tests.support.rules import pack

DAYS = sessions(8)
NOW = datetime.combine(DAYS[-1], time(23), UTC)
GOLD = (1.0, 3.0, 5.0, 3.0, 1.0, 1.0, 3.0, 1.0)
BOOK = pack(
    "ladder: {levels: {warning: {when: gold > 2}, critical: {when: gold > 4}}}\nnever: {when: gold > 9}"
)
LOUD = Route(match=Match(severity=frozenset({Severity.CRITICAL})), channels=("phone",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'drill.db'}")
    yield opened
    opened.close()


@pytest.fixture
def context(store: Store) -> Context:
    """Eight sessions of gold, judged; what is critical goes to the phone, the rest by mail."""
    hours = QuietHours(start=time(22), end=time(7), zone="UTC")
    routing = Routing(routes=(LOUD, Route(channels=("mail",))), quiet={"mail": hours})
    around = Context(store=store, source=SampleSource(), rulebook=BOOK, routing=routing)
    store.add_bars(made({"gold": GOLD}), seen_at=NOW, source="made up")
    judge_new(around, now=NOW)
    return around


def test_every_level_is_told_where_its_alerts_go_with_the_numbers_of_when_it_held_last(
    context: Context,
) -> None:
    told = {one.channel: one for one in drill(context, BOOK.find("ladder"), now=NOW)}

    assert {name: one.title for name, one in told.items()} == {
        "phone": f"DRILL CRITICAL ladder: gold 5 > 4, {DAYS[2]}",
        "mail": f"DRILL WARNING ladder: gold 3 > 2, {DAYS[6]}",
    }
    assert (
        f"This is a drill: nothing happened. The numbers are of {DAYS[2]}, when it held" in told["phone"].body
    )
    assert f"ref {told['phone'].ref}" in told["phone"].body


def test_a_drill_changes_nothing_but_the_outbox(context: Context, store: Store) -> None:
    before = (store.memories(), store.transitions(), store.latest_evaluations())
    owed = len(store.outbox_rows())
    messages = drill(context, BOOK.find("ladder"), now=NOW)

    assert (store.memories(), store.transitions(), store.latest_evaluations()) == before
    assert all(one.transitions == () for one in messages)
    assert len(store.outbox_rows()) == owed + 2


def test_each_drill_is_another_message_and_waits_for_the_end_of_quiet_hours(
    context: Context, store: Store
) -> None:
    first = drill(context, BOOK.find("ladder"), now=NOW)
    second = drill(context, BOOK.find("ladder"), now=NOW.replace(minute=1))

    assert len({one.key for one in (*first, *second)}) == 4
    due = {one.channel: one.not_before for one in first}
    assert due["phone"] == NOW
    assert due["mail"] is not None
    assert (due["mail"].hour, due["mail"] > NOW) == (7, True)


def test_a_rule_that_was_never_true_shows_its_newest_numbers_and_says_so(context: Context) -> None:
    (told,) = drill(context, BOOK.find("never"), now=NOW)

    assert str(DAYS[7]) in told.title
    assert "it was never true in what is held" in told.body


def test_without_any_session_held_a_drill_says_what_to_do(context: Context, tmp_path: Path) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(UsageError, match="no session of p/never is held yet"):
        drill(replace(context, store=empty), BOOK.find("never"), now=NOW)
    empty.close()


def test_a_drill_is_sent_at_once_and_ends_with_3_when_a_channel_does_not_take_it(tmp_path: Path) -> None:
    settings = (
        "database: mw.db\npacks: [precious]\nprices: {source: sample}\n"
        "channels: {web: env:WEB, other: env:OTHER}\nroutes: [{match: {severity: info}, channels: [other]}, {channels: [web, other]}]\n"
    )
    with web_receiver() as web, web_receiver(script=[200, 503]) as other:
        place = home(
            tmp_path, settings, WEB=web.url, OTHER=other.url, METALWATCH_CLOCK="2020-03-13T20:00-04:00"
        )
        place.command("once")
        told = place.command("drill", "gsr-stress")
        unknown = place.command("drill", "gsr-stres")

    assert (told.returncode, unknown.returncode) == (3, 2)
    assert web.received[-1].title == "DRILL CRITICAL gsr-stress: gsr 104.8 > 100, 2020-03-13"
    assert 'channel "web": delivered, ref ' in told.stdout
    assert 'channel "other": not delivered, tried again from 2020-03-14' in told.stdout
    assert "error=503" in told.stderr
    assert '"gsr-stres" is not a rule in force; did you mean "gsr-stress"?' in unknown.stderr
