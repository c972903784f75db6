"""`health:` of a pack -> the limits of data health, and what is wrong with them.

`bar-missing` counts settled sessions and is told of each series; `feed-stale` counts minutes and is told of the source.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from monitor.errors import Fault
from monitor.rulefile.model import HealthFile, PackFile
from monitor.rules import FeedLimit, HealthLimits
from monitor.yamltext import Document

FEED_STALE, BAR_MISSING = "feed-stale", "bar-missing"
MINUTES, SESSIONS = "minutes", "sessions"
MOST_SESSIONS = 8
"""From the tenth missing session on a series is dead, and stale comes before dead."""


def limit_faults(pack: PackFile, document: Document) -> Iterator[Fault]:
    """Limits that nothing can be held to."""
    for name, limit in pack.health.items():
        found = _of_bars(limit) if name == BAR_MISSING else _of_feed(limit)
        for key, text, hint in found:
            yield Fault(document.place(("health", name, key)), f'health "{name}": {text}', hint=hint)


def _of_bars(limit: HealthFile) -> Iterator[tuple[str, str, str]]:
    count, unit = _read(limit.after)
    if unit != SESSIONS:
        yield "after", "it counts the sessions that are missing", 'write "1 sessions"'
    elif count > MOST_SESSIONS:
        yield (
            "after",
            f"at most {MOST_SESSIONS} sessions; a series is dead when ten are missing",
            "take fewer",
        )
    if limit.clear is not None:
        yield "clear", "a series is well again with its next bar", "leave it out"
    if "series" in limit.model_fields_set:
        yield "series", "it is told of each series", "leave it out"


def _of_feed(limit: HealthFile) -> Iterator[tuple[str, str, str]]:
    after, unit = _read(limit.after)
    if unit != MINUTES:
        yield "after", "it counts how far quotes are behind", 'write "30 minutes"'
    elif after == 0:
        yield "after", "every quote is a little behind", 'write "30 minutes"'
    if limit.clear is None:
        return
    clear, unit = _read(limit.clear)
    if unit != MINUTES:
        yield "clear", "it counts how far quotes are behind", 'write "10 minutes"'
    elif clear > after:
        yield "clear", f"{clear} minutes are farther behind than `after`", "it is at most `after`"


def limits_of(packs: Iterable[PackFile]) -> HealthLimits:
    """The strictest limits of all packs; without any, those that hold for everybody."""
    asked = [pack.health for pack in packs]
    missing = [_read(one[BAR_MISSING].after)[0] for one in asked if BAR_MISSING in one]
    feeds = [_feed(one[FEED_STALE]) for one in asked if FEED_STALE in one]
    usual = HealthLimits()
    if not feeds:
        return HealthLimits(missing=min(missing, default=usual.missing))
    strictest = FeedLimit(
        after=min(one.after for one in feeds),
        clear=min(one.clear for one in feeds),
        series=min(one.series for one in feeds),
    )
    return HealthLimits(missing=min(missing, default=usual.missing), feed=strictest)


def _feed(limit: HealthFile) -> FeedLimit:
    after, clear = (timedelta(minutes=_read(text)[0]) for text in (limit.after, limit.clear or limit.after))
    return FeedLimit(after=after, clear=clear, series=limit.series)


def _read(text: str) -> tuple[int, str]:
    """`30 minutes` -> 30 and the word."""
    count, unit = text.split()
    return int(count), unit
