"""README and CONTRIBUTING say what the program does: examples run, and nothing is left out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from monitor.cli.app import app_of
from monitor.instruments import Catalogue
from monitor.language import FORMS
from monitor.metrics import FUNCTIONS
from monitor.packs import shipped_packs
from monitor.rulefile import read_rulebook
from monitor.rulefile.choosing import choices_of
from monitor.rulefile.model import PackFile
from monitor.settings import Settings
from monitor.validating import validate
from monitor.yamltext import read_yaml
from tests.support.process import Home, home

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NEVER_ENDS = {"metalwatch run"}


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def part(title: str) -> str:
    """The text of README under a heading."""
    found = re.search(rf"^###? {title}\n(.*?)(?=^##)", README, flags=re.DOTALL | re.MULTILINE)
    assert found, f"README has no part {title!r}"
    return found[1]


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key a user may write, of the model and of the models inside it."""
    schema = model.model_json_schema()
    for one in (schema, *schema.get("$defs", {}).values()):
        yield from one.get("properties", {})


def commands(command: Any, name: str) -> Iterator[str]:
    """The full names of a command, or of those of its group."""
    children = getattr(command, "commands", None)
    if children is None:
        yield name
        return
    for key, child in children.items():
        yield from commands(child, f"{name} {key}")


# --- examples


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("reader")
    around = home(folder, "", METALWATCH_CLOCK="2026-02-02T18:00-05:00")
    (folder / "metalwatch.yml").unlink()
    return around


def test_the_commands_of_the_first_ten_minutes_work_in_their_order(place: Home) -> None:
    lines = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert len(lines) > 5

    for line in lines:
        if line not in NEVER_ENDS:
            done = place.command(*line.split()[1:])
            assert (line, done.returncode, done.stderr) == (line, 0, "")


def test_the_rule_that_is_explained_is_the_one_that_ships(catalogue: Catalogue) -> None:
    (text,) = [block for block in blocks("yaml") if block.startswith("pack:") and "\nrules:" in block]
    assert len(read_rulebook({"README.md": text}, catalogue).instances) == 1

    shown, shipped = yaml.safe_load(text), yaml.safe_load((ROOT / "rules/precious.yml").read_text())

    assert shown["rules"]["gsr-high"].items() <= shipped["rules"]["gsr-high"].items()
    assert shown["metrics"].items() <= shipped["metrics"].items()


def test_the_parameters_that_are_shown_make_as_many_combinations_as_is_said(catalogue: Catalogue) -> None:
    (text,) = [block for block in blocks("yaml") if "params:" in block]
    pack = f"pack: shown\nabout: shown\nmetrics: {{gsr: gold / silver}}\n{text}"

    count = choices_of(pack, file="README.md", catalogue=catalogue).count

    assert f"tries all {count} combinations" in README


def test_the_settings_that_are_shown_are_right() -> None:
    (text,) = [block for block in blocks("yaml") if block.startswith("database:")]

    assert validate(read_yaml(text, file="README.md"), Settings).poll == 15


def test_the_commands_without_make_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for line in (
        "install --require-hashes -r requirements.lock",
        "install --require-hashes -r requirements-dev.lock",
    ):
        assert line in README
        assert line in makefile
    assert "install --no-deps --no-build-isolation -e ." in README
    assert "install --no-deps --no-build-isolation --editable ." in makefile
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


# --- nothing is left out


def test_every_command_is_in_the_readme() -> None:
    missing = [
        name
        for name in commands(get_command(app_of()), "metalwatch")
        if f"| `{name}` |" not in part("Commands")
    ]

    assert not missing


def test_every_setting_is_in_the_readme() -> None:
    first = [line.split("|")[1] for line in part("Settings").splitlines() if line.startswith("| `")]
    named = {key.rpartition(".")[2] for key in re.findall(r"`([\w.]+)`", " ".join(first))}

    assert named | {"prices", "yahoo", "match"} == set(keys_of(Settings))


def test_every_key_of_a_rule_file_is_in_the_readme() -> None:
    text = part("Rule files")
    first = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named, known = set(re.findall(r"`(\w+)`", " ".join(first))), set(keys_of(PackFile))
    inside = set(re.findall(r"(\w+): ", " ".join(re.findall(r"`{(.*?)}`", text))))

    assert named <= known
    assert known - named == inside


def test_every_function_is_in_the_readme_with_its_formula() -> None:
    escaped = {
        f.signature: f.formula.replace("|", "\\|") for f in FUNCTIONS.values() if not f.name.startswith("ta.")
    }
    expected = [f"| `{signature}` | {formula} |" for signature, formula in escaped.items()]

    shown = [line for line in part("Functions").splitlines() if line.startswith("| `")]

    assert shown == expected, "the table should be:\n" + "\n".join(expected)


def test_every_part_of_the_package_is_in_the_layers_of_contributing() -> None:
    layers = set(re.findall(r"\b\w+\b", blocks("", CONTRIBUTING)[0]))
    modules = {path.stem for path in (ROOT / "monitor").glob("*.py")} - {"__init__", "__main__"}
    modules |= {path.parent.name for path in (ROOT / "monitor").glob("*/__init__.py")}

    assert modules <= layers


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_file_that_is_linked_or_named_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:monitor|rules|tests|deploy)/[\w/.-]*)`", text)

    assert [path for path in (*linked, *named) if not (ROOT / path).exists()] == []


def test_the_changelog_says_what_is_new() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.search(r"^## \[Unreleased\]\n\n### Added\n\n- \S", text, flags=re.MULTILINE)


def test_every_function_of_units_groups_and_rules_is_in_the_readme() -> None:
    text = part("Functions of units, groups and rules")

    assert [
        form.signature for form in FORMS.values() if f"| `{form.signature}` | {form.summary} |" not in text
    ] == []


def test_every_pack_that_ships_is_in_the_readme() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \|", part("Packs that ship"), flags=re.MULTILINE)

    assert tuple(sorted(named)) == shipped_packs()


def test_the_rule_test_that_is_shown_passes(place: Home) -> None:
    (text,) = [block for block in blocks("yaml") if "cases:" in block]
    folder = place.folder / "shown"
    folder.mkdir()
    (folder / "precious.yml").write_text((ROOT / "rules/precious.yml").read_text())
    (folder / "precious.test.yml").write_text(text)

    done = place.command("test", "shown/precious.test.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all passed" in done.stdout
