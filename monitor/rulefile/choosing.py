"""A rule read again with other values of its parameters: what a sweep tries.

The pack is read once, with all its faults.  A choice then reads the conditions of one rule, and the metrics that use
its parameters; a choice that makes no rule, such as one whose values both fire and clear, is told as a fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import product
from math import prod

from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Catalogue
from monitor.language import Scope
from monitor.rulefile import instances_of, read_rulebook
from monitor.rulefile.checks import check_rules
from monitor.rulefile.expressions import PackReader
from monitor.rulefile.model import PackFile
from monitor.rulefile.paramchecks import with_bars
from monitor.rulefile.params import Param, constants, params_of
from monitor.rulefile.values import Amount
from monitor.rules import Instance, Rulebook
from monitor.validating import validate
from monitor.yamltext import Document, did_you_mean, read_yaml

Values = tuple[Amount, ...]
"""One value for each parameter, in the order of their declaration."""


@dataclass(frozen=True)
class Choices:
    """A rule of a pack, and the values its parameters may have."""

    text: str
    file: str
    catalogue: Catalogue
    rule: str
    """Its bare name."""
    params: tuple[Param, ...] = field(default=())

    def __getstate__(self) -> dict[str, object]:
        """What another process is sent: the text, not what was read from it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def count(self) -> int:
        return prod(len(param.values) for param in self.params)

    @property
    def defaults(self) -> Values:
        return tuple(param.default for param in self.params)

    @property
    def all(self) -> Iterator[Values]:
        """Every combination; the last parameter changes fastest."""
        return product(*(param.values for param in self.params))

    def instances(self, values: Values) -> tuple[Instance, ...]:
        """The rule with these values; FaultyFileError where they make none."""
        chosen = constants({param.name: one for param, one in zip(self.params, values, strict=True)})
        pack = PackReader(self._document, self.catalogue, choices={self.rule: chosen}, only=self.rule)
        pack.scopes.update(self._shared)
        document = with_bars(pack)
        pack.read()
        if not pack.faults:
            check_rules(pack)
        if wrong := [fault for fault in pack.faults if not fault.warning]:
            raise FaultyFileError(dict.fromkeys(wrong))
        raw = document.value["rules"][self.rule]
        alone = replace(document, value={**document.value, "rules": {self.rule: raw}})
        return tuple(instances_of(validate(alone, PackFile), pack))

    @cached_property
    def rulebook(self) -> Rulebook:
        """The whole pack, its parameters at their defaults."""
        return read_rulebook({self.file: self.text}, self.catalogue)

    @cached_property
    def _document(self) -> Document:
        return read_yaml(self.text, file=self.file)

    @cached_property
    def _shared(self) -> dict[tuple[str | None, str | None], Scope]:
        """What names mean without parameters, which is the same for every choice."""
        pack = PackReader(self._document, self.catalogue)
        pack.scope(None)
        return dict(pack.scopes)


def choices_of(text: str, *, file: str, catalogue: Catalogue, rule: str | None = None) -> Choices:
    """The parameters of a rule of a pack, or of its only rule that has some; FaultyFileError where it has none."""
    read_rulebook({file: text}, catalogue)
    document = read_yaml(text, file=file)
    rules = {name: params_of(raw) for name, raw in document.value["rules"].items()}
    if rule is not None and rule not in rules:
        hint = did_you_mean(rule, rules) or f"rules: {', '.join(rules)}"
        raise FaultyFileError([Fault(document.key_place(("rules",)), f'no rule "{rule}"', hint=hint)])
    swept = [name for name, params in rules.items() if params and rule in (None, name)]
    if len(swept) == 1:
        return Choices(text, file, catalogue, swept[0], rules[swept[0]])
    hint = "add `params:` to a rule, such as params: {top: {from: 80, to: 100, step: 5, default: 90}}"
    place: Place = document.key_place(("rules",) if rule is None else ("rules", rule))
    if not swept:
        raise FaultyFileError([Fault(place, "no parameters to try", rule=rule, hint=hint)])
    several = f"{len(swept)} rules have parameters"
    raise FaultyFileError([Fault(place, several, hint=f"name one: {', '.join(swept)}")])
