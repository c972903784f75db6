"""An address of a channel, which is a secret, put into every wrong place of a file."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

SECRET = "s3cret"
ADDRESS = f"ntfy://{SECRET}@host/{SECRET}"

WAYS: tuple[Callable[[Any], Any], ...] = (
    lambda _: ADDRESS,
    lambda _: f"{ADDRESS} {SECRET}",
    lambda _: f"env:{ADDRESS}",
    lambda _: [ADDRESS],
    lambda value: {ADDRESS: value},
    lambda value: {**value, ADDRESS: 1} if isinstance(value, dict) else [value, ADDRESS],
    lambda value: (
        dict.fromkeys([ADDRESS], next(iter(value.values()))) if isinstance(value, dict) else ADDRESS
    ),
)


def planted(value: Any) -> Iterator[str]:
    """The texts of a file in which the address stands at one place."""
    for path in _paths(value, ()):
        for way in WAYS:
            yield json.dumps(_put(value, path, way), indent=1)


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _paths(one, (*path, key))


def _put(value: Any, path: tuple[Any, ...], way: Callable[[Any], Any]) -> Any:
    if not path:
        return way(value)
    copy = deepcopy(value)
    copy[path[0]] = _put(value[path[0]], path[1:], way)
    return copy
