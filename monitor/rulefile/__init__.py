"""The YAML format of a pack: text -> rules, with every fault of the file at once.

1. `yamltext` reads the text and knows where everything stands.
2. `model` says which keys there are and what each takes.
3. `expressions` reads every expression in the scope of the catalogue and the pack's metrics.
4. Only a file without faults becomes instances.
"""

from collections.abc import Iterable, Iterator, Mapping

from monitor.alerts import Dwell
from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Catalogue
from monitor.language import Named, Node, inputs, understand, walk, written
from monitor.rulefile.expressions import PackReader, say_fields
from monitor.rulefile.model import LevelFile, PackFile, RuleFile
from monitor.rules import Instance, Level, Rule, Rulebook
from monitor.yamltext import Path, read_yaml, validate


def read_pack(text: str, *, file: str, catalogue: Catalogue) -> tuple[Instance, ...]:
    """The rules of one pack, expanded for their groups; FaultyFileError carries every fault of the file."""
    document = read_yaml(text, file=file)
    if not isinstance(document.value, dict):
        hint = "a pack starts with `pack: <name>`"
        raise FaultyFileError([Fault(Place(file, 1, 1), "a mapping was expected", hint=hint)])
    faults: list[Fault] = []
    model: PackFile | None = None
    try:
        model = validate(document, PackFile)
    except FaultyFileError as error:
        faults.extend(error.faults)
    pack = PackReader(document, catalogue)
    pack.read()
    faults.extend(pack.faults)
    if model is None or faults:
        raise FaultyFileError(dict.fromkeys(faults))
    return tuple(_instances(model, pack))


def read_rulebook(texts: Mapping[str, str], catalogue: Catalogue) -> Rulebook:
    """All packs (file name -> text) as one rulebook; faults of all files at once."""
    instances: list[Instance] = []
    faults: list[Fault] = []
    packs: dict[str, str] = {}
    for file, text in texts.items():
        try:
            read = read_pack(text, file=file, catalogue=catalogue)
        except FaultyFileError as error:
            faults.extend(error.faults)
            continue
        name = next((instance.rule.pack for instance in read), file)
        if name in packs:
            faults.append(
                Fault(Place(file, 1, 1), f'the pack "{name}" is also in {packs[name]}', hint="rename one")
            )
        packs[name] = file
        instances.extend(read)
    if faults:
        raise FaultyFileError(faults)
    return Rulebook(instances=tuple(instances), catalogue=catalogue)


def _instances(model: PackFile, pack: PackReader) -> Iterator[Instance]:
    for name, written_rule in model.rules.items():
        rule = Rule(
            pack=model.pack,
            name=name,
            for_each=written_rule.for_each,
            cooldown=written_rule.cooldown,
            say=written_rule.say,
            study=written_rule.study,
            note=written_rule.note,
        )
        for member in pack.members(written_rule.for_each):
            levels = tuple(_levels(written_rule, ("rules", name), pack.nodes, member))
            yield Instance(rule=rule, member=member, levels=levels, shown=_shown(rule, levels, pack, member))


def _levels(
    rule: RuleFile, path: Path, nodes: Mapping[tuple[Path, str | None], Node], member: str | None
) -> Iterator[Level]:
    if rule.levels is None:
        one = LevelFile.model_validate({"when": rule.when, "clear_when": rule.clear_when}).model_copy(
            update={"for_": rule.for_, "clear_for": rule.clear_for}
        )
        parts = [(rule.severity, one, path)]
    else:
        parts = [(severity, level, (*path, "levels", severity)) for severity, level in rule.levels.items()]
    for severity, level, at in sorted(parts, key=lambda part: part[0].rank):
        clear = level.clear_when
        yield Level(
            severity=severity,
            when=nodes[(*at, "when"), member],
            clear_when=None if clear is None else nodes[(*at, "clear_when"), member],
            dwell=Dwell(bars=level.for_, clear_bars=level.clear_for),
            when_text=level.when,
            clear_text=clear,
        )


def _shown(rule: Rule, levels: Iterable[Level], pack: PackReader, member: str | None) -> dict[str, Node]:
    """What messages name: the compared metrics, the metrics inside them, and those of `say`."""
    found: dict[str, Node] = {}
    conditions = [node for level in levels for node in (level.when, level.clear_when) if node is not None]
    for condition in conditions:
        found |= {written(node): node for node in inputs(condition) if not node.yesno}
    for condition in conditions:
        found |= {node.name: node for node in walk(condition) if isinstance(node, Named) and not node.yesno}
    scope = pack.scope(member)
    for name, _ in say_fields(rule.say or ""):
        if name != "it":
            found.setdefault(name, understand(name, scope))
    return found
