"""Whether rules see the future: history judged again with everything after a session changed.

What a rule said up to that session must stay as it was, whatever comes later.  Bars that are gone, bars of which only
the close is known, and wild prices all lie in the same poisoned future, so that one look finds what sees any of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from monitor.alerts import Kind
from monitor.backtest.watch import Watch, unwatched
from monitor.bars import FIELDS
from monitor.engine import Track, observe
from monitor.policy import Decided
from monitor.rules import Instance, InstanceKey, Rulebook

MOST_SESSIONS = 40
"""In so many sessions the future is poisoned; more would find no more and take longer."""
PARTS = (0.5, 0.9)
"""Here in history it is poisoned for all rules at once."""
SEED = 1


@dataclass(frozen=True)
class Audit:
    """What came of poisoning the future."""

    compared: int
    """So many pairs of histories, true and poisoned."""
    seers: dict[InstanceKey, date]
    """Instances that saw it, with the first session that showed it."""
    left_out: int = 0
    """So many sessions were not poisoned, because somebody ended the work early."""


def look_ahead(
    rulebook: Rulebook,
    bars: pl.DataFrame,
    tracks: Sequence[Track],
    decided: Iterable[Decided],
    *,
    most: int = MOST_SESSIONS,
    watch: Watch = unwatched,
) -> Audit:
    """Poison the future of sampled sessions; `bars` are completed ones and `tracks` their observations."""
    plain = {track.instance.key: track for track in tracks if len(track.sessions)}
    seers: dict[InstanceKey, date] = {}
    compared = done = 0
    poisoned, poison = sorted(_sampled(plain, decided, most).items()), _poison(bars.height)
    for session, keys in watch(poisoned, "looking for look-ahead"):
        done += 1
        asked = replace(rulebook, instances=_with_asked(keys, rulebook))
        told = observe(asked, poison(bars, pl.col("session") > session))
        pairs = {
            one.instance.key: (plain[one.instance.key], one) for one in told if one.instance.key in plain
        }
        compared += len(pairs)
        for key, pair in pairs.items():
            if not _same(*(one.cut(upto=session) for one in pair)):
                seers.setdefault(key, session)
    return Audit(compared, seers, len(poisoned) - done)


def _sampled(
    plain: dict[InstanceKey, Track], decided: Iterable[Decided], most: int
) -> dict[date, set[InstanceKey]]:
    """Sessions, and whom they are for: all instances in two of them; each also around its last open."""
    found: dict[date, set[InstanceKey]] = {}
    opens = {
        (one.transition.rule, one.transition.instance): one.transition.session
        for one in decided
        if one.transition.kind is Kind.OPEN
    }
    for key, session in opens.items():
        row = plain[key].row_of(session)
        for at in (max(row - 1, 0), row):
            found.setdefault(plain[key].sessions[at], set()).add(key)
    every = sorted(found)
    step = -(-len(every) // most) or 1
    kept = {session: found[session] for session in every[::step]}
    days = max((track.sessions for track in plain.values()), key=len, default=pl.Series([]))
    for part in PARTS if len(days) else ():
        kept.setdefault(days[int(len(days) * part)], set()).update(plain)
    return kept


def _with_asked(keys: set[InstanceKey], rulebook: Rulebook) -> tuple[Instance, ...]:
    """These instances and those whose firing they ask about."""
    wanted = set(keys)
    before = 0
    while len(wanted) > before:
        before = len(wanted)
        asked = {one.rule for i in rulebook.instances if i.key in wanted for one in i.fired.values()}
        wanted |= {one.key for one in rulebook.instances if one.rule.id in asked}
    return tuple(one for one in rulebook.instances if one.key in wanted)


def _same(plain: Track, other: Track) -> bool:
    """Whether both said the same; the newest sessions may not be judged yet where later bars are gone."""
    rows = len(other.sessions)
    if not other.sessions.equals(plain.sessions[:rows]):
        return False
    if any(
        not np.array_equal(one[:rows], two) for one, two in zip(plain.verdicts, other.verdicts, strict=True)
    ):
        return False
    values = [name for name in plain.frame.columns if name not in ("session", "at")]
    return all(_alike(plain.frame[name][:rows], other.frame[name]) for name in values)


def _alike(one: pl.Series, other: pl.Series) -> bool:
    if one.equals(other, check_dtypes=False):
        return True
    if not (one.dtype.is_float() and other.dtype.is_float()):
        return False
    return bool(np.allclose(one.to_numpy(), other.to_numpy(), rtol=1e-9, atol=1e-12, equal_nan=True))


def _poison(rows: int) -> Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]:
    """Of eight later bars one is gone, one has nothing but a close, and every price is another one, a hundredth to a
    hundred times as high.  The dice are the same for every session: they are thrown once.
    """
    dice = np.random.default_rng(SEED)
    factors = {name: pl.Series(10.0 ** dice.uniform(-2, 2, rows)) for name in FIELDS}
    eight = pl.lit(pl.Series(dice.integers(8, size=rows)))

    def poison(bars: pl.DataFrame, later: pl.Expr) -> pl.DataFrame:
        wild = {
            name: pl.when(later).then(pl.col(name) * factor).otherwise(pl.col(name))
            for name, factor in factors.items()
        }
        alone = {
            name: pl.when(~(later & (eight == 1))).then(wild[name]) for name in FIELDS if name != "close"
        }
        return bars.with_columns(**(wild | alone)).filter(~(later & (eight == 0)))

    return poison
