"""The episodes of a level that starts fresh, all at once: from runs of equal classes instead of one session after another.

1. Unknown sessions are left out: they change nothing, but more than `max_unknown` of them in a row end a run.
2. The N-th session of a run that fires may open, the C-th of a run that is clear may resolve.
3. What may open while open, or resolve while not, does nothing.

`alerts.advance` says what is meant; a property test holds the two equal.
"""

import numpy as np
import numpy.typing as npt

from monitor.alerts import Dwell, Verdict

Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


def is_by_runs(dwell: Dwell) -> bool:
    """Whether runs say all: nothing counts some of many sessions, or closes for lack of data."""
    return dwell.of is None and dwell.close_after is None


def episodes_of(verdicts: npt.NDArray[np.int8], dwell: Dwell) -> tuple[Rows, Rows]:
    """The rows in which episodes open, and those in which they resolve; the last may be open still."""
    known = np.flatnonzero(verdicts != Verdict.UNKNOWN)
    if dwell.edge and len(known):
        seen = verdicts[known] != Verdict.FIRE
        known = known[np.argmax(seen) if seen.any() else len(known) :]
    opening = _nth_of_runs(known, verdicts[known] == Verdict.FIRE, dwell.bars, apart=dwell.max_unknown)
    counted = known[verdicts[known] != Verdict.BAND_KEEPING_CLEARS] if dwell.clear_bars > 1 else known
    closing = _nth_of_runs(counted, verdicts[counted] == Verdict.CLEAR, dwell.clear_bars)
    return _in_turns(opening, closing)


def _nth_of_runs(rows: Rows, holds: Mask, count: int, *, apart: int | None = None) -> Rows:
    """Each row that is the n-th in a run of rows that hold; of one, every row that holds is enough."""
    if count == 1:
        return rows[holds]
    joined = holds[1:] & holds[:-1]
    if apart is not None:
        joined &= np.diff(rows) - 1 <= apart
    starts = np.flatnonzero(holds & ~np.concatenate(([False], joined)))
    ends = np.flatnonzero(holds & ~np.concatenate((joined, [False])))
    found: Rows = rows[(starts + count - 1)[ends - starts >= count - 1]]
    return found


def _in_turns(opening: Rows, closing: Rows) -> tuple[Rows, Rows]:
    """An opening, then the next closing, then the next opening: all others are left out."""
    rows = np.concatenate((opening, closing))
    opens = np.concatenate((np.ones(len(opening), np.bool_), np.zeros(len(closing), np.bool_)))
    order = np.argsort(rows, kind="stable")
    rows, opens = rows[order], opens[order]
    turns = np.concatenate((opens[:1], opens[1:] != opens[:-1]))
    rows, opens = rows[turns], opens[turns]
    return rows[opens], rows[~opens]
