"""Every expression and message of a pack, read in the scope of the catalogue and the pack's metrics."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.errors import Fault, Place, hidden
from monitor.instruments import RESERVED, Catalogue
from monitor.language import (
    BROKEN,
    NEEDS_MEMBER,
    NEEDS_PARAM,
    NO_MEMBER,
    NO_PARAM,
    Const,
    ExpressionError,
    Node,
    Scope,
    Trouble,
    understand,
)
from monitor.metrics import FUNCTIONS
from monitor.rulefile.model import IN_LEVELS, METRIC_NAME, NAME
from monitor.rulefile.params import defaults_of, names_of
from monitor.rulefile.saying import say_faults
from monitor.rulefile.values import as_text
from monitor.yamltext import Document, Path, did_you_mean

NAMES = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w|\s*=)")
"""Names that stand for a value: not the field in `gld.volume`, not the keyword in `change(gld, n=5)`."""
RULE_DEPTH = 2
"""The path of a rule has so many parts."""


def condition_places(path: Path, rule: Mapping[str, Any]) -> list[Path]:
    """Where the conditions of a rule stand: in itself, or in each of its levels."""
    levels = rule.get("levels")
    return [(*path, "levels", severity) for severity in levels] if isinstance(levels, dict) else [path]


@dataclass
class PackReader:
    """Reads every expression of a pack, collecting faults and typed expressions by path and member."""

    document: Document
    catalogue: Catalogue
    faults: list[Fault] = field(default_factory=list)
    nodes: dict[tuple[Path, str | None], Node] = field(default_factory=dict)
    scopes: dict[tuple[str | None, str | None], Scope] = field(default_factory=dict)
    """By the member `it` stands for, and by the rule whose parameters metrics may use."""
    choices: Mapping[str, Mapping[str, Const]] = field(default_factory=dict)
    """Values for the parameters of some rules, instead of their defaults."""
    only: str | None = None
    """The one rule to read and check; else all."""

    def read(self) -> None:
        self.scope(None)
        rules = self.mapping(("rules",))
        for name, rule in rules.items():
            if isinstance(rule, dict) and self.only in (None, name):
                self._rule(("rules", name), rule)
        if not rules:
            self.fault(("rules",), "a pack needs at least one rule")
        self._read_unasked()

    def _read_unasked(self) -> None:
        """Metrics that use `it` while no rule is asked of a group: read for the member that suits them best."""
        if any(member for member, _ in self.scopes) or NEEDS_MEMBER not in self.scope(None).metrics.values():
            return
        before = len(self.faults)
        found: list[list[Fault]] = []
        for member in dict.fromkeys(members[0] for members in self.catalogue.groups.values() if members):
            self._read_metrics(member, {})
            found.append(self.faults[before:])
            del self.faults[before:]
        fewest = min(map(len, found), default=0)
        self.faults += next((faults for faults in found if len(faults) == fewest), [])

    def members(self, group: str | None) -> tuple[str | None, ...]:
        return (None,) if group is None else self.catalogue.groups[group]

    def params(self, rule: str) -> Mapping[str, Const]:
        """The parameters of a rule with the values chosen for them."""
        return self.choices[rule] if rule in self.choices else defaults_of(self.mapping(("rules", rule)))

    def scope(self, member: str | None, rule: str | None = None) -> Scope:
        """What names mean for one member and rule: the catalogue, the metrics of the pack, the rule's parameters."""
        params = {} if rule is None else self.params(rule)
        key = (member, rule if params else None)
        if key not in self.scopes:
            self.scopes[key] = self._read_metrics(member, params)
        return self.scopes[key]

    def mapping(self, path: Path) -> Mapping[str, Any]:
        value = self.document.value
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def fault(self, path: Path, message: str, hint: str | None = None, *, at_key: bool = False) -> None:
        rule = str(path[1]) if len(path) > 1 and path[0] == "rules" else None
        place = self.document.key_place(path) if at_key else self.document.place(path)
        self.faults.append(Fault(place, message, rule=rule, hint=hint))

    def _read_metrics(self, member: str | None, params: Mapping[str, Const]) -> Scope:
        metrics = {name: as_text(text) for name, text in self.mapping(("metrics",)).items()}
        texts = {name: text for name, text in metrics.items() if isinstance(text, str)}
        known: dict[str, Node] = {}
        mentioned = {name: set(NAMES.findall(text)) for name, text in texts.items()}
        waiting = set(texts)
        scope = Scope(
            self.catalogue, known, it=member, pack=self._pack_name(), rules=self._rule_groups(), params=params
        )
        if member is None and not params:
            for name in sorted(waiting):
                self._check_name(name)
        known |= self._of_other_rules(mentioned, params)
        if params:  # what uses none of them is what it is without them
            same = self.scope(member).metrics
            known |= {name: node for name, node in same.items() if node is not NEEDS_PARAM}
        waiting -= known.keys()
        while waiting:
            ready = [n for n in sorted(waiting) if mentioned[n].isdisjoint(waiting)]
            if not ready:
                self.fault(
                    ("metrics", min(waiting)), f"metrics that need each other: {', '.join(sorted(waiting))}"
                )
                break
            for name in ready:
                waiting.discard(name)
                known[name] = self._metric(name, texts[name], scope)
        return scope

    def _of_other_rules(
        self, mentioned: Mapping[str, set[str]], params: Mapping[str, Const]
    ) -> dict[str, Node]:
        """The metrics that use a parameter of some rule, but of none that is read."""
        declared = frozenset().union(*map(names_of, self.mapping(("rules",)).values())) - params.keys()
        return {name: NEEDS_PARAM for name, words in mentioned.items() if words & declared}

    def _metric(self, name: str, text: str, scope: Scope) -> Node:
        """A metric; one that uses `it` means something only for a member, and is read again for each."""
        try:
            return understand(text, scope)
        except ExpressionError as error:
            elsewhere = (NO_MEMBER, NO_PARAM)
            own = [trouble for trouble in error.troubles if not trouble.message.startswith(elsewhere)]
            self.faults.extend(self._from_trouble(("metrics", name), trouble) for trouble in own)
            if own:
                return BROKEN
            waits = any(trouble.message.startswith(NO_PARAM) for trouble in error.troubles)
            return NEEDS_PARAM if waits else NEEDS_MEMBER

    def _pack_name(self) -> str:
        value = self.document.value
        return str(value.get("pack", "")) if isinstance(value, dict) else ""

    def _rule_groups(self) -> dict[str, str | None]:
        """The rules of the pack, with the group each is asked for."""
        rules = self.mapping(("rules",))
        return {
            name: rule.get("for_each") if isinstance(rule, dict) else None for name, rule in rules.items()
        }

    def _check_name(self, name: str) -> None:
        path: Path = ("metrics", name)
        if not re.match(METRIC_NAME, name):
            self.fault(
                path, f'"{name}" cannot be used in an expression', "lower case, digits and _", at_key=True
            )
        elif (
            name in self.catalogue.instruments
            or name in self.catalogue.groups
            or name in FUNCTIONS
            or name in RESERVED
        ):
            self.fault(path, f'"{name}" already means something else', "choose another name", at_key=True)

    def _understand(self, path: Path, text: str, scope: Scope) -> Node | None:
        try:
            return understand(text, scope)
        except ExpressionError as error:
            self.faults.extend(self._from_trouble(path, trouble) for trouble in error.troubles)
            return None

    def _from_trouble(self, path: Path, trouble: Trouble) -> Fault:
        place = self.document.place(path)
        column = place.column
        if path not in self.document.folded:
            column += trouble.span.start + self.document.quoted(path)
        rule = str(path[1]) if path[0] == "rules" else None
        return Fault(Place(place.file, place.line, column), trouble.message, rule=rule, hint=trouble.hint)

    def _rule(self, path: Path, rule: Mapping[str, Any]) -> None:
        self._check_shape(path, rule)
        name = str(path[-1])
        group = rule.get("for_each")
        if isinstance(group, str) and group not in self.catalogue.groups:
            hint = (
                did_you_mean(group, self.catalogue.groups)
                or f"groups: {', '.join(sorted(self.catalogue.groups))}"
            )
            self.fault((*path, "for_each"), f'unknown group "{hidden(group)}"', hint)
            return
        self._check_study(path, rule)
        if not isinstance(group, str | None):  # what `it` is meant to be nobody knows
            return
        for member in self.members(group):
            self._conditions(path, rule, self.scope(member, name))
        self._check_say(path, rule, self.scope(self.members(group)[0], name))

    def _check_shape(self, path: Path, rule: Mapping[str, Any]) -> None:
        if not re.match(NAME, str(path[-1])):
            self.fault(
                path, f'"{path[-1]}" is no name for a rule', "lower case, digits, - and _", at_key=True
            )
        if "levels" in rule:
            for key in IN_LEVELS:
                if key in rule:
                    self.fault((*path, key), f'"{key}" belongs into each of the `levels`', at_key=True)
            if not rule["levels"]:
                self.fault((*path, "levels"), "a ladder needs at least one level", at_key=True)
        elif rule.get("when") is None:
            self.fault(path, 'the key "when" is missing', "a rule needs `when` or `levels`", at_key=True)

    def _conditions(self, path: Path, rule: Mapping[str, Any], scope: Scope) -> None:
        for at in condition_places(path, rule):
            for key in ("when", "clear_when"):
                place = self.condition_place(at, key, scope.it)
                text = as_text(self.mapping(place[:-1]).get(key))
                if isinstance(text, str):
                    self._condition(place, text, scope)

    def condition_place(self, at: Path, key: str, member: str | None) -> Path:
        """Where a condition of a rule or level stands for one member: what its override says goes first."""
        own = (*at[:2], "overrides", member or "")
        overridden = member is not None and len(at) == RULE_DEPTH and key in self.mapping(own)
        return (*own, key) if overridden else (*at, key)

    def condition(self, at: Path, key: str, member: str | None) -> Node | None:
        """A condition of a rule or level for one member, if it has one that can be read."""
        return self.nodes.get((self.condition_place(at, key, member), member))

    def _condition(self, path: Path, text: str, scope: Scope) -> None:
        node = self._understand(path, text, scope)
        if node is None:
            return
        if not node.yesno:
            self.fault(path, "a condition was expected, this is a number", "compare it: > 90")
        self.nodes[path, scope.it] = node

    def _check_study(self, path: Path, rule: Mapping[str, Any]) -> None:
        study = rule.get("study")
        if isinstance(study, str) and study != "it" and study not in self.catalogue.instruments:
            hint = did_you_mean(study, self.catalogue.instruments)
            self.fault((*path, "study"), f'unknown instrument "{hidden(study)}"', hint)

    def _check_say(self, path: Path, rule: Mapping[str, Any], scope: Scope) -> None:
        for message, hint in say_faults(rule.get("say"), scope):
            self.fault((*path, "say"), message, hint)
