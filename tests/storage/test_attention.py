from dataclasses import replace
from datetime import timedelta

from monitor.alerts import Severity
from monitor.routing import Match
from monitor.silences import Acknowledged
from monitor.storage.store import Store
from tests.storage.examples import LATER, NOW, RULE

MATCH = Match(
    severity=frozenset({Severity.INFO, Severity.WARNING}), rule=("gsr-*",), labels={"desk": "metals"}
)
ACK = Acknowledged(rule=RULE, instance=None, episode=3, author="ann", note="seen", at=NOW)


def test_a_silence_comes_back_as_it_was_kept(store: Store) -> None:
    first = store.add_silence(MATCH, reason="noise", author="ann", since=NOW, until=LATER)
    second = store.add_silence(Match(), reason="holiday", author="bob", since=NOW, until=None)

    (one, two) = store.silences()
    assert (one.number, two.number) == (first, second)
    assert (one.match, one.reason, one.author, one.since, one.until) == (MATCH, "noise", "ann", NOW, LATER)
    assert (two.match, two.until) == (Match(), None)


def test_a_silence_can_be_ended_once_and_only_while_it_holds(store: Store) -> None:
    number = store.add_silence(MATCH, reason="noise", author="ann", since=NOW, until=None)

    assert store.end_silence(number, at=LATER)
    assert not store.end_silence(number, at=LATER + timedelta(hours=1))
    assert not store.end_silence(number + 1, at=LATER)
    assert not store.end_silence(99_999_999_999_999_999_999_999, at=LATER)
    assert store.silences()[0].until == LATER


def test_the_last_acknowledgement_of_an_episode_holds(store: Store) -> None:
    store.acknowledge(ACK)
    store.acknowledge(replace(ACK, author="bob"))
    store.acknowledge(replace(ACK, instance="mp", episode=1))

    assert store.acknowledged() == [replace(ACK, author="bob"), replace(ACK, instance="mp", episode=1)]
