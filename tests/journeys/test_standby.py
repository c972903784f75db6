"""Two daemons on one PostgreSQL, as processes: one works, the other stands by and takes over."""

import signal
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from monitor.storage.leading import NAME
from monitor.storage.store import open_store
from tests.support.process import Home, Running, home

SETTINGS = """\
database: env:DATABASE
packs: [own.yml]
poll: 1
prices: {source: sample}
"""
PACK = """\
pack: own
about: One rule.
metrics:
  gsr: gold / silver
rules:
  stress:
    when: gsr > 100
    clear_when: gsr < 95
"""
TUESDAY = "2020-03-10T18:00-04:00,x60"
A_WEEK_LATER = "2020-03-18T18:00-04:00,x60"
END = "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}' and application_name like '{name}';"
"""Other tests have databases on the same server."""


def place(folder: Path, url: str) -> Home:
    folder.mkdir()
    (folder / "own.yml").write_text(PACK)
    return home(folder, SETTINGS, DATABASE=url)


def logged(daemon: Running, text: str, *, times: int = 1) -> None:
    daemon.wait_until(lambda: daemon.log.read_text().count(text) >= times)


def test_the_other_takes_over_after_a_freeze_a_lost_connection_and_a_kill(
    tmp_path: Path, postgres: Any, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    one, two = place(tmp_path / "one", postgres_url), place(tmp_path / "two", postgres_url)
    with one.daemon("--clock", TUESDAY) as first:
        logged(first, "cycle")
        with two.daemon("--clock", A_WEEK_LATER) as second:
            logged(second, "standing by")
            shown = two.command("status", "--clock", TUESDAY).stdout
            assert f"pid {first.process.pid} leads since" in " ".join(shown.split())

            first.process.send_signal(signal.SIGSTOP)
            logged(second, "'2020-03-18']")  # what was missed is judged, and told once
            first.process.send_signal(signal.SIGCONT)
            logged(first, "the lead is lost")
            logged(first, "standing by")

            postgres.psql(END.format(database=name, name=NAME))
            logged(first, "epoch=3")
            logged(second, "standing by", times=2)

            first.kill()
            logged(second, "epoch=4")

            # The database goes away and comes back: what was left to do is done then.
            everybody = END.format(database=name, name=f"{NAME.split()[0]}%")
            postgres.psql(f"alter database {name} allow_connections false;\n{everybody}")
            logged(second, "the database can be used again")
            postgres.psql(f"alter database {name} allow_connections true;")
            logged(second, "epoch=5")
            assert second.stop() == 0

    store = open_store(postgres_url)
    assert {row.attempts for row in store.outbox_rows()} == {1}
    assert store.memories()["own/stress", None].state.session == date(2020, 3, 18)
    store.close()
    told = first.log.read_text() + second.log.read_text()
    assert told.count("stress: gsr 104.8 > 100, 2020-03-13") == 1
