"""The rule tests that ship: every rule with a bar that fires, one that does not, and a gap."""

from pathlib import Path

import pytest

from monitor.instruments import Catalogue
from monitor.packs import pack_files
from monitor.ruletest import choose, covered, run_all
from monitor.ruletest.coverage import HELD, OPEN, QUIET
from monitor.ruletest.reading import SUFFIX
from monitor.ruletest.report import lines_of

RULES = Path(__file__).parents[2] / "rules"
PACKS = [path.stem for path in pack_files(RULES) if path.with_suffix(SUFFIX).is_file()]


def test_packs_ship_with_rule_tests() -> None:
    assert {"precious", "shocks"} <= set(PACKS)


@pytest.mark.parametrize("pack", PACKS)
def test_a_shipped_pack_keeps_its_rule_test(pack: str, catalogue: Catalogue) -> None:
    chosen = choose([f"{pack}.yml"], folder=RULES, catalogue=catalogue)

    outcomes = run_all(chosen.tests)

    assert outcomes
    assert [(one.case.name, lines_of(one)) for one in outcomes if not one.passed] == []


@pytest.mark.parametrize("pack", PACKS)
def test_every_rule_fires_is_quiet_and_meets_a_gap(pack: str, catalogue: Catalogue) -> None:
    chosen = choose([f"{pack}.yml"], folder=RULES, catalogue=catalogue)

    gaps = covered(chosen.rulebooks, run_all(chosen.tests))

    assert gaps.untested == ()
    lacking = {one.rule: {*one.missing} & {OPEN, QUIET, HELD} for one in gaps.uncovered}
    assert {rule: missing for rule, missing in lacking.items() if missing} == {}
