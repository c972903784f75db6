"""Reading only: connections that cannot write, on both databases."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import make_url

from monitor.errors import StorageError
from monitor.storage.store import Store, open_reader, open_store
from tests.storage.examples import message

NOW = datetime(2024, 3, 1, 22, tzinfo=UTC)


def test_a_reader_sees_what_is_written_and_cannot_write(store: Store, url: str) -> None:
    with closing(open_reader(url)) as reader:
        store.set_meta("name", "value")
        assert reader.meta("name") == "value"

        with pytest.raises(StorageError):
            reader.set_meta("name", "another")
        assert store.meta("name") == "value"


def test_a_reader_reads_where_the_options_of_the_url_say(postgres: Any, postgres_url: str) -> None:
    target = make_url(postgres_url)
    postgres.psql(f"\\c {target.database}\ncreate schema metals;")
    there = target.update_query_dict({"options": "-csearch_path=metals"})
    url = there.render_as_string(hide_password=False)

    with closing(open_store(url)) as store, closing(open_reader(url)) as reader:
        store.set_meta("name", "value")
        assert reader.meta("name") == "value"


def test_a_reader_does_not_hold_up_who_writes(store: Store, url: str) -> None:
    from monitor.storage.database import reading

    with closing(open_reader(url)) as reader, reading(reader.engine) as connection:
        connection.exec_driver_sql("select count(*) from outbox").scalar()
        store.enqueue([message()], now=NOW)
        assert connection.exec_driver_sql("select count(*) from outbox").scalar() == 0, (
            "one state of the database"
        )

    assert len(store.outbox_rows()) == 1


def test_the_newest_messages_come_first_and_those_since_an_instant_in_their_order(store: Store) -> None:
    titles = [f"number {number}" for number in range(4)]
    for number, title in enumerate(titles):
        store.enqueue([message(title=title)], now=NOW.replace(minute=number))

    assert [row.title for row in store.newest_messages(2)] == ["number 3", "number 2"]
    assert [row.title for row in store.messages_since(NOW.replace(minute=2))] == ["number 2", "number 3"]
