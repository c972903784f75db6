import json
import xml.etree.ElementTree as ET
from pathlib import Path

from monitor.ruletest import covered, junit, plain
from monitor.ruletest.suite import run_case
from tests.ruletest.written import HEAD, case, read

QUIET = 'rules: [high]\nseries: {gold: "1400", silver: "20"}\nexpect: {}\n'
FAILS = 'rules: [high]\nseries: {gold: "1820*3", silver: "20*3"}\nexpect: {}\n'


def test_junit_has_a_suite_per_file_and_says_why_a_case_fails(tmp_path: Path) -> None:
    test = read(tmp_path, HEAD + case(QUIET, name="quiet") + case(FAILS, name='"fails & <tells>"'))

    root = ET.fromstring(junit([run_case(test, one) for one in test.cases]))

    suite = root[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [one.get("name") for one in suite] == ["quiet", "fails & <tells>"]
    assert [len(one) for one in suite] == [0, 1]
    assert suite[1][0].get("message") == "bar 2, high: expected transition none, got open warning"


def test_the_plain_report_is_json(tmp_path: Path) -> None:
    test = read(tmp_path, HEAD + case(FAILS))
    outcomes = [run_case(test, test.cases[0])]

    report = json.loads(json.dumps(plain(outcomes, covered([test.rulebook], outcomes)), default=str))

    assert not report["ok"]
    assert report["cases"][0]["line"] == 3
    assert report["cases"][0]["differences"] == [
        {
            "bar": 2,
            "session": "2024-01-04",
            "what": "transition",
            "of": "high",
            "expected": None,
            "got": "open warning",
        }
    ]
    assert report["coverage"]["untested"] == ["metals/low", "metals/jump"]


def test_coverage_names_what_no_case_has_shown(tmp_path: Path) -> None:
    full = 'rules: [high]\nseries: {gold: "1820 1400 1820*3 _ 1820 1640", silver: "20*8"}\nexpect: {}\n'
    ladder = 'rules: [low]\nseries: {gold: "980 690 _ 1400", silver: "20*4"}\nexpect: {}\n'
    test = read(tmp_path, HEAD + case(full, name="full") + case(ladder, name="ladder"))

    gaps = covered([test.rulebook], [run_case(test, one) for one in test.cases])

    assert gaps.uncovered == ()
    assert gaps.untested == ("metals/jump",)


def test_coverage_of_a_case_that_shows_little(tmp_path: Path) -> None:
    test = read(tmp_path, HEAD + case(FAILS) + case(FAILS.replace("high", "low"), name="other"))

    gaps = covered([test.rulebook], [run_case(test, one) for one in test.cases])

    assert [(one.rule, one.level, one.missing) for one in gaps.uncovered] == [
        ("metals/high", "", ("resolve", "a bar that does not fire", "held through unknown", "dropped")),
        ("metals/low", "warning", ("open", "resolve", "held through unknown")),
        ("metals/low", "critical", ("open", "resolve", "held through unknown", "escalate")),
    ]
