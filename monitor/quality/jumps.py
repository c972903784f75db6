"""Which moves are too large to be believed at first sight, and what makes them believable.

A move is the log return against the last close that was believed.  It is in doubt beyond 8 robust standard
deviations of the 60 returns before it and beyond a floor: 0.12, of currencies 0.05.  (One floor for all would pass
what is wrong with currencies, whose ordinary day is half a percent; in a crisis the deviations grow.)  A move over
several sessions may be larger by the root of their number.

A doubt ends by the first of:

- a sibling moved the same way between the same sessions, at least half as far;
- a share or fund traded three times its median volume (its median alone is reached every other day, and would let
  every other bad print through);
- the next bar stays, that is, gives back less than three quarters of the move (an error is given back whole but for
  the next bar's own move, and a quarter of 8 deviations is two of them);
- an earlier poll, one source delay ago or more, saw the same price within 2 %.

A slip by ten or a hundred times is believed of a sibling or the next bar only: what caused it is still there at the
second poll, and has nothing to do with the volume of the day.
"""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from monitor.instruments import AssetKind, Instrument
from monitor.quality.findings import Finding, Kind, Release
from monitor.quality.siblings import Closes, siblings

SIGMAS = 8.0
FLOOR = 0.12
CURRENCY_FLOOR = 0.05
"""Log returns."""
WINDOW = 60
LEAST = 20
"""Returns that the robust deviation is taken from, and the fewest that make one."""
TO_SIGMA = 1.4826
"""From the median of absolute values to the standard deviation, of a normal distribution."""
SLIPS = (100.0, 10.0, 0.1, 0.01)
SLIP_WITHIN = 0.12
ALIKE = 0.5
BUSY = 3.0
GIVEN_BACK = 0.75
SAME_PRICE = 0.02


@dataclass(frozen=True, slots=True)
class Series:
    """One series, a row per bar in order; weekend rows are not in it."""

    instrument: Instrument
    sessions: pl.Series
    closes: pl.Series
    volumes: pl.Series
    sigmas: pl.Series
    """The robust standard deviation of one session's log return; zero where it is not known."""
    large: frozenset[int]
    """Rows whose move from the row before is beyond the limit."""

    def limit(self, row: int, before: int) -> float:
        """The largest move from one row to a later one that is believed, growing with the root of the sessions."""
        floor = CURRENCY_FLOOR if self.instrument.kind == AssetKind.FX else FLOOR
        sessions = _weekdays(self.sessions[before], self.sessions[row])
        return max(SIGMAS * float(self.sigmas[row]), floor) * math.sqrt(max(sessions, 1))

    def move(self, row: int, before: int) -> float:
        """The log return from one row to a later one."""
        return math.log(self.closes[row] / self.closes[before])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can confirm a move besides the series itself."""

    closes: Closes
    """Of all series at hand, for siblings to be looked up in."""
    agreed: Callable[[Series, int], bool]
    """Whether an earlier poll saw the same price."""


def series(frame: pl.DataFrame, instrument: Instrument) -> Series:
    """The series of one instrument's bars, sorted by session, every close above zero."""
    rolled = with_limits(frame, currencies=[instrument.id] if instrument.kind == AssetKind.FX else [])
    columns = (frame["session"], frame["close"], frame["volume"], rolled["sigma"])
    return Series(instrument, *columns, large=frozenset(rolled["large"].arg_true()))


def with_limits(frame: pl.DataFrame, *, currencies: Collection[str]) -> pl.DataFrame:
    """Bars of any instruments, sorted by instrument and session, every close above zero, with what `Series` says of
    each: `sigma`, and whether its move is `large`.
    """
    session, name = pl.col("session"), "instrument"
    floor = pl.when(pl.col(name).is_in(list(currencies))).then(CURRENCY_FLOOR).otherwise(FLOOR)
    root = pl.business_day_count(session.shift(1).over(name), session).clip(1).sqrt()
    moved = frame.with_columns(root=root, move=pl.col("close").log().diff().over(name).abs())
    sigma = (pl.col("move") / pl.col("root")).rolling_median(WINDOW, min_samples=LEAST).shift(1).over(name)
    rolled = moved.with_columns(sigma=(sigma * TO_SIGMA).fill_null(0.0))
    limit = pl.max_horizontal(pl.col("sigma") * SIGMAS, floor) * pl.col("root")
    return rolled.with_columns(large=(pl.col("move") > limit).fill_null(value=False))


def weigh(bars: Series, rows: Iterable[int] | None, evidence: Evidence) -> list[Finding]:
    """A finding for each move that was in doubt, released or held.

    `rows` are those that may be held; None: any.  The others are believed.  A row after a held one is compared with
    the last row that is believed, every other row with the one before it.
    """
    allowed = set(range(len(bars.closes)) if rows is None else rows)
    held: set[int] = set()
    findings: list[Finding] = []
    waiting = sorted(bars.large & allowed, reverse=True)
    while waiting:
        row = waiting.pop()
        before = next((one for one in range(row - 1, -1, -1) if one not in held), None)
        if before is None or abs(bars.move(row, before)) <= bars.limit(row, before):
            continue
        findings.append(finding := _doubt(bars, row, before, evidence))
        if finding.held:
            held.add(row)
            if row + 1 in allowed and waiting[-1:] != [row + 1]:
                waiting.append(row + 1)
    return findings


def _doubt(bars: Series, row: int, before: int, evidence: Evidence) -> Finding:
    """What is said of a move beyond the limit."""
    slip = is_slip(bars.closes[row] / bars.closes[before])
    undone = _given_back(bars, row, before)
    release = _release(bars, row, before, slip=slip, undone=undone, evidence=evidence)
    kind = Kind.UNIT_SLIP if slip else Kind.JUMP
    if release is None and undone:
        kind = Kind.SPIKE
    change = bars.closes[row] / bars.closes[before] - 1
    limit = math.expm1(math.copysign(bars.limit(row, before), bars.move(row, before)))
    end = (
        f"confirmed by {_told(release)}"
        if release
        else "given back by the next bar"
        if undone
        else "unconfirmed"
    )
    return Finding(
        instrument=bars.instrument.id,
        session=bars.sessions[row],
        kind=kind,
        seen=bars.closes[row],
        expected=bars.closes[before],
        reason=f"{change:+.1%} from {bars.closes[before]:g} to {bars.closes[row]:g}, beyond {limit:+.1%}: {end}",
        released_by=release,
        held=release is None,
    )


def _told(release: Release) -> str:
    return {
        Release.SIBLING: "a sibling that moved alike",
        Release.VOLUME: "its volume",
        Release.NEXT_BAR: "the next bar",
        Release.SECOND_POLL: "a second poll",
    }[release]


def _release(
    bars: Series, row: int, before: int, *, slip: bool, undone: bool | None, evidence: Evidence
) -> Release | None:
    """What ends the doubt; None while nothing does."""
    if _sibling_moved(bars, row, before, evidence):
        return Release.SIBLING
    if not slip and _is_busy(bars, row):
        return Release.VOLUME
    if undone is False:
        return Release.NEXT_BAR
    if undone is None and not slip and evidence.agreed(bars, row):
        return Release.SECOND_POLL
    return None


def is_slip(ratio: float) -> bool:
    """Whether a ratio of closes is that of a slipped decimal or of a hundredth of the currency."""
    return any(abs(ratio / slip - 1) <= SLIP_WITHIN for slip in SLIPS)


def _given_back(bars: Series, row: int, before: int) -> bool | None:
    """Whether the next bar gives the move back; None without a next bar."""
    if row + 1 >= len(bars.closes):
        return None
    return 1 - bars.move(row + 1, before) / bars.move(row, before) >= GIVEN_BACK


def _sibling_moved(bars: Series, row: int, before: int, evidence: Evidence) -> bool:
    """Whether an instrument of the family moved the same way, at least half as far, between the same sessions."""
    move = bars.move(row, before)
    for name in siblings(bars.instrument.id):
        then = evidence.closes.at(name, bars.sessions[before])
        now = evidence.closes.at(name, bars.sessions[row])
        if then and now and math.log(now / then) / move >= ALIKE:
            return True
    return False


def _is_busy(bars: Series, row: int) -> bool:
    """Whether a share or fund traded so many times its usual volume."""
    if bars.instrument.kind not in {AssetKind.EQUITY, AssetKind.ETF} or not bars.instrument.has_volume:
        return False
    earlier = bars.volumes.slice(max(row - WINDOW, 0), min(row, WINDOW)).drop_nulls()
    volume, usual = bars.volumes[row], earlier.median()
    if len(earlier) < LEAST or volume is None or not isinstance(usual, float) or usual <= 0:
        return False
    return bool(volume >= BUSY * usual)


def _weekdays(start: date, end: date) -> int:
    """Days from Monday to Friday after `start`, up to `end`, both of which are such days or sessions."""
    weeks, days = divmod((end - start).days, 7)
    return weeks * 5 + sum((start.weekday() + day) % 7 < 5 for day in range(1, days + 1))  # noqa: PLR2004
