"""The health of series in words."""

from monitor.health.values import Health


def unwell_series(health: Health) -> list[str]:
    """A sentence about each freshness that rules wait for in vain."""
    names: dict[str, list[str]] = {}
    for one in health.series.values():
        if one.freshness.is_down:
            names.setdefault(one.freshness, []).append(one.instrument)
    return [
        f"{_joined(sorted(found))} {'is' if len(found) == 1 else 'are'} {freshness}; the rules that need "
        f"{'it' if len(found) == 1 else 'them'} wait"
        for freshness, found in sorted(names.items())
    ]


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
