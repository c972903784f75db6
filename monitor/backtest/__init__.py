"""Rules over history: the same observe and judge as live, from the first bar to the last.

`run` gives everything that was decided; `episodes` reads it back as episodes; `measure` says what followed them,
`report_of` makes all that is told of it.
"""

from monitor.backtest.episodes import Episode, episodes
from monitor.backtest.evidence import Measured, measure
from monitor.backtest.report import Report, report_of
from monitor.backtest.run import Backtest, run
from monitor.backtest.spans import reproduction, spans, studied
from monitor.backtest.values import Evidence

__all__ = [
    "Backtest",
    "Episode",
    "Evidence",
    "Measured",
    "Report",
    "episodes",
    "measure",
    "report_of",
    "reproduction",
    "run",
    "spans",
    "studied",
]
