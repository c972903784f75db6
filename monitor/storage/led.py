"""Whether a daemon leads on a database: an advisory lock of PostgreSQL, a lock beside the file of SQLite."""

import fcntl
from pathlib import Path

from sqlalchemy import Connection, Engine, text

LEAD = "740582603, hashtext(current_schema())"  # any number, as long as nobody else in the database uses it
"""The keys of the lock: each schema of a database may hold an installation of its own."""


def lock_file(engine: Engine) -> Path | None:
    """The file whose lock is the lead; None where there is none, as in memory."""
    name = engine.url.database
    return Path(f"{name}.lock") if name and name != ":memory:" else None


def is_led(connection: Connection) -> bool:
    """Whether somebody leads; where nobody does, on PostgreSQL nobody can begin to before the transaction ends."""
    if connection.dialect.name == "postgresql":
        return not connection.execute(text(f"select pg_try_advisory_xact_lock({LEAD})")).scalar_one()
    file = lock_file(connection.engine)
    if file is None or not file.exists():
        return False
    with file.open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
