"""`migrate` and `backup` as people type them: a history moves to PostgreSQL and back, and out of a backup."""

import json
from pathlib import Path

import pytest
from sqlalchemy import make_url

from monitor.storage.leading import leading
from monitor.storage.store import open_store
from tests.storage.examples import NOW
from tests.support.process import Home, home

SETTINGS = """\
database: {database}
packs: [precious]
prices: {{source: sample}}
"""
WHEN = "2020-03-13T18:00-04:00"
LATER = "2020-03-16T18:00-04:00"


@pytest.fixture
def place(tmp_path: Path, postgres_url: str) -> Home:
    """A home in which one evening was watched, on SQLite; DATABASE is an empty PostgreSQL."""
    around = home(tmp_path, SETTINGS.format(database="metalwatch.db"), DATABASE=postgres_url)
    done = around.command("once", "--clock", WHEN)
    assert done.returncode == 0, done.stderr
    return around


def status(place: Home, database: str) -> object:
    (place.folder / "metalwatch.yml").write_text(SETTINGS.format(database=database))
    shown = json.loads(place.command("status", "--json", "--clock", WHEN).stdout)
    shown.pop("leader")
    return shown


def test_a_history_moves_to_postgresql_and_out_of_a_backup_back_to_a_file(place: Home) -> None:
    before = status(place, "metalwatch.db")

    moved = place.command("migrate", "sqlite:metalwatch.db", "env:DATABASE")

    assert moved.returncode == 0, moved.stderr
    assert "rows copied to postgresql" in " ".join(moved.stdout.split())
    assert status(place, "env:DATABASE") == before
    assert "no new session" in place.command("once", "--clock", WHEN).stdout
    copied = json.loads(place.command("backup", "backup.db", "--json").stdout)
    assert copied["rows"]["bar_version"] > 9000
    back = place.command("migrate", "sqlite:backup.db", "sqlite:restored.db", "--json")
    assert json.loads(back.stdout)["rows"] == copied["rows"]
    assert status(place, "restored.db") == before
    assert place.command("backup", "backup.db").returncode == 2
    for database in ("env:DATABASE", "restored.db"):
        status(place, database)
        assert "1 new session judged" in place.command("once", "--clock", LATER).stdout


def test_what_stands_in_the_way_of_a_migration_is_told_in_one_line(place: Home, postgres_url: str) -> None:
    wrong = str(
        make_url(postgres_url)
        .set(username="ann", password="s3cret-word")
        .render_as_string(hide_password=False)
    )
    newer, other = open_store(str(place.folder / "newer.db")), open_store(str(place.folder / "other.db"))
    with newer.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    newer.close()
    cases = {
        ("sqlite:typo.db", "env:DATABASE"): (2, "there is no database"),
        ("metalwatch.db", "sqlite:metalwatch.db"): (2, "both databases are the same one"),
        ("metalwatch.db", "env:WRONG"): (3, "refuses the password; check the URL"),
        ("newer.db", "env:DATABASE"): (3, "was written by a newer Metalwatch"),
        ("metalwatch.db", "mysql://host/name"): (2, "must be a path, sqlite:///PATH or postgresql://"),
        ("metalwatch.db", "env:NOT_SET"): (2, "the environment variable NOT_SET is not set"),
        ("other.db", "metalwatch.db"): (2, "is not empty (alert_state: "),
    }
    for (source, target), (code, told) in cases.items():
        done = place.command("migrate", source, target, WRONG=wrong)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert told in done.stderr
        assert "s3cret-word" not in done.stderr + done.stdout

    with leading(other, holder="a daemon", since=NOW):
        running = place.command("migrate", "other.db", "env:DATABASE")
    other.close()
    assert (running.returncode, "another metalwatch is running on" in running.stderr) == (3, True)
