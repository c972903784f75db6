"""Values to and from JSON: frozen dataclasses by their declared types, dates and instants kept as such.

Two ways, for two needs.  A memory (`to_plain`, `from_plain`) is read back into its own class, which
tells the type of every field; a field that the stored text does not have takes its default.  Numbers and
legs (`dumps`, `loads`) have no class to tell, so dates and instants are marked in the text.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Classes whose values JSON holds as they are."""


def to_plain(value: Any) -> Any:
    """What JSON can hold of a dataclass: enums by value, dates and instants in ISO form, tuples as lists."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if (names := _names(type(value))) is not None:  # type: ignore[arg-type]  # a class is hashable
        return {name: to_plain(getattr(value, name)) for name in names}
    return value.isoformat() if isinstance(value, date) else value


@cache
def _names(kind: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass; None for any other class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass of that kind; fields it no longer has are left out."""
    found: T = _dataclass_reader(kind)(plain)  # type: ignore[arg-type]  # a class is hashable
    return found


def dumps(value: object) -> str:
    """JSON text in which dates and instants are marked; NaN and infinity are refused."""
    return json.dumps(value, default=_marked, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """The value `dumps` was given; tuples come back as lists."""
    return json.loads(text, object_hook=_unmarked)


Reader = Callable[[Any], Any]


@cache
def _dataclass_reader(kind: type) -> Reader:
    """Put together once for each class: to look at the type of every field takes longer than to read it."""
    hints = get_type_hints(kind)
    readers = {name: reader for name, hint in hints.items() if (reader := _reader(hint)) is not None}

    def read(plain: Mapping[str, Any]) -> Any:
        values = {name: plain[name] for name in hints if name in plain}
        for name, read_field in readers.items():
            if (value := values.get(name)) is not None:
                values[name] = read_field(value)
        return kind(**values)

    return read


def _reader(kind: Any) -> Reader | None:
    """What makes a value of that type of what JSON holds; None where that is the value."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _reader(next(one for one in arguments if one is not type(None)))
    if origin is tuple:
        return _tuple_reader(_reader(arguments[0]))
    if not isinstance(kind, type):
        return None
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if issubclass(kind, date):
        return kind.fromisoformat
    return kind if issubclass(kind, Enum) else None


def _tuple_reader(read_item: Reader | None) -> Reader:
    if read_item is None:
        return tuple
    return lambda plain: tuple(None if item is None else read_item(item) for item in plain)


def _marked(value: object) -> object:
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return dict(value)
    message = f"cannot be stored as JSON: {value!r}"
    raise TypeError(message)


def _unmarked(found: dict[str, Any]) -> Any:
    if len(found) != 1:
        return found
    ((mark, text),) = found.items()
    if mark == "$instant":
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if mark == "$date" else found
