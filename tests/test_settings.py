"""What a settings file may say, and how it is told what it may not: all at once, in words that need no Python."""

import re
from pathlib import Path

import pytest

from monitor.config import read_configuration
from monitor.errors import FaultyFileError, UsageError
from monitor.packs import find_packs, read_text
from monitor.yamltext import read_yaml
from tests.support.planting import SECRET, planted


def faults(folder: Path, text: str) -> list[str]:
    file = folder / "s.yml"
    file.write_text(text)
    with pytest.raises(FaultyFileError) as caught:
        read_configuration(file, {})
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_values_of_the_wrong_kind_are_told_as_what_was_expected(tmp_path: Path) -> None:
    text = (
        "database: 5\npacks: precious\nprices: yahoo\nchannels: [console]\npoll: soon\n"
        "status: {host: 1, port: 99999}\nroutes: {a: b}\nnotices: [1, ~]\n"
    )

    assert faults(tmp_path, text) == [
        's.yml:1:11: "database": expected a text; got 5',
        "s.yml:2:8: \"packs\": expected a list; got 'precious'",
        "s.yml:3:9: \"prices\": expected a mapping; got 'yahoo'",
        's.yml:4:11: "channels": expected a mapping; got a list',
        "s.yml:5:7: \"poll\": expected a whole number; got 'soon'",
        's.yml:6:16: "host": expected a text; got 1',
        's.yml:6:25: "port": expected at most 65535; got 99999',
        's.yml:7:9: "routes": expected a list; got a mapping',
        's.yml:8:11: entry 1 of "notices": expected a text; got 1',
        's.yml:8:14: entry 2 of "notices": expected a text; got nothing',
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "1:1: the file: expected a mapping; got a list"),
        (
            "prices: {source: files}",
            '1:9: "prices": the source is files, so `folder:` must say where they are',
        ),
        (
            "status: {host: 0.0.0.0}",
            '1:9: "status": 0.0.0.0 can be reached from other machines; set status.token',
        ),
        (
            "status: {token: abc}",
            '1:17: "token": this is a secret and does not belong here: write env:NAME or',
        ),
        ("heartbeat: console", '1:12: "heartbeat": this is a secret'),
        ("channels: {mail: 'file:'}", '1:18: "mail": an address is a secret'),
        ("channels: {a: {url: console, rate: lots}}", '1:36: "rate": expected a rate such as "20 per hour"'),
        ("database: mysql://me@host/x", '1:11: "database": expected a path, sqlite:///PATH or postgresql://'),
        ("database: postgresql://me:p/w@host/x", '1:11: "database": a password is a secret'),
        ("database: postgresql://a@b:p@host/x", '1:11: "database": a password is a secret'),
        ("database: postgresql://h/x?sslmode=on&Password=p", '1:11: "database": a password is a secret'),
        ("database: sqlite://secret", '1:11: "database": expected a path, sqlite:///PATH or postgresql://'),
        ("packs:\n\t- precious", "2:1: not YAML: a tab at the beginning of the line; indent with spaces"),
    ],
)
def test_what_settings_may_not_say_is_told_with_its_place_and_what_to_do(
    text: str, fault: str, tmp_path: Path
) -> None:
    (found,) = faults(tmp_path, text)

    assert found.startswith(f"s.yml:{fault}")


@pytest.mark.parametrize(
    "database", ["my.db", "sqlite:///my.db", "postgresql:///x?host=/run/postgresql", "postgresql://me@h/x"]
)
def test_a_database_that_can_be_opened_is_right(database: str, tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text(f"database: {database}\n")

    assert read_configuration(tmp_path / "s.yml", {}).settings.database == database


EVERYTHING = """
database: my.db
packs: [precious]
instruments: own.yml
prices: {source: files, folder: prices, yahoo: {endpoint: "http://h", requests_per_minute: 3, path: chart}}
channels:
  console: console
  mail:
    url: env:MAIL
    quiet_hours: {from: "22:00", to: "07:00", zone: Europe/Berlin, except: critical}
    rate: 20 per hour
    delivery: at_most_once
routes:
  - match: {severity: critical, pack: [precious], rule: [gsr-*], instrument: gold, labels: {a: b}, health: false}
    channels: [mail]
  - channels: console
templates: words
digests: [{every: week, at: "08:00", zone: Europe/Berlin, on_day: monday, channels: [mail]}]
notices: [mail]
heartbeat: env:PING
status: {host: 127.0.0.1, port: 8480, token: env:TOKEN}
poll: 15
"""


def test_an_address_in_a_wrong_place_of_the_settings_is_not_repeated(tmp_path: Path) -> None:
    file, told = tmp_path / "s.yml", []
    for text in planted(read_yaml(EVERYTHING, file="s.yml").value):
        file.write_text(text)
        try:
            assert read_configuration(file, {}).address("mail")
        except UsageError as error:
            told.append(str(error))

    assert len([one for one in told if "ntfy://***" in one]) > 150
    assert [one for one in told if SECRET in one] == []


@pytest.mark.parametrize("name", ["ntfy://secret@h", "Mail", "my phone", "1st", "[key]"])
def test_the_name_of_a_channel_is_a_name_like_others(name: str, tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, f"channels: {{'{name}': console}}")

    assert "the name of a channel begins with a small letter" in fault
    assert "secret" not in fault


def test_a_file_that_is_no_text_is_told_with_its_line_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "latin.yml").write_bytes(b"pack: x\nabout: caf\xe9\n")
    (tmp_path / "folder.yml").mkdir()

    with pytest.raises(
        UsageError, match=r"latin\.yml:2: the byte 0xe9 is not UTF-8 text; save the file as UTF-8"
    ):
        read_text(tmp_path / "latin.yml")
    with pytest.raises(UsageError, match=r"folder\.yml: a folder; expected a file"):
        read_text(tmp_path / "folder.yml")


def test_a_folder_without_packs_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=re.escape("empty: no packs in this folder; expected files *.yml")):
        find_packs(["empty"], folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "digests: [{every: day, at: '07:30', zone: UTC, on_day: monday, channels: [mail]}]",
            'entry 1 of "digests": `on_day` is of weekly digests; write `every: week`, or leave it out',
        ),
        (
            "channels: {mail: {url: console, quiet_hours: {from: '22:00', to: '22:00', zone: UTC}}}",
            '"quiet_hours": from 22:00 to 22:00 nothing would wait; expected two times',
        ),
        (
            "digests: [{every: day, at: '07:30', zone: UTC, channels: []}]",
            '"channels": expected at least 1; got an empty list',
        ),
    ],
)
def test_attention_that_would_not_be_what_is_written_is_refused(text: str, told: str, tmp_path: Path) -> None:
    channels = "" if text.startswith("channels") else "channels: {mail: console}\n"

    (fault,) = faults(tmp_path, channels + text)

    assert told in fault
