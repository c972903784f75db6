"""Which rule tests are meant: a test file, a pack with the test beside it, a folder, or a pack that ships."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import Fault, FaultyFileError, UsageError
from monitor.instruments import Catalogue
from monitor.packs import find_packs
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from monitor.ruletest.cases import RuleTest
from monitor.ruletest.reading import SUFFIX, read_rule_test


@dataclass(frozen=True)
class Chosen:
    """The rule tests that are meant, and packs that have none."""

    tests: tuple[RuleTest, ...]
    bare: tuple[Rulebook, ...]

    @property
    def rulebooks(self) -> list[Rulebook]:
        """The rules of all packs that are meant."""
        return [*(test.rulebook for test in self.tests), *self.bare]


def choose(names: Iterable[str], *, folder: Path, catalogue: Catalogue) -> Chosen:
    """Read all rule tests that are meant; FaultyFileError carries the faults of all of them."""
    files, packs = _files(list(names), folder)
    faults: list[Fault] = []
    tests: list[RuleTest] = []
    for file in files:
        try:
            tests.append(read_rule_test(file, catalogue=catalogue, shown=shown(file)))
        except FaultyFileError as error:
            faults.extend(error.faults)
    tested = {test.file.parent / test.pack for test in tests}
    bare: list[Rulebook] = []
    for pack in packs:
        if pack.parent / pack.stem in tested or _beside(pack) in files:
            continue
        try:
            bare.append(read_rulebook({shown(pack): pack.read_text(encoding="utf-8")}, catalogue))
        except FaultyFileError as error:
            faults.extend(error.faults)
    if faults:
        raise FaultyFileError(dict.fromkeys(faults))
    return Chosen(tuple(tests), tuple(bare))


def _files(names: list[str], folder: Path) -> tuple[list[Path], list[Path]]:
    """Test files and packs, each once."""
    direct = [folder / name for name in names if name.endswith(SUFFIX)]
    missing = [str(path) for path in direct if not path.is_file()]
    if missing:
        raise UsageError("\n".join(f"{path}: no such file" for path in missing))
    others = [name for name in names if not name.endswith(SUFFIX)]
    packs = find_packs(others, folder=folder)
    inside = [
        f for name in others if (folder / name).is_dir() for f in sorted((folder / name).glob(f"*{SUFFIX}"))
    ]
    beside = [_beside(pack) for pack in packs if _beside(pack).is_file()]
    return list(dict.fromkeys([*direct, *inside, *beside])), packs


def _beside(pack: Path) -> Path:
    return pack.with_name(pack.stem + SUFFIX)


def shown(path: Path) -> str:
    """The path as people would write it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
