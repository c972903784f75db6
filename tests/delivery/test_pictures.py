"""The picture of a message is drawn when it is sent, and one that cannot be drawn does not stop its message."""

from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import polars as pl
import pytest

from monitor.alerts import Severity
from monitor.charts import Drawing, packed
from monitor.delivery.channel import apprise_channel
from monitor.delivery.outbox import deliver_due
from monitor.delivery.pictures import picture_of
from monitor.messages import PICTURE, Form, Message
from monitor.storage.records import Owed
from monitor.storage.store import Store, open_store
from tests.support.receivers import mail_receiver

NOW = datetime(2026, 1, 30, 19, tzinfo=UTC)
CHART = packed(
    Drawing(
        title="ratio: gsr",
        unit="",
        frame=pl.DataFrame({"session": [date(2026, 1, 29), date(2026, 1, 30)], "value": [88.0, 91.0]}),
    )
)
MESSAGE = Message(
    channel="mail",
    session=date(2026, 1, 30),
    severity=Severity.WARNING,
    title="WARNING ratio: gsr 91 > 90, 2026-01-30",
    body=f"<p>Ratio 91</p>\n{PICTURE}\n<p>files | ref 12345678</p>",
    transitions=(),
    key="1" * 32,
    form=Form.MAIL,
    chart=CHART,
)


def mailed(store: Store, message: Message) -> EmailMessage:
    """The mail that really arrives."""
    store.enqueue([message], now=NOW)
    with mail_receiver() as mail:
        channel = apprise_channel("mail", mail.url("ann@example.org"))
        done = deliver_due(store, {"mail": channel}, now=lambda: NOW, jitter=lambda: 0.0)
        assert done.sent == 1
        (received,) = mail.received
    return received.content


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'pictures.db'}")


def parts(mail: EmailMessage) -> dict[str, EmailMessage]:
    return {part.get_content_type(): part for part in mail.walk()}


def test_a_mail_shows_its_picture_where_its_text_says_and_has_a_plain_text_without_it(store: Store) -> None:
    found = parts(mailed(store, MESSAGE))

    picture = found["image/png"]
    assert picture.get_content().startswith(b"\x89PNG")
    assert f"cid:{picture['Content-ID'].strip('<>')}" in found["text/html"].get_content()
    assert "Ratio 91" in found["text/plain"].get_content()
    assert "cid:" not in found["text/plain"].get_content()


def test_a_picture_that_cannot_be_drawn_is_named_and_the_message_comes_without_it(store: Store) -> None:
    found = parts(mailed(store, replace(MESSAGE, chart={"title": "what is this"})))

    assert "image/png" not in found
    assert "(no chart: KeyError" in found["text/html"].get_content()
    assert "<img" not in found["text/html"].get_content()
    assert store.outbox_rows()[0].status is Owed.SENT


def test_a_message_without_a_chart_has_no_picture_and_no_excuse(store: Store) -> None:
    store.enqueue([replace(MESSAGE, chart=None)], now=NOW)

    assert picture_of(store.outbox_rows()[0]) == (None, "")
