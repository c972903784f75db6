"""YAML text -> values that know where they stand, with every fault at once.

YAML 1.2 (so `ON`, `NO` and `22:30` are text), strict: a key given twice is a fault.
What the keys mean is the business of `validating` and its models.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yamlcore import CCoreLoader

from monitor.errors import Fault, FaultyFileError, Place

MAX_CHARACTERS = 2_000_000
MAX_NODES = 200_000
"""Aliases can make a small text huge; beyond so many values it is refused."""
MAX_DEPTH = 100
"""Composing deeper texts would exhaust the stack of the C library, and with it the process."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML text as plain values, with the place of each value and of each key by its path."""

    file: str
    value: Any
    places: Mapping[Path, Place] = field(default_factory=dict)
    keys: Mapping[Path, Place] = field(default_factory=dict)
    quotes: frozenset[Path] = frozenset()
    """Texts whose first character stands after a quotation mark."""
    folded: frozenset[Path] = frozenset()
    """Texts over several lines, in which a position says nothing of line and column."""

    def quoted(self, path: Path) -> int:
        """How many characters stand between the place of a text and its first character."""
        return int(path in self.quotes)

    def place(self, path: Path) -> Place:
        """Where the value at this path stands, or the nearest one around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return Place(self.file, 1, 1)

    def key_place(self, path: Path) -> Place:
        """Where the key of this path stands, or else its value."""
        return self.keys.get(path) or self.place(path)


def read_yaml(text: str, *, file: str) -> Document:
    """Read one YAML document; FaultyFileError tells every key given twice, or where the syntax breaks."""
    if len(text) > MAX_CHARACTERS:
        raise FaultyFileError(
            [Fault(Place(file), f"the file has over {MAX_CHARACTERS:,} characters; split it")]
        )
    reader = _Reader(file)
    try:
        _refuse_depth(text)
        loader = CCoreLoader(text)
        node = loader.get_single_node()
        value = None if node is None else reader.read(loader, node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise FaultyFileError([Fault(place, _syntax(text, place, error))]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FaultyFileError([Fault(Place(file), f"not YAML: {str(error).splitlines()[0]}")]) from None
    if reader.faults:
        raise FaultyFileError(dict.fromkeys(reader.faults))  # an alias meets the fault of its anchor again
    return Document(
        file, value, reader.places, reader.keys, frozenset(reader.quotes), frozenset(reader.folded)
    )


def _syntax(text: str, place: Place, error: yaml.MarkedYAMLError) -> str:
    """Where YAML breaks, in its own words; a tab is one that nobody sees."""
    line = "".join(text.splitlines()[(place.line or 1) - 1 : place.line])
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "not YAML: a tab at the beginning of the line; indent with spaces"
    return f"not YAML: {error.problem or error.context}"


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=CCoreLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            msg = f"nested more than {MAX_DEPTH} deep"
            raise ValueError(msg)


class _Reader:
    """Walks composed nodes once, collecting values, places and faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.quotes: set[Path] = set()
        self.folded: set[Path] = set()
        self.faults: list[Fault] = []
        self.open_nodes: set[int] = set()
        self.count = 0

    def read(self, loader: Any, node: yaml.Node, path: Path) -> Any:
        self.places[path] = self._place(node)
        self._count(node)
        if isinstance(node, yaml.ScalarNode):
            if node.style in ("'", '"'):
                self.quotes.add(path)
            if node.style in ("|", ">") or node.start_mark.line != node.end_mark.line:
                self.folded.add(path)
            return loader.construct_object(node)
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.read(loader, child, (*path, i)) for i, child in enumerate(node.value)]
            return self._mapping(loader, node, path)
        finally:
            self.open_nodes.discard(id(node))

    def _count(self, node: yaml.Node) -> None:
        self.count += 1
        if self.count > MAX_NODES or id(node) in self.open_nodes:
            msg = "an alias contains itself" if id(node) in self.open_nodes else "too many values"
            raise ValueError(msg)

    def _mapping(self, loader: Any, node: yaml.Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:  # first, so that the places of the mapping's own keys stand
            if key_node.value == "<<":
                merged |= self._merged(loader, value_node, path)
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self.faults.append(Fault(self._place(key_node), "a key must be a word"))
                continue
            if key == "<<":
                continue
            if key in result:
                self.faults.append(Fault(self._place(key_node), f'the key "{key}" is given twice'))
                continue
            self.keys[(*path, key)] = self._place(key_node)
            result[key] = self.read(loader, value_node, (*path, key))
        return merged | result

    def _merged(self, loader: Any, node: yaml.Node, path: Path) -> dict[str, Any]:
        """The values of a merge key: one mapping or a list of them, the first one winning."""
        merged: dict[str, Any] = {}
        for one in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(one, yaml.MappingNode):
                self._count(one)
                self.open_nodes.add(id(one))
                merged = self._mapping(loader, one, path) | merged
                self.open_nodes.discard(id(one))
            else:
                self.faults.append(Fault(self._place(one), "`<<` takes a mapping, such as *defaults"))
        return merged

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


SHORT = 3
"""Words of so many letters are close only if they begin alike."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean "for"?` when a known word is close, else None; of short words many are, by chance."""
    alike = [one for one in known if len(word) > SHORT or one[:1] == word[:1]]
    close = difflib.get_close_matches(word, alike, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None
