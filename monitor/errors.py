"""The errors Metalwatch raises on purpose, each with the exit code its command ends with.

Every message says what was expected, what came and what to do.  Anything else that escapes is a bug.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ADDRESS = re.compile(r"([\w+.-]*://).*", re.DOTALL)
_WITHIN = re.compile(r"([\w+.-]*://)(?!/?PATH|USER@HOST)[^\s\"']+")
"""An address in a message; forms that say how one is written are none."""


def hidden(text: str) -> str:
    """A text as messages may repeat it: of an address, which may be a secret put in the wrong place, the scheme only."""
    return _ADDRESS.sub(r"\1***", text)


def shown(came: object) -> str:
    """A value that came where another was expected."""
    if isinstance(came, dict | list):
        return f"{'a' if came else 'an empty'} {'mapping' if isinstance(came, dict) else 'list'}"
    if came is None or isinstance(came, bool):
        return "nothing" if came is None else str(came).lower()
    return repr(hidden(came) if isinstance(came, str) else came)


class MonitorError(Exception):
    """Something is wrong that one line can tell; the base of all the others."""

    exit_code = 1


class UsageError(MonitorError):
    """The command, a setting or an argument is not usable as given."""

    exit_code = 2


class UnreachableError(MonitorError):
    """A source, a channel or the database could not be reached; trying later may help."""

    exit_code = 3


class SourceError(UnreachableError):
    """A price source gave no usable answer."""


class StorageError(UnreachableError):
    """The database could not be opened, read or written."""


class NoLongerLeadingError(StorageError):
    """Another daemon leads on this database now; what this one wanted to write was not written."""


class DeliveryError(UnreachableError):
    """A channel did not take a message; `permanent` says that trying again cannot help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a text the user wrote: lines and columns count from 1."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a user's file; no part of it repeats an address, whoever made the words."""

    place: Place
    message: str
    rule: str | None = None
    hint: str | None = None
    warning: bool = False

    def __post_init__(self) -> None:
        for name in ("message", "rule", "hint"):
            if text := getattr(self, name):
                object.__setattr__(self, name, _WITHIN.sub(r"\1***", text))

    def __str__(self) -> str:
        rule = f'rule "{self.rule}": ' if self.rule else ""
        hint = f"; {self.hint}" if self.hint else ""
        kind = "warning: " if self.warning else ""
        return f"{self.place}: {kind}{rule}{self.message}{hint}"


class FaultyFileError(UsageError):
    """A file the user wrote has faults; all of them are in `faults`, in the order of their places."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.place))
        super().__init__("\n".join(map(str, self.faults)))
