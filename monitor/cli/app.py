"""The command line: thin commands over the daemon, the backtest and the store.

Heavy libraries are imported inside the commands that need them, so that help and errors come at once.
Exit codes: 0 fine, 1 something is wrong or fired as asked, 2 wrong usage or a wrong file, 3 something could not be
reached.
"""

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

import monitor
from monitor.cli import (
    alerts,
    calibrate,
    channels,
    diff,
    doctor,
    drill,
    events,
    explain,
    history,
    look,
    moving,
    prices,
    running,
    serve,
    setup,
    silence,
    sweep,
    testing,
)
from monitor.cli.screen import show_faults
from monitor.errors import FaultyFileError, MonitorError
from monitor.memory import ends_soon

app = typer.Typer(
    name="metalwatch",
    help="Watch metals markets with declarative rules: prices, ratios, drawdowns, alerts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

LIBRARIES = {
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # none is used; it would read about every package to find some
    "OPENBLAS_NUM_THREADS": "1",  # numpy multiplies no matrices here; a thread for each core would spin at the start
}
"""What libraries are told, by their variables of the environment, unless a user says otherwise."""


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"metalwatch {monitor.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


for commands in (
    setup,
    testing,
    running,
    look,
    serve,
    explain,
    alerts,
    history,
    diff,
    calibrate,
    sweep,
    events,
    doctor,
    moving,
    drill,
):
    commands.register(app)
app.add_typer(prices.app, name="prices")
app.add_typer(channels.app, name="channels")
app.add_typer(silence.app, name="silence")


def main() -> None:
    """Run a command; what is wrong on purpose is told in one line each, without a traceback."""
    ends_soon()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may not know every sign
    for name, value in LIBRARIES.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - settings of libraries, not ours
    try:
        app()
    except FaultyFileError as error:
        show_faults(error.faults)
        sys.exit(error.exit_code)
    except MonitorError as error:
        sys.stderr.writelines(f"error: {line}\n" for line in str(error).splitlines())
        sys.exit(error.exit_code)
