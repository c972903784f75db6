"""The pages: complete, linked, readable without a script or eyes, and discreet."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from monitor.cycle import run_cycle
from monitor.instruments import Catalogue
from monitor.prices.files import FileSource
from monitor.prices.source import page_name
from monitor.status.app import make_app
from monitor.status.histories import Histories
from monitor.status.recent import Recent
from monitor.status.site import Site
from monitor.storage.store import open_reader, open_store
from tests.status.conftest import FIRST, HOME, SECRET, context_of

PAGES = ("/", "/alerts", "/data", "/messages", "/attention")


class _Outline(HTMLParser):
    """The elements of a page with their attributes, and the texts of some of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def crawled(ask: TestClient) -> Iterator[tuple[str, str]]:
    """Every page that can be reached from the first one, with its text."""
    waiting, seen = ["/"], set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = ask.get(path)
        assert (path, answer.status_code) in ((path, 200), ("/readyz", 503))
        if answer.headers["content-type"].startswith("text/html"):
            yield path, answer.text
            links = [link["href"] or "" for link in _Outline(answer.text).all("a")]
            waiting.extend(link for link in links if link.startswith("/"))


@pytest.fixture(scope="session")
def every_page(ask: TestClient) -> dict[str, str]:
    return dict(crawled(ask))


def test_every_page_and_every_rule_can_be_reached_from_the_first_page(
    every_page: dict[str, str], site: Site
) -> None:
    rules = {f"/rules/{one.rule.id}" for one in site.context().rulebook.instances}
    reached = {"/".join(path.split("/")[:4]) for path in every_page}

    assert set(PAGES) | rules <= reached


def test_every_page_says_that_the_prices_are_simulated_and_that_the_clock_was_set(
    every_page: dict[str, str],
) -> None:
    for path, text in every_page.items():
        assert "Prices: sample market, simulated · set clock, from 2020-03-12 22:00 UTC" in text, path


def test_a_page_is_built_for_keyboard_and_screen_reader(every_page: dict[str, str]) -> None:
    for path, text in every_page.items():
        outline = _Outline(text)
        assert outline.all("html")[0]["lang"] == "en", path
        assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("nav")) == 1, path
        assert outline.all("a")[0]["href"] == "#main", f"{path}: the first link skips to the content"
        assert len(outline.all("caption")) == len(outline.all("table")), f"{path}: a table without a caption"
        assert all("scope" in cell for cell in outline.all("th")), f"{path}: a heading of nothing"
        assert not outline.all("script"), path
        for field in (*outline.all("input"), *outline.all("select")):
            labels = [label.get("for") for label in outline.all("label")]
            assert field.get("type") == "checkbox" or field["id"] in labels, f"{path}: {field} has no label"


def test_a_page_asks_for_nothing_else(every_page: dict[str, str]) -> None:
    for path, text in every_page.items():
        assert not re.findall(r"(?:src|srcset)=|url\(|@import|<iframe|<object", text), path
        assert all(link["href"] == "data:," for link in _Outline(text).all("link")), path


def test_a_page_has_no_secret_no_path_and_no_markup_of_others(
    every_page: dict[str, str], database: Path
) -> None:
    assert "given up" in every_page["/messages"] or "dead" in every_page["/messages"]
    for path, text in every_page.items():
        for hidden in (SECRET, "hooks.example", "/srv/", "secrets/mail", str(database.parent), "<b>holiday"):
            assert hidden not in text, f"{path} shows {hidden}"
    assert "no answer from …" in every_page["/messages"]
    assert "&lt;b&gt;holiday&lt;/b&gt;" in every_page["/attention"]


def test_price_files_are_named_without_their_folder(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = tmp_path / "prices-of-ann"
    folder.mkdir()
    source = FileSource(folder, catalogue)
    with closing(open_store(str(tmp_path / "own.db"))) as store, closing(Histories(wait=60)) as histories:
        context = replace(context_of(store, tmp_path), source=source)
        for evening in range(3):
            run_cycle(context, now=FIRST + timedelta(days=evening))
        site = Site(
            context=lambda: context,
            texts=dict,
            now=lambda: FIRST + timedelta(days=3),
            prices=page_name(source),
            histories=histories,
        )
        ask = TestClient(make_app(site), base_url=HOME, follow_redirects=False)
        told = {path: ask.get(path).text for path in (*PAGES, "/api/v1/status", "/metrics", "/readyz")}

    assert "price files: most series get no prices since" in told["/"]
    assert '"prices":"price files"' in told["/api/v1/status"].replace(": ", ":")
    assert [path for path, text in told.items() if folder.name in text] == []


def test_the_first_page_tells_what_is_open_and_what_is_wrong(every_page: dict[str, str]) -> None:
    text = every_page["/"]
    opened = text[text.index("Open alerts</h2>") : text.index("Rules</h2>")]

    assert "precious/gsr-stress" in opened
    assert "critical" in opened
    assert "<strong>104.8</strong>" in opened
    assert "the rules that need" in text
    assert "1 given up" in text
    assert text.count('<svg class="spark"') >= 7


def test_of_many_rules_what_is_open_comes_first_and_the_rest_is_one_link_away(ask: TestClient) -> None:
    text = ask.get("/?limit=1").text
    rows = text[text.index("Rules</h2>") :]

    assert rows.count('<th role="rowheader"') == 3, "as many as are open"
    assert re.search(r"3 of 1\d rules in force", rows)
    assert '<a href="/?limit=100000">All 1' in rows
    assert ask.get("/?limit=0").status_code == 400


def test_a_rule_is_told_in_full(every_page: dict[str, str]) -> None:
    text = every_page["/rules/precious/gsr-high"]

    assert "gsr from 2018-03-14 to 2020-03-13: between" in text
    assert text.count('<svg viewBox="') == 2, "one chart for desktops, one for phones"
    assert "The last 30 sessions as a table" in text
    assert re.search(r'<th scope="row" class="date">2020-03-13</th><td class="number">104\.8', text)
    assert re.search(r"gold 1,515\.\d+ USD/ozt, session 2020-03-13, known", text)
    assert "2020-02-28" in text
    assert "already true" in text
    assert "<dt><code>gsr</code></dt><dd><code>gold / silver</code></dd>" in text
    assert "clear_when: gsr &lt; 85" in text


def test_a_rule_of_a_group_lists_its_members_and_each_has_a_page(every_page: dict[str, str]) -> None:
    group = every_page["/rules/own/gap"]
    assert '<a href="/rules/own/gap/uuuu">' in group
    assert '<a href="/rules/own/gap">' in every_page["/rules/own/gap/uuuu"]


def test_what_was_withheld_is_told_with_its_cause(every_page: dict[str, str]) -> None:
    assert "withheld: silence 1" in every_page["/messages"]
    assert "withheld: silence 1" in every_page["/alerts"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "since=yesterday",
        "since=2020-13-45",
        "severity=loud",
        "severity=%00",
        "withheld=maybe",
        "rule=" + "x" * 5_000,
        "<script>alert(1)</script>=1",
        "%3Cimg%20src=x%20onerror=alert(1)%3E",
        "__proto__=1&constructor=2",
        "since=2020-03-01' or 1=1 --",
        "a=" + "%F0%9F%92%A9" * 200,
    ],
)
def test_a_hostile_question_is_refused_and_not_repeated(ask: TestClient, query: str) -> None:
    page, program = ask.get(f"/alerts?{query}"), ask.get(f"/api/v1/alerts?{query}")

    assert page.status_code == program.status_code == 400
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert len(page.text) < 20_000
    assert program.json()["faults"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/rules/precious/nothing",
        "/rules/precious/gsr-high/gold",
        "/rules/..%2f..%2fetc/passwd",
        "/rules/a/%00",
        "/static/../../etc/passwd",
        "/rules/precious/<script>alert(1)</script>",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(ask: TestClient, path: str) -> None:
    answer = ask.get(path)

    assert answer.status_code == 404
    assert "<h1>No such" in answer.text
    assert "<script" not in answer.text


def test_nothing_can_be_written(ask: TestClient) -> None:
    for path in (*PAGES, "/api/v1/status", "/rules/precious/gsr-high", "/metrics"):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert ask.request(method, path).status_code == 405


def test_a_database_that_is_away_is_a_page_that_says_so_and_comes_back(
    tmp_path: Path, site: Site, database: Path
) -> None:
    file = tmp_path / "moved.db"
    reader = open_reader(str(file))
    context = context_of(reader, tmp_path)
    ask = TestClient(make_app(replace(site, context=lambda: context, recent=Recent(0))), base_url=HOME)

    for path in (*PAGES, "/rules/precious/gsr-high", "/api/v1/status", "/readyz", "/metrics"):
        answer = ask.get(path)
        assert (path, answer.status_code) == (path, 503)
        assert "The database cannot be read now." in answer.text
        assert str(tmp_path) not in answer.text
    assert ask.get("/healthz").status_code == 200
    assert not file.exists(), "who only reads makes no database"

    file.write_bytes(database.read_bytes())
    assert ask.get("/").status_code == 200


def test_a_reader_cannot_write(site: Site) -> None:
    from monitor.errors import StorageError

    with pytest.raises(StorageError, match="may not be written"):
        site.context().store.set_meta("a", "b")
