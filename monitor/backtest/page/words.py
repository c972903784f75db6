"""Numbers as the page writes them; unknown is a dash."""

NONE = "–"
NARROW = "\u202f"
"""Between a number and its sign of percent, so that no line ends there."""


def percent(value: float | None) -> str:
    """`+11.9 %`."""
    return NONE if value is None else f"{value * 100:+.1f}{NARROW}%"


def share(value: float | None) -> str:
    """`67 %`."""
    return NONE if value is None else f"{value * 100:.0f}{NARROW}%"


def number(value: float | None, digits: int = 1) -> str:
    """`1,234.5`."""
    return NONE if value is None else f"{value:,.{digits}f}"


def chance(value: float | None) -> str:
    """A p that is never zero: `0.07`, `0.004`, `< 0.001`."""
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.01 else f"{value:.2f}"  # noqa: PLR2004


def day(value: object) -> str:
    """A date, or a dash."""
    return NONE if value is None else str(value)


def counted(count: float, what: str) -> str:
    """`1 session`, `48 sessions`."""
    return f"{count:,.0f} {what}" + ("" if count == 1 else "s")
