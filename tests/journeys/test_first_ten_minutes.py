"""The first ten minutes as a new user has them, each command a process, on the sample market."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import Home, home

THURSDAY = "2025-04-03T18:00-04:00"
FRIDAY = "2025-04-04T18:00-04:00"
SAMPLE = "sample market, simulated"


@pytest.fixture
def place(tmp_path: Path) -> Home:
    """A folder with what `init --source sample` writes, by a user who has nothing yet."""
    return begun(tmp_path)


@pytest.fixture(scope="module")
def thursday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a folder after a first `once` on Thursday, to be copied."""
    folder = tmp_path_factory.mktemp("thursday")
    run(begun(folder), "once", "--clock", THURSDAY)
    return folder


@pytest.fixture
def later(thursday: Path, tmp_path: Path) -> Home:
    """A folder of its own, after Thursday."""
    return begun(Path(shutil.copytree(thursday, tmp_path, dirs_exist_ok=True)))


def begun(folder: Path) -> Home:
    """A folder with settings, which `init` writes where there are none."""
    written = folder / "metalwatch.yml"
    text = written.read_text() if written.exists() else ""
    around = home(folder, text)
    if not text:
        written.unlink()
        done = around.command("init", "--source", "sample")
        assert done.returncode == 0, done.stderr
    return around


def run(place: Home, *arguments: str, code: int = 0) -> str:
    done = place.command(*arguments)
    assert done.returncode == code, done.stderr + done.stdout
    assert code or not done.stderr
    return done.stdout


def one_object(place: Home, *arguments: str) -> dict[str, Any]:
    """What a command prints with `--json`; it fails unless that is one JSON object and nothing else."""
    found: dict[str, Any] = json.loads(run(place, *arguments, "--json"))
    return found


def test_init_writes_settings_that_are_right_and_says_what_comes_next(place: Home) -> None:
    settings = place.folder / "metalwatch.yml"

    assert "source: sample" in settings.read_text()
    assert re.fullmatch(r"precious: \d+ rules, no faults\n", run(place, "check"))


def test_init_never_overwrites_settings(place: Home) -> None:
    settings = place.folder / "metalwatch.yml"
    settings.write_text("# mine\n")

    done = place.command("init")

    assert done.returncode == 2
    assert done.stderr == "error: metalwatch.yml is there already; edit it, or move it away first\n"
    assert settings.read_text() == "# mine\n"


def test_a_first_start_tells_what_is_already_true_and_later_only_what_is_new(place: Home) -> None:
    first = run(place, "once", "--clock", THURSDAY)
    assert first.startswith("WARNING gsr-high: gsr 97.00 > 90, 2025-04-03 (already true")
    assert f"Prices: {SAMPLE} | set clock, from 2025-04-03 22:00 UTC" in first

    second = run(place, "once", "--clock", FRIDAY)
    assert second.startswith("CRITICAL gsr-stress: gsr 103.4 > 100, 2025-04-04")
    assert "gsr-high" not in second
    assert "1 new session judged; 1 message sent." in second

    third = run(place, "once", "--clock", FRIDAY)
    assert "no series was due, 0 new bars; no new session; 0 messages sent." in third


def test_status_shows_each_rule_with_what_it_waits_for_and_how_far_it_is(place: Home) -> None:
    before = run(place, "status")
    assert len(re.findall(r"^   \S+ .+not judged", before, flags=re.MULTILINE)) >= 4
    assert "run `metalwatch once`" in before

    run(place, "once", "--clock", FRIDAY)
    shown = run(place, "status", "--clock", FRIDAY)

    assert shown.startswith(f"Prices: {SAMPLE} | set clock, from 2025-04-04 22:00 UTC\n")
    assert "Rules, judged up to 2025-04-04:\n" in shown
    assert re.search(r"\n precious +\n", shown)
    assert re.search(r"gsr-stress +103\.4 +< 95 +-8\.448 +\d+\.\d +\d+ % +firing +\n +-8\.2 %", shown)
    assert re.search(r"gsr-low +103\.4 +< 50 +-53\.45 +\d+\.\d +0 % +ok", shown)
    assert "Messages: 1 sent, 0 owed, 0 given up." in shown


def test_the_reference_in_a_message_explains_it(place: Home) -> None:
    printed = run(place, "once", "--clock", FRIDAY)
    command = re.search(r"metalwatch (explain \w+)", printed)
    assert command

    told = run(place, *command[1].split())

    assert re.search(r"channel console: sent at 2025-04-04 22:00:\d\d UTC", told)
    assert "precious/gsr-stress, session 2025-04-04: firing" in told
    assert "open at critical, episode 2, reason already_true: sent" in told
    assert "gold 3,012 USD/ozt, 2025-04-04, known 2025-04-04 17:30 UTC, fetched 2025-04-04" in told
    assert "silver 29.1160 USD/ozt" in told, "a price has digits enough to work the ratio out again"
    assert told.endswith(f"Prices: {SAMPLE}\n")


def test_a_rule_is_explained_also_where_it_did_not_fire_and_for_an_earlier_session(later: Home) -> None:
    run(later, "once", "--clock", FRIDAY)

    today, before = (
        run(later, "explain", "gsr-stress"),
        run(later, "explain", "gsr-stress", "--at", "2025-04-03"),
    )

    assert "session 2025-04-04: firing" in today
    assert "gsr 103.4 > 100: yes" in today
    assert "would it fire with today's values: yes (gsr 103.4 > 100: yes)" in today
    assert "channel console: sent at 2025-04-04" in today
    assert "session 2025-04-03: ok" in before
    assert "gsr 97.00 > 100: no" in before
    assert "nothing changed in this session" in before

    wrong = later.command("explain", "gsr-stress", "--at", "yesterday")
    weekend = later.command("explain", "gsr-stress", "--at", "2025-04-05")
    assert (wrong.returncode, weekend.returncode) == (2, 2)
    assert "expected a session such as 2026-01-30" in wrong.stderr
    assert "Saturday, 2025-04-05, is no session of what it reads (XNYS)" in weekend.stderr


def test_a_backtest_lists_the_episodes_of_the_settings(place: Home) -> None:
    shown = run(place, "backtest")

    assert shown.startswith(f"Prices: {SAMPLE}, 2000-08-30 to 2026-07-10\n")
    assert "precious/gsr-stress: 2020-03-13, 2025-04-04\n" in shown


def test_the_prices_that_are_held_are_shown(place: Home) -> None:
    run(place, "prices", "fetch", "--clock", FRIDAY)

    shown = run(place, "prices", "show", "gold", "--last", "1")

    assert shown.startswith(f"Prices: {SAMPLE}\n")
    assert re.search(r"gold +2025-04-04 .* 3,012 +- +final", shown)
    assert "silver" not in shown


def test_a_test_message_arrives_on_the_console(place: Home) -> None:
    assert run(place, "channels", "test") == (
        "TEST metalwatch: this channel works\nSent by `metalwatch channels test`.\n\n"
        'channel "console": delivered\n'
    )


def test_machines_get_one_json_object_from_every_command_that_has_one(place: Home) -> None:
    once = place.command("once", "--clock", FRIDAY, "--json")
    assert (once.returncode, json.loads(once.stdout)["messages_sent"]) == (0, 1)
    assert once.stderr.startswith("CRITICAL gsr-stress: ")  # the console is a channel too

    check = one_object(place, "check")
    assert (check["ok"], check["faults"]) == (True, [])
    assert "precious/gsr-high" in check["rules"]
    status = one_object(place, "status", "--clock", FRIDAY)
    assert (status["prices"], status["outbox"], status["failures"]) == (SAMPLE, {"sent": 1}, [])
    states = {rule["rule"]: rule["state"] for rule in status["rules"]}
    assert (states["precious/gsr-high"], states["precious/gsr-low"]) == ("firing", "ok")
    assert one_object(place, "explain", "gsr-high")["prices"] == SAMPLE
    assert one_object(place, "backtest")["span"] == {"first": "2000-08-30", "last": "2026-07-10"}
    bars = one_object(place, "prices", "show", "gold", "--last", "1")["bars"]
    assert (bars[0]["instrument"], bars[0]["session"], bars[0]["close"]) == ("gold", "2025-04-04", 3012.0)


@pytest.mark.parametrize(
    "command",
    [
        "init other",
        "once --clock 2025-04-04T18:00-04:00",
        "status --clock 2025-04-03T18:00-04:00",
        "backtest",
        "prices show",
        "explain gsr-low",
        "check",
    ],
)
def test_what_people_see_fits_80_columns(command: str, later: Home) -> None:
    lines = run(later, *command.split()).splitlines()

    assert [line for line in lines if len(line) > 80] == []


def test_help_lists_every_command_at_once(place: Home) -> None:
    shown = run(place, "--help")

    for command in (
        "init",
        "check",
        "run",
        "once",
        "demo",
        "status",
        "explain",
        "backtest",
        "prices",
        "channels",
    ):
        assert re.search(rf"^  {command} +\S", shown, flags=re.MULTILINE)
