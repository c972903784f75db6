"""`metalwatch demo` as a process: the first thing anybody sees."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.picture import PICTURE
from tests.support.process import Home, home

EPISODES = {
    "2011-05-05": "WARNING silver-dd20",
    "2013-04-12": "WARNING gold-shock",
    "2013-04-15": "CRITICAL gold-shock",
    "2020-03-13": "CRITICAL gsr-stress",
    "2025-04-04": "CRITICAL gsr-stress",
    "2026-01-30": "CRITICAL silver-crash",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo prints in an empty folder without settings, which it leaves as empty."""
    user, empty = tmp_path_factory.mktemp("user"), tmp_path_factory.mktemp("empty")
    place = home(user, "prices: {source: files, folder: nowhere}\n")

    done = Home(empty, place.environment).command("demo")

    assert (done.returncode, done.stderr) == (0, "")
    assert list(empty.iterdir()) == []
    assert [path.name for path in user.iterdir()] == ["metalwatch.yml"]
    return done.stdout


def messages(shown: str) -> dict[str, str]:
    """The message of each session that has one."""
    parts = re.split(r"^(\d{4}-\d\d-\d\d)  ", shown, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(("session", "headline"), EPISODES.items())
def test_a_known_episode_is_told_on_its_date(session: str, headline: str, shown: str) -> None:
    told = messages(shown)[session]

    assert re.search(rf"^  {headline}: .*, {session}( \(.*\))?$", told, flags=re.MULTILINE), told


def test_every_week_and_every_message_says_that_the_market_is_simulated(shown: str) -> None:
    weeks = [line for line in shown.splitlines() if line.startswith("== ") and " to " in line]
    ends = [line for line in shown.splitlines() if " | ref " in line]

    assert "sample market, simulated. No price below is real." in shown.splitlines()[0]
    assert len(weeks) == 5
    assert all(line.endswith("(sample market, simulated)") for line in weeks)
    assert len(ends) == len(re.findall(r"one message:|already true:$", shown, flags=re.MULTILINE))
    assert all(line.startswith("  sample market, simulated | ref ") for line in ends)
    assert "Yahoo" not in shown.partition("Try next")[0]


def test_it_fits_a_terminal_of_80_columns(shown: str) -> None:
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []


def test_a_summary_counts_and_says_what_to_try_next(shown: str) -> None:
    summary = shown[shown.rindex("\n== ") :]

    assert re.search(r"^== \d+ messages in 5 weeks", summary.strip())
    for command in ("init --source sample", "check", "once", "status", "backtest", "init"):
        assert re.search(rf"^  metalwatch {command} +\S", summary, flags=re.MULTILINE), command


def test_the_picture_of_the_readme_shows_what_the_demo_prints(shown: str) -> None:
    text = PICTURE.read_text(encoding="utf-8")
    drawn = [
        "".join(node.itertext()) for node in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    ]
    lines = {line.replace("\xa0", " ").strip() for line in drawn} - {
        "",
        "$ metalwatch demo",
        "metalwatch demo",
    }
    assert len(lines) > 10

    printed = {line.strip() for line in shown.splitlines()}

    assert not lines - printed, "draw it again: .venv/bin/python -m tests.support.picture"


def test_the_installed_command_is_the_same_program(shown: str, tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("metalwatch")
    if not command.exists():
        pytest.skip(f"metalwatch is not installed beside {sys.executable}; `make test` does it")

    done = subprocess.run([command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert re.fullmatch(r"metalwatch \d+\.\d+\.\d+\n", done.stdout)
