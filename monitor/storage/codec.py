"""Values to and from JSON: frozen dataclasses by their declared types, dates and instants kept as such.

Two ways, for two needs.  A memory (`to_plain`, `from_plain`) is read back into its own class, which
tells the type of every field; a field that the stored text does not have takes its default.  Numbers and
legs (`dumps`, `loads`) have no class to tell, so dates and instants are marked in the text.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """What JSON can hold of a dataclass: enums by value, dates and instants in ISO form, tuples as lists."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    return value


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass of that kind; fields it no longer has are left out."""
    hints = _hints(kind)  # type: ignore[arg-type]  # a class is hashable
    return kind(**{name: _value(hint, plain[name]) for name, hint in hints.items() if name in plain})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of its fields; working them out takes longer than reading a value."""
    return get_type_hints(kind)


def dumps(value: object) -> str:
    """JSON text in which dates and instants are marked; NaN and infinity are refused."""
    return json.dumps(value, default=_marked, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """The value `dumps` was given; tuples come back as lists."""
    return json.loads(text, object_hook=_unmarked)


def _value(hint: Any, plain: Any) -> Any:
    if plain is None:
        return None
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(next(kind for kind in arguments if kind is not type(None)), plain)
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in plain)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, plain)
    if hint in (date, datetime):
        return hint.fromisoformat(plain)
    return hint(plain) if isinstance(hint, type) and issubclass(hint, Enum) else plain


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
