"""The words of alerts: severities, classes of observations, phases, kinds of transitions and their reasons."""

from enum import IntEnum, StrEnum


class Severity(StrEnum):
    """How loud an alert is; also the names of a ladder's levels, lowest first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Verdict(IntEnum):
    """The class of one observation; `engine.classing` counts on their order."""

    UNKNOWN = 0
    FIRE = 1
    CLEAR = 2
    BAND = 3
    """Known, neither firing nor clear."""
    BAND_KEEPING_CLEARS = 4
    """Not firing, and whether it is clear is unknown: a band that leaves the count of clears."""


class Phase(StrEnum):
    """The state of one level."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"

    @property
    def is_open(self) -> bool:
        return self in (Phase.FIRING, Phase.RECOVERING)


class Kind(StrEnum):
    """What a transition says happened."""

    PENDING = "pending"
    DROPPED = "dropped"
    OPEN = "open"
    ESCALATE = "escalate"
    DEESCALATE = "deescalate"
    RESOLVE = "resolve"
    STILL_OPEN = "still_open"
    REMIND = "remind"
    RETRACT = "retract"
    REOPEN = "reopen"
    AMEND = "amend"
    LIVE = "live"
    """It would open, or be louder, if the session closed so."""
    WITHDRAW = "withdraw"
    """It did not."""


RECORDED_ONLY = frozenset({Kind.PENDING, Kind.DROPPED, Kind.DEESCALATE, Kind.AMEND})
"""Kinds that are stored and never sent."""


class Reason(StrEnum):
    """Why a transition happened."""

    THRESHOLD = "threshold"
    ALREADY_TRUE = "already_true"
    LATE_DATA = "late_data"
    REVISED_DATA = "revised_data"
    RULE_CHANGED = "rule_changed"
    RULE_REMOVED = "rule_removed"
    LEFT_UNIVERSE = "left_universe"
    """Its rule is there, and asks about the member no more."""
    EXPIRED = "expired"
    STALE_CLOSED = "stale_closed"
    """Closed without confirmation: unknown for as long as `on_missing: {close_after: ...}` allows."""
    NEW_EXTREME = "new_extreme"
