"""A secret that is planted in the addresses of channels shows nowhere: no output, no log, no byte of the database."""

from pathlib import Path

import pytest

from tests.support.process import home
from tests.support.receivers import closed_port, mail_receiver, web_receiver

SECRET = "Hunter2"
SETTINGS = """\
database: mw.db
packs: [precious]
prices: {source: sample}
heartbeat: env:PING
channels: {hook: env:HOOK, mail: env:MAIL, gone: env:GONE, wrong: env:WRONG}
"""


def test_a_secret_in_the_address_of_a_channel_shows_nowhere(tmp_path: Path) -> None:
    with web_receiver(script=[503, 401, "drop"]) as web, mail_receiver(password="right") as mail:
        place = home(
            tmp_path,
            SETTINGS.replace(", wrong: env:WRONG", ""),
            HOOK=f"json://ann:{SECRET}a@127.0.0.1:{web.port}/{SECRET}b?+X-Key={SECRET}c",
            MAIL=mail.url(user=f"{SECRET}d", password=f"{SECRET}e"),
            GONE=f"json://127.0.0.1:{closed_port()}/{SECRET}f",
            PING=f"http://127.0.0.1:{closed_port()}/{SECRET}g",
        )
        with place.daemon("--clock", "2020-03-12T18:00-04:00,x60") as daemon:
            daemon.wait_until(lambda: "heartbeat was not taken" in daemon.log.read_text())
            daemon.wait_until(lambda: daemon.log.read_text().count("delivered") > 0)
            assert daemon.stop() == 0
        ran = [
            place.command(*words.split(), METALWATCH_CLOCK="2020-03-12T19:00-04:00")
            for words in ("once", "status", "explain gsr-stress", "alerts", "channels test", "doctor")
        ]
        (tmp_path / "metalwatch.yml").write_text(SETTINGS, encoding="utf-8")
        ran += [place.command("once", WRONG=f"json://127.0.0.1/{SECRET}h?optional=yes")]

    said = "".join(one.stdout + one.stderr for one in ran) + daemon.log.read_text()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("mw.db*"))
    assert 'channel "wrong": remove "optional=" from the URL: it would report a failure as success' in said
    assert "refused" in said  # the reasons are told
    assert SECRET.lower() not in said.lower()
    assert SECRET.lower().encode() not in stored.lower()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (f"postgresql://127.0.0.1:1/db?password={SECRET}", 3),
        (f"postgresql://ann:{SECRET}@127.0.0.1:1/db", 3),
        (f"postgresql://ann:{SECRET}@{SECRET}@127.0.0.1:1/db", 2),
        (f"postgresql://ann:{SECRET}@127.0.0.1:port/db", 2),
        (f"postgresql://ann:{SECRET}@[::1/db", 2),
        (f"sqlite://{SECRET}", 2),
    ],
)
def test_a_secret_in_the_url_of_the_database_is_not_repeated(url: str, code: int, tmp_path: Path) -> None:
    place = home(tmp_path, "database: env:DBU\nprices: {source: sample}\n", DBU=url)

    for command in ("status", "doctor", "once"):
        done = place.command(command)

        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert SECRET.lower() not in (done.stdout + done.stderr).lower()
