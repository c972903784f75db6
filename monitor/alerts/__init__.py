"""The memory of an alert: one pure step from a state and an observation to a state and its changes.

`advance` is the machine of one level, `advance_ladder` the fold of several levels into one episode.
Nothing here knows of prices, frames, messages or clocks.

The states of a level:

* ok: not firing;
* pending: firing, but not for long enough to open;
* firing: open;
* recovering: open and clear, but not for long enough to resolve.
"""

from monitor.alerts.kinds import RECORDED_ONLY, Kind, Phase, Reason, Severity, Verdict
from monitor.alerts.ladder import AlertState, Change, advance_ladder, clearing
from monitor.alerts.level import MAX_UNKNOWN_PENDING, Dwell, LevelState, advance, is_idle
from monitor.alerts.transition import Transition, transition_id

__all__ = [
    "MAX_UNKNOWN_PENDING",
    "RECORDED_ONLY",
    "AlertState",
    "Change",
    "Dwell",
    "Kind",
    "LevelState",
    "Phase",
    "Reason",
    "Severity",
    "Transition",
    "Verdict",
    "advance",
    "advance_ladder",
    "clearing",
    "is_idle",
    "transition_id",
]
