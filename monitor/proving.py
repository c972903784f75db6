"""What history says of each rule, measured apart from judging and kept for the messages that will need it.

A line is kept for the version of a rule, so that an edit never borrows the evidence of what it replaced.
"""

from datetime import datetime, timedelta

from monitor.backtest import Evidence, measure, run, studied
from monitor.gather import Context

GOOD_FOR = timedelta(days=30)
"""After so long a line is measured again: history has grown."""
UNKNOWN_FOR = timedelta(days=1)
"""After so long a rule that was never known is asked for again: its prices may have come."""


def keep_evidence(context: Context, *, now: datetime) -> int:
    """Measure the rules if one of them has no line, or an old one; how many lines were kept."""
    store, rulebook = context.store, context.rulebook
    known = store.evidence()
    if all(_is_fresh(known.get(version), now) for version in rulebook.versions.items()):
        return 0
    bars = store.bars(instruments=rulebook.instruments | studied(rulebook))
    if not bars.height:
        return 0
    measured = measure(run(rulebook, bars, now=now), bars)
    lines = {(one.rule, rulebook.versions[one.rule]): _line(one) for one in measured.rules}
    store.keep_evidence(lines, now=now)
    return len(lines)


def _line(one: Evidence) -> str:
    """What messages quote; nothing of a rule that was never known, since one that is told of is known by then."""
    if not one.signals.known:
        return ""
    span = f"{one.first} to {one.last}, " if one.first else ""
    return span + one.verdict.removesuffix(".")


def _is_fresh(kept: tuple[str, datetime] | None, now: datetime) -> bool:
    return kept is not None and now - kept[1] < (GOOD_FOR if kept[0] else UNKNOWN_FOR)
