from pathlib import Path

import pytest

from monitor.errors import UsageError
from monitor.ruletest.suite import run_case
from monitor.ruletest.update import updated
from monitor.yamltext import read_yaml
from tests.ruletest.written import HEAD, case, read

STORY = """\
rules: [high]
series: # four bars
  gold: "1820*4 1640"
  silver: "20*5"
expect: # to be replaced
  states: {0: {high: ok}, 1: {high: pending 2/3}}
  transitions: []
  messages:
    - {at: 2, channel: console, kinds: [open], contains: ["gsr 91", nonsense]}

  # about the events
events: []
"""


def rewritten(folder: Path, text: str) -> str:
    test = read(folder, text)
    outcomes = [run_case(test, one) for one in test.cases]
    return updated(test.text, [one for one in outcomes if not one.passed])


def test_the_expectation_of_a_failing_case_is_what_came(tmp_path: Path) -> None:
    text = HEAD + case(STORY)

    new = rewritten(tmp_path, text)

    assert read_yaml(new, file="new").value["cases"]["story"]["expect"] == {
        "states": {"0": {"high": "pending 1/3"}, "1": {"high": "pending 2/3"}},
        "transitions": [
            {"at": 2, "kind": "open", "rule": "high", "level": "warning"},
            {"at": 4, "kind": "resolve", "rule": "high", "level": "warning"},
        ],
        "messages": [
            {"at": 2, "channel": "console", "kinds": ["open"], "contains": ["gsr 91"]},
            {"at": 4, "channel": "console", "kinds": ["resolve"]},
        ],
    }
    test = read(tmp_path, new)
    assert run_case(test, test.cases[0]).passed


def test_every_other_line_stays(tmp_path: Path) -> None:
    head = "# first of all\n" + HEAD.replace("cases", "# second\ncases")
    good = case('series: {gold: "1400", silver: "20"} # quiet\nexpect: {} # as it is', name="good")
    text = head + good + "\n" + case(STORY) + "\n" + good.replace("good:", "better:") + "# the end\n"

    new = rewritten(tmp_path, text)

    kept = text.splitlines()
    expect = next(i for i, line in enumerate(kept) if "to be replaced" in line)
    assert new.startswith("\n".join(kept[:expect]))
    assert new.endswith("\n".join(kept[expect + 5 :]) + "\n")


def test_an_expectation_on_one_line_and_one_at_the_end_of_the_file(tmp_path: Path) -> None:
    body = 'series: {gold: "600", silver: "20"}\nexpect: {}'

    new = rewritten(tmp_path, (HEAD + case(body)).rstrip("\n"))

    assert new.endswith(
        "    expect:\n      transitions:\n        - {at: 0, kind: open, rule: low, level: critical}\n"
    )


def test_an_expectation_inside_braces_is_left_to_people(tmp_path: Path) -> None:
    text = HEAD + '  story: {series: {gold: "600", silver: "20"}, expect: {}}\n'

    with pytest.raises(UsageError, match="put it on a line of its own"):
        rewritten(tmp_path, text)


def test_an_expectation_that_another_case_refers_to_is_left_to_people(tmp_path: Path) -> None:
    body = 'series: {gold: "600", silver: "20"}\nexpect: &same {}'
    text = HEAD + case(body) + case(body.replace("&same {}", "*same"), name="other")

    test = read(tmp_path, text)
    outcome = run_case(test, test.cases[0])

    with pytest.raises(UsageError, match="without changing more than `expect`"):
        updated(test.text, [outcome])
