"""Which rows of a price series can be believed: found and reported, held where in doubt, never dropped in silence.

`screen` takes raw rows to one row per session with a price; `judge_history` gives a whole history its statuses;
`judge_live` does the same for what a poll brought; `revisions` compares held bars with a later download.
All are pure: time, held bars and earlier sightings are arguments.
"""

from monitor.quality.findings import Finding, Judged, Kind, Release, Sighting
from monitor.quality.history import judge_history
from monitor.quality.live import judge_live
from monitor.quality.revisions import revisions
from monitor.quality.rows import screen
from monitor.quality.siblings import Elsewhere, nowhere, siblings
from monitor.quality.words import briefly, told, told_of_each

__all__ = [
    "Elsewhere",
    "Finding",
    "Judged",
    "Kind",
    "Release",
    "Sighting",
    "briefly",
    "judge_history",
    "judge_live",
    "nowhere",
    "revisions",
    "screen",
    "siblings",
    "told",
    "told_of_each",
]
