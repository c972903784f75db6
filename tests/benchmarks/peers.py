"""The work units that peers run too: where they are, and the market they are about.

`METALWATCH_PEERS` names the folder that holds `w1.py` (history) and `w2.py` (a live tick).  They are not part of
Metalwatch; without them what is compared with peers is skipped.
"""

import importlib
import os
import sys
from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Any

from monitor.instruments import AssetKind, Catalogue, Instrument

FOLDER = "METALWATCH_PEERS"


def unit(name: str) -> Any:
    """A work unit by its name; ends the process where it is not there."""
    folder = Path(os.environ.get(FOLDER, ""))
    if not (folder / f"{name}.py").is_file():
        sys.stderr.write(f"skipped: {FOLDER} names no folder that holds {name}.py\n")
        sys.exit(0)
    sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def catalogue(names: Iterable[str], groups: dict[str, tuple[str, ...]] | None = None) -> Catalogue:
    """Shares of a market that trades from Monday to Friday."""
    return Catalogue({name: _share(name) for name in names}, groups or {})


def _share(name: str) -> Instrument:
    return Instrument(
        id=name,
        symbol=name.upper(),
        name=name,
        kind=AssetKind.EQUITY,
        currency="USD",
        unit="USD",
        calendar="24/5",
        settle=time(16),
        zone="America/New_York",
    )
