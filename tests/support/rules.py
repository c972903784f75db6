"""Rules made of texts, without a file."""

from collections.abc import Mapping

from monitor.alerts import Dwell, Severity
from monitor.instruments import Catalogue
from monitor.language import Node, Scope, inputs, understand, written
from monitor.rulefile import read_rulebook
from monitor.rules import Instance, Level, Rule, Rulebook
from tests.support.made_up import CATALOGUE


def rule(
    when: str,
    clear: str | None = None,
    *,
    bars: int = 1,
    clear_bars: int = 1,
    cooldown: int = 0,
    metrics: Mapping[str, str] | None = None,
) -> Instance:
    """An instance of one level, of a rule `p/r`."""
    known: dict[str, Node] = {}
    for name, text in (metrics or {}).items():
        known[name] = understand(text, Scope(CATALOGUE, known))
    condition = understand(when, Scope(CATALOGUE, known))
    level = Level(
        severity=Severity.WARNING,
        when=condition,
        clear_when=None if clear is None else understand(clear, Scope(CATALOGUE, known)),
        dwell=Dwell(bars=bars, clear_bars=clear_bars),
        when_text=when,
        clear_text=clear,
    )
    shown = {written(node): node for node in inputs(condition) if not node.yesno}
    return Instance(
        rule=Rule(pack="p", name="r", cooldown=cooldown), member=None, levels=(level,), shown=shown
    )


def pack(rules: str, *, metrics: str = "", catalogue: Catalogue = CATALOGUE) -> Rulebook:
    """A rulebook of one pack `p`; `rules` and `metrics` are what stands below these keys."""
    text = f"pack: p\nabout: made up\nmetrics:{' {}' if not metrics else ''}\n{_indented(metrics)}\nrules:\n{_indented(rules)}\n"
    return read_rulebook({"p.yml": text}, catalogue)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
