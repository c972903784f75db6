"""Charts and sparklines as SVG that stands in the page: its colours come from the page's style, light and dark."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup

from monitor.charts import Drawing, metric_chart, packed, svg, unpacked
from monitor.language import shown

WIDE, NARROW = (760, 300), (300, 220)
"""Width and height of a chart for desktops and for phones."""
SPARK = (120, 28)
_ROOT = re.compile(r"<svg [^>]*?viewBox=\"([^\"]*)\"[^>]*>")
KEPT = 256
"""Charts that are kept drawn: drawing one takes a part of a second."""


def charts(drawing: Drawing) -> tuple[Markup, Markup]:
    """The chart for desktops and the one for phones."""
    text = json.dumps(packed(drawing), sort_keys=True)
    return _drawn(text, *WIDE), _drawn(text, *NARROW)


@lru_cache(KEPT)
def _drawn(text: str, width: int, height: int) -> Markup:

    drawn = svg(metric_chart(unpacked(json.loads(text)), width=width, height=height))
    return Markup(_ROOT.sub(r'<svg viewBox="\1" aria-hidden="true" focusable="false">', drawn, count=1))  # noqa: S704 - made by the charting library, which escapes every text


def sentence(drawing: Drawing) -> str:
    """What the chart shows, for those who do not see it."""
    known = drawing.frame.drop_nulls("value")
    first, last = drawing.frame["session"][0], drawing.as_of
    values: list[float] = known["value"].to_list()
    low, high, now = (shown(one, drawing.unit or "1") for one in (min(values), max(values), values[-1]))
    marks = ", ".join(mark.text for mark in (drawing.fires, drawing.clear) if mark is not None)
    count = len(drawing.episodes)
    shaded = f" {count} episode{'s' if count != 1 else ''} shaded." if count else " No episode in it."
    return (
        f"{drawing.title.partition(': ')[2]} from {first} to {last}: between {low} and {high}, last {now}"
        f"{f' ({marks})' if marks else ''}.{shaded}"
    )


def spark(values: Sequence[float | None]) -> str:
    """The path of a sparkline; a gap where a value is unknown, empty where there are fewer than two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    low, high = min(known), max(known)
    width, height = SPARK
    across, up = (width - 4) / (len(values) - 1), (height - 4) / ((high - low) or 1.0)
    parts: list[str] = []
    for index, value in enumerate(values):
        if value is None:
            continue
        joined = index > 0 and values[index - 1] is not None
        parts.append(
            f"{'L' if joined else 'M'}{2 + index * across:.1f} {height - 2 - (value - low) * up:.1f}"
        )
    return "".join(parts)
