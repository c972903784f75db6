"""The command line: thin commands over the daemon, the backtest and the store.

Heavy libraries are imported inside the commands that need them, so that help and errors come at once.
Exit codes: 0 fine, 1 something is wrong or fired as asked, 2 wrong usage or a wrong file, 3 something could not be
reached.
"""

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated

import typer

import monitor
from monitor.cli.screen import show_faults
from monitor.errors import FaultyFileError, MonitorError
from monitor.memory import ends_soon

COMMANDS = {
    "setup": ("init", "check"),
    "testing": ("test",),
    "running": ("run", "once", "demo"),
    "look": ("status",),
    "serve": ("serve",),
    "explain": ("explain",),
    "alerts": ("alerts", "ack"),
    "history": ("backtest",),
    "diff": ("diff",),
    "calibrate": ("calibrate",),
    "sweep": ("sweep",),
    "events": ("events",),
    "doctor": ("doctor",),
    "moving": ("migrate", "backup"),
    "drill": ("drill",),
}
"""The commands of each file, in the order in which help lists them."""
GROUPS = ("prices", "channels", "silence")
"""Files whose commands have a word before them."""

LIBRARIES = {
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # none is used; it would read about every package to find some
    "OPENBLAS_NUM_THREADS": "1",  # the matrices here are small; a thread for each core would spin at the start
}
"""What libraries are told, by their variables of the environment, unless a user says otherwise."""


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"metalwatch {monitor.__version__}")
        raise typer.Exit


def app_of(word: str | None = None) -> typer.Typer:
    """The command line: of all commands, or only what the first word names, as the files of others take their time."""
    app = typer.Typer(
        name="metalwatch",
        help="Watch metals markets with declarative rules: prices, ratios, drawdowns, alerts.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    named = [file for file, words in (*COMMANDS.items(), *((one, (one,)) for one in GROUPS)) if word in words]
    for file in named or [*COMMANDS, *GROUPS]:
        commands = import_module(f"monitor.cli.{file}")
        if file in GROUPS:
            app.add_typer(commands.app, name=file)
        else:
            commands.register(app)
    return app


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; what is wrong on purpose is told in one line each, without a traceback."""
    ends_soon()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may not know every sign
    for name, value in LIBRARIES.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - settings of libraries, not ours
    try:
        app_of(*sys.argv[1:2])()
    except FaultyFileError as error:
        show_faults(error.faults)
        sys.exit(error.exit_code)
    except MonitorError as error:
        sys.stderr.writelines(f"error: {line}\n" for line in str(error).splitlines())
        sys.exit(error.exit_code)
