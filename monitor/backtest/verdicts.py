"""One sentence about each rule, in plain words: what followed, beside what follows any session, and what luck explains.

It speaks of `HEADLINE` sessions whatever the result; only where history is too short for that, of fewer.
"""

from collections.abc import Sequence
from datetime import date

from monitor.backtest.deep import too_long, unknown_because
from monitor.backtest.spans import study_of_instance
from monitor.backtest.values import FEW, HEADLINE, Chance, Outcome, Signals
from monitor.engine import Track

SURE = 0.05
LISTED = 3


def verdict(
    tracks: Sequence[Track],
    counted: Signals,
    outcomes: Sequence[Outcome],
    tests: int,
    *,
    first: date | None = None,
) -> str:
    """The sentence of one rule from a session on; `tracks` are those of all its instances."""
    if not counted.known:
        return _never_known(tracks, first)
    if not counted.episodes:
        return f"no episode in {counted.known:,} sessions, so nothing followed."
    if counted.true == counted.known:
        return f"always true in {counted.known:,} sessions: it tells no session from another."
    many = _episodes(counted.episodes, len(tracks))
    if not outcomes:
        return f"{many}; {_nothing_studied(tracks)}, so what followed is unknown."
    told = _told(outcomes)
    if told is None:
        least = outcomes[0].horizon
        return f"{many}; none has a known return, not even after {least} sessions."
    return _sentence(many, told, tracks, tests)


def _never_known(tracks: Sequence[Track], first: date | None) -> str:
    found = dict.fromkeys(text for track in tracks for text in too_long(track))
    return f"never known: {next(iter(found), None) or unknown_because(tracks, first)}."


def _episodes(count: int, instances: int) -> str:
    text = f"{count:,} episode" + ("" if count == 1 else "s")
    text += f" of {instances} instruments together" if instances > 1 else ""
    return text + (", an anecdote" if count < FEW else "")


def _nothing_studied(tracks: Sequence[Track]) -> str:
    studies = {study_of_instance(t.instance.rule.study, t.instance.member) for t in tracks}
    named = sorted(study for study in studies if study is not None)
    return (
        f"no prices of {', '.join(named)} are held" if named else 'the rule names no instrument under "study"'
    )


def _told(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The headline, or the longest shorter horizon with a return."""
    known = [one for one in outcomes if one.episodes.count and one.horizon <= HEADLINE]
    return known[-1] if known else None


def _sentence(many: str, told: Outcome, tracks: Sequence[Track], tests: int) -> str:
    why = str(told.unmeasured)
    few = f" ({told.episodes.count} of them measured, {why})" if why else ""
    text = (
        f"{many}{few}: {_what(tracks)}{_percent(told.episodes.mean)} after {told.horizon} sessions "
        f"against {_percent(told.baseline.mean)} for any session"
    )
    if told.chance is None:
        return f"{text}."
    return f"{text}: {_luck(told.chance, tests, told.episodes.count)}."


def _what(tracks: Sequence[Track]) -> str:
    studies = {study_of_instance(t.instance.rule.study, t.instance.member) for t in tracks}
    named = sorted(study for study in studies if study is not None)
    return " and ".join(named) + " " if len(named) < LISTED else ""


def _luck(found: Chance, tests: int, episodes: int) -> str:
    """The word follows the adjusted p; the one-sided p is what random dates gave in the same direction.

    Of an anecdote nothing is said that would need more episodes.
    """
    alone = p_is(found.one_sided)
    together = f"{probability(found.p_adjusted)} as one of {tests:,} test" + ("" if tests == 1 else "s")
    if episodes < FEW and found.p_two_sided < SURE:
        return f"too few to rule out luck, {alone}, {together}"
    if found.p_adjusted < SURE:
        return f"hardly luck, {alone}, {together}"
    if found.p_two_sided < SURE:
        return f"by itself hardly luck, {alone}, but {together}"
    return f"may be luck, {alone}, {together}"


def p_is(value: float) -> str:
    """`p = 0.07`, `p = 0.004`, `p below 0.001`."""
    shown = probability(value)
    return f"p {shown}" if shown.startswith("below") else f"p = {shown}"


def probability(value: float) -> str:
    """A p that is never zero: `0.07`, `0.004`, `below 0.001`."""
    return "below 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.01 else f"{value:.2f}"  # noqa: PLR2004


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value * 100:+.1f} %"
