"""Options that several commands share."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Configuration


def a_day(text: str) -> date:
    """A date as an option takes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a date such as 2020-03-12; got {text!r}") from None


def day_option(*names: str, text: str) -> Any:
    """An option that takes a date."""
    return typer.Option(*names, parser=a_day, metavar="DATE", help=text)


SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings", metavar="FILE", help="Settings file; else metalwatch.yml here or in the config folder."
    ),
]
ClockOption = Annotated[
    str | None,
    typer.Option(
        "--clock", metavar="WHEN[,xN]", help="Set clock for rehearsals: 2020-03-12T17:00-04:00,x3600."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for machines.")]
TARGET = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(week|month|year)\Z")
A_YEAR = {"week": 365.25 / 7, "month": 12.0, "year": 1.0}
PricesOption = Annotated[
    Path | None,
    typer.Option("--prices", help="A file, a folder, or a mapping such as prices.yml; else the prices held."),
]
FromOption = Annotated[date | None, day_option("--from", text="First session reported.")]
ToOption = Annotated[date | None, day_option("--to", text="Last session judged.")]
PacksArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PACK", help="Packs that ship, by name, or files, or folders."),
]


def configuration(settings: Path | None) -> "Configuration":
    """The settings a command works with."""
    from monitor.config import read_configuration

    return read_configuration(settings)


def check_span(start: date | None, end: date | None) -> None:
    """UsageError where a span ends before it begins."""
    if start is not None and end is not None and end < start:
        raise UsageError(f"the span ends on {end}, before it begins on {start}; turn the two round")


def rate_of(text: str) -> float:
    """`4/year` and `1/month` in alerts a year."""
    match = TARGET.match(text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f'"{text}" is no rate of alerts: write 4/year, 1/month or 0.5/week')
    return float(match[1]) * A_YEAR[match[2]]
