"""When something was judged, and what was remembered before it."""

from dataclasses import replace
from datetime import timedelta

from monitor.storage.judgings import KEPT
from monitor.storage.records import Judging
from monitor.storage.store import Store
from tests.storage.examples import LATER, NOW, RULE, evaluation, judged, memory, transition

FIRST = Judging(
    at=NOW,
    seen_upto=NOW,
    judged_by="0.1 abc",
    packs={"p.yml": "pack: p"},
    before={(RULE, "mp"): memory(), (RULE, None): memory()},
)
SECOND = Judging(at=LATER, seen_upto=LATER, judged_by="0.1 abc")


def test_what_was_judged_comes_back_in_order_with_what_was_remembered_before(store: Store) -> None:
    assert store.last_judging() is None
    store.commit(replace(judged(transition()), judging=FIRST), now=NOW)
    store.commit(replace(judged(), judging=SECOND), now=LATER)

    assert store.judgings() == [FIRST, SECOND]
    assert store.last_judging() == (LATER, "0.1 abc")
    assert store.last_judging(with_before=True) == (NOW, "0.1 abc")


def test_what_is_too_old_to_be_judged_again_is_forgotten_when_memories_are_kept_anew(store: Store) -> None:
    at = NOW + KEPT + timedelta(days=1)
    for one in (FIRST, replace(SECOND, at=at), replace(FIRST, at=at + timedelta(minutes=1))):
        store.commit(replace(judged(), judging=one), now=one.at)

    assert [one.at for one in store.judgings()] == [at, at + timedelta(minutes=1)]


def test_evaluations_are_read_by_when_they_were_made(store: Store) -> None:
    store.commit(judged(transition()), now=NOW)

    assert store.evaluations(since=NOW) == [evaluation()]
    assert store.evaluations(since=LATER) == []
