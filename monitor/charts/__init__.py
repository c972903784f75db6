"""Pictures: a metric with its levels and episodes, and the charts of a report.

A `Drawing` is what is shown, `metric_chart` makes a Vega-Lite specification of it, `png` and `svg` draw that, without
network and with fonts that come along.  A drawing can be packed into a few kilobytes of JSON and kept until it is
needed, because drawing takes a part of a second and a hundred megabytes.
"""

from monitor.charts.drawing import Drawing, Mark, Span, Spec, packed, reduced, unpacked
from monitor.charts.heatmap import Cell, Heatmaps, heat_chart
from monitor.charts.metric import metric_chart
from monitor.charts.rendering import html, png, svg

__all__ = [
    "Cell",
    "Drawing",
    "Heatmaps",
    "Mark",
    "Span",
    "Spec",
    "heat_chart",
    "html",
    "metric_chart",
    "packed",
    "png",
    "reduced",
    "svg",
    "unpacked",
]
