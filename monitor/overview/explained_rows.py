"""What is said of one instance in one session: its levels, the prices that were read, and what was decided."""

from datetime import date, datetime

from monitor.alerts import Kind, Reason, Severity
from monitor.overview.row import Row
from monitor.overview.told import MessageRow


class ComparisonRow(Row):
    """One part of a condition with its value, its threshold, and whether it held."""

    metric: str
    value: float | None
    value_shown: str
    sign: str
    """Empty where the metric itself is the answer."""
    threshold: float | None
    threshold_shown: str
    holds: bool | None
    """null: unknown."""


class LevelRow(Row):
    """One level: how it was classed, what of its conditions held, and its counters."""

    level: Severity
    verdict: str
    """fire, clear, band or unknown."""
    fires_when: str
    needs: str
    """For how many bars that must hold."""
    parts: tuple[ComparisonRow, ...]
    clear_when: str | None
    clear_parts: tuple[ComparisonRow, ...]
    phase: str | None
    """ok, pending, firing or recovering; of the latest session only, as the counters are."""
    fires: int | None
    clears: int | None
    unknowns: int | None


class LegRow(Row):
    """One price that was read: its bar, when it could be known, when it was fetched, and what is held of it today."""

    leg: str
    instrument: str
    value: float | None
    unit: str
    basis: str | None
    session: date | None
    known_at: datetime | None
    fetched_at: datetime | None
    version: int | None
    """Of the bar, counted from 1; null: no version that is stored had this value."""
    value_today: float | None
    """What is held of the same bar now; another value is a revision."""


class DecisionRow(Row):
    """A transition, what policy decided about it, and the messages that carried it."""

    session: date
    kind: Kind
    level: Severity
    reason: Reason
    episode: int
    sent: bool
    cause: str | None
    """Why it was withheld."""
    text: str
    recorded_at: datetime
    messages: tuple[MessageRow, ...]


class TodayRow(Row):
    """The same session by the rule as it is written, and the prices as they are held, today."""

    fires: bool | None
    """Whether the highest level that could fire does; null: unknown."""
    verdicts: tuple[str, ...]
    parts: tuple[ComparisonRow, ...]
    differs: bool
    """Whether a level is classed otherwise than it was."""


class ExplainedRow(Row):
    """One instance in one session."""

    rule: str
    instance: str | None
    name: str
    session: date
    at: datetime
    """The instant from which its values could be known."""
    stored: bool
    """false: it was not judged then, and is worked out from the prices held now."""
    state: str
    levels: tuple[LevelRow, ...]
    legs: tuple[LegRow, ...]
    decisions: tuple[DecisionRow, ...]
    """Of this session."""
    recent: tuple[DecisionRow, ...]
    """What happened before, newest first."""
    attention: tuple[str, ...]
    """What stands between it and people now: a cooldown, a silence, an acknowledgement, a rule that inhibits it."""
    evidence: str | None
    """What history says of the rule as it is written; null: it was not measured yet."""
    today: TodayRow | None
    """null: there is no such session by what is held now."""
