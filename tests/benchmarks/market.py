"""A database of many series over many years, made once: what waiting, a daemon and storage are measured on."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from monitor.bars import BARS
from monitor.packs import load_catalogue
from monitor.sessions import calendar_sessions, settled_at_column
from monitor.storage.store import open_store

SERIES = 50
FIRST, LAST = date(2001, 1, 2), date(2026, 1, 2)
SEEN = datetime(2026, 1, 3, tzinfo=UTC)
SETTINGS = """\
database: held.db
packs: [{packs}]
prices: {{source: sample}}
channels: {{console: {{url: console}}}}
routes: [{{channels: [console]}}]
"""


def walk(count: int, seed: int) -> pl.Series:
    """Closes of a made-up series."""
    steps = np.random.Generator(np.random.PCG64(seed)).standard_normal(count) * 0.01
    return pl.Series("close", 100 * np.exp(np.cumsum(steps) - np.linspace(0, steps.sum(), count)))


def frame(name: str, days: pl.Series, known: pl.Series, seed: int, interval: str = "1d") -> pl.DataFrame:
    """The bar frame of a made-up series."""
    close = walk(len(days), seed)
    values = [close.alias(column) for column in ("open", "high", "low", "close")]
    texts = {"instrument": name, "interval": interval, "status": "final"}
    columns = [days.alias("session"), known.alias("opened_at"), known.alias("known_at"), *values]
    return (
        pl.DataFrame(columns)
        .with_columns(pl.lit(1000.0).alias("volume"), *(pl.lit(v).alias(k) for k, v in texts.items()))
        .select(BARS.keys())
    )


def daily() -> Iterator[pl.DataFrame]:
    """Fifty series of 25 years, those of the catalogue first."""
    known = load_catalogue().instruments
    names = [*known, *(f"made_up_{number}" for number in range(SERIES))][:SERIES]
    for seed, name in enumerate(names):
        one = known.get(name) or known["slv"]
        days = calendar_sessions(one.calendar, FIRST, LAST)
        yield frame(name, days, settled_at_column(one, days), seed)


@contextmanager
def home(packs: str = "precious, shocks, copper, miners") -> Iterator[Path]:
    """A folder with settings and a database of fifty series over 25 years, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="metalwatch-bench-") as name:
        folder = Path(name)
        (folder / "metalwatch.yml").write_text(SETTINGS.format(packs=packs), encoding="utf-8")
        store = open_store(str(folder / "held.db"))
        for bars in daily():
            store.add_bars(bars, seen_at=SEEN, source="made up")
        store.set_meta("holds_prices", "simulated")
        store.close()
        yield folder
