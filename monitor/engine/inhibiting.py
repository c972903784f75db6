"""In which sessions a rule is open that inhibits another one.

Spans are the episodes that are remembered, transitions what changed after them; so one batch over history, one session after
another, and a session that is judged late give the same answer.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from datetime import date

from monitor.alerts import Kind, Transition
from monitor.rules import Instance, InstanceKey

Span = tuple[date, date | None]
"""The session in which an episode opened, and the one in which it resolved, if it did."""
Turns = list[tuple[date, bool]]
"""Sessions in which an instance opened (True) or resolved, in order."""


class Inhibitors:
    """Which instances are open in which sessions."""

    def __init__(
        self, spans: Mapping[InstanceKey, Iterable[Span]], transitions: Iterable[Transition]
    ) -> None:
        self._turns: dict[str, dict[str | None, Turns]] = {}
        for (rule, member), own in spans.items():
            self._turns.setdefault(rule, {})[member] = sorted(turn for span in own for turn in _turns(span))
        for one in transitions:
            turns = self._turns.setdefault(one.rule, {}).setdefault(one.instance, [])
            if one.kind in (Kind.OPEN, Kind.RESOLVE):
                insort(turns, (one.session, one.kind is Kind.OPEN))

    def of(self, instance: Instance, session: date) -> str | None:
        """The first rule that inhibits an instance in a session: the same member if it has one, else any."""
        for rule in instance.rule.inhibited_by:
            members = self._turns.get(rule, {})
            asked = [members[instance.member]] if instance.member in members else members.values()
            if any(_is_open(turns, session) for turns in asked):
                return rule
        return None


def _turns(span: Span) -> Turns:
    opened, resolved = span
    return [(opened, True)] if resolved is None else [(opened, True), (resolved, False)]


def _is_open(turns: Turns, session: date) -> bool:
    """An episode lasts from the session it opens in to the one before it resolves."""
    place = bisect_right(turns, session, key=lambda turn: turn[0])
    return place > 0 and turns[place - 1][1]
