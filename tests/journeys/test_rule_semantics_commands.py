"""The keys of rules as commands show them: warnings of `check`, labels and reminders in JSON."""

import json
from pathlib import Path

import pytest

from tests.support.process import Home, home

PACK = """\
pack: mine
about: Reminders, labels and a rule that is not there.
metrics: {gsr: gold / silver}
rules:
  high:
    when: gsr > 80
    remind: {every: 5 bars}
    inhibited_by: [feed-stale]
    labels: {team: desk}
"""
SETTINGS = "database: m.db\npacks: [mine.yml]\nprices: {source: sample}\nchannels: {console: console}\n"


@pytest.fixture
def here(tmp_path: Path) -> Home:
    (tmp_path / "mine.yml").write_text(PACK, encoding="utf-8")
    return home(tmp_path, SETTINGS)


def test_check_prints_warnings_and_is_content(here: Home) -> None:
    text, plain = here.command("check"), here.command("check", "--json")

    assert text.returncode == plain.returncode == 0
    assert (
        'mine.yml:8:20: warning: rule "high": inhibited by "feed-stale", which is not loaded' in text.stderr
    )
    (warning,) = json.loads(plain.stdout)["warnings"]
    assert (warning["line"], warning["column"], warning["rule"]) == (8, 20, "high")


def test_json_shows_labels_and_a_backtest_lists_no_reminders(here: Home) -> None:
    done = here.command("backtest", "--json")
    alerts = json.loads(done.stdout)["alerts"]

    assert alerts
    assert {alert["kind"] for alert in alerts} <= {"open", "resolve"}
    assert all(alert["labels"] == {"team": "desk"} for alert in alerts)
    assert json.loads(here.command("status", "--json").stdout)["rules"][0]["labels"] == {"team": "desk"}
