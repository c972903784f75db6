"""Who reads every message knows what is open: nothing that is over, and all that was not withheld."""

import shutil
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import Kind
from monitor.cycle import judge_new
from monitor.policy import Decided
from monitor.rules import InstanceKey
from monitor.storage.store import open_store
from tests.backtest.test_as_known import BEGIN, POLLS, Poll, context, seen
from tests.support.examples import examples
from tests.test_semantics_properties import MARKETS, MESSAGE_KEYS, STATE_KEYS, Market, a_rule, book_of

RULES = st.builds(
    a_rule,
    STATE_KEYS.map(lambda keys: {key: value for key, value in keys.items() if key != "mode"}),
    MESSAGE_KEYS.map(lambda keys: {key: value for key, value in keys.items() if key != "inhibited_by"}),
    ladder=st.booleans(),
)
"""An edge is over when it opens, and what inhibits may withhold an end."""

TELLS = (Kind.OPEN, Kind.STILL_OPEN, Kind.ESCALATE, Kind.REMIND, Kind.REOPEN)

Believed = dict[InstanceKey, dict[date, int]]
"""The sessions since which a reader takes an instance for open, with the numbers of the episodes."""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database to copy."""
    path = tmp_path_factory.mktemp("belief") / "empty.db"
    open_store(str(path)).close()
    return path


def read(messages: Iterable[Decided], believed: Believed) -> None:
    """What a reader takes for open afterwards: neither what ended later, nor what was taken back in a session in which
    it was open; an episode that began elsewhere is still the same.
    """
    for one in messages:
        told = one.transition
        since = believed.setdefault((told.rule, told.instance), {})
        opened = told.opened or told.session
        if told.kind is Kind.AMEND and told.episode in since.values():
            for session in [session for session, episode in since.items() if episode == told.episode]:
                del since[session]
            since[opened] = told.episode
        elif one.sent and told.kind in TELLS:
            since[opened] = told.episode
        elif one.sent and told.kind in (Kind.RESOLVE, Kind.RETRACT):
            for session in [session for session in since if session <= told.session]:
                del since[session]


@examples(12)
@given(st.lists(RULES, min_size=1, max_size=2), MARKETS, POLLS)
def test_who_reads_every_message_knows_what_is_open_whatever_came_late_was_revised_or_edited(
    empty: Path, rules: Sequence[str], market: Market, polls: Sequence[Poll]
) -> None:
    store, now = open_store(str(shutil.copy(empty, empty.with_suffix(".example")))), BEGIN
    believed: Believed = {}
    for number, poll in enumerate(polls):
        now += timedelta(hours=poll.hours)
        book = book_of(rules[min(number // 2, len(rules) - 1)])
        store.add_bars(seen(market, poll, now), seen_at=now, source="made up")
        read(judge_new(context(store, book), now=now).decided, believed)
        for key, memory in store.memories().items():
            is_open = memory.state.level is not None
            is_withheld = memory.told.owed is not None or memory.told.unheard is not None
            assert bool(believed.get(key)) is (is_open and not is_withheld)
    store.close()
