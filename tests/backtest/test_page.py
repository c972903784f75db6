"""The report as a page: it opens offline, tells all of it, escapes what others wrote, and says when it is partial."""

import re
from collections.abc import Sequence
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from monitor.backtest import Report, report_of, run
from monitor.backtest.page import page
from monitor.backtest.page.tables import decades
from monitor.eventfile import Event
from monitor.routing import everything
from tests.support.made_up import made
from tests.support.report_picture import PICTURE, draw
from tests.support.rules import pack

RULES = """
high: {when: gold > 9, clear_when: gold < 5, study: silver}
each: {for_each: pair, when: it > 9, clear_when: it < 5, study: it}
"""
UNKNOWN = re.compile(r"\b([Nn]a[Nn]|None|inf)\b")
EVENTS = (
    Event(date=date(2024, 6, 3), title="A <script>alert(1)</script> pact", source="<b>minutes</b>"),
    Event(date=date(2024, 6, 4), title="One of lyc alone", instruments=("lyc",)),
    Event(date=date(2019, 1, 1), title="Before all of it"),
)


def spikes(count: int, at: Sequence[int]) -> list[float]:
    return [10.0 if row in at else 1.0 for row in range(count)]


def bars() -> pl.DataFrame:
    silver = [20.0 + row % 37 / 4 for row in range(700)]
    members = {"mp": spikes(700, (80, 300)), "slv": spikes(700, (90,))}
    return made({"gold": spikes(700, range(50, 600, 50)), "silver": silver, **members})


def report(
    rules: str = RULES,
    held: pl.DataFrame | None = None,
    source: str = "made up",
    command: str = "metalwatch backtest p.yml",
) -> Report:
    prices = bars() if held is None else held
    return report_of(
        run(pack(rules), prices),
        prices,
        source=source,
        sources={"gold": source},
        routing=everything(["mail"]),
        command=command,
    )


class Read(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def made_page() -> tuple[Report, str]:
    done = report()
    return done, page(done, EVENTS)


def test_the_page_asks_nothing_of_the_outside(made_page: tuple[Report, str]) -> None:
    found = Read(made_page[1])

    assert not {"script", "img", "link", "iframe", "object", "use", "image"} & {tag for tag, _ in found.tags}
    assert not any("src" in given for _, given in found.tags)
    assert all((given.get("href") or "#").startswith("#") for _, given in found.tags)
    assert not re.search(r"https?://|@import|url\(", made_page[1])
    policy = next(given for _, given in found.tags if "Content-Security-Policy" in given.values())
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_tells_every_verdict_episode_leg_and_how_to_make_it_again(
    made_page: tuple[Report, str],
) -> None:
    done, text = made_page
    read = Read(text).text

    for one in done.measured.rules:
        assert read.count(one.verdict) == 2  # in the list, and above its pictures
        assert all(str(episode.opened) in read for episode in one.episodes)
    assert all(leg.instrument in read for leg in done.legs)
    assert " ".join(str(done.made_by).split()) in read
    assert "Seed 1." in read
    assert not UNKNOWN.search(read)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/srv/ann/my prices/data", "data"),
        ("../prices/gold.csv", "gold.csv"),
        ("prices held in /srv/ann/metalwatch.db", "prices held in metalwatch.db"),
        ("sample market, simulated", "sample market, simulated"),
    ],
)
def test_whoever_the_page_is_handed_to_learns_no_folder(source: str, shown: str) -> None:
    command = "metalwatch backtest /srv/ann/own.yml --prices '/srv/ann/my prices' --from 2024-01-01"

    text = page(report("high: {when: gold > 9}", source=source, command=command))

    assert f"prices: {shown}<" in text
    assert f"{shown}, Yahoo continuous futures" in text
    assert "metalwatch backtest own.yml --prices &#39;my prices&#39; --from 2024-01-01  # version" in text
    assert "/srv" not in text
    assert "`" not in text


def test_pictures_come_for_broad_and_narrow_screens_in_colours_a_dark_page_knows(
    made_page: tuple[Report, str],
) -> None:
    found = Read(made_page[1])
    colours = {
        given[name]
        for tag, given in found.tags
        for name in ("fill", "stroke")
        if given.get(name) and tag != "svg"
    } - {"none", "transparent", "currentColor"}

    assert sum(tag == "svg" for tag, _ in found.tags) == 3 * 2 * 2 + 2  # three instances, two spans; two fans
    assert colours <= set(re.findall(r'\[fill="([^"]+)"\]', made_page[1]))


def test_events_are_numbered_as_in_the_pictures_and_escaped(made_page: tuple[Report, str]) -> None:
    read = Read(made_page[1]).text

    assert "2024-06-03 A <script>alert(1)</script> pact <b>minutes</b>" in read  # as text, not as tags
    assert "One of lyc alone" not in read
    assert "Before all of it" not in read


def test_the_first_decade_of_the_episodes_is_headed_by_its_first_year() -> None:
    assert decades(range(2001, 2023)) == [(2001, 9), (2010, 10), (2020, 3)]


def test_simulated_prices_are_said_to_be_that() -> None:
    rules = "r: {when: gold > 99}"

    assert "They are no prices of any market." in page(report(rules, source="sample market, simulated"))
    assert "They are no prices of any market." not in page(report(rules))


def test_a_page_that_was_ended_early_says_so() -> None:
    text = Read(page(report(), watch=lambda items, _what: items[:1])).text

    assert "Partial report: not drawn: p/each." in text


@pytest.mark.parametrize(
    "rules",
    [
        "r: {when: gold > 99, study: silver}",
        "r: {when: gold > 0.5, study: silver}",
        "r: {when: gold > 9, clear_when: gold < 5}",
        "r: {when: gold > 9, clear_when: gold < 5, study: lyc}",
        'r: {when: "zscore(gold, 5000) > 2", study: silver}',
        'r: {when: "crosses_above(gold, 5)", study: silver}',
    ],
    ids=["no episode", "always", "no study", "not held", "look-back", "no threshold"],
)
def test_where_little_can_be_told_the_page_says_that_and_no_nan(rules: str) -> None:
    done = report(rules)

    read = Read(page(done)).text

    assert done.measured.rules[0].verdict in read
    assert not UNKNOWN.search(read)


def test_a_price_below_zero_is_counted_and_drawn_as_a_gap() -> None:
    held = bars().with_columns(
        close=pl.when((pl.col("instrument") == "silver") & (pl.col("session") == date(2024, 4, 22)))
        .then(-37.63)
        .otherwise(pl.col("close"))
    )

    done = report("r: {when: silver > 99, study: silver}", held)

    assert done.legs[0].unpriced == 1
    assert "37.63" not in page(done)


def test_the_picture_in_the_readme_is_what_a_report_draws_of_the_sample_market() -> None:
    drawn, kept = (
        [node.text for node in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
        for text in (draw(), PICTURE.read_text(encoding="utf-8"))
    )

    assert drawn == kept, "draw it again: .venv/bin/python -m tests.support.report_picture"
    assert any("simulated" in (text or "") for text in kept)
