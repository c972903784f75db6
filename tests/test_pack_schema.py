"""The JSON Schema of packs that editors use: made from the model, and of one mind with it about keys and values."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from monitor.instruments import Catalogue
from monitor.packs import pack_files
from monitor.rulefile import read_rulebook
from monitor.rulefile.schema import schema_text
from monitor.yamltext import read_yaml

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "rules" / "pack.schema.json"
PACKS = pack_files(ROOT / "rules")
BAD = ROOT / "tests" / "rulefiles"

STRUCTURAL = (
    "cooldown-in-bars",
    "expires-unreadable",
    "for-beside-levels",
    "for-in-days",
    "for-without-bars",
    "for-zero-bars",
    "label-as-number",
    "level-name",
    "metric-name",
    "missing-about",
    "missing-level-when",
    "missing-pack",
    "missing-when",
    "mode",
    "no-levels",
    "no-rules",
    "not-a-mapping",
    "on-first",
    "on-missing",
    "overrides-without-group",
    "pack-name",
    "param-alone",
    "param-list-empty",
    "param-name",
    "param-no-default",
    "param-text",
    "remind-without-every",
    "rule-name",
    "severity",
    "unknown-key",
    "unknown-level-key",
    "unknown-top-key",
    "when-beside-levels",
    "yes-as-condition",
)
"""The wrong files whose fault is a key or the form of a value; the others need the catalogue or the expression."""


def found(text: str, file: str = "p.yml") -> list[str]:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    value = read_yaml(text, file=file).value
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_the_schema_that_ships_is_made_from_the_model() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "renew it: make schema"


def test_the_module_prints_it() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "monitor.rulefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == schema_text()


def test_the_schema_is_a_schema_and_tells_what_every_key_means() -> None:
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)

    keys = [
        (name, key, value)
        for name, part in [("pack", schema), *schema["$defs"].items()]
        for key, value in part.get("properties", {}).items()
    ]

    assert not [(name, key) for name, key, value in keys if not value.get("description")]


@pytest.mark.parametrize("path", PACKS, ids=[path.stem for path in PACKS])
def test_every_shipped_pack_names_the_schema_and_fits_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA.name}\n")
    assert found(text, path.name) == []


@pytest.mark.parametrize("name", STRUCTURAL)
def test_a_wrong_key_or_value_is_refused_by_the_schema_too(name: str) -> None:
    assert found((BAD / f"{name}.bad.yml").read_text(encoding="utf-8"))


def test_other_wrong_files_are_not_the_business_of_the_schema() -> None:
    others = [path for path in BAD.glob("*.bad.yml") if path.name.removesuffix(".bad.yml") == "unknown-name"]

    assert [found(path.read_text(encoding="utf-8")) for path in others] == [[]]


EVERYTHING = """\
pack: p
about: every key
defaults:
  for: 2 bars
  clear_for: 1 bar
  severity: info
  cooldown: 0 days
  remind: {every: 10 bars, max: 3}
  remind_on_new_extreme: 0.5 %
  on_first: silent
  on_missing: {close_after: 3 bars}
  labels: {team: desk}
metrics: {gsr: gold / silver, limit: 90}
rules:
  one:
    when: gsr > limit
    for: {bars: 3, of: 5}
    clear_when: gsr < 85
    mode: episode
    inhibited_by: [two, other/rule]
    expires: 2026-12-31
    on_missing: reset_pending
    say: "{gsr:.1f}"
    study: silver
    note: why
  two: {levels: {info: {when: gsr > 1, for: 1 bar}, critical: {when: gsr > 2, clear_for: 2 bars}}}
  swept:
    params: {top: [90, 95], low: {from: 5%, to: 10%, step: 1%, default: 8%}, hold: [3]}
    when: gsr > top and change(gold, 1) > low
    for: hold bars
  three:
    for_each: miner_etfs
    when: it > 1
    mode: edge
    overrides: {gdx: {when: it > 2, clear_when: it < 1, for: 1 bar, expires: 2027-01-01, labels: {who: ann}}}
"""


def test_every_key_is_taken_by_the_schema_and_by_the_reader(catalogue: Catalogue) -> None:
    assert found(EVERYTHING) == []
    assert len(read_rulebook({"p.yml": EVERYTHING}, catalogue).instances) > 2
