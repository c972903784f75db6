"""Made-up instruments and bars: values on sessions that need no calendar from outside."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from functools import cache

import polars as pl

from monitor import bars
from monitor.instruments import AssetKind, Catalogue, Instrument
from monitor.language import Node, Scope, evaluate, price_legs, understand
from monitor.sessions import calendar_sessions, settled_at_column

FIRST = date(2024, 1, 1)
"""A Monday."""

Values = Sequence[float | None]


def instrument(name: str, calendar: str = "24/5", **changed: object) -> Instrument:
    """An instrument of a made-up market; its sessions are all weekdays unless said otherwise."""
    plain: dict[str, object] = {
        "symbol": name.upper(),
        "name": name,
        "kind": AssetKind.EQUITY,
        "currency": "USD",
        "unit": "USD",
        "settle": time(16),
        "zone": "America/New_York",
    }
    return Instrument(id=name, calendar=calendar, **{**plain, **changed})  # type: ignore[arg-type]


CATALOGUE = Catalogue(
    {
        "gold": instrument("gold", symbol="GC=F", unit="USD/ozt", basis="Yahoo continuous futures"),
        "silver": instrument("silver", symbol="SI=F", unit="USD/ozt", basis="Yahoo continuous futures"),
        "slv": instrument("slv"),
        "mp": instrument("mp"),
        "future": instrument("future", has_volume=False, has_range=False, basis="Yahoo continuous futures"),
        "lyc": instrument(
            "lyc", "XASX", currency="AUD", unit="AUD", settle=time(16, 10), zone="Australia/Sydney"
        ),
        "nys": instrument("nys", "XNYS"),
        "coin": instrument("coin", "24/7"),
    },
    {"pair": ("mp", "slv"), "metals": ("gold", "silver")},
)


@cache
def sessions(count: int, calendar: str = "24/5", start: date = FIRST) -> tuple[date, ...]:
    """So many sessions from a date on."""
    days = calendar_sessions(calendar, start, date(start.year + 2 + count // 200, 12, 31)).to_list()
    return tuple(days[:count])


def made(
    closes: Mapping[str, Values],
    *,
    days: Sequence[date] | None = None,
    fields: Mapping[str, Values] | None = None,
    catalogue: Catalogue = CATALOGUE,
) -> pl.DataFrame:
    """A bar frame of closes by instrument; None is a session without a bar.

    `fields` holds further series by `instrument.field`; without one, open, high and low are the close and the
    volume is 1000.
    """
    further = fields or {}
    frames = []
    for name, values in closes.items():
        own = tuple(days or sessions(len(values), catalogue.instruments[name].calendar))[: len(values)]
        fields_of = {field: further.get(f"{name}.{field}", values) for field in ("open", "high", "low")}
        fields_of |= {"close": values, "volume": further.get(f"{name}.volume", [1000.0] * len(values))}
        columns = [pl.Series(field, of, dtype=pl.Float64) for field, of in fields_of.items()]
        frame = _sessions_of(catalogue.instruments[name], own).hstack(columns)
        frames.append(frame.drop_nulls("close") if None in values else frame)
    return bars.conform(pl.concat(frames))


@cache
def _sessions_of(instrument: Instrument, days: tuple[date, ...]) -> pl.DataFrame:
    """What the bars of these sessions are besides their values."""
    session = pl.Series("session", days, dtype=pl.Date)
    return pl.DataFrame(
        {"session": session, "known_at": settled_at_column(instrument, session)}
    ).with_columns(
        instrument=pl.lit(instrument.id),
        interval=pl.lit("1d"),
        status=pl.lit("final"),
        opened_at=pl.lit(None),
    )


def nothing_missing(_instruments: frozenset[str], held: pl.Series) -> pl.Series:
    """No session is missing before any."""
    return pl.Series([0] * len(held), dtype=pl.Int64)


def computed(node: Node, frame: pl.DataFrame) -> pl.DataFrame:
    """An expression over a bar frame: `session`, `at`, `value`."""
    wide = bars.side_by_side(frame, price_legs(node))
    found = evaluate([node], wide, missing=nothing_missing)
    return next(iter(found.values())).rename({node.key: "value"})


def values_of(text: str, frame: pl.DataFrame, **metrics: str) -> list[float | bool | None]:
    """The values of an expression over a bar frame, with metrics it may name."""
    known: dict[str, Node] = {}
    for name, of in metrics.items():
        known[name] = understand(of, Scope(CATALOGUE, known))
    node = understand(text, Scope(CATALOGUE, known))
    found: list[float | bool | None] = computed(node, frame)["value"].to_list()
    return found
