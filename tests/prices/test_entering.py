"""`prices enter`: one value of a series that nobody serves."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli.app import app_of
from monitor.errors import UsageError
from monitor.storage.store import open_store


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "metalwatch.yml").write_text("database: mw.db\npacks: [premium]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METALWATCH_CLOCK", "2026-07-20T12:00-04:00")
    return tmp_path


def entered(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app_of(), ["prices", "enter", *arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_value_is_kept_with_its_session_source_and_age_limit(place: Path) -> None:
    told = entered(
        "shanghai_silver", "8200", "--on", "2026-07-17", "--unit", "CNY/kg", "--source", "bulletin"
    )
    limited = entered("pslv_nav", "12.31", "--on", "2026-07-17")

    assert (told["status"], told["unit"], told["carry_days"], told["source"]) == (
        "final",
        "CNY/kg",
        None,
        "bulletin",
    )
    assert limited["carry_days"] == 5
    store = open_store(str(place / "mw.db"))
    (bar,) = store.bars(instruments=["shanghai_silver"]).to_dicts()
    store.close()
    assert (bar["session"], bar["close"], bar["known_at"]) == (
        date(2026, 7, 17),
        8200.0,
        datetime(2026, 7, 17, 7, tzinfo=UTC),
    )


def test_todays_value_is_known_from_now_on_and_final_since_nobody_would_settle_it(place: Path) -> None:
    assert entered("pslv_nav", "12.31")["status"] == "final"

    store = open_store(str(place / "mw.db"))
    (bar,) = store.bars(instruments=["pslv_nav"]).to_dicts()
    store.close()
    assert f"{bar['known_at']:%Y-%m-%d %H:%M}" == "2026-07-20 16:00"


def test_the_same_value_again_is_no_news_and_another_one_a_new_version() -> None:
    first, again, other = (entered("pslv_nav", value) for value in ("12.31", "12.31", "12.4"))

    assert [told["new"] for told in (first, again, other)] == [True, False, True]


def test_a_value_far_from_the_last_one_is_held_until_it_is_typed_once_more() -> None:
    entered("shanghai_silver", "8200", "--on", "2026-07-17")
    first, second = (
        entered("shanghai_silver", "11000", "--on", "2026-07-20", "--clock", f"2026-07-20T12:0{minute}-04:00")
        for minute in (1, 2)
    )

    assert (first["status"], second["status"]) == ("quarantined", "final")
    assert "+34.1% from 8200 to 11000" in first["doubts"][0]
    assert second["doubts"] == []


def test_shifted_digits_are_not_believed_however_often_they_are_typed() -> None:
    entered("shanghai_silver", "8200", "--on", "2026-07-17")

    for minute in (1, 2):
        clock = f"2026-07-20T12:0{minute}-04:00"
        told = entered("shanghai_silver", "82000", "--on", "2026-07-20", "--clock", clock)
        assert told["status"] == "quarantined"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("gold", "3000"), "gold is fetched or imported, not typed in; series to type in: shanghai_silver"),
        (("shanghai_slver", "3"), 'did you mean "shanghai_silver"'),
        (("pslv_nav", "0"), "the value 0 is no price; expected a number above zero"),
        (("pslv_nav", "nan"), "the value nan is no price"),
        (("pslv_nav", "12", "--unit", "CAD"), "the unit 'CAD' is not that of pslv_nav; expected USD"),
        (("pslv_nav", "12", "--on", "2026-07-21"), "2026-07-21 is still to come"),
    ],
)
def test_what_cannot_be_typed_in_is_refused_with_what_was_expected(
    arguments: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(UsageError) as refused:
        entered(*arguments)

    assert fault in str(refused.value)


@pytest.mark.parametrize("typed", ["2,150.50", "2150,5", "2.150,50"])
def test_a_value_with_a_comma_is_refused_with_what_was_expected(typed: str) -> None:
    done = CliRunner().invoke(app_of(), ["prices", "enter", "pslv_nav", typed])

    assert done.exit_code == 2
    assert (
        f"expected a number such as 2150.50, with a point before its decimals and no other sign; got '{typed}'"
        in (" ".join(done.output.split()))
    )
