"""Rules over history: the same observe and judge as live, from the first bar to the last.

`run` gives everything that was decided; `episodes` reads it back as episodes.
"""

from monitor.backtest.episodes import Episode, episodes
from monitor.backtest.run import Backtest, run

__all__ = ["Backtest", "Episode", "episodes", "run"]
