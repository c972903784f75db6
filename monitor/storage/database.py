"""A database behind a URL: connections, transactions that are real, and errors in one line.

SQLite's own driver would begin transactions late and let `create table` escape them, so it is told to
begin none and every `BEGIN` is ours: deferred for reading, immediate for writing, so that a writer waits
at its first step and never fails at its last.  Only Python's sqlite3 may open the file: a second SQLite
library in one process drops the locks of the first, and that loses data.  What PostgreSQL wants otherwise
stands in `postgresql`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from monitor.errors import StorageError, UsageError
from monitor.storage import postgresql
from monitor.storage.codec import dumps, loads

BUSY_SECONDS = 5
"""So long a connection waits for another one's lock."""

READER_SECONDS = 15
"""So long a question of somebody who only reads may take."""

BEGIN = "metalwatch_begin"

_FORMS = "The database must be a path, sqlite:///PATH or postgresql://USER@HOST:PORT/NAME"
"""How every complaint about a URL begins; none repeats it, for it may hold a password."""

_CAUSES = {
    "SQLITE_BUSY": "is locked by another process; let that one finish, or stop it, and try again",
    "SQLITE_LOCKED": "is locked by another process; let that one finish, or stop it, and try again",
    "SQLITE_FULL": "cannot grow because the disk is full; free some space and try again",
    "SQLITE_CORRUPT": "is damaged; restore the backup",
    "SQLITE_NOTADB": "is not a database; restore the backup, or name another file",
    "SQLITE_READONLY": "may not be written; check who owns the file and its folder",
    "SQLITE_PERM": "may not be opened; check who owns the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened; check the path, and who owns the file and its folder",
    "SQLITE_IOERR": "cannot be read or written; check the disk",
}


def connect(url: str) -> Engine:
    """An engine for `postgresql://…`, `sqlite:///PATH` or a path, whose folder is made when missing."""
    target = _target(url)
    if target.get_backend_name() == "postgresql":
        return postgresql.connect(target)
    if target.database:
        _make_folder(Path(target.database))
    engine = create_engine(
        target, connect_args={"timeout": BUSY_SECONDS}, json_serializer=dumps, json_deserializer=loads
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def connect_reader(url: str) -> Engine:
    """An engine whose connections cannot write, and make no file; one that is away is noticed at once."""
    target = _target(url)
    if target.get_backend_name() == "postgresql":
        options = f"-c default_transaction_read_only=on -c statement_timeout={READER_SECONDS}s"
        return postgresql.connect(target, options=options)
    file = f"file:{quote(target.database or '')}"
    engine = create_engine(
        URL.create("sqlite", database=file, query={"mode": "rw", "uri": "true"}),
        connect_args={"timeout": BUSY_SECONDS},
        json_serializer=dumps,
        json_deserializer=loads,
        poolclass=NullPool,
    )
    event.listen(engine, "connect", _prepare_reader)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def name_of(engine: Engine) -> str:
    """What to call the database in a message: its file, or its server and name; no user, password or option."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    named = URL.create("postgresql", host=url.host, port=url.port, database=url.database)
    return named.render_as_string()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database from beginning to end."""
    with told(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine, *, bound: bool = True) -> Iterator[Connection]:
    """A transaction that is written as a whole when the block ends, or not at all; one at a time.

    Through an engine of a daemon that leads no more nothing is written: `NoLongerLeadingError`; unless the writing is
    not `bound` to the lead.
    """
    with told(engine), engine.connect() as connection:
        connection.execution_options(**{BEGIN: "IMMEDIATE"})
        with connection.begin():
            if engine.dialect.name == "postgresql":
                postgresql.queue_up(connection, bound=bound)
            yield connection


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """What the database refuses becomes a `StorageError` that says what to do."""
    try:
        yield
    except IntegrityError:
        raise  # our own mistake, not the database's
    except DBAPIError as error:
        raise StorageError(f"The database {name_of(engine)} {_cause(error)}.") from error


def _target(url: str) -> URL:
    if "://" not in url:
        return URL.create("sqlite", database=str(Path(url).expanduser()))
    try:
        target = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(f"{_FORMS}; its URL cannot be read: look at host and port.") from None
    if target.drivername in ("sqlite", "sqlite+pysqlite"):
        if target.host or target.username or target.query:
            raise UsageError(f"{_FORMS}; after sqlite:/// stands a path alone, and three strokes are needed.")
        return target
    if target.drivername in ("postgresql", "postgresql+psycopg"):
        return _server(target)
    raise UsageError(f"{_FORMS}, not {target.drivername}://.")


def _server(target: URL) -> URL:
    """A URL of PostgreSQL with our driver, whose parts are what they seem to be."""
    if "@" in (target.host or "") or (target.username and "@" in (target.database or "")):
        raise UsageError(f"{_FORMS}; its URL has more than one @; write that of a password as %40.")
    return target.set(drivername="postgresql+psycopg")


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {file.parent} of the database cannot be made ({error.strerror}); name another path."
        ) from error


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    if cursor.execute("PRAGMA journal_mode").fetchone() == ("delete",):  # asked first: a change needs a lock
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _prepare_reader(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(BEGIN, 'DEFERRED')}")


def _cause(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorname", "")
    for name, cause in _CAUSES.items():
        if code == name or code.startswith(f"{name}_"):
            return cause
    if refused := postgresql.cause(error):
        return refused
    said = " ".join(str(error.orig).split())
    return f"could not be used ({said}); check that it can be reached and try again"


def faults(engine: Engine) -> list[str]:
    """What SQLite finds wrong with its file; PostgreSQL keeps its own watch."""
    if engine.dialect.name != "sqlite":
        return []
    with reading(engine) as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check").scalars().all()
    return [str(one) for one in found if one != "ok"]


def free_bytes(engine: Engine) -> int | None:
    """How much room there is where the file is; None where nobody knows."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        return None
    return shutil.disk_usage(Path(path).parent).free
