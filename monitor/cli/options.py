"""Options that several commands share."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
