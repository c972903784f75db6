"""The history of every instance by the bars that are held, worked out when somebody looks."""

from collections.abc import Mapping
from datetime import datetime

from monitor.bars import completed
from monitor.engine import Track, observe
from monitor.gather import Context
from monitor.rules import InstanceKey


def history(context: Context, now: datetime) -> Mapping[InstanceKey, Track]:
    """Each instance that has sessions, by its key."""
    rulebook = context.rulebook
    bars = context.store.bars(instruments=rulebook.instruments)
    tracks = observe(rulebook, completed(bars, now=now)) if bars.height else ()
    return {track.instance.key: track for track in tracks if len(track.sessions)}
