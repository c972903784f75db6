"""What history says about rules before they are trusted: never or always true, thresholds nobody ever saw, look-ahead.

A problem is a rule that cannot mean what it says: it sees the future, or its answer never changes.  All else is a
suggestion.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from monitor import units
from monitor.alerts import Verdict
from monitor.backtest.poison import look_ahead
from monitor.backtest.run import DAYS_A_YEAR, END_OF_TIME, Backtest, run, span
from monitor.bars import completed
from monitor.engine import Track
from monitor.language import DERIVED, Const, Node, bounds_of, shown, walk, written
from monitor.language.blocks import Columns, blocks
from monitor.language.conditions import Asked
from monitor.language.nodes import OverGroup
from monitor.rules import Rulebook

OFTEN = 52
"""More messages a year than one a week are soon read by nobody."""

Values = np.ndarray[tuple[int], np.dtype[np.float64]]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

WHEN, CLEAR = "when", "clear_when"
_WORDS = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}


@dataclass
class RuleReport:
    """One rule over history, its members together."""

    rule: str
    sessions: int
    """Sessions with an answer, those of all members."""
    true: int
    """In so many of them some level fired."""
    messages: int
    a_year: float
    """Messages a year to expect."""
    problems: list[str] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DeepReport:
    """All rules over history."""

    first: date | None
    last: date | None
    rules: tuple[RuleReport, ...]
    compared: int
    """So often the history of an instance was compared with one whose future is poisoned."""
    seers: int
    """So many rules saw the future."""

    @property
    def ok(self) -> bool:
        return not any(rule.problems for rule in self.rules)


def examine(rulebook: Rulebook, bars: pl.DataFrame) -> DeepReport:
    """Run rules over a bar frame, and tell of each what that shows."""
    done = run(rulebook, bars)
    audit = look_ahead(rulebook, completed(bars, now=END_OF_TIME), done.tracks, done.decided)
    reports = []
    for rule in dict.fromkeys(track.instance.rule.id for track in done.tracks):
        tracks = [track for track in done.tracks if track.instance.rule.id == rule]
        report = _report(rule, tracks, done)
        for key, session in audit.seers.items():
            if key[0] == rule:
                member = f" of {key[1]}" if key[1] else ""
                text = f"it sees the future: with other bars after {session}, what it said{member} before changes"
                report.problems.append(text)
        reports.append(report)
    seers = len({rule for rule, _ in audit.seers})
    return DeepReport(*span(done.tracks), tuple(reports), audit.compared, seers)


def _report(rule: str, tracks: Sequence[Track], done: Backtest) -> RuleReport:
    known = sum(_count(track.known) for track in tracks)
    true = sum(_count(np.any([v == Verdict.FIRE for v in t.verdicts], axis=0)) for t in tracks)
    sent = [one.transition for one in done.decided if one.sent and one.transition.rule == rule]
    a_year = sum(DAYS_A_YEAR / done.days[one.rule, one.instance] for one in sent)
    report = RuleReport(rule, known, true, len(sent), a_year)
    report.suggestions += dict.fromkeys(text for track in tracks for text in too_long(track))
    if known:
        _answers(report, tracks)
    elif not report.suggestions:
        report.suggestions.append(f"never known: {unknown_because(tracks)}")
    if report.a_year > OFTEN:
        text = f"{report.a_year:.0f} messages a year, more than one a week: a longer `for` or `cooldown` makes fewer"
        report.suggestions.append(text)
    return report


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


# --- never and always


def _answers(report: RuleReport, tracks: Sequence[Track]) -> None:
    """What its answers are, over all members."""
    levels = tracks[0].instance.levels
    if not report.true:
        why = [one.text for row in range(len(levels)) for one in _unseen(tracks, row) if one.never]
        text = f"never true in {report.sessions:,} sessions{_because(why or _parts(tracks))}"
        report.problems.append(text)
        return
    for row, level in enumerate(levels):
        name = f"{level.severity}: " if len(levels) > 1 else ""
        always, texts = _of_level(tracks, row)
        if always:
            report.problems.append(name + always)
        report.suggestions += [name + text for text in texts]


def _of_level(tracks: Sequence[Track], row: int) -> tuple[str, list[str]]:
    """That a level is always true, if it is, and what else is odd about its answers."""
    counts = _verdicts(tracks, row)
    fires, known = counts.get(Verdict.FIRE, 0), sum(counts.values()) - counts.get(Verdict.UNKNOWN, 0)
    unseen = _unseen(tracks, row)
    if fires == known > 0:
        return f"always true in {known:,} sessions{_because(o.text for o in unseen if not o.never)}", []
    if fires == 0:
        return "", [f"never true in {known:,} sessions{_because(o.text for o in unseen if o.never)}"]
    texts = [one.text for one in unseen] + [f"clear_when: {one.text}" for one in _unseen(tracks, row, CLEAR)]
    if not counts.get(Verdict.CLEAR):
        texts.append("never clear: what opens stays open")
    if both := _both(tracks, row):
        texts.append(f"fires and is clear at once in {both:,} sessions, which count as firing")
    return "", texts


def _because(texts: Iterable[str]) -> str:
    found = "; ".join(texts)
    return f": {found}" if found else ""


def _verdicts(tracks: Sequence[Track], level: int) -> dict[Verdict, int]:
    every = np.concatenate([track.verdicts[level] for track in tracks])
    values, counts = np.unique(every, return_counts=True)
    return {Verdict(int(value)): int(count) for value, count in zip(values, counts, strict=True)}


def _parts(tracks: Sequence[Track]) -> list[str]:
    """How often each comparison of an only level was true, where it has several."""
    if len(tracks[0].instance.levels) > 1:
        return []
    found = _compared(tracks, 0, WHEN)
    texts = [f"{one.name} {one.symbol} {written(one.limit)} in {_count(one.holds):,}" for one in found]
    return texts if len(texts) > 1 else []


def _both(tracks: Sequence[Track], row: int) -> int:
    """In how many sessions a level fires and is clear."""
    found = 0
    for track in tracks:
        level = track.instance.levels[row]
        if level.clear_when is not None:
            columns = Columns(track.series)
            fire, clear = Asked([level.when], columns), Asked([level.clear_when], columns)
            for block in blocks(len(track.sessions)):
                found += _count(fire.holds(block) & clear.holds(block))
    return found


# --- thresholds


@dataclass(frozen=True)
class _Compared:
    """A comparison with a number, and all values of its metric, those of all members."""

    name: str
    symbol: str
    limit: Const
    unit: str
    values: Values

    @property
    def holds(self) -> Mask:
        above, limit = self.symbol[0] == ">", self.limit.value
        strictly: Mask = self.values > limit if above else self.values < limit
        return strictly if len(self.symbol) == 1 else strictly | (self.values == limit)


@dataclass(frozen=True)
class _Unseen:
    """A comparison that was the same in every session."""

    never: bool
    text: str


def _compared(tracks: Sequence[Track], row: int, key: str) -> list[_Compared]:
    """The comparisons of a level's `when` or `clear_when` with numbers."""
    found: dict[tuple[str, str, str], _Compared] = {}
    for track in tracks:
        asked: Node | None = getattr(track.instance.levels[row], key)
        for metric, symbol, limit in bounds_of(asked) if asked is not None else ():
            if isinstance(limit, Const):
                name = _name(metric, track)
                values = track.frame[metric.key].drop_nulls().cast(pl.Float64).to_numpy()
                before = found.get((name, symbol, limit.key))
                every = values if before is None else np.concatenate([before.values, values])
                found[name, symbol, limit.key] = _Compared(name, symbol, limit, metric.unit, every)
    return [one for one in found.values() if len(one.values)]


def _unseen(tracks: Sequence[Track], row: int, key: str = WHEN) -> list[_Unseen]:
    every = [(one, _count(one.holds)) for one in _compared(tracks, row, key)]
    return [_told(one, never=not true) for one, true in every if true in (0, len(one.values))]


def _told(one: _Compared, *, never: bool) -> _Unseen:
    """`gsr was never above 130; 125.9 is its highest, 99 % of values are below 95`."""
    high = (one.symbol[0] == ">") == never
    end, most = (
        float(np.quantile(one.values, float(high))),
        float(np.quantile(one.values, 0.99 if high else 0.01)),
    )
    return _Unseen(
        never,
        f"{one.name} was {'never' if never else 'always'} {_WORDS[one.symbol]} {written(one.limit)}; "
        f"{shown(end, one.unit)}{_in(one.unit)} is its {'highest' if high else 'lowest'}, "
        f"99 % of values are {'below' if high else 'above'} {shown(most, one.unit)}",
    )


def _in(unit: str) -> str:
    """The unit of a price, which is what a threshold mistakes most often."""
    return f" {unit}" if units.currency(unit) else ""


def _name(metric: Node, track: Track) -> str:
    """The metric as the pack writes it: `it` for the member."""
    text = written(metric)
    return re.sub(rf"\b{track.instance.member}\b", "it", text) if track.instance.member else text


# --- look-back


def too_long(track: Track) -> Iterator[str]:
    """Metrics that need more bars than there are."""
    for node in track.instance.inputs:
        for part in _on_own_legs(node):
            columns = [f"{instrument}.{name}" for instrument, name in sorted(part.legs) if name != DERIVED]
            if not set(columns) <= set(track.wide.columns):
                continue
            held = track.wide.select(columns).drop_nulls().height if columns else part.look_back
            if 0 < held < part.look_back:
                yield f"{_name(part, track)} looks back over {part.look_back:,} bars, and {held:,} are held"


def unknown_because(tracks: Sequence[Track], first: date | None = None) -> str:
    """Why a rule has no answer in any session from `first` on, where its look-back is not the reason."""
    last = max((track.sessions[-1] for track in tracks if len(track.sessions)), default=None)
    if first is not None and last is not None and last < first:
        return f"its last session, {last}, is before the span"
    priced = sum(_priced(track, first) for track in tracks)
    if not priced:
        return "no session has all the prices it reads"
    return f"what it measures has no value in any of {priced:,} sessions"


def _priced(track: Track, first: date | None) -> int:
    """In how many sessions all its prices are there."""
    legs = [f"{instrument}.{name}" for instrument, name in sorted(track.instance.legs)]
    rows = track.wide.select("session", *legs).drop_nulls()
    rows = rows.filter(pl.col("session").is_in(track.sessions.implode()))
    return rows.height if first is None else rows.filter(pl.col("session") >= first).height


def _on_own_legs(node: Node) -> Iterator[Node]:
    """A metric, and what the groups in it ask of their members."""
    yield node
    for part in walk(node):
        if isinstance(part, OverGroup):
            for member in part.members:
                yield from _on_own_legs(member)
