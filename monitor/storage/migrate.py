"""The schema brought up to date when a store is opened, in one transaction, or the database refused.

An empty database gets the tables of `schema` at once; Alembic is imported only where older ones are to be upgraded.
"""

import logging

from sqlalchemy import Connection, Engine, inspect, text

from monitor.errors import StorageError
from monitor.storage import schema
from monitor.storage.database import name_of, reading, writing
from monitor.storage.led import is_led
from monitor.storage.postgresql import narrow_encoding

HEAD = "0001"
"""The newest revision this program knows; a test holds it equal to the newest file in `migrations`."""

_VERSION_TABLE = (  # as Alembic makes it
    "create table alembic_version (version_num varchar(32) not null, "
    "constraint alembic_version_pkc primary key (version_num))"
)
_LOCK = 7_405_826_101  # any number, as long as nobody else in the database uses it


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables; a database of a newer program, or of another one, is refused."""
    with reading(engine) as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _revision(connection)
        if found == HEAD:  # another process was quicker
            return
        if found is None:
            _create(connection)
        else:
            upgrade(connection, found)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("select version_num from alembic_version")).scalar()
    return found


def _create(connection: Connection) -> None:
    """The tables of today in an empty database, and that they are of today."""
    if inspect(connection).get_table_names():
        raise StorageError(
            f"The database {name_of(connection.engine)} belongs to another program; name another one."
        )
    if refused := narrow_encoding(connection):
        raise StorageError(
            f"The database {name_of(connection.engine)} holds the signs of {refused} only; make one that holds all: "
            "create database NAME template template0 encoding 'UTF8'."
        )
    schema.metadata.create_all(connection, checkfirst=False)
    connection.execute(text(_VERSION_TABLE))
    connection.execute(text("insert into alembic_version values (:head)"), {"head": HEAD})


def upgrade(connection: Connection, found: str | None) -> None:
    """Run the revisions after the one that was found; None: all of them, on an empty database."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "monitor.storage:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StorageError(
            f"The database {name_of(connection.engine)} was written by a newer Metalwatch (its version is {found},"
            f" this program knows up to {HEAD}); upgrade metalwatch, or restore the backup from before."
        )
    if found is not None and is_led(connection):
        raise StorageError(
            f"A daemon of an older Metalwatch works on {name_of(connection.engine)}, whose tables this one would change;"
            " stop every daemon first, also one that stands by."
        )
    command.upgrade(config, "head")
