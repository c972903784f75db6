"""Charts: what is packed comes back, what is drawn shows every level, and a picture needs no network."""

import re
import struct
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import altair as alt
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.charts import (
    Band,
    Drawing,
    Fans,
    Flag,
    Mark,
    Timeline,
    fan_chart,
    inline,
    metric_chart,
    packed,
    png,
    reduced,
    svg,
    timeline_chart,
    unpacked,
)
from monitor.charts.timeline import beside

FIRST = date(2020, 1, 1)
LETTER = 7.0
"""Points that a letter of a label takes at most."""
VALUES = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=200)


def frame(values: list[float | None]) -> pl.DataFrame:
    days = [FIRST + timedelta(days=number) for number in range(len(values))]
    return pl.DataFrame({"session": days, "value": values}, schema={"session": pl.Date, "value": pl.Float64})


def drawing(values: list[float | None], unit: str = "") -> Drawing:
    return Drawing(
        title="ratio: gsr",
        unit=unit,
        frame=frame(values),
        fires=Mark(90.0, "fires > 90"),
        clear=Mark(85.0, "clear < 85"),
        episodes=((FIRST + timedelta(days=1), FIRST + timedelta(days=2)), (FIRST + timedelta(days=3), None)),
    )


def test_what_was_packed_comes_back_with_six_digits() -> None:
    before = drawing([80.123456789, None, 91.0])

    after = unpacked(packed(before))

    assert after.frame["value"].to_list() == [80.1235, None, 91.0]
    assert after.frame["session"].to_list() == before.frame["session"].to_list()
    assert (after.title, after.unit, after.fires, after.clear, after.episodes) == (
        before.title,
        before.unit,
        before.fires,
        before.clear,
        before.episodes,
    )


@given(VALUES, st.integers(3, 60))
def test_a_reduced_line_keeps_its_extremes_its_end_and_its_order(
    values: list[float | None], most: int
) -> None:
    whole = frame(values)

    few = reduced(whole, most)

    assert few.height <= max(most, 3)
    assert few["session"].is_sorted()
    assert few.row(-1) == whole.row(-1)
    assert (few["value"].min(), few["value"].max()) == (whole["value"].min(), whole["value"].max())


def words_of(picture: str) -> str:
    return " ".join("".join(node.itertext()) for node in ET.fromstring(picture).iter() if node.text)


@pytest.fixture(scope="module")
def picture() -> str:
    return svg(metric_chart(drawing([80.0, 91.0, 84.0, 95.0, 104.83])))


def test_a_picture_names_what_it_shows_its_levels_the_last_value_and_its_session(picture: str) -> None:
    words = words_of(picture)

    for part in (
        "ratio: gsr",
        "as of 2020-01-05, without a unit, shaded: open",
        "fires > 90",
        "clear < 85",
        "104.8",
    ):
        assert part in words


def test_a_picture_of_parts_is_drawn_in_percent() -> None:
    words = words_of(svg(metric_chart(drawing([0.05, -0.123], "%"))))

    assert "-12.3 %" in words
    assert "in %" in words


def test_a_picture_is_a_png_of_twice_three_hundred_points_and_asks_for_nothing_from_elsewhere(
    picture: str,
) -> None:
    data = png(metric_chart(drawing([80.0, None, 91.0])), scale=1)

    assert data.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", data[16:24])
    assert 600 <= width <= 760
    assert 300 <= height <= 420
    assert "http" not in picture.replace("http://www.w3.org", "")


@pytest.mark.parametrize("days", [40, 90, 200, 370, 700, 1100, 2500])
def test_dates_on_a_phone_stand_apart_so_that_no_two_read_as_one(days: int) -> None:
    narrow = svg(metric_chart(drawing([80.0 + number % 9 for number in range(days)]), width=280, height=220))
    written = re.findall(
        r'<text text-anchor="(\w+)" transform="translate\(([\d.]+),[\d.]+\)"(?![^>]* opacity="0")[^>]*>([A-Z][a-z]{2}(?: \d\d)?|\d{4})</text>',
        narrow,
    )
    starts = {"start": 0.0, "middle": -0.5, "end": -1.0}
    spans = []
    for anchor, place, text in written:
        first = float(place) + starts[anchor] * LETTER * len(text)
        spans.append((first, first + LETTER * len(text)))

    assert len(spans) > 2
    assert all(after - before >= LETTER for (_, before), (after, _) in pairwise(spans))


def test_a_line_without_a_known_value_can_be_drawn() -> None:
    assert svg(metric_chart(drawing([None, None]))).startswith("<svg")


def test_no_line_crosses_a_time_without_values() -> None:
    days = [*range(30), *range(60, 90)]
    held = pl.DataFrame(
        {"session": [FIRST + timedelta(days=day) for day in days], "value": [float(day) for day in days]}
    )

    drawn = svg(metric_chart(Drawing(title="t", unit="", frame=held)))
    monthly = svg(metric_chart(Drawing(title="t", unit="", frame=held.gather_every(15))))

    path = max(re.findall(r' d="([^"]+)"', drawn), key=len)
    assert path.count("M") == 2
    assert max(re.findall(r' d="([^"]+)"', monthly), key=len).count("M") == 1


# --- the charts of a report


def timeline(count: int = 60, *, flags: tuple[Flag, ...] = ()) -> Timeline:
    prices = Drawing(
        title="silver",
        unit="USD/ozt",
        frame=frame([1.0 + number for number in range(count)]),
        episodes=((FIRST + timedelta(days=9), None),),
    )
    return Timeline(price=prices, metric=drawing([float(number) for number in range(count)]), flags=flags)


FANS = Fans(
    own=tuple(
        Band(after=n, low=-0.2, quarter=-0.1, middle=0.01, three_quarters=0.1, high=0.2) for n in (0, 63)
    ),
    any=(Band(after=0, low=-0.2, quarter=-0.1, middle=0.01, three_quarters=0.1, high=0.2),),
    ways=(((0, 0.0), (63, 0.4)),),
    marks=(0, 63),
)


def test_the_charts_of_a_report_are_what_the_language_of_charts_allows() -> None:
    flags = tuple(Flag(FIRST + timedelta(days=days), days) for days in (10, 11, 40))

    alt.VConcatChart.from_dict(timeline_chart(timeline(flags=flags), width=370), validate=True)
    alt.LayerChart.from_dict(fan_chart(FANS, width=430), validate=True)


def test_a_timeline_shows_levels_opens_and_events_and_nothing_outside_it() -> None:
    flags = (Flag(FIRST + timedelta(days=30), 7), Flag(FIRST - timedelta(days=1), 8))

    drawn = inline(timeline_chart(timeline(flags=flags), width=700))

    texts = [one.text for one in ET.fromstring(drawn).iter("text")]
    assert {"silver, USD/ozt, logarithmic", "fires > 90", "clear < 85", "7"} <= set(texts)
    assert "8" not in texts
    assert "http" not in drawn
    assert not re.search(r"\d\.\d\d", drawn)


def test_a_part_of_a_timeline_begins_where_it_is_asked_to() -> None:
    part = timeline(flags=(Flag(FIRST, 1),)).since(FIRST + timedelta(days=20))

    assert part.metric is not None
    assert (part.price.frame.height, part.metric.frame.height, part.flags) == (40, 40, ())
    assert [span[1] for span in part.metric.episodes] == [None]


@example([0.0] * 10 + [29.0], 300.0)  # a range at the edge is moved towards its neighbour
@given(st.lists(st.floats(0, 300), min_size=1, max_size=40), st.sampled_from([300.0, 900.0]))
def test_numbers_of_events_never_touch_and_none_is_lost(places: list[float], width: float) -> None:
    numbered = [(place, number) for number, place in enumerate(sorted(places), 1)]

    told = beside(numbered, width)

    ends = [[int(part) for part in text.split("–")] for _, text in told]
    assert [one[0] for one in ends] == [1, *(one[-1] + 1 for one in ends[:-1])]
    assert ends[-1][-1] == len(places)
    edges = [(at - len(text) * 3.5, at + len(text) * 3.5) for at, text in told]
    assert all(one[1] <= other[0] for one, other in pairwise(edges))
    assert edges[0][0] >= 0
    assert edges[-1][1] <= width
