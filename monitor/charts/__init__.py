"""Pictures: a metric with its levels and episodes, and the charts of a report.

A `Drawing` is what is shown, `metric_chart` makes a Vega-Lite specification of it, `png` and `svg` draw that, without
network and with fonts that come along.  A drawing can be packed into a few kilobytes of JSON and kept until it is
needed, because drawing takes a part of a second and a hundred megabytes.
"""

from monitor.charts.drawing import Drawing, Mark, packed, reduced, unpacked
from monitor.charts.fan import Band, Fans, fan_chart
from monitor.charts.heatmap import Cell, Heatmaps, heat_chart
from monitor.charts.metric import metric_chart
from monitor.charts.parts import DARK
from monitor.charts.rendering import html, inline, png, svg
from monitor.charts.timeline import Flag, Timeline, timeline_chart

__all__ = [
    "DARK",
    "Band",
    "Cell",
    "Drawing",
    "Fans",
    "Flag",
    "Heatmaps",
    "Mark",
    "Timeline",
    "fan_chart",
    "heat_chart",
    "html",
    "inline",
    "metric_chart",
    "packed",
    "png",
    "reduced",
    "svg",
    "timeline_chart",
    "unpacked",
]
