import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, select, text

from monitor.errors import StorageError, UsageError
from monitor.storage import database, migrate, schema
from monitor.storage.database import reading, writing
from monitor.storage.leading import leading
from monitor.storage.migrate import HEAD, upgrade
from monitor.storage.store import Store, open_store
from tests.storage.examples import NOW, RULE, bar, bars, judged, memory, message, transition

ROOT = Path(__file__).parents[2]


def test_the_migrations_build_the_tables_of_the_schema(url: str) -> None:
    engine = database.connect(url)
    with writing(engine) as connection:
        upgrade(connection, None)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()

    assert differences == []


def test_a_new_database_has_the_tables_that_the_migrations_build(tmp_path: Path) -> None:
    open_store(str(tmp_path / "new.db")).close()
    grown = database.connect(str(tmp_path / "grown.db"))
    with writing(grown) as connection:
        upgrade(connection, None)
    grown.dispose()

    new, old = (_definitions(tmp_path / name) for name in ("new.db", "grown.db"))

    assert new == old
    assert len(new) > 20


def _definitions(file: Path) -> dict[str, str]:
    """What a database says of each of its tables and indices, as it was told to make them."""
    with closing(sqlite3.connect(file)) as found:
        rows = found.execute("select name, coalesce(sql, '') from sqlite_master").fetchall()
    return {name: re.sub(r"\s*([(),])\s*", r"\1", " ".join(sql.lower().split())) for name, sql in rows}


def test_a_new_database_knows_the_version_of_its_tables(store: Store) -> None:
    with reading(store.engine) as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalars().all() == [HEAD]


def test_the_newest_revision_is_the_one_the_program_names() -> None:
    config = Config()
    config.set_main_option("script_location", "monitor.storage:migrations")

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_store_is_opened_again_as_it_was_left(url: str) -> None:
    first = open_store(url)
    first.commit(judged(transition()), now=NOW)
    first.close()

    again = open_store(url)

    assert len(again.transitions()) == 1
    again.close()


def test_neither_making_nor_opening_a_store_imports_alembic(tmp_path: Path) -> None:
    file = tmp_path / "metalwatch.db"
    look = "import sys; from monitor.storage.store import open_store; [open_store(sys.argv[1]).close() for _ in range(2)]; print('alembic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", look, str(file)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_two_processes_may_make_the_same_database_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from monitor.storage.store import open_store; open_store(sys.argv[1]).set_meta('a', 'b')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "metalwatch.db")]

    together = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]

    assert [(one.communicate()[1], one.returncode) for one in together] == [("", 0)] * 2


def test_a_database_of_a_newer_program_is_refused_in_one_line(store: Store) -> None:
    with writing(store.engine) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(
        StorageError, match=r"newer Metalwatch.*9999.*0001.*upgrade metalwatch, or restore"
    ) as refused:
        open_store(store.engine.url.render_as_string(hide_password=False))

    assert "\n" not in str(refused.value)
    assert store.name in str(refused.value)


def test_tables_are_not_upgraded_under_a_daemon_that_leads(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    monkeypatch.setattr(migrate, "HEAD", "0002")  # as if this program knew one more

    with (
        leading(store, holder="old", since=NOW),
        pytest.raises(
            StorageError,
            match=r"an older Metalwatch works on .*; stop every daemon first, also one that stands by",
        ),
    ):
        open_store(url)

    open_store(url).close()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("create table photos (id integer)")
    other.close()

    with pytest.raises(StorageError, match=r"other\.db belongs to another program"):
        open_store(str(file))


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "100%.db"

    open_store(f"sqlite:///{file}").close()

    assert file.exists()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite+aiosqlite:///x.db", "what://"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"a path, sqlite:///PATH or postgresql://"):
        open_store(url)


def test_a_folder_in_place_of_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be opened; check the path"):
        open_store(str(tmp_path))


def test_a_file_in_place_of_a_folder_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match=r"cannot be made .* name another path"):
        open_store(str(tmp_path / "file" / "metalwatch.db"))


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "metalwatch.db"
    file.write_text("gold: 2,000\n" * 500)

    with pytest.raises(StorageError, match=r"metalwatch\.db is not a database; restore the backup"):
        open_store(str(file))


def test_a_damaged_file_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "metalwatch.db"
    store = open_store(str(file))
    store.add_bars(bar(), seen_at=NOW, source="files")
    store.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)

    with pytest.raises(StorageError, match=r"is damaged; restore the backup"):
        open_store(str(file))


def test_a_full_disk_is_told_in_one_line_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "metalwatch.db"))
    with writing(store.engine) as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")

    with pytest.raises(StorageError, match=r"the disk is full; free some space"):
        store.set_meta("long", "x" * 100_000)

    assert store.meta("long") is None
    store.close()


def test_a_locked_database_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store = open_store(str(tmp_path / "metalwatch.db"))
    other = sqlite3.connect(tmp_path / "metalwatch.db", isolation_level=None)
    other.execute("begin immediate")

    with pytest.raises(StorageError, match=r"locked by another process; let that one finish"):
        store.set_meta("a", "b")
    assert store.meta("a") is None  # reading goes on

    other.execute("rollback")
    store.set_meta("a", "b")
    other.close()
    store.close()


def test_an_unreachable_server_is_told_in_one_line_without_its_password() -> None:
    with pytest.raises(StorageError, match=r"try again") as refused:
        open_store("postgresql://ann:s3cret-word@127.0.0.1:1/metals")

    assert "\n" not in str(refused.value)
    assert "s3cret-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        ("encoding 'SQL_ASCII' locale 'C'", ""),
        (
            "",
            "alter database {name} set datestyle = 'German, DMY'; alter database {name} set timezone = 'Asia/Tokyo';",
        ),
        ("", "alter database {name} set client_encoding = 'LATIN1';"),
    ],
)
def test_instants_and_all_signs_come_back_however_the_server_is_set(
    postgres: Any, made: str, asked: str
) -> None:
    name = f"test_{uuid4().hex}"
    postgres.psql(f"create database {name} template template0 {made};\n{asked.format(name=name)}")
    store = open_store(str(postgres.get_uri(database=name)))
    store.add_bars(bars(bar()), seen_at=NOW, source="files")
    store.enqueue([message(title="Silber unter 20 €")], now=NOW)

    [row] = store.outbox_rows()
    assert (row.title, row.created_at) == ("Silber unter 20 €", NOW)
    assert len(store.bars(instruments=["silver"], interval="1d")) == 1
    store.close()


def test_a_database_that_has_no_sign_for_some_of_what_is_told_is_refused_in_one_line(postgres: Any) -> None:
    name = f"test_{uuid4().hex}"
    postgres.psql(f"create database {name} template template0 encoding 'LATIN1' locale 'C';")

    with pytest.raises(StorageError, match=r"the signs of LATIN1 only; .* encoding 'UTF8'"):
        open_store(str(postgres.get_uri(database=name)))


def test_a_server_that_may_only_be_read_is_told_in_one_line(postgres: Any, postgres_url: str) -> None:
    store = open_store(postgres_url)
    postgres.psql(f"alter database {make_url(postgres_url).database} set default_transaction_read_only = on;")
    store.engine.dispose()

    with pytest.raises(StorageError, match="may only be read; name the primary server"):
        store.set_meta("a", "b")
    store.close()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://ann:s3cret-word@127.0.0.1:1/metals", "postgresql://127.0.0.1:1/metals"),
        ("postgresql://127.0.0.1:1/metals?password=s3cret-word", "postgresql://127.0.0.1:1/metals"),
        ("postgresql:///metals?host=/run/x&password=s3cret-word", "postgresql:///metals"),
        ("postgresql+psycopg://ann@[::1]:1/metals?sslpassword=s3cret-word", "postgresql://[::1]:1/metals"),
    ],
)
def test_a_server_is_called_by_its_host_port_and_database_only(url: str, name: str) -> None:
    for open_it in (database.connect, database.connect_reader):
        assert database.name_of(open_it(url)) == name


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3@cret-word@127.0.0.1:1/metals",
        "postgresql://ann:s3@cret/wo:rd@127.0.0.1/metals",
    ],
)
def test_a_password_with_a_sign_that_parts_urls_is_told_how_to_be_written(url: str) -> None:
    with pytest.raises(UsageError, match=r"more than one @; .* %40") as refused:
        open_store(url)

    assert "cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cret-word@127.0.0.1:port/metals",
        "postgresql://ann:s3cret-word@[::1/metals",
        "postgresql://ann:s3cret-word@h:/metals",
        "postgresql://h/metals?host=a:1&host=b:s3cret-word",
        "postgresql://h/metals?plugin=s3cret-word",
        "sqlite://s3cret-word",
        "sqlite://ann:s3cret-word@host/x.db",
        "sqlite:///x.db?timeout=s3cret-word",
    ],
)
def test_a_url_that_cannot_be_read_is_told_in_one_line_that_does_not_repeat_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for open_it in (database.connect, database.connect_reader):
        with pytest.raises(UsageError, match=r"must be .*postgresql://USER@HOST") as refused:
            open_it(url)

        assert "\n" not in str(refused.value)
        assert "s3cret-word" not in str(refused.value)


def test_sqlite_is_told_to_keep_what_it_acknowledged(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "metalwatch.db"))

    with reading(store.engine) as connection:
        found = [
            connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    assert found == ["wal", 2, 1, 5000]
    store.close()


def test_creating_a_table_is_part_of_its_transaction(store: Store) -> None:
    def stop_half_way() -> None:
        with writing(store.engine) as connection:
            connection.execute(text("create table half (a integer)"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        stop_half_way()

    with reading(store.engine) as connection:
        assert not connection.dialect.has_table(connection, "half")


def test_a_reader_sees_one_state_while_another_writes(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "metalwatch.db"))
    wanted = select(schema.meta.c.value)

    with reading(store.engine) as connection:
        before = connection.execute(wanted).all()
        store.set_meta("a", "b")
        assert connection.execute(wanted).all() == before == []

    assert store.meta("a") == "b"
    store.close()


def test_instants_come_back_in_utc_and_naive_ones_are_refused(store: Store) -> None:
    tokyo = datetime(2026, 1, 30, 7, 5, tzinfo=timezone(timedelta(hours=9)))
    store.commit(judged(transition()), now=tokyo)

    (recorded,) = store.transitions()

    assert recorded.recorded_at == tokyo
    assert recorded.recorded_at.tzinfo is UTC
    with pytest.raises(Exception, match="needs a time zone"):
        store.commit(judged(transition(instance="mp")), now=tokyo.replace(tzinfo=None))


JUDGE = """
    import itertools, sys
    from datetime import timedelta
    from monitor.storage.records import Judged
    from monitor.storage.store import open_store
    from tests.storage.examples import DAY, NOW, RULE, judged, memory, transition

    store = open_store(sys.argv[1])
    for number in itertools.count():
        session = DAY + timedelta(days=number)
        one = judged(transition(session=session))
        memories = {(RULE, None): memory(session)}
        store.commit(Judged(memories=memories, decided=one.decided, messages=one.messages), now=NOW)
        print(session, flush=True)
"""


def test_a_kill_loses_nothing_that_was_acknowledged_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    file = tmp_path / "metalwatch.db"
    command = [sys.executable, "-c", textwrap.dedent(JUDGE), str(file)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as judge:
        assert judge.stdout is not None
        acknowledged = [line.strip() for line, _ in zip(judge.stdout, range(30), strict=False)]
        os.kill(judge.pid, signal.SIGKILL)
        acknowledged += [line.strip() for line in judge.stdout if line.endswith("\n")]

    store = open_store(str(file))
    written = [one.transition for one in store.transitions()]
    assert len(acknowledged) >= 30
    assert {*acknowledged} <= {str(one.session) for one in written}
    assert {(one.id,) for one in written} == {row.transitions for row in store.outbox_rows()}
    assert store.memories() == {(RULE, None): memory(written[0].session)}
    store.close()
