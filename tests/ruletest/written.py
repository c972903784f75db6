"""Rule tests written into a folder, on made-up instruments whose sessions are all weekdays."""

from pathlib import Path

from monitor.ruletest.cases import RuleTest
from monitor.ruletest.reading import read_rule_test
from monitor.ruletest.suite import Outcome, run_case
from tests.support.made_up import CATALOGUE

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
  low:
    levels:
      warning: {when: gsr < 50, clear_when: gsr > 55}
      critical: {when: gsr < 35, clear_when: gsr > 40}
  jump:
    for_each: pair
    when: gap(it) >= 20% and relative_volume(it, 2) >= 2
    clear_when: gap(it) < 5%
"""

HEAD = "pack: metals\ncases:\n"


def case(body: str, *, name: str = "story") -> str:
    """A case of a test file; `body` is what stands below its name."""
    lines = "\n".join(f"    {line}" if line.strip() else "" for line in body.strip("\n").splitlines())
    return f"  {name}:\n{lines}\n"


def write(folder: Path, text: str, *, pack: str = PACK) -> Path:
    """A pack and a test file beside it."""
    (folder / "metals.yml").write_text(pack, encoding="utf-8")
    file = folder / "metals.test.yml"
    file.write_text(text, encoding="utf-8")
    return file


def read(folder: Path, text: str, *, pack: str = PACK) -> RuleTest:
    return read_rule_test(write(folder, text, pack=pack), catalogue=CATALOGUE, shown="metals.test.yml")


def outcome(folder: Path, body: str, *, pack: str = PACK) -> Outcome:
    """What comes of one case."""
    test = read(folder, HEAD + case(body), pack=pack)
    return run_case(test, test.cases[0])


def told(of: Outcome) -> list[str]:
    """Its differences, a line each."""
    return [f"{d.column} {d.subject}: {d.expected} / {d.got}" for d in of.differences]
