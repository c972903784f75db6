"""The YAML format of a pack: text -> rules, with every fault of the file at once.

1. `yamltext` reads the text and knows where everything stands.
2. `model` says which keys there are and what each takes; `schema` tells editors the same.
3. `expressions` reads every expression in the scope of the catalogue and the pack's metrics.
4. `checks` looks at each rule as a whole; `warnings` tells what is no fault and worth a thought.
5. `limits` reads what data health is held to.
6. Only a file without faults becomes instances (`making`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Catalogue
from monitor.language import Named, Node, inputs, understand, walk, written
from monitor.rulefile.checks import check_rules
from monitor.rulefile.expressions import PackReader
from monitor.rulefile.limits import limit_faults, limits_of
from monitor.rulefile.making import effective, levels_of, rule_of
from monitor.rulefile.model import PackFile
from monitor.rulefile.paramchecks import with_bars
from monitor.rulefile.saying import say_fields
from monitor.rulefile.warnings import never_missing, warnings_of
from monitor.rules import Instance, Level, Rule, Rulebook
from monitor.validating import validate
from monitor.yamltext import Document, did_you_mean, read_yaml


@dataclass(frozen=True)
class _Pack:
    """One file without faults."""

    model: PackFile
    document: Document
    instances: tuple[Instance, ...]
    warnings: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        return self.model.pack


def read_rulebook(texts: Mapping[str, str], catalogue: Catalogue) -> Rulebook:
    """All packs (file name -> text) as one rulebook; faults of all files at once."""
    read: dict[str, _Pack] = {}
    faults: list[Fault] = []
    for file, text in texts.items():
        try:
            pack = _read(text, file, catalogue)
        except FaultyFileError as error:
            faults.extend(error.faults)
            continue
        if pack.name in read:
            other = read[pack.name].document.file
            faults.append(
                Fault(Place(file, 1, 1), f'the pack "{pack.name}" is also in {other}', hint="rename one")
            )
        read[pack.name] = pack
    if faults:
        raise FaultyFileError(faults)
    return replace(_together(list(read.values()), catalogue), texts=dict(texts))


def _read(text: str, file: str, catalogue: Catalogue) -> _Pack:
    document = read_yaml(text, file=file)
    if not isinstance(document.value, dict):
        hint = "a pack starts with `pack: <name>`"
        raise FaultyFileError([Fault(Place(file, 1, 1), "a mapping was expected", hint=hint)])
    faults: list[Fault] = []
    model: PackFile | None = None
    pack = PackReader(document, catalogue)
    try:
        model = validate(with_bars(pack), PackFile)
        faults.extend(limit_faults(model, document))
    except FaultyFileError as error:
        faults.extend(error.faults)
    pack.read()
    check_rules(pack)
    faults.extend(pack.faults)
    wrong = dict.fromkeys(fault for fault in faults if not fault.warning)
    if model is None or wrong:
        raise FaultyFileError(wrong)
    instances = tuple(instances_of(model, pack))
    warnings = dict.fromkeys((*faults, *warnings_of(pack), *never_missing(pack, instances)))
    return _Pack(model, document, instances, tuple(warnings))


def _together(packs: list[_Pack], catalogue: Catalogue) -> Rulebook:
    """Packs as one rulebook, in which rules of one pack may name those of another."""
    everything = [instance for pack in packs for instance in pack.instances]
    loaded = dict.fromkeys((instance.rule.pack, instance.rule.name) for instance in everything)
    instances = (
        replace(one, rule=replace(one.rule, inhibited_by=tuple(_inhibitors(one.rule, loaded))))
        if one.rule.inhibited_by
        else one
        for one in everything
    )
    warnings = [warning for pack in packs for warning in (*pack.warnings, *_not_loaded(pack, loaded))]
    return Rulebook(
        instances=tuple(instances),
        health=limits_of(pack.model for pack in packs),
        catalogue=catalogue,
        warnings=tuple(warnings),
    )


def _inhibitors(rule: Rule, loaded: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name in rule.inhibited_by:
        yield from _meant(name, rule.pack, loaded)


def _meant(name: str, pack: str, loaded: Iterable[tuple[str, str]]) -> list[str]:
    """The full ids of the rules a name means: that of its own pack, else those of others."""
    of_others = [f"{other}/{rule}" for other, rule in loaded if name in (rule, f"{other}/{rule}")]
    return [f"{pack}/{name}"] if (pack, name) in loaded else of_others


def _not_loaded(pack: _Pack, loaded: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    """A warning for each name in `inhibited_by` that no rule in force has."""
    rules = {one.rule.name: one.rule for one in pack.instances}
    for rule in rules.values():
        for index, name in enumerate(rule.inhibited_by):
            if not _meant(name, rule.pack, loaded):
                place = pack.document.place(("rules", rule.name, "inhibited_by", index))
                known = {one for other, bare in loaded for one in (bare, f"{other}/{bare}")}
                hint = did_you_mean(name, known) or "it inhibits nothing until its pack is loaded too"
                text = f'inhibited by "{name}", which is not loaded'
                yield Fault(place, text, rule=rule.name, hint=hint, warning=True)


def instances_of(model: PackFile, pack: PackReader) -> Iterator[Instance]:
    """The rules of a pack without faults, expanded for their groups."""
    for name, as_written in model.rules.items():
        for member in pack.members(as_written.for_each):
            here = effective(model, name, member)
            rule = rule_of(model.pack, name, here)
            levels = tuple(levels_of(here, ("rules", name), pack, member))
            yield Instance(rule=rule, member=member, levels=levels, shown=_shown(rule, levels, pack, member))


def _shown(rule: Rule, levels: Iterable[Level], pack: PackReader, member: str | None) -> dict[str, Node]:
    """What messages name: the compared metrics, the metrics inside them, and those of `say`."""
    found: dict[str, Node] = {}
    conditions = [node for level in levels for node in (level.when, level.clear_when) if node is not None]
    for condition in conditions:
        found |= {written(node): node for node in inputs(condition) if not node.yesno}
    for condition in conditions:
        found |= {node.name: node for node in walk(condition) if isinstance(node, Named) and not node.yesno}
    scope = pack.scope(member, rule.name)
    for name, _ in say_fields(rule.say or ""):
        if name != "it":
            found.setdefault(name, understand(name, scope))
    return found
