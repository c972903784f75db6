"""A Vega-Lite specification drawn, without network and with fonts that come along."""

import re

from monitor.charts.drawing import Spec

LONG = re.compile(r"(\d+\.\d)\d+")
SPOKEN = re.compile(r' (?:role|aria-[a-z]+|xmlns(?::xlink)?|version|pointer-events)="[^"]*"')
SIZE = re.compile(r' width="\d+" height="\d+"')


def png(spec: Spec, *, scale: float = 1.5) -> bytes:
    """The picture as PNG, `scale` pixels to a point."""
    import vl_convert

    picture: bytes = vl_convert.vegalite_to_png(spec, scale=scale)
    return picture


def svg(spec: Spec) -> str:
    """The picture as SVG."""
    import vl_convert

    picture: str = vl_convert.vegalite_to_svg(spec)
    return picture


def html(spec: Spec) -> str:
    """The picture as a page of its own that opens offline."""
    import vl_convert

    page: str = vl_convert.vegalite_to_html(spec, bundle=True)
    return page


def inline(spec: Spec) -> str:
    """The picture as SVG inside a page, which sizes and describes it; no more digits than a screen shows."""
    picture = SPOKEN.sub("", svg(spec))
    return LONG.sub(r"\1", SIZE.sub("", picture, count=1))
