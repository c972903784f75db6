"""Functions of an instrument's whole bar: gaps and volume."""

import polars as pl

from monitor.metrics.registry import OfInstrument, Window, metric


@metric(
    formula="open[t] / close[t-1] - 1",
    convention="from the last close held, also over a missing bar; of exchange-traded instruments only",
    look_back=lambda _: 2,
    unit="%",
    fields=("open", "close"),
    source="definition",
)
def gap(open_: OfInstrument, close: OfInstrument) -> pl.Expr:
    """How far the session opened from the close before it."""
    before = close.shift(1)
    return pl.when(before > 0).then(open_ / before) - 1


@metric(
    formula="volume[t] / mean(volume[t-n] ... volume[t-1])",
    convention="this bar is not in the mean",
    look_back=lambda p: int(p["n"] or 0) + 1,
    unit="1",
    bounds=(0.0, None),
    fields=("volume",),
    source="definition",
)
def relative_volume(volume: OfInstrument, n: Window = 20) -> pl.Expr:
    """Volume as a multiple of the average of the n sessions before."""
    usual = volume.rolling_mean(n).shift(1)
    return pl.when(usual > 0).then(volume / usual)


FUNCTIONS = (gap, relative_volume)
