"""One engine, two callers: bars -> observations -> transitions, the same live and in a backtest.

`observe` has no memory, it is formulas over all bars held:

1. legs are put side by side by session (`bars.side_by_side`);
2. the metrics of all rules are computed once each (`language.evaluate`);
3. each instance joins its metrics by session (`joining`, `due`) and every session is classed (`classing`).

`replay` has all the memory, it is a fold of `alerts.advance_ladder` over the observations (`replaying`);
stretches in which nothing can change are skipped.  Where only episodes are asked for, `runs` finds them all at once.
"""

from monitor.engine.classing import rejudged
from monitor.engine.due import groups_of
from monitor.engine.inhibiting import Inhibitors, Span
from monitor.engine.observing import complete_at, legs_of, observe, observe_legs
from monitor.engine.replaying import episode_rows, episodes, opens, replay, state_after
from monitor.engine.track import Track, transition

__all__ = [
    "Inhibitors",
    "Span",
    "Track",
    "complete_at",
    "episode_rows",
    "episodes",
    "groups_of",
    "legs_of",
    "observe",
    "observe_legs",
    "opens",
    "rejudged",
    "replay",
    "state_after",
    "transition",
]
