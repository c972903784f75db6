"""The rules in force: a row for each instance with its value, what it waits for, how far that is, and its state."""

from collections.abc import Iterable, Mapping
from datetime import date

from monitor.alerts import Severity
from monitor.engine import Track
from monitor.health import Health
from monitor.ledger import Standpoint
from monitor.nearness import FAR, Nearness, nearness
from monitor.overview.data import stale_since
from monitor.overview.row import Row
from monitor.rules import InstanceKey

NOT_JUDGED = "not judged"


class RuleRow(Row):
    """Where one instance of a rule stands."""

    rule: str
    """Its full id, pack/name."""
    instance: str | None
    """The instrument of its group, if it is asked of a group."""
    state: str
    """ok, pending, firing, recovering, or not judged."""
    session: date | None
    """The last session in which it was judged."""
    metric: str
    """What the comparison that is nearest to its trigger looks at."""
    value: float | None
    """In that session; null is unknown."""
    value_shown: str
    waits_for: str
    """The threshold; of an open alert, the one at which it is clear."""
    distance: str
    """From the value to the threshold, with its sign, in the unit of the metric."""
    distance_in_percent: float | None = None
    """The same in per cent of the value; null where the metric is not like a price, such as a z-score."""
    steps: float | None = None
    """The same in standard deviations of a day's step of the metric, over the last year; 0: it is there."""
    came_so_far: float | None = None
    """From this part of earlier sessions the metric went as far, in that direction, within 21 sessions."""
    closeness: float | None
    """The distance without its sign, as a part of the threshold."""
    level: Severity | None
    """The severity of its open alert."""
    opened: date | None
    """The session in which that opened."""
    labels: dict[str, str]
    stale_since: date | None
    """Since when it waits for a series that is stale or dead."""

    @property
    def name(self) -> str:
        """Rule and instance, as people read them."""
        return f"{self.rule} {self.instance}" if self.instance else self.rule


def rule_rows(
    points: Iterable[Standpoint], health: Health, near: Mapping[InstanceKey, Nearness]
) -> list[RuleRow]:
    """A row for each instance; with how near each is, where that is known."""
    return [_row(one, health, near.get(one.instance.key, FAR)) for one in points]


def nearby(points: Iterable[Standpoint], tracks: Iterable[Track]) -> dict[InstanceKey, Nearness]:
    """How near each instance is to its trigger in the session in which it was judged last."""
    held = {track.instance.key: track for track in tracks}
    return {
        one.instance.key: nearness(
            held[one.instance.key].cut(upto=one.evaluation.session), opened=one.level is not None
        )
        for one in points
        if one.evaluation is not None and one.instance.key in held
    }


def _row(point: Standpoint, health: Health, near: Nearness) -> RuleRow:
    evaluation, now = point.evaluation, point.now
    since = stale_since(point.instance, health)
    return RuleRow(
        rule=point.instance.rule.id,
        instance=point.instance.member,
        state=evaluation.phase if evaluation else NOT_JUDGED,
        session=evaluation.session if evaluation else None,
        metric=now.metric,
        value=now.value,
        value_shown=now.value_shown,
        waits_for=now.threshold_shown,
        distance=now.distance_shown,
        distance_in_percent=now.distance_in_percent,
        steps=near.steps,
        came_so_far=near.often,
        closeness=now.closeness,
        level=point.level,
        opened=point.memory.state.opened if point.memory and point.level else None,
        labels=dict(point.instance.labels),
        stale_since=since and since.date(),
    )
