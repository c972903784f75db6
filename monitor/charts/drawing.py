"""What a picture of a metric shows, and how it is kept: packed into a few kilobytes of JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

MOST_POINTS = 2_000
Spec = dict[str, Any]
Span = tuple[date, date | None]
"""An episode: when it opened and when it resolved; None: it is open."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A level, and what stands beside it."""

    value: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a picture of a metric shows."""

    title: str
    unit: str
    """`%` for parts, which are shown as percents."""
    frame: pl.DataFrame
    """Columns `session` and `value`; unknown is null, and a gap in the line."""
    fires: Mark | None = None
    clear: Mark | None = None
    episodes: tuple[Span, ...] = ()

    @property
    def as_of(self) -> date:
        """The last session."""
        last: date = self.frame["session"][-1]
        return last


def packed(drawing: Drawing) -> Spec:
    """The drawing as JSON, with six digits of each value."""
    sessions, values = drawing.frame["session"], drawing.frame["value"].to_list()
    first: date = sessions[0]
    return {
        "title": drawing.title,
        "unit": drawing.unit,
        "first": first.isoformat(),
        "days": [(session - first).days for session in sessions.to_list()],
        "values": [None if value is None else float(f"{value:.6g}") for value in values],
        "fires": _packed_mark(drawing.fires),
        "clear": _packed_mark(drawing.clear),
        "episodes": [[str(opened), resolved and str(resolved)] for opened, resolved in drawing.episodes],
    }


def unpacked(spec: Mapping[str, Any]) -> Drawing:
    """The drawing that was packed."""
    first = date.fromisoformat(spec["first"])
    frame = pl.DataFrame(
        {"session": [first + timedelta(days=days) for days in spec["days"]], "value": spec["values"]},
        schema={"session": pl.Date, "value": pl.Float64},
    )
    return Drawing(
        title=spec["title"],
        unit=spec["unit"],
        frame=frame,
        fires=Mark(*spec["fires"]) if spec["fires"] else None,
        clear=Mark(*spec["clear"]) if spec["clear"] else None,
        episodes=tuple(
            (date.fromisoformat(opened), date.fromisoformat(resolved) if resolved else None)
            for opened, resolved in spec["episodes"]
        ),
    )


def _packed_mark(mark: Mark | None) -> list[float | str] | None:
    return None if mark is None else [mark.value, mark.text]


def reduced(frame: pl.DataFrame, most: int = MOST_POINTS) -> pl.DataFrame:
    """At most so many rows: of each stretch its lowest and highest value, and the last row of all."""
    if frame.height <= most:
        return frame
    stretches = max((most - 1) // 2, 1)
    rows = frame.with_row_index("row").with_columns(stretch=pl.col("row") * stretches // frame.height)
    kept = rows.filter(
        (pl.col("value") == pl.col("value").min().over("stretch"))
        | (pl.col("value") == pl.col("value").max().over("stretch"))
    ).unique(["stretch", "value"], keep="first")
    kept = pl.concat([kept, rows.tail(1)]).unique("row").sort("row")
    return kept.select(frame.columns)
