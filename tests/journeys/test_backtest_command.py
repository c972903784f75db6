"""`metalwatch backtest` as a process: the dates on which the shipped rules must fire, on real prices."""

import json
import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import ROOT, Home, home

PACKS = (str(ROOT / "rules" / "precious.yml"), str(ROOT / "rules" / "shocks.yml"))
KEYS = {"rule", "instance", "level", "kind", "session", "values", "message", "text"}
KINDS = {"open", "escalate", "resolve", "still_open", "retract"}

Alert = dict[str, Any]

# The complete lists of packs.md in their spans: A1, A2, A3, A6; B1, B3, B4, B5.
OPENS = {
    "precious/gsr-stress": ("2000-08-30", ["2020-03-13", "2025-04-04"]),
    "precious/gsr-high": (
        "2000-08-30",
        ["2019-06-12", "2020-02-27", "2022-07-06", "2023-03-09", "2024-02-07", "2025-02-26"],
    ),
    "precious/gsr-low": (
        "2000-08-30",
        ["2006-04-10", "2006-09-01", "2008-02-29", "2010-11-23", "2012-02-29", "2026-01-27"],
    ),
    "precious/parity-60": ("2013-01-01", ["2013-08-19", "2026-01-07", "2026-02-26", "2026-05-11"]),
    "shocks/silver-dd20": (
        "2008-01-01",
        [
            "2008-04-29",
            "2008-08-05",
            "2010-02-04",
            "2011-05-05",
            "2012-12-20",
            "2016-11-21",
            "2018-08-15",
            "2020-03-13",
            "2020-09-23",
            "2021-08-09",
            "2022-05-02",
            "2023-02-23",
            "2026-01-30",
        ],
    ),
    "shocks/gold-shock": (
        "2011-01-01",
        [
            "2011-08-24",
            "2013-04-12",
            "2016-06-24",
            "2019-06-20",
            "2020-02-28",
            "2021-06-17",
            "2023-10-13",
            "2025-10-21",
            "2026-01-30",
        ],
    ),
    "shocks/silver-crash": (
        "2011-01-01",
        [
            "2011-05-03",
            "2011-09-23",
            "2013-04-15",
            "2020-03-13",
            "2020-08-12",
            "2025-04-04",
            "2026-01-30",
            "2026-03-03",
            "2026-03-19",
            "2026-05-15",
            "2026-06-24",
        ],
    ),
    "shocks/silver-spike": (
        "2020-01-01",
        [
            "2020-03-23",
            "2020-07-22",
            "2020-07-27",
            "2021-02-01",
            "2022-10-03",
            "2025-12-26",
            "2026-01-05",
            "2026-01-12",
            "2026-01-26",
            "2026-02-03",
        ],
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A folder with settings of which `backtest FILES --prices FOLDER` needs nothing."""
    return home(tmp_path_factory.mktemp("backtest"), "prices: {source: sample}\n")


@pytest.fixture(scope="module")
def report(place: Home, real_prices: Path) -> dict[str, Any]:
    return backtest(place, *PACKS, "--prices", str(real_prices))


def backtest(place: Home, *arguments: str) -> dict[str, Any]:
    """What the command prints: it fails unless stdout is one JSON object and nothing else."""
    done = place.command("backtest", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of(report: dict[str, Any], rule: str, kind: str = "open", message: str = "sent") -> list[Alert]:
    alerts: list[Alert] = report["alerts"]
    return [one for one in alerts if (one["rule"], one["kind"], one["message"]) == (rule, kind, message)]


@pytest.mark.parametrize("rule", OPENS)
def test_each_rule_opens_on_its_dates_and_on_no_other(rule: str, report: dict[str, Any]) -> None:
    start, expected = OPENS[rule]

    assert [one["session"] for one in of(report, rule) if one["session"] >= start] == expected


def test_a_ladder_tells_of_its_worse_level_within_the_episode(report: dict[str, Any]) -> None:
    low, shock = (of(report, rule, "escalate") for rule in ("precious/gsr-low", "shocks/gold-shock"))

    assert [one["session"] for one in low] == ["2011-04-15"]
    assert "2013-04-15" in [one["session"] for one in shock]
    assert {one["level"] for one in (*low, *shock)} == {"critical"}


def test_a_move_beyond_the_worst_level_opens_there_at_once(report: dict[str, Any]) -> None:
    last = of(report, "shocks/gold-shock")[-1]

    assert (last["session"], last["level"]) == ("2026-01-30", "critical")
    assert "2026-01-30" not in [one["session"] for one in of(report, "shocks/gold-shock", "escalate")]


def test_an_open_that_a_cooldown_withheld_is_listed_with_its_cause(report: dict[str, Any]) -> None:
    withheld = of(report, "shocks/silver-spike", message="withheld: cooldown")

    assert "2026-01-28" in [one["session"] for one in withheld]


def test_alerts_carry_what_a_machine_needs_in_the_order_of_sessions(report: dict[str, Any]) -> None:
    alerts = report["alerts"]

    assert all(set(one) >= KEYS for one in alerts)
    assert {one["kind"] for one in alerts} <= KINDS
    assert all(re.fullmatch(r"sent|withheld: [a-z ]+", one["message"]) for one in alerts)
    assert {one["message"] for one in alerts if one["rule"] in OPENS} == {"sent", "withheld: cooldown"}
    assert {one["instance"] for one in alerts if one["rule"] in OPENS} == {None}
    assert {one["level"] for one in alerts} == {"info", "warning", "critical"}
    assert all(date.fromisoformat(one["session"]) for one in alerts)
    assert all(before["session"] <= after["session"] for before, after in pairwise(alerts))
    assert all(
        one["values"] and all(isinstance(value, float) for value in one["values"].values()) for one in alerts
    )


def test_the_numbers_and_the_words_of_an_alert_agree(report: dict[str, Any]) -> None:
    stress = of(report, "precious/gsr-stress")[0]

    assert stress["values"]["gsr"] == pytest.approx(104.85, abs=0.005)
    assert stress["text"] == (
        "CRITICAL gsr-stress: gsr 104.8 > 100, 2020-03-13. "
        "Gold-silver ratio 104.8: silver is left behind as in a panic"
    )


def test_every_headline_fits_a_phone(report: dict[str, Any]) -> None:
    heads = [one["text"].partition(". ")[0] for one in report["alerts"]]

    assert max(map(len, heads)) <= 80


def test_the_same_prices_come_from_a_folder_and_from_its_mapping_file(
    place: Home, real_prices: Path, report: dict[str, Any]
) -> None:
    again = backtest(place, *PACKS, "--prices", str(real_prices / "prices.yml"))

    assert again["alerts"] == report["alerts"]


def test_one_file_is_enough_for_rules_that_read_one_instrument_and_a_file_nobody_knows_is_told(
    place: Home, real_prices: Path, tmp_path: Path, report: dict[str, Any]
) -> None:
    silver = tmp_path / "silver.csv"
    silver.write_bytes((real_prices / "silver_SIF.csv").read_bytes())

    (tmp_path / "bullion.csv").write_bytes(silver.read_bytes())

    done = place.command("backtest", "shocks", "--prices", str(tmp_path), "--json")

    assert done.returncode == 0, done.stderr
    assert re.search(
        r"^warning: .*: no prices of .*gold: \d of \d rules cannot be judged", done.stderr, re.MULTILINE
    )
    assert "named by no instrument's id or symbol: bullion.csv" in " ".join(done.stderr.split())
    found = json.loads(done.stdout)
    for rule in ("shocks/silver-crash", "shocks/silver-dd20", "shocks/silver-spike"):
        assert of(found, rule) == of(report, rule)
    assert of(found, "shocks/gold-shock") == []


def test_from_and_to_cut_what_is_reported_and_not_what_is_remembered(
    place: Home, real_prices: Path, report: dict[str, Any]
) -> None:
    found = backtest(
        place, *PACKS, "--prices", str(real_prices), "--from", "2020-01-01", "--to", "2020-12-31"
    )

    assert found["alerts"] == [one for one in report["alerts"] if "2020" <= one["session"] < "2021"]
    assert found["span"]["last"] == "2020-12-31"


def test_what_people_see_fits_80_columns_and_names_the_prices(place: Home, real_prices: Path) -> None:
    done = place.command("backtest", *PACKS, "--prices", str(real_prices))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Prices: {real_prices}, 2000-08-30 to ")
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80
    assert "precious/gsr-stress: 2020-03-13, 2025-04-04" in done.stdout
    assert "(2026-01-28)" in done.stdout
