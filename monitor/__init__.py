"""Metalwatch: questions about metal prices, asked after every session and of all of history by one engine.

For notebooks: `load_rules`, `read_prices`, `observe`, `replay`, and the package `backtest` (`run`, `measure`,
`episodes`).  `import monitor` itself loads none of what they need.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from monitor import backtest
    from monitor.engine import observe, replay
    from monitor.rules import Rulebook

__version__ = "0.1.0"
__all__ = ["__version__", "backtest", "load_rules", "observe", "read_prices", "replay"]

_LATER = {"observe": "monitor.engine", "replay": "monitor.engine"}


def load_rules(*packs: str) -> "Rulebook":
    """The rules of packs that ship, by name, or of files and folders; without any, of all packs that ship.

    FaultyFileError lists every fault of all files, each with its place.
    """
    from pathlib import Path

    from monitor.packs import load_rulebook, shipped_packs

    return load_rulebook(packs or shipped_packs(), folder=Path())


def read_prices(path: "str | Path", rules: "Rulebook | None" = None) -> "pl.DataFrame":
    """The bars in a CSV or Parquet file, a folder of them or a mapping, one row per instrument and session.

    Files are named by instrument or symbol of the catalogue of `rules`, else of the one that ships.  What is odd about
    single rows is warned of; FaultyFileError lists all that cannot be read.
    """
    import warnings
    from pathlib import Path

    from monitor.packs import load_catalogue
    from monitor.prices.files import read_prices as read

    found = read(Path(path), rules.catalogue if rules is not None else load_catalogue())
    for warning in found.warnings:
        warnings.warn(warning, stacklevel=2)
    return found.frame


def __getattr__(name: str) -> Any:
    """What is loaded when it is asked for first."""
    if name == "backtest":
        return importlib.import_module("monitor.backtest")
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    msg = f"module 'monitor' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__
