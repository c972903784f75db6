"""Two versions of rules over the same history: which alerts come, go and move."""

import json
import subprocess
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from monitor.backtest import run
from monitor.backtest.difference import NEAR, Difference, What, difference
from monitor.cli.app import app_of
from monitor.errors import UsageError
from tests.support.made_up import made, sessions
from tests.support.rules import pack

DAYS = sessions(120)


def level(*hills: tuple[int, int, float]) -> list[float]:
    """A flat metal with hills: from, to, height."""
    return [next((h for a, b, h in hills if a <= row < b), 1.0) for row in range(120)]


BARS = made({"gold": level((10, 15, 10.0), (40, 48, 8.0), (80, 90, 10.0)), "silver": [1.0] * 120})
RULE = "r: {when: gold > 9, clear_when: gold < 5}"


def compared(old: str, new: str) -> Difference:
    return difference(run(pack(old), BARS), run(pack(new), BARS))


def told(done: Difference) -> list[tuple[str, str, date | None, date | None, int]]:
    return [(c.what.value, c.kind.value, c.was, c.now, c.sessions) for one in done.rules for c in one.changes]


def test_the_same_rules_have_no_difference_whatever_their_words() -> None:
    done = compared(RULE, "r: {when: gold > 9, clear_when: gold < 5, say: other words, note: why}")

    assert done.same
    assert done.by_year == ((2024, 2, 2),)


def test_a_lower_threshold_adds_an_episode_and_a_higher_one_removes_it() -> None:
    lower = "r: {when: gold > 7, clear_when: gold < 5}"

    assert told(compared(RULE, lower)) == [
        ("added", "open", None, DAYS[40], 0),
        ("added", "resolve", None, DAYS[48], 0),
    ]
    assert told(compared(lower, RULE)) == [
        ("removed", "open", DAYS[40], None, 0),
        ("removed", "resolve", DAYS[48], None, 0),
    ]
    assert compared(RULE, lower).rules[0].by_year == ((2024, 2, 3),)


def test_waiting_longer_moves_opens_by_so_many_sessions_and_resolves_stay() -> None:
    assert told(compared(RULE, "r: {when: gold > 9, for: 4 bars, clear_when: gold < 5}")) == [
        ("moved", "open", DAYS[10], DAYS[13], 3),
        ("moved", "open", DAYS[80], DAYS[83], 3),
    ]


def test_alerts_too_far_apart_are_two() -> None:
    bars = made({"gold": [1.0] * 30 + [10.0] * 60, "silver": [1.0] * 90})
    for bars_later, what in ((NEAR, {"moved"}), (NEAR + 1, {"added", "removed"})):
        new = f"r: {{when: gold > 9, for: {bars_later + 1} bars}}"
        done = difference(run(pack(RULE), bars), run(pack(new), bars))

        assert {one.what.value for one in done.rules[0].changes} == what


def test_a_cooldown_changes_what_is_told_and_a_severity_its_level() -> None:
    cooled = compared(RULE, "r: {when: gold > 9, clear_when: gold < 5, cooldown: 200 days}")
    louder = compared(RULE, "r: {when: gold > 9, clear_when: gold < 5, severity: critical}")

    assert [one.what for one in cooled.rules[0].changes] == [What.WITHHELD, What.WITHHELD]
    assert {one.what for one in louder.rules[0].changes} == {What.LEVEL}
    assert not cooled.rules[0].edited


def test_what_is_added_or_moved_and_withheld_by_a_cooldown_says_so() -> None:
    added = compared(RULE, "r: {when: gold > 7, clear_when: gold < 5, cooldown: 60 days}").rules[0].changes
    moved = (
        compared(RULE, "r: {when: gold > 9, for: 4 bars, clear_when: gold < 5, cooldown: 99 days}")
        .rules[0]
        .changes
    )

    assert [(one.what.value, one.withheld) for one in added] == [("added", "cooldown")] * 2
    assert [(one.kind.value, one.what.value, one.withheld) for one in moved[:2]] == [
        ("open", "moved", None),
        ("open", "moved", "cooldown"),
    ]


def test_a_step_of_a_ladder_is_an_alert_of_its_own() -> None:
    ladder = "r: {levels: {info: {when: gold > 7, clear_when: gold < 5}, critical: {when: gold > %s}}}"
    bars = made({"gold": level((10, 12, 8.0), (12, 15, 10.0)), "silver": [1.0] * 120})

    done = difference(run(pack(ladder % "9"), bars), run(pack(ladder % "11"), bars))

    assert told(done) == [
        ("removed", "escalate", DAYS[12], None, 0),
        ("another level", "resolve", DAYS[15], DAYS[15], 0),
    ]


def test_rules_that_come_go_and_change_their_name_are_told() -> None:
    done = compared(
        f"{RULE}\nold: {{when: gold > 20}}", f"{RULE.replace('r:', 'renamed:')}\nnew: {{when: gold > 7}}"
    )

    found = {one.rule: one for one in done.rules}
    assert found["p/renamed"].was_named == "p/r"
    assert found["p/renamed"].renamed
    assert not found["p/renamed"].changes
    assert found["p/new"].added
    assert found["p/new"].count(What.ADDED) == 6
    assert found["p/old"].removed
    assert not done.same


def test_members_of_a_group_are_compared_each_with_itself() -> None:
    old = "r: {for_each: metals, when: it > 9, clear_when: it < 5}"
    done = compared(old, f"{old[:-1]}, overrides: {{gold: {{when: it > 100}}}}}}")

    assert {change.instance for change in done.rules[0].changes} == {"gold"}
    assert done.rules[0].edited


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with prices."""
    for name in ("gold", "silver"):
        own = BARS.filter(pl.col("instrument") == name)
        own.select(pl.col("session").alias("date"), "close").write_csv(tmp_path / f"{name}.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_pack(rule: str) -> str:
    return f"pack: own\nabout: made up\nrules:\n  {rule}\n"


def done(*arguments: str) -> tuple[int, str]:
    """The exit code of the command, and what it says."""
    found = CliRunner().invoke(app_of(), ["diff", *arguments, "--prices", "."])
    if isinstance(found.exception, UsageError):
        return 2, str(found.exception)
    return found.exit_code, " ".join(found.stdout.split())


def test_the_command_says_which_alerts_are_withheld(folder: Path) -> None:
    for name, rule in (
        ("old", RULE),
        ("added", "r: {when: gold > 7, clear_when: gold < 5, cooldown: 60 days}"),
        ("moved", "r: {when: gold > 9, for: 4 bars, clear_when: gold < 5, cooldown: 99 days}"),
    ):
        (folder / f"{name}.yml").write_text(a_pack(rule))

    _, added = done("old.yml", "added.yml")
    _, moved = done("old.yml", "moved.yml")

    assert f"+ open {DAYS[40]} (withheld: cooldown)" in added
    assert f"~ open {DAYS[80]} -> {DAYS[83]}, 3 sessions later (withheld: cooldown)" in moved


def test_files_folders_and_git_revisions_are_compared_by_the_command(folder: Path) -> None:
    rules = folder / "rules"
    rules.mkdir()
    (rules / "own.yml").write_text(a_pack(RULE))
    git(folder, "init", "-q")
    git(folder, "add", "rules")
    git(folder, "commit", "-qm", "first")
    (rules / "own.yml").write_text(a_pack(RULE.replace("> 9", "> 7")))

    for versions in (
        ("HEAD:rules", "rules"),
        ("HEAD:rules/own.yml", "rules/own.yml"),
        ("rules", "--rev", "HEAD"),
    ):
        code, text = done(*versions, "--exit-code")
        assert (code, "2 added" in text, f"+ open {DAYS[40]}" in text) == (1, True, True)
    assert done("rules/own.yml", "rules", "--exit-code") == (0, "Prices: . 1 rule, no difference.")
    plain = json.loads(done("rules", "--rev", "HEAD", "--json")[1])
    assert plain["rules"][0]["changes"][0]["now"] == str(DAYS[40])
    assert "invalid object name 'nope'" in done("nope:rules", "rules")[1]
    assert "does not exist in 'HEAD'" in done("HEAD:other.yml", "rules")[1]
    assert "name two versions" in done("rules")[1]
