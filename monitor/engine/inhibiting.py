"""In which sessions a rule is open that inhibits another one.

States say since when an episode is open, transitions what changed after them; both come from the same judgement,
so that one batch over history and one session after another give the same answer.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date

from monitor.alerts import AlertState, Kind, Transition
from monitor.rules import Instance, InstanceKey

Turns = list[tuple[date, bool]]
"""Sessions in which an instance opened (True) or resolved, in order."""


class Inhibitors:
    """Which instances are open in which sessions."""

    def __init__(self, states: Mapping[InstanceKey, AlertState], transitions: Iterable[Transition]) -> None:
        self._turns: dict[str, dict[str | None, Turns]] = {}
        for (rule, member), state in states.items():
            opened = [] if state.opened is None else [(state.opened, True)]
            self._turns.setdefault(rule, {})[member] = opened
        for one in transitions:
            turns = self._turns.setdefault(one.rule, {}).setdefault(one.instance, [])
            if one.kind in (Kind.OPEN, Kind.RESOLVE):
                turns.append((one.session, one.kind is Kind.OPEN))

    def of(self, instance: Instance, session: date) -> str | None:
        """The first rule that inhibits an instance in a session: the same member if it has one, else any."""
        for rule in instance.rule.inhibited_by:
            members = self._turns.get(rule, {})
            asked = [members[instance.member]] if instance.member in members else members.values()
            if any(_is_open(turns, session) for turns in asked):
                return rule
        return None


def _is_open(turns: Turns, session: date) -> bool:
    """An episode lasts from the session it opens in to the one before it resolves."""
    place = bisect_right(turns, session, key=lambda turn: turn[0])
    return place > 0 and turns[place - 1][1]
