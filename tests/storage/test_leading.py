import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from monitor.errors import NoLongerLeadingError, StorageError
from monitor.storage import leading as module
from monitor.storage import postgresql
from monitor.storage.database import connect, writing
from monitor.storage.leading import NAME, leader, leading, only_one
from monitor.storage.records import Leader
from monitor.storage.store import Store, open_store
from tests.storage.examples import NOW, judged, transition


@pytest.fixture
def pair(postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """Two doors to one PostgreSQL, as two daemons have them."""
    stores = open_store(postgres_url), open_store(postgres_url)
    yield stores
    for store in stores:
        store.close()


def end_lead(store: Store) -> None:
    """What a server does with a connection that stays quiet, or that an administrator ends."""
    with writing(store.engine) as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = :name and datname = current_database()"
            ),
            {"name": NAME},
        )


def test_one_leads_and_the_other_does_not_until_the_first_has_ended(pair: tuple[Store, Store]) -> None:
    first, second = pair
    with leading(first, holder="one", since=NOW) as held:
        assert held is not None
        with leading(second, holder="two", since=NOW) as refused:
            assert refused is None
        assert leader(second) == Leader(epoch=1, holder="one", since=NOW, leads=True)

    assert leader(second) == Leader(epoch=1, holder="one", since=NOW, leads=False)
    with leading(second, holder="two", since=NOW) as taken:
        assert taken is not None
        assert taken.epoch == 2


def test_whoever_lost_the_lead_learns_of_it_and_writes_nothing_any_more(pair: tuple[Store, Store]) -> None:
    first, second = pair
    with leading(first, holder="one", since=NOW) as old:
        assert old is not None
        end_lead(second)
        assert old.lost.wait(5)
        with leading(second, holder="two", since=NOW) as new:
            assert new is not None
            writes: list[Callable[[], object]] = [
                lambda: old.store.set_meta("a", "old"),
                lambda: old.store.commit(judged(transition()), now=NOW),
                lambda: old.store.claim(now=NOW, lease=NOW - NOW, channel="mail"),
            ]
            for write in writes:
                with pytest.raises(
                    NoLongerLeadingError, match=r"took over .*epoch 2, this one led in epoch 1"
                ):
                    write()
            new.store.set_meta("a", "new")

    assert second.meta("a") == "new"
    assert second.transitions() == []


def test_a_message_that_was_sent_is_sent_also_when_its_sender_leads_no_more(
    pair: tuple[Store, Store],
) -> None:
    first, second = pair
    with leading(first, holder="one", since=NOW) as old:
        assert old is not None
        old.store.commit(judged(transition()), now=NOW)
        channel = old.store.outbox_rows()[0].channel
        row = old.store.claim(now=NOW, lease=NOW - NOW, channel=channel)
        assert row is not None
        end_lead(second)
        assert old.lost.wait(5)
        with leading(second, holder="two", since=NOW):
            assert old.store.settle_sent(row, now=NOW)

    assert second.channels_due(now=NOW) == []


def test_commands_of_people_write_whoever_leads(pair: tuple[Store, Store]) -> None:
    first, second = pair
    with leading(first, holder="one", since=NOW):
        second.set_meta("a", "typed")

    assert first.meta("a") == "typed"


def test_a_command_that_cannot_wait_is_refused_while_a_daemon_leads(pair: tuple[Store, Store]) -> None:
    first, second = pair
    with (
        leading(first, holder="one", since=NOW),
        pytest.raises(StorageError, match="another metalwatch is running on"),
        only_one(second, holder="two", since=NOW),
    ):
        pass
    with only_one(second, holder="two", since=NOW) as store:
        store.set_meta("a", "b")


def test_a_second_one_on_a_file_is_refused_and_nobody_is_said_to_lead(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "metalwatch.db"))
    with (
        leading(store, holder="one", since=NOW),
        pytest.raises(StorageError, match="another metalwatch is running on"),
        leading(store, holder="two", since=NOW),
    ):
        pass
    assert leader(store) is None
    store.close()


def test_a_lock_that_cannot_be_opened_is_told_in_one_line(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "metalwatch.db"))
    (tmp_path / "metalwatch.db.lock").mkdir()

    with (
        pytest.raises(StorageError, match=r"metalwatch\.db\.lock cannot be opened .* check who owns it"),
        leading(store, holder="one", since=NOW),
    ):
        pass
    store.close()


def test_writers_on_a_server_wait_for_each_other_so_that_no_version_is_numbered_twice(
    pair: tuple[Store, Store],
) -> None:
    first, second = pair
    with writing(first.engine) as connection:
        waiting = threading.Thread(target=second.set_meta, args=("a", "second"))
        waiting.start()
        connection.execute(text("insert into meta values ('a', 'first')"))
    waiting.join()

    assert first.meta("a") == "second"


def test_a_writer_that_waits_too_long_says_so(
    pair: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    monkeypatch.setattr(postgresql, "_QUEUE", postgresql._QUEUE.replace("5s", "50ms"))
    with writing(first.engine), pytest.raises(StorageError, match="is being written by another process; let"):
        second.set_meta("a", "b")


def test_a_database_that_cannot_be_reached_is_told_in_one_line(pair: tuple[Store, Store]) -> None:
    first, second = pair
    with writing(second.engine) as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                " and datname = current_database()"
            )
        )
    gone = replace(first, engine=connect("postgresql://ann@127.0.0.1:1/metals"))

    with pytest.raises(StorageError, match="try again"), leading(gone, holder="one", since=NOW):
        pass
    with leading(first, holder="one", since=NOW) as held:  # its connections are tried before they are used
        assert held is not None
    gone.close()


def test_a_process_that_is_frozen_in_the_middle_of_writing_holds_up_no_takeover(
    pair: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    monkeypatch.setattr(module, "QUIET_SECONDS", 1)

    def write_and_freeze() -> None:
        with writing(first.engine) as frozen, leading(second, holder="two", since=NOW) as held:
            assert held is not None
            held.store.set_meta("a", "b")
            frozen.execute(text("insert into meta values ('a', 'frozen')"))

    with pytest.raises(StorageError, match="ended the connection"):
        write_and_freeze()
    assert second.meta("a") == "b"


def test_installations_in_two_schemas_of_one_database_lead_both(postgres: Any, postgres_url: str) -> None:
    target = make_url(postgres_url)
    postgres.psql(f"\\c {target.database}\ncreate schema copper;")
    there = target.update_query_dict({"options": "-csearch_path=copper"}).render_as_string(
        hide_password=False
    )
    with (
        closing(open_store(postgres_url)) as first,
        closing(open_store(there)) as second,
        leading(first, holder="one", since=NOW) as one,
        leading(second, holder="two", since=NOW) as two,
    ):
        assert one is not None
        assert two is not None
        assert leader(first) == Leader(epoch=1, holder="one", since=NOW, leads=True)
        assert leader(second) == Leader(epoch=1, holder="two", since=NOW, leads=True)
