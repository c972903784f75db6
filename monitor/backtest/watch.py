"""Long work over items, looked at from outside: whoever watches may show how far it is, and end it early."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Watch(Protocol):
    """Hands on the items of some work one by one; to end early it hands on no more of them."""

    def __call__(self, items: Sequence[T], what: str, /) -> Iterable[T]: ...


def unwatched(items: Sequence[T], _what: str) -> Iterable[T]:
    """All items, and nobody looks."""
    return items
