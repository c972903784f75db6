"""`migrate` and `backup`: a history moved to another database, or copied into a file."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.storage.copying import Counts, Step
    from monitor.storage.store import Store

DatabaseArgument = Annotated[
    str,
    typer.Argument(help="sqlite:PATH, postgresql://USER@HOST/NAME, or env:NAME or file:PATH that holds one."),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(migrate)
    app.command()(backup)


def migrate(
    source: DatabaseArgument,
    target: DatabaseArgument,
    *,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Move a whole history into an empty database, of the same kind or the other; the old one stays as it is."""
    from monitor.clock import read_clock
    from monitor.standby import this_process
    from monitor.storage.copying import copy
    from monitor.storage.leading import only_one
    from monitor.storage.store import open_store

    found = configuration(settings)
    now = read_clock(clock or found.clock).now()
    old, new = found.database_of(source, Path()), found.database_of(target, Path())
    if old == new:
        raise UsageError("both databases are the same one; name an empty one as the second")
    _check_is_there(old)
    with (
        closing(open_store(old)) as held,
        closing(open_store(new)) as empty,
        only_one(held, holder=this_process(), since=now),
        only_one(empty, holder=this_process(), since=now),
        _steps(held) as step,
    ):
        copied = copy(held, empty, step=step)
        names = held.name, empty.name
    if json:
        show_json({"source": names[0], "target": names[1], "rows": copied})
        return
    _show(copied)
    say(f"{counted(sum(copied.values()), 'row')} copied to {names[1]}, and counted on both sides.")
    say("Name it under `database:` in the settings, then start the daemon again.")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
    *,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Copy the database into a file, consistent while a daemon runs; the file is one of SQLite."""
    from monitor.storage.copying import back_up
    from monitor.storage.store import open_store

    found = configuration(settings)
    _check_is_there(found.database)
    with closing(open_store(found.database)) as store, _steps(store) as step:
        copied = back_up(store, file, step=step)
        name = store.name
    if json:
        show_json({"source": name, "file": str(file), "bytes": file.stat().st_size, "rows": copied})
        return
    _show(copied)
    size = file.stat().st_size / 1e6
    say(
        f"{counted(sum(copied.values()), 'row')} of {name} are in {file} ({size:,.1f} MB), which was looked over."
    )
    say(f"`metalwatch migrate sqlite:{file} DATABASE` puts them into an empty database.")


def _check_is_there(url: str) -> None:
    """A file of SQLite is made when it is opened; one to read from must be there."""
    path = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
    if path is not None and not path.is_file():
        raise UsageError(f"there is no database {path}; name the file that holds the history")


@contextmanager
def _steps(store: "Store") -> "Iterator[Step]":
    """Rows as they are copied: a line that changes, where stderr is a terminal."""
    from monitor.storage.copying import count

    total, done = sum(count(store).values()), 0
    with working(f"copying {counted(total, 'row')}") as shown:

        def step(name: str, rows: int) -> None:
            nonlocal done
            done += rows
            if shown is not None:
                shown.update(f"{name}: {done:,} of {counted(total, 'row')}")

        yield step


def _show(counts: "Counts") -> None:
    table(("table", "rows"), [(name, f"{rows:,}") for name, rows in counts.items() if rows], right=(1,))
