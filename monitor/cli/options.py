"""Options that several commands share."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Configuration

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
DAY = "%Y-%m-%d"
TARGET = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(week|month|year)\Z")
A_YEAR = {"week": 365.25 / 7, "month": 12.0, "year": 1.0}
PricesOption = Annotated[
    Path | None,
    typer.Option("--prices", help="A file, a folder, or a mapping such as prices.yml; else the prices held."),
]
FromOption = Annotated[datetime | None, typer.Option("--from", formats=[DAY], help="First session counted.")]
ToOption = Annotated[datetime | None, typer.Option("--to", formats=[DAY], help="Last session judged.")]
PacksArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PACK", help="Packs that ship, by name, or files, or folders."),
]


def configuration(settings: Path | None) -> "Configuration":
    """The settings a command works with."""
    from monitor.config import read_configuration

    return read_configuration(settings)


def span_of(start: datetime | None, end: datetime | None) -> tuple[date | None, date | None]:
    """The sessions that `--from` and `--to` name."""
    return start and start.date(), end and end.date()


def rate_of(text: str) -> float:
    """`4/year` and `1/month` in alerts a year."""
    match = TARGET.match(text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f'"{text}" is no rate of alerts: write 4/year, 1/month or 0.5/week')
    return float(match[1]) * A_YEAR[match[2]]
