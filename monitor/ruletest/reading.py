"""The text of a rule test -> its cases, with every fault of the file at once."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Catalogue
from monitor.rules import Instance, Rulebook
from monitor.ruletest.cases import Case, RuleTest, TestedPack, name_of
from monitor.ruletest.checking import check_expected
from monitor.ruletest.fitting import fit
from monitor.ruletest.model import CaseFile, RuleTestFile
from monitor.ruletest.needs import lacking, with_asked
from monitor.ruletest.series import read_all
from monitor.ruletest.timeline import Timeline
from monitor.validating import validate
from monitor.yamltext import Document, did_you_mean, read_yaml
from monitor.yamltext import Path as Where

SUFFIX = ".test.yml"


def read_rule_test(file: Path, *, catalogue: Catalogue, shown: str | None = None) -> RuleTest:
    """One rule test with the pack beside it; FaultyFileError carries the faults of both."""
    name = shown or str(file)
    text = _text(file, Place(name))
    document = read_yaml(text, file=name)
    if not isinstance(document.value, dict):
        hint = "a rule test starts with `pack: <name>`"
        raise FaultyFileError([Fault(Place(document.file, 1, 1), "a mapping was expected", hint=hint)])
    model = validate(document, RuleTestFile)
    pack = _pack(file, document, model.pack, catalogue)
    rulebook = pack.read()
    reader = _Reader(document, file.parent, pack, rulebook)
    cases = [reader.read(key, case) for key, case in model.cases.items()]
    if not cases:
        reader.fault(("cases",), "a rule test needs at least one case")
    if reader.faults:
        raise FaultyFileError(reader.faults)
    places = {key: document.key_place(("cases", key, "expect")) for key in model.cases}
    read = tuple(case for case in cases if case is not None)
    return RuleTest(file, text, model.pack, rulebook, read, places)


def _text(file: Path, place: Place) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FaultyFileError([Fault(place, f"cannot be read as UTF-8 text: {error}")]) from None


def _pack(file: Path, document: Document, name: str, catalogue: Catalogue) -> TestedPack:
    beside = sorted(path for path in file.parent.glob("*.yml") if not path.name.endswith(SUFFIX))
    found = next((path for path in beside if path.stem == name), None)
    place = document.place(("pack",))
    if found is None:
        hint = did_you_mean(name, [path.stem for path in beside]) or f"a file {name}.yml was expected"
        raise FaultyFileError([Fault(place, f'there is no pack "{name}" beside this file', hint=hint)])
    shown = str(Path(document.file).with_name(found.name))
    return TestedPack(shown, _text(found, place), catalogue)


class _Reader:
    """Reads cases, collecting faults."""

    def __init__(self, document: Document, folder: Path, pack: TestedPack, rulebook: Rulebook) -> None:
        self.document, self.folder = document, folder
        self.pack, self.rulebook = pack, rulebook
        self.faults: list[Fault] = []

    def fault(self, path: Where, message: str, hint: str | None = None) -> None:
        self.faults.append(Fault(self.document.place(path), message, hint=hint))

    def read(self, name: str, case: CaseFile) -> Case | None:
        """One case; None when it has faults."""
        before = len(self.faults)
        path: Where = ("cases", name)
        timeline = self._timeline(path, case)
        if timeline is None:
            return None
        legs = read_legs(case.series)
        asked = self._asked(path, case, legs)
        made = Case(
            name=name,
            place=self.document.key_place(path),
            pack=self.pack,
            rulebook=replace(self.rulebook, instances=with_asked(asked, self.rulebook, legs)),
            keys=frozenset(one.key for one in asked),
            timeline=timeline,
            expect=case.expect,
            events=case.events,
        )
        self.faults += check_expected(made, self.document, path)
        return made if len(self.faults) == before else None

    def _timeline(self, path: Where, case: CaseFile) -> Timeline | None:
        instruments = self.pack.catalogue.instruments
        series, faults = read_all(case.series, self.document, path, (instruments, self.folder))
        self.faults += faults
        if faults or not series:
            if not faults:
                self.fault((*path, "series"), "a case needs at least one series")
            return None
        given = "start" in case.model_fields_set
        found = fit(series, instruments, case.start, given=given)
        if isinstance(found, Timeline):
            return found
        for misfit in found:
            keys = [key for key in case.series if misfit.leg in read_legs({key: None})]
            where = ("series", *keys) if keys else ("start",)
            named = f'"{keys[0]}": ' if keys else ""
            self.fault((*path, *where), named + misfit.message, misfit.hint)
        return None

    def _asked(self, path: Where, case: CaseFile, legs: frozenset[tuple[str, str]]) -> tuple[Instance, ...]:
        """The instances something is expected of: those that are listed, or all that have their series."""
        every = self.rulebook.instances
        if case.rules is None:
            able = tuple(one for one in every if not lacking(one, legs))
            if not able:
                self.fault((*path, "series"), "no rule of the pack can be judged from these series")
            return able
        asked: dict[object, Instance] = {}
        for index, text in enumerate(case.rules):
            listed = [one for one in every if text in (one.rule.name, name_of(one))]
            able = tuple(one for one in listed if not lacking(one, legs))
            asked |= {one.key: one for one in able}
            if not able:
                self._unable((*path, "rules", index), text, listed, legs)
        return tuple(asked.values())

    def _unable(
        self, path: Where, text: str, listed: list[Instance], legs: frozenset[tuple[str, str]]
    ) -> None:
        if not listed:
            known = {name for one in self.rulebook.instances for name in (one.rule.name, name_of(one))}
            self.fault(path, f'the pack has no rule "{text}"', did_you_mean(text, known))
            return
        missing = sorted(lacking(listed[0], legs))
        names = ", ".join(
            name if bar_field == "close" else f"{name}.{bar_field}" for name, bar_field in missing
        )
        self.fault(path, f'"{text}" cannot be judged without {names}', "add the series")


def read_legs(series: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """`gold` -> gold's close, `gold.volume` -> its volume."""
    return frozenset((key.partition(".")[0], key.partition(".")[2] or "close") for key in series)
