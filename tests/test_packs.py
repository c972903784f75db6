"""The packs that ship, as people meet them: each says what it is about, each rule what it means, each is tested.

Rules whose real prices are nowhere free (SIL, most critical-minerals names, Shanghai, London, a trust's net asset
value) cannot be held against history, as tests/journeys/test_must_fire_dates.py does with the others.  They are
proved on small made-up series instead, many of their numbers real: the rule tests beside their packs.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitor.instruments import Catalogue
from monitor.language import Named, walk
from monitor.packs import pack_files
from monitor.rulefile import read_rulebook
from monitor.rules import Instance, Rule, Rulebook
from monitor.ruletest import choose, covered
from monitor.ruletest.coverage import OPEN, QUIET, RESOLVE
from monitor.ruletest.reading import SUFFIX, read_rule_test
from monitor.ruletest.suite import Outcome, run_case
from monitor.yamltext import read_yaml

RULES = Path(__file__).parents[1] / "rules"
PACKS = pack_files(RULES)
MADE_UP_ONLY = (
    "miners/sil-weak",
    "critical-minerals/basket-breadth",
    "critical-minerals/headline-fade",
    "premium/shanghai-silver",
    "premium/comex-copper",
    "premium/trust-premium",
)
ADVICE = re.compile(
    r"\b(buy|sell|target|should|will|opportunity|guaranteed|profit|bullish|bearish)\b", re.IGNORECASE
)


def read(pack: Path, catalogue: Catalogue) -> Rulebook:
    return read_rulebook({pack.name: pack.read_text(encoding="utf-8")}, catalogue)


def rules(instances: Iterable[Instance]) -> list[Rule]:
    return list({one.rule.id: one.rule for one in instances}.values())


def named_in(say: str | None) -> set[str]:
    return set(re.findall(r"\{(\w+)", say or ""))


@pytest.fixture(scope="module")
def outcomes(catalogue: Catalogue) -> list[Outcome]:
    """The cases of rules that have no real prices."""
    packs = dict.fromkeys(f"{rule.partition('/')[0]}.yml" for rule in MADE_UP_ONLY)
    tests = choose(packs, folder=RULES, catalogue=catalogue).tests
    wanted = [(t, c) for t in tests for c in t.cases if any(r.id in MADE_UP_ONLY for r in rules(c.instances))]
    return [run_case(test, case) for test, case in wanted]


def test_seven_packs_ship_with_26_rules(catalogue: Catalogue) -> None:
    found = [rule for pack in PACKS for rule in rules(read(pack, catalogue).instances)]

    assert (len(PACKS), len(found)) == (7, 26)


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.stem)
def test_a_pack_says_what_it_is_about_and_bears_the_name_of_its_file(pack: Path) -> None:
    written = read_yaml(pack.read_text(encoding="utf-8"), file=pack.name).value

    assert written["pack"] == pack.stem
    assert len(written["about"].split()) >= 5
    assert written["about"].endswith(".")


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.stem)
def test_every_rule_says_what_it_found_and_what_that_is_worth(pack: Path, catalogue: Catalogue) -> None:
    for rule in rules(read(pack, catalogue).instances):
        assert rule.say, rule.id
        assert rule.note, rule.id
        assert rule.note.strip().endswith("."), rule.id


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.stem)
def test_what_a_rule_says_holds_the_number_it_judges(pack: Path, catalogue: Catalogue) -> None:
    for instance in read(pack, catalogue).instances:
        judged = {p.name for level in instance.levels for p in walk(level.when) if isinstance(p, Named)}
        said = named_in(instance.rule.say)
        assert said & judged if judged else said == {"it", "it_close"}, instance.rule.id


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.stem)
def test_no_rule_gives_advice_or_promises(pack: Path, catalogue: Catalogue) -> None:
    for rule in rules(read(pack, catalogue).instances):
        assert ADVICE.findall(f"{rule.say} {rule.note}") == [], rule.id


def test_a_highest_close_is_said_to_be_that_of_the_data_there_is(catalogue: Catalogue) -> None:
    (rule,) = [r for r in rules(read(RULES / "shocks.yml", catalogue).instances) if r.name == "new-high"]

    assert "the highest of available data" in (rule.say or "")


@pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.stem)
def test_every_rule_has_a_case_in_the_rule_test_beside_its_pack(pack: Path, catalogue: Catalogue) -> None:
    test = read_rule_test(pack.with_name(pack.stem + SUFFIX), catalogue=catalogue)

    tested = {rule.id for case in test.cases for rule in rules(case.instances)}

    assert test.pack == pack.stem
    assert tested == {rule.id for rule in rules(test.rulebook.instances)}


@pytest.mark.parametrize("rule", MADE_UP_ONLY)
def test_a_rule_without_real_prices_opens_resolves_and_is_quiet_on_made_up_ones(
    outcomes: list[Outcome], rule: str
) -> None:
    ours = [one for one in outcomes if rule in [r.id for r in rules(one.case.instances)]]

    gaps = covered([ours[0].test.rulebook], ours).uncovered

    assert all(one.passed for one in ours)
    assert [{*gap.missing} & {OPEN, RESOLVE, QUIET} for gap in gaps if gap.rule == rule] in ([], [set()])


def test_events_stand_in_the_order_of_their_days_and_once_each() -> None:
    events = read_yaml((RULES / "events.yml").read_text(encoding="utf-8"), file="events.yml").value["events"]

    told = [(event["date"], event["title"]) for event in events]

    assert told == sorted(told)
    assert len(set(told)) == len(told)
