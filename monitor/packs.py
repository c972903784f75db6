"""Where packs and the catalogue are, by name, file or folder, and the reading of them.

What stands in them is `rulefile`'s and `instruments`'; this file only finds and opens.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import UsageError, hidden
from monitor.instruments import Catalogue, read_catalogue
from monitor.rulefile import read_rulebook
from monitor.rulefile.texts import texts_of_rules
from monitor.rules import Rulebook
from monitor.yamltext import did_you_mean

if TYPE_CHECKING:
    from monitor.eventfile import Event

CATALOGUE_FILE = "instruments.yml"
EVENTS_FILE = "events.yml"
NOT_PACKS = frozenset({CATALOGUE_FILE, EVENTS_FILE})
"""Files beside the packs that are none."""


def shipped_folder() -> Path:
    """The packs and the catalogue that ship: inside the package when installed, `rules/` in a checkout."""
    package = Path(__file__).parent
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent / "rules"


def shipped_packs() -> tuple[str, ...]:
    """Names of the packs that ship."""
    return tuple(sorted(path.stem for path in pack_files(shipped_folder())))


def pack_files(folder: Path) -> list[Path]:
    """The packs in a folder: its YAML files, without rule tests, catalogue and events."""
    files = [*folder.glob("*.yml"), *folder.glob("*.yaml")]
    return sorted(f for f in files if f.name not in NOT_PACKS and not f.stem.endswith(".test"))


def load_catalogue() -> Catalogue:
    """The instruments that ship."""
    file = shipped_folder() / CATALOGUE_FILE
    return read_catalogue(read_text(file), file=str(file))


def load_events(catalogue: Catalogue, file: Path | None = None) -> "tuple[Event, ...]":
    """The events of a file, or those that ship; FaultyFileError carries all faults of the file."""
    from monitor.eventfile import read_events

    path = file or shipped_folder() / EVENTS_FILE
    return read_events(read_text(path), file=shown_path(path), catalogue=catalogue)


def find_packs(names: Iterable[str], *, folder: Path) -> list[Path]:
    """The files of packs given by name, file or folder; UsageError lists all that are not there."""
    found: list[Path] = []
    missing: list[str] = []
    for name in names:
        path = folder / name
        shipped = shipped_folder() / f"{name}.yml"
        if path.is_dir():
            inside = pack_files(path)
            found.extend(inside)
            missing.extend([] if inside else [f"{name}: no packs in this folder; expected files *.yml"])
        elif path.is_file():
            found.append(path)
        elif "/" not in name and shipped.is_file():
            found.append(shipped)
        else:
            missing.append(_not_found(name))
    if missing:
        raise UsageError("\n".join(missing))
    return list(dict.fromkeys(found))


def _not_found(name: str) -> str:
    packs = shipped_packs()
    hint = did_you_mean(name, packs) or f"packs that ship: {', '.join(packs)}"
    return f'no pack "{hidden(name)}": neither a file nor a pack that ships; {hint}'


def load_rulebook(names: Iterable[str], *, folder: Path, catalogue: Catalogue | None = None) -> Rulebook:
    """The rules of packs given by name, file or folder; FaultyFileError carries the faults of all of them."""
    files = find_packs(names, folder=folder)
    if not files:
        msg = "no packs: name at least one under `packs:` or on the command line"
        raise UsageError(msg)
    texts = {shown_path(path): read_text(path) for path in files}
    return read_rulebook(texts, catalogue or load_catalogue())


def rule_texts(names: Iterable[str], *, folder: Path) -> dict[str, str]:
    """Each rule as it stands in its pack, by its full id."""
    files = find_packs(names, folder=folder)
    return texts_of_rules(*(read_text(file) for file in files))


def shown_path(path: Path) -> str:
    """The path as people would write it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_text(path: Path) -> str:
    """The text of a file the user named; UsageError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        msg = f"{path}: no such file"
        raise UsageError(msg) from None
    except IsADirectoryError:
        raise UsageError(f"{path}: a folder; expected a file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        wrong = f"the byte 0x{error.object[error.start]:02x} is not UTF-8 text"
        raise UsageError(f"{path}:{line}: {wrong}; save the file as UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
