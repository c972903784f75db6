"""What PostgreSQL needs and SQLite has by nature: one writer at a time, one state for a reader, and plain refusals.

Writers queue up behind an advisory lock, as they do at SQLite's file, so that nothing fails at its last step because
another was quicker.  The same place is where a daemon that no longer leads is stopped: it comes with the epoch in
which it led, and whoever took over since has written a newer one.
"""

from sqlalchemy import URL, Connection, Engine, create_engine, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from monitor.errors import NoLongerLeadingError, StorageError, UsageError
from monitor.storage import schema
from monitor.storage.codec import dumps, loads

EPOCH = "metalwatch_epoch"
"""The option of an engine whose writing is bound to the lead of a daemon."""

WAIT_SECONDS = 5
"""So long a writer waits for another one."""
FROZEN_SECONDS = 10
"""So long a writer may pause in the middle; a process that is frozen there holds up all the others."""

_WRITERS = 740_582_602  # any number, as long as nobody else in the database uses it
"""The first key of their lock; the second is the schema, each of which may hold an installation of its own."""
_QUEUE = f"""
    set local lock_timeout = '{WAIT_SECONDS}s';
    set local idle_in_transaction_session_timeout = '{FROZEN_SECONDS}s';
    select pg_advisory_xact_lock({_WRITERS}, hashtext(current_schema()))
"""

_CONNECTION = {
    "application_name": "metalwatch",
    "client_encoding": "utf8",
    "connect_timeout": WAIT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # a server that vanishes without a word is noticed
}

_OPTIONS = "-c datestyle=ISO"
"""What the driver needs to read instants, whatever server and user are set to."""

_CAUSES = {
    "25006": "may only be read; name the primary server if this one is a replica, or let it be written",
    "28P01": "refuses the password; check the URL of the database, and where its password is kept",
    "28000": "refuses the user; check the URL of the database, and the server's pg_hba.conf",
    "3D000": "is not there; create it, or name another one",
    "42501": "may not be used by this user; grant what is missing, or let the user own the database",
    "53100": "cannot grow because the disk of its server is full; free some space and try again",
    "53300": "takes no more connections; close some, or raise max_connections of the server",
    "55P03": "is being written by another process; let that one finish, or stop it, and try again",
    "25P03": "gave up on this process, which had paused in the middle of writing; try again",
    "57P01": "ended the connection; it will be opened again",
    "57P03": "is not ready yet; wait until its server has started",
}
_AT_THE_DOOR = {
    "password authentication failed": _CAUSES["28P01"],
    "no pg_hba.conf entry": _CAUSES["28000"],
    "does not exist": _CAUSES["3D000"],
    "starting up": _CAUSES["57P03"],
    "shutting down": _CAUSES["57P03"],
    "too many clients": _CAUSES["53300"],
}
"""A server that refuses a connection says why in words only."""


def connect(target: URL, *, options: str = "") -> Engine:
    """An engine whose connections are tried before they are used: a server may have been restarted meanwhile.

    The `options` of a connection come after those of the URL, such as a search path, and do not replace them.
    """
    asked = target.query.get("options", ())
    every = [*([asked] if isinstance(asked, str) else asked), _OPTIONS, options]
    try:
        return create_engine(
            target,
            connect_args={**_CONNECTION, "options": " ".join(filter(None, every))},
            json_serializer=dumps,
            json_deserializer=loads,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as error:
        raise StorageError("PostgreSQL needs its driver; install metalwatch[postgresql].") from error
    except (ArgumentError, ValueError):
        raise UsageError(
            "The database must be postgresql://USER@HOST:PORT/NAME; the options after the ? of its URL cannot be used."
        ) from None


def narrow_encoding(connection: Connection) -> str | None:
    """How the database writes text, where that has no sign for some of what messages may say."""
    if connection.dialect.name != "postgresql":
        return None
    encoding: str = connection.exec_driver_sql("show server_encoding").scalar_one()
    return None if encoding in ("UTF8", "SQL_ASCII") else encoding


def queue_up(connection: Connection, *, bound: bool) -> None:
    """Wait until no other transaction writes; whoever is bound to an epoch that is over is turned away."""
    connection.exec_driver_sql(_QUEUE)
    epoch = connection.get_execution_options().get(EPOCH)
    if epoch is None or not bound:
        return
    found = connection.execute(select(schema.leader.c.epoch)).scalar()
    if found != epoch:
        raise NoLongerLeadingError(
            f"another metalwatch took over this database (epoch {found}, this one led in epoch {epoch});"
            " nothing was written"
        )


def end_frozen_writer(connection: Connection, *, quiet_seconds: int) -> None:
    """End the writer that has been pausing for so long in the middle: it belongs to a process that is frozen."""
    wanted = text(
        "select pg_terminate_backend(writer.pid) from pg_stat_activity writer join pg_locks held using (pid)"
        " where held.locktype = 'advisory' and held.granted and held.objsubid = 2 and held.classid = :lock"
        " and held.objid::bigint = hashtext(current_schema())::bigint & 4294967295"
        " and held.database = writer.datid"
        " and writer.datname = current_database() and writer.state = 'idle in transaction'"
        " and writer.state_change < clock_timestamp() - make_interval(secs => :quiet)"
    )
    connection.execute(wanted, {"lock": _WRITERS, "quiet": quiet_seconds})


def cause(error: DBAPIError) -> str | None:
    """Why the server refused, and what to do; None where only the server's own words tell it."""
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return _CAUSES.get(code)
    said = str(error.orig)
    return next((told for words, told in _AT_THE_DOOR.items() if words in said), None)
