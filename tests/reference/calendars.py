"""What exchange-calendars says of the exchanges that ship, as `monitor/closures.py`.

    python -m tests.reference.calendars > monitor/closures.py

Sessions, early closes and usual closes of each exchange in the catalogue, from 2000 to the end of this decade or of
what the library knows.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from importlib.metadata import version
from typing import Any

from monitor.closures import FIRST_YEAR
from monitor.packs import load_catalogue
from monitor.sessions import WEEKDAYS

LAST_YEAR = 2029
FRIDAY = 4
HEAD = '''"""When the exchanges that ship are closed on a weekday or close early, as exchange-calendars {version} says.

Asking the library takes a second and brings pandas along; `make calendars` writes this file anew, and
`monitor.sessions` reads it only while that version of the library is installed.
"""

VERSION = "{version}"
FIRST_YEAR = {first}

USUAL_CLOSE = {{
{closes}
}}
"""Local time at which an exchange usually closes."""

YEARS = {{
{years}
}}
"""One line a year: the month and day of each closed weekday, and of each early close with its time in UTC."""
'''


def written(calendars: list[str]) -> str:
    """The text of the file."""
    known = {name: _library(name) for name in calendars}
    closes = "\n".join(f'    "{name}": "{one.close_times[-1][1]:%H:%M}",' for name, one in known.items())
    years = "\n".join("\n".join([f'    "{name}": """', *_lines(one), '""",']) for name, one in known.items())
    return HEAD.format(version=version("exchange_calendars"), first=FIRST_YEAR, closes=closes, years=years)


def shipped() -> list[str]:
    """The exchanges of the catalogue."""
    found = {one.calendar for one in load_catalogue().instruments.values()}
    return sorted(found - {WEEKDAYS})


def _library(name: str) -> Any:
    import exchange_calendars

    for year in range(LAST_YEAR, FIRST_YEAR, -1):
        try:
            return exchange_calendars.get_calendar(name, start=f"{FIRST_YEAR}-01-01", end=f"{year}-12-31")
        except ValueError:  # it does not know that year yet
            continue
    raise ValueError(f"{name} is not known since {FIRST_YEAR}")


def _lines(calendar: Any) -> Iterator[str]:
    sessions = {one.date() for one in calendar.sessions}
    if any(day.weekday() > FRIDAY for day in sessions):
        raise ValueError(f"{calendar.name} has sessions on weekends, and this file cannot say so")
    early = {one.date(): calendar.closes[one].astimezone(UTC) for one in calendar.early_closes}
    for year in range(FIRST_YEAR, max(sessions).year + 1):
        marks = (_mark(day, sessions, early.get(day)) for day in _weekdays(year))
        yield " ".join([str(year), *filter(None, marks)])


def _weekdays(year: int) -> Iterator[date]:
    days = (date(year, 1, 1) + timedelta(days=count) for count in range(366))
    return (day for day in days if day.year == year and day.weekday() <= FRIDAY)


def _mark(day: date, sessions: set[date], closes: Any) -> str | None:
    if day not in sessions:
        return f"{day:%m%d}"
    if closes is None:
        return None
    if closes.date() != day:
        raise ValueError(f"{day} ends on another day in UTC, and this file cannot say so")
    return f"{day:%m%d}@{closes:%H%M}"


if __name__ == "__main__":
    sys.stdout.write(written(shipped()))
