import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.cli import main
from tests.ruletest.written import HEAD, case, write

PACK = """\
pack: metals
about: made up
metrics:
  gsr: gold / silver
rules:
  high:
    when: gsr > 90
    for: 3 bars
    clear_when: gsr < 85
"""
HOLDS = """\
start: 2024-03-01
series:
  gold: "1680 1820*2 _ 1840 1640"
  silver: "20*6"
expect:
  states: {3: {high: pending 1/3}}
  transitions:
    - {at: 5, kind: open, rule: high, level: warning}
"""
GOOD = 'series: {gold: "1400", silver: "20"}\nexpect: {}\n'


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`metalwatch test` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["metalwatch", "test", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, *capsys.readouterr())

    return command


def test_a_failing_case_is_shown_bar_by_bar_in_80_columns(tmp_path: Path, run: Run) -> None:
    write(tmp_path, HEAD + case(HOLDS), pack=PACK)

    done = run("metals.test.yml")

    assert done.returncode == 1, done.stderr
    assert "FAILED metals.test.yml:3:3: story" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["4", "2024-03-07", "92", "fire", "firing", "nothing", "open", "warning"] in lines
    assert ["5", "2024-03-08", "82", "clear", "ok", "open", "warning", "nothing"] in lines
    assert "pending 1/3" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "1 case in 1 file: 1 failed." in done.stdout


def test_update_writes_what_came_and_the_next_run_passes(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, HEAD + case(HOLDS), pack=PACK)

    first, second = run("metals.yml", "--update"), run(".")

    assert (first.returncode, second.returncode) == (0, 0), second.stdout
    assert "1 case updated" in first.stderr
    assert "{3: {high: pending 1/3}}" not in file.read_text()
    assert "all passed" in second.stdout


def test_json_and_junit(tmp_path: Path, run: Run) -> None:
    write(tmp_path, HEAD + case(GOOD), pack=PACK)

    done = run(".", "--json", "--junit", "out.xml")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"]
    assert ET.parse(tmp_path / "out.xml").getroot()[0].get("tests") == "1"


def test_faults_of_all_files_end_with_2(tmp_path: Path, run: Run) -> None:
    write(tmp_path, HEAD + case(GOOD.replace("gold", "golf")), pack=PACK)
    (tmp_path / "other.test.yml").write_text("pack: nothing\ncases: {}\n")

    done = run(".")

    assert done.returncode == 2
    assert "metals.test.yml:4:14: unknown instrument" in done.stderr
    assert "other.test.yml:1:7: there is no pack" in done.stderr


def test_nothing_to_run_ends_with_2_and_says_what_to_write(tmp_path: Path, run: Run) -> None:
    (tmp_path / "metals.yml").write_text(PACK)

    for asked in ("metals.yml", "none.test.yml", "preciuos"):
        assert run(asked).returncode == 2
    assert "write <pack>.test.yml beside the pack" in run("metals.yml").stderr


def test_without_a_path_the_packs_of_the_settings_are_tested(tmp_path: Path, run: Run) -> None:
    write(tmp_path, HEAD + case(GOOD), pack=PACK)
    (tmp_path / "metalwatch.yml").write_text("packs: [metals.yml]\n")

    done = run()

    assert done.returncode == 0, done.stderr
    assert "1 case in 1 file: all passed." in done.stdout
    assert "metals/high" in done.stdout
