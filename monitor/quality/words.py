"""Findings in a line for each kind, for people."""

from collections.abc import Iterable, Iterator, Sequence

from monitor.quality.findings import MOVES, Finding, Kind

_SHOWN = 3


def told(findings: Iterable[Finding]) -> Iterator[str]:
    """One line for each kind of finding, with its sessions."""
    grouped: dict[Kind, list[Finding]] = {}
    for one in findings:
        grouped.setdefault(one.kind, []).append(one)
    for kind, found in grouped.items():
        if kind in MOVES:
            held = [one for one in found if one.held]
            yield from (f"held as unconfirmed: {one.session}: {one.reason}" for one in held[:_SHOWN])
            if len(held) > _SHOWN:
                yield f"held as unconfirmed: {_some(held[_SHOWN:])}"
        elif kind in (Kind.READJUSTMENT, Kind.ANOTHER_SERIES):
            yield from (one.reason for one in found)
        else:
            yield f"{_TOLD[kind]} ({len(found):,}): {_some(found)}"


def told_of_each(findings: Iterable[Finding]) -> list[str]:
    """The same with the instrument before each line."""
    grouped: dict[str, list[Finding]] = {}
    for one in findings:
        grouped.setdefault(one.instrument, []).append(one)
    return [f"{name}: {line}" for name, found in grouped.items() for line in told(found)]


def briefly(findings: Iterable[Finding]) -> list[str]:
    """A line for each finding; of a kind that has many in one series, one line for all of them."""
    grouped: dict[tuple[str, Kind], list[Finding]] = {}
    for one in findings:
        grouped.setdefault((one.instrument, one.kind), []).append(one)
    lines: list[str] = []
    for (name, kind), found in grouped.items():
        if len(found) > _SHOWN and kind in _TOLD:
            lines.append(f"{name}: {_TOLD[kind]} ({len(found):,}): {_some(found)}")
        else:
            lines += [f"{one.session} {name}: {one.reason}" for one in found]
    return lines


_TOLD = {
    Kind.NO_PRICE: "no close above zero, left out",
    Kind.FUTURE: "dated in the future, left out",
    Kind.RANGE: "open, high or low contradict each other or the close, all three unknown",
    Kind.VOLUME: "a volume below zero, unknown",
    Kind.DUPLICATE: "the same row several times, it counts once",
    Kind.CONFLICT: "several rows of one session, the finished one with the most volume counts, else the last",
    Kind.WEEKEND_ROW: "a bar on a weekend without a session, held",
    Kind.PHANTOM_SESSION: "a bar on a date without a session, kept as extra",
    Kind.REVISION: "a final close that is another one now",
}


def _some(found: Sequence[Finding]) -> str:
    days = sorted({one.session for one in found})
    more = f" and {len(days) - _SHOWN:,} more" if len(days) > _SHOWN else ""
    return ", ".join(str(day) for day in days[:_SHOWN]) + more
