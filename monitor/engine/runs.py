"""The episodes of a level that starts fresh, all at once: from runs of equal classes instead of one session after another.

1. Unknown runs are left out: they change nothing, but more than `max_unknown` unknown sessions part what is around them.
2. The N-th session in a row that fires may open, the C-th in a row that is clear may resolve.
3. What may open while open, or resolve while not, does nothing.

`alerts.advance` says what is meant; a property test holds the two equal.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.alerts import Dwell, Verdict

Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_LEFT_OUT = {
    Verdict.FIRE: (Verdict.UNKNOWN,),
    Verdict.CLEAR: (Verdict.UNKNOWN, Verdict.BAND_KEEPING_CLEARS),
}
"""What changes nothing where sessions of a class are counted."""


def is_by_runs(dwell: Dwell) -> bool:
    """Whether runs say all: nothing counts some of many sessions, or closes for lack of data."""
    return dwell.of is None and dwell.close_after is None


def episodes_of(verdicts: npt.NDArray[np.int8], dwell: Dwell) -> tuple[Rows, Rows]:
    """The rows in which episodes open, and those in which they resolve; the last may be open still."""
    runs = _runs(verdicts)
    if dwell.edge:
        quiet = (runs.kinds != Verdict.FIRE) & (runs.kinds != Verdict.UNKNOWN)
        runs = runs.only(np.logical_or.accumulate(quiet))
    opening = _nth_in_a_row(runs, Verdict.FIRE, dwell.bars, apart=dwell.max_unknown)
    closing = _nth_in_a_row(runs, Verdict.CLEAR, dwell.clear_bars, apart=len(verdicts))
    return _in_turns(opening, closing)


@dataclass(frozen=True, eq=False, slots=True)
class _Runs:
    """Stretches of sessions of one class, in order."""

    starts: Rows
    stops: Rows
    kinds: npt.NDArray[np.int8]

    def only(self, wanted: Mask) -> "_Runs":
        return _Runs(self.starts[wanted], self.stops[wanted], self.kinds[wanted])


def _runs(verdicts: npt.NDArray[np.int8]) -> _Runs:
    first = np.zeros(min(len(verdicts), 1), np.intp)
    edges = np.concatenate((first, np.flatnonzero(verdicts[1:] != verdicts[:-1]) + 1, [len(verdicts)]))
    return _Runs(edges[:-1], edges[1:], verdicts[edges[:-1]])


def _nth_in_a_row(runs: _Runs, kind: Verdict, count: int, *, apart: int) -> Rows:
    """The row of the n-th session in a row of this class; so many sessions that are left out may lie between."""
    if count == 1:  # one that goes on after what is left out does nothing anyway
        starts: Rows = runs.starts[runs.kinds == kind]
        return starts
    runs = runs.only(~np.isin(runs.kinds, _LEFT_OUT[kind]))
    holds, lengths = runs.kinds == kind, runs.stops - runs.starts
    between = runs.starts[1:] - runs.stops[:-1]
    goes_on = np.concatenate(([False], holds[1:] & holds[:-1] & (between <= apart)))[: len(holds)]
    counted = np.zeros_like(lengths)
    if goes_on.any():
        before = np.cumsum(lengths) - lengths
        counted = before - np.maximum.accumulate(np.where(goes_on, 0, before))
    reached = holds & (counted < count) & (count <= counted + lengths)
    rows: Rows = runs.starts[reached] + count - 1 - counted[reached]
    return rows


def _in_turns(opening: Rows, closing: Rows) -> tuple[Rows, Rows]:
    """An opening, then the next closing, then the next opening: all others are left out."""
    after = np.searchsorted(closing, opening)  # of openings before the same closing the first counts
    turns = np.concatenate(([True], after[1:] != after[:-1]))[: len(opening)]
    opened, after = opening[turns], after[turns]
    return opened, closing[after[after < len(closing)]]
