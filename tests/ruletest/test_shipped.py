"""The rule tests that ship: every rule with a bar that fires, one that does not, and a gap."""

from pathlib import Path

import pytest

from monitor.instruments import Catalogue
from monitor.packs import pack_files
from monitor.ruletest import choose, covered, run_all
from monitor.ruletest.coverage import HELD, OPEN, QUIET
from monitor.ruletest.files import Chosen
from monitor.ruletest.reading import SUFFIX
from monitor.ruletest.report import lines_of
from monitor.ruletest.suite import Outcome

RULES = Path(__file__).parents[2] / "rules"
PACKS = [path.stem for path in pack_files(RULES) if path.with_suffix(SUFFIX).is_file()]


@pytest.fixture(scope="module", params=PACKS)
def ran(request: pytest.FixtureRequest, catalogue: Catalogue) -> tuple[Chosen, list[Outcome]]:
    """The rule test of a pack, and what came of its cases."""
    chosen = choose([f"{request.param}.yml"], folder=RULES, catalogue=catalogue)
    return chosen, run_all(chosen.tests)


def test_packs_ship_with_rule_tests() -> None:
    assert {"precious", "shocks"} <= set(PACKS)


def test_a_shipped_pack_keeps_its_rule_test(ran: tuple[Chosen, list[Outcome]]) -> None:
    _, outcomes = ran

    assert outcomes
    assert [(one.case.name, lines_of(one)) for one in outcomes if not one.passed] == []


def test_every_rule_fires_is_quiet_and_meets_a_gap(ran: tuple[Chosen, list[Outcome]]) -> None:
    chosen, outcomes = ran

    gaps = covered(chosen.rulebooks, outcomes)

    assert gaps.untested == ()
    lacking = {one.rule: {*one.missing} & {OPEN, QUIET, HELD} for one in gaps.uncovered}
    assert {rule: missing for rule, missing in lacking.items() if missing} == {}
