"""Who leads: of the daemons on one database one judges and delivers.

On SQLite a lock beside the file refuses a second one.  On PostgreSQL the others stand by: the lead is an advisory lock
of a connection that is kept for it alone.  The server ends that connection when it is lost, and also when it stays
quiet for three seconds because its process is frozen; then another takes the lead, and raises the epoch.  Every write
of a daemon is bound to the epoch in which it led (`postgresql.queue_up`), so that one that wakes up writes nothing.
"""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Engine, select, text

from monitor.errors import StorageError
from monitor.storage import schema
from monitor.storage.database import reading, told, writing
from monitor.storage.led import LEAD, lock_file
from monitor.storage.postgresql import EPOCH, end_frozen_writer
from monitor.storage.records import Leader
from monitor.storage.store import Store

if TYPE_CHECKING:
    from psycopg import Connection

    Session = Connection[tuple[Any, ...]]

QUIET_SECONDS = 3
"""After so long without a sign of life the server gives the lead to another."""
PING_SECONDS = 0.5
NAME = "metalwatch lead"
"""What the server calls the connection that holds the lead."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The lead of a database, while it lasts."""

    store: Store
    """The database; what is written through it is bound to this lead."""
    epoch: int = 0
    lost: threading.Event = field(default_factory=threading.Event)
    """Set when the lead is gone."""


def may_stand_by(store: Store) -> bool:
    """Whether a second daemon may wait for the lead; one on SQLite is refused."""
    return store.engine.dialect.name == "postgresql"


@contextmanager
def leading(store: Store, *, holder: str, since: datetime) -> Iterator[Lead | None]:
    """Take the lead, if nobody has it, until the block ends; None where another has it.  On SQLite that is refused."""
    if not may_stand_by(store):
        with _locked(store):
            yield Lead(store)
        return
    with told(store.engine):
        session = _claimed(store.engine)
    if session is None:
        yield None
        return
    over, lost = threading.Event(), threading.Event()
    keeper: threading.Thread | None = None
    try:
        epoch = _begun(store.engine, holder, since)
        keeper = threading.Thread(target=_keep, args=(session, lost, over), name="lead", daemon=True)
        keeper.start()
        bound = store.engine.execution_options(**{EPOCH: epoch})
        yield Lead(replace(store, engine=bound), epoch, lost)
    finally:
        over.set()
        if keeper is not None:
            keeper.join()
        _give_up(session)


@contextmanager
def only_one(store: Store, *, holder: str, since: datetime) -> Iterator[Store]:
    """The lead for a command that does not wait for it; StorageError where another has it."""
    with leading(store, holder=holder, since=since) as lead:
        if lead is None:
            raise _taken(store)
        yield lead.store


def leader(store: Store) -> Leader | None:
    """Who leads, or led last; None where nobody ever did, and on SQLite."""
    if not may_stand_by(store):
        return None
    with reading(store.engine) as connection:
        row = connection.execute(select(schema.leader)).mappings().one_or_none()
        free = connection.execute(text(f"select pg_try_advisory_xact_lock_shared({LEAD})")).scalar_one()
    if row is None:
        return None
    return Leader(epoch=row["epoch"], holder=row["holder"], since=row["since"], leads=not free)


def _claimed(engine: Engine) -> "Session | None":
    """A connection of its own that holds the lock; it is never given back to the pool, but closed."""
    pooled = engine.connect()
    session = cast("Session", pooled.connection.driver_connection)
    pooled.detach()
    try:
        session.autocommit = True
        session.execute(f"set application_name = '{NAME}'")
        session.execute(f"set idle_session_timeout = '{QUIET_SECONDS}s'")
        row = session.execute(f"select pg_try_advisory_lock({LEAD})").fetchone()
        if row == (True,):
            return session
    except BaseException:
        session.close()
        raise
    session.close()
    return None


def _give_up(session: "Session") -> None:
    """Unlock first: the server notices the end of a connection a little later."""
    from psycopg import Error

    with suppress(Error):
        session.execute(f"select pg_advisory_unlock({LEAD})")
    session.close()


def _begun(engine: Engine, holder: str, since: datetime) -> int:
    """The next epoch: from here on nobody of an earlier one can write."""
    table = schema.leader
    with reading(engine) as connection:
        end_frozen_writer(connection, quiet_seconds=QUIET_SECONDS - 1)
    with writing(engine) as connection:
        epoch: int = (connection.execute(select(table.c.epoch)).scalar() or 0) + 1
        schema.upsert(connection, table, [{"one": 1, "epoch": epoch, "holder": holder, "since": since}])
    return epoch


def _keep(session: "Session", lost: threading.Event, over: threading.Event) -> None:
    """Give signs of life until the block is over or the connection is gone."""
    from psycopg import Error

    while not over.wait(PING_SECONDS):
        try:
            session.execute("select 1")
        except Error:
            lost.set()
            return


@contextmanager
def _locked(store: Store) -> Iterator[None]:
    """Hold the lock beside the file of the database."""
    path = lock_file(store.engine)
    if path is None:
        yield
        return
    try:
        opened = path.open("w")
    except OSError as error:
        raise StorageError(
            f"the lock {path} cannot be opened ({error.strerror}); check who owns it and its folder"
        ) from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _taken(store) from None
        yield


def _taken(store: Store) -> StorageError:
    return StorageError(f"another metalwatch is running on {store.name}; stop it, or use another database")
