"""Whether the prices of a series still come: fresh, late, stale or dead, and what people hear of it.

Health belongs to series and to their source, not to rules: it opens, resolves and re-arms nothing.  `freshness` looks
at one series and its calendar, `fold` remembers and decides what is told, `events` has the words of messages, `words` those of status.
"""

from monitor.health.events import Event, dependants, edit_mended, edit_refused, health_message
from monitor.health.fold import fold
from monitor.health.freshness import Freshness
from monitor.health.values import Answer, Health, Reply, Seen, SeriesHealth, SourceHealth
from monitor.health.words import unwell_series

__all__ = [
    "Answer",
    "Event",
    "Freshness",
    "Health",
    "Reply",
    "Seen",
    "SeriesHealth",
    "SourceHealth",
    "dependants",
    "edit_mended",
    "edit_refused",
    "fold",
    "health_message",
    "unwell_series",
]
