"""The YAML format of a pack: what a file becomes, and that every fault is told with its place.

One wrong file per fault stands in tests/rulefiles/: its first lines, `# fault LINE:COLUMN: ...`, say what must be
told of it, all of it and nothing else.
"""

from pathlib import Path

import pytest

from monitor.alerts import Dwell, Severity
from monitor.errors import FaultyFileError
from monitor.instruments import Catalogue
from monitor.language import written
from monitor.rulefile import read_rulebook
from monitor.rules import Instance
from monitor.yamltext import read_yaml
from tests.support.planting import SECRET, planted

FOLDER = Path(__file__).parent / "rulefiles"
BAD = sorted(FOLDER.glob("*.bad.yml"))
PACKS = sorted((Path(__file__).parents[1] / "rules").glob("*.yml"))


def faults(text: str, catalogue: Catalogue, file: str = "p.yml") -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read_rulebook({file: text}, catalogue)
    return [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults]


@pytest.mark.parametrize("path", BAD, ids=[path.name.removesuffix(".bad.yml") for path in BAD])
def test_each_wrong_file_is_told_its_faults_and_their_places(path: Path, catalogue: Catalogue) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [line.removeprefix("# fault ") for line in text.splitlines() if line.startswith("# fault ")]

    assert expected
    assert faults(text, catalogue, path.name) == expected


def test_a_pack_with_eight_faults_is_told_of_all_eight_at_once(catalogue: Catalogue) -> None:
    text = (FOLDER / "eight-faults.bad.yml").read_text(encoding="utf-8")

    assert len(faults(text, catalogue)) >= 8


def test_the_shipped_packs_have_no_faults(catalogue: Catalogue) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in PACKS}
    packs = {
        name: text
        for name, text in texts.items()
        if not name.endswith(".test.yml") and "\npack:" in f"\n{text}"
    }

    book = read_rulebook(packs, catalogue)

    assert {"precious", "shocks"} <= {instance.rule.pack for instance in book.instances}
    assert all(instance.rule.note and instance.rule.say for instance in book.instances)
    assert {instance.rule.pack for instance in book.instances} == {Path(name).stem for name in packs}


PACK = """\
pack: metals
about: What can be said of metals.
metrics:
  gsr: gold / silver
  limit: 90
  rise: change(it, 1)
  volume: gld.volume
rules:
  ratio:
    when: gsr > limit
    for: 3 bars
    clear_when: gsr < 85
    clear_for: 2 bars
    cooldown: 20 days
    severity: critical
    say: "Ratio {gsr:.1f} over {limit:.0f}"
    study: silver
    note: why
  ladder:
    levels:
      critical: {when: gsr < 35, clear_when: gsr > 40}
      info: {when: gsr < 60, for: 1 bar}
  each:
    for_each: miner_etfs
    when: rise > 5%
    say: "{it} {rise:.1%}"
  plain:
    when: volume > 1
"""


@pytest.fixture(scope="module")
def instances(catalogue: Catalogue) -> dict[tuple[str, str | None], Instance]:
    return {one.key: one for one in read_rulebook({"p.yml": PACK}, catalogue).instances}


def test_a_rule_becomes_what_the_file_says(instances: dict[tuple[str, str | None], Instance]) -> None:
    one = instances["metals/ratio", None]
    (level,) = one.levels

    assert (one.rule.cooldown, one.rule.study, one.rule.note) == (20, "silver", "why")
    assert level.severity is Severity.CRITICAL
    assert level.dwell == Dwell(bars=3, clear_bars=2)
    assert (level.when_text, level.clear_text) == ("gsr > limit", "gsr < 85")
    assert written(level.when) == "gsr > limit"
    assert set(one.shown) == {"gsr", "limit"}
    assert one.instruments == {"gold", "silver"}


def test_what_a_rule_does_not_say_has_its_default(instances: dict[tuple[str, str | None], Instance]) -> None:
    one = instances["metals/plain", None]

    assert one.levels[0].severity is Severity.WARNING
    assert one.levels[0].dwell == Dwell()
    assert one.levels[0].clear_when is None
    assert (one.rule.cooldown, one.rule.say, one.member) == (0, None, None)
    assert [node.legs for node in one.inputs] == [{("gld", "volume")}]


def test_levels_stand_lowest_first(instances: dict[tuple[str, str | None], Instance]) -> None:
    levels = instances["metals/ladder", None].levels

    assert [level.severity for level in levels] == [Severity.INFO, Severity.CRITICAL]
    assert [level.dwell.bars for level in levels] == [1, 1]


def test_a_rule_for_each_member_becomes_one_instance_a_member(
    catalogue: Catalogue, instances: dict[tuple[str, str | None], Instance]
) -> None:
    members = [member for rule, member in instances if rule == "metals/each"]

    assert tuple(members) == catalogue.groups["miner_etfs"]
    assert instances["metals/each", "gdx"].instruments == {"gdx"}
    assert set(instances["metals/each", "gdx"].shown) == {"rise"}


def test_presentation_does_not_change_the_hash_and_meaning_does(catalogue: Catalogue) -> None:
    def hashed(*changes: tuple[str, str]) -> str:
        text = PACK
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        return read_rulebook({"p.yml": text}, catalogue).instances[0].semantic_hash

    plain = hashed()

    assert (
        hashed(("note: why", "note: because"), ("cooldown: 20", "cooldown: 30"), ("Ratio {", "GSR {"))
        == hashed(("severity: critical", "severity: info"))
        == plain
    )
    assert hashed(("gsr > limit", "gsr>90")) == plain
    meanings = [
        hashed(change)
        for change in (
            ("limit: 90", "limit: 91"),
            ("for: 3 bars", "for: 4 bars"),
            ("clear_for: 2 bars", "clear_for: 1 bar"),
            ("gsr < 85", "gsr < 84"),
            ("severity: critical", "severity: info"),
            ("gsr: gold / silver", "gsr: silver / gold"),
        )
    ]
    assert len({plain, *meanings}) == 6


def test_faults_of_all_files_are_told_at_once(catalogue: Catalogue) -> None:
    good = "pack: {}\nabout: x\nrules: {{a: {{when: gold > 1}}}}\n"
    texts = {
        "a.yml": good.format("one"),
        "b.yml": good.format("two").replace("gold", "glod"),
        "c.yml": good.format("three").replace("when", "wenn"),
    }

    with pytest.raises(FaultyFileError) as caught:
        read_rulebook(texts, catalogue)

    assert [str(fault)[:6] for fault in caught.value.faults] == ["b.yml:", "c.yml:", "c.yml:"]


def test_two_files_of_the_same_pack_are_a_fault(catalogue: Catalogue) -> None:
    text = "pack: one\nabout: x\nrules: {a: {when: gold > 1}}\n"

    with pytest.raises(FaultyFileError) as caught:
        read_rulebook({"a.yml": text, "b.yml": text}, catalogue)

    assert str(caught.value) == 'b.yml:1:1: the pack "one" is also in a.yml; rename one'


def test_a_rule_is_found_by_its_name_or_its_full_id(catalogue: Catalogue) -> None:
    book = read_rulebook({"p.yml": PACK}, catalogue)

    assert [one.key for one in book.find("ratio")] == [("metals/ratio", None)]
    assert book.find("metals/ratio") == book.find("ratio")
    assert len(book.find("each")) == 5
    assert book.find("nothing") == ()
    assert book.instruments >= {"gold", "silver", "gld", "gdx"}


EVERY_KEY = """
pack: mine
about: Every key.
defaults:
  {for: 2 bars, clear_for: 1 bar, severity: warning, cooldown: 2 days, remind: {every: 5 bars, max: 3},
  remind_on_new_extreme: 2%, on_first: notify, on_missing: hold, labels: {a: b}}
metrics: {gsr: gold / silver}
health: {feed-stale: {after: 30 minutes, clear: 10 minutes, series: 1}}
rules:
  one:
    {when: gsr > limit and gsr > low, clear_when: gsr < 80, for: {bars: 2, of: 3}, mode: episode, judge: close,
    params: {limit: [90, 95], low: {from: 1, to: 3, step: 1, default: 2}}, inhibited_by: [two], say: "{gsr:.1f}",
    study: gold, note: n, expires: 2030-01-01, on_missing: {close_after: 5 bars}}
  two:
    levels:
      warning: {when: gsr > 90, for: 1 bar, clear_when: gsr < 80, clear_for: 1 bar}
      critical: {when: gsr > 100}
  three:
    {for_each: precious, when: "drawdown(it, 252) < -20%", overrides: {gold: {when: gold > 1, labels: {a: b}}}}
"""


def test_an_address_in_a_wrong_place_of_a_pack_is_not_repeated(catalogue: Catalogue) -> None:
    told = []
    for text in planted(read_yaml(EVERY_KEY, file="p.yml").value):
        try:
            read_rulebook({"p.yml": text}, catalogue)
        except FaultyFileError as error:
            told += [str(fault) for fault in error.faults]

    assert len([one for one in told if "ntfy://***" in one]) > 200
    assert [one for one in told if SECRET in one] == []
