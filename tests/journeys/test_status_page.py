"""The status page of real processes: beside a daemon that goes on while the database is away, and by itself."""

import json
import re
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.process import Home, Running, home

SETTINGS = """\
database: data/metalwatch.db
packs: [own.yml]
poll: 1
prices: {source: sample}
status: {port: 0, token: "env:METALWATCH_TOKEN"}
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
    severity: critical
"""
TOKEN = "a token that nobody guesses"


@pytest.fixture
def place(tmp_path: Path) -> Home:
    (tmp_path / "own.yml").write_text(PACK)
    return home(tmp_path, SETTINGS, METALWATCH_TOKEN=TOKEN)


def page(base: str, path: str, token: str = TOKEN) -> tuple[int, str]:
    where = urlsplit(base)
    with closing(HTTPConnection(where.hostname or "", where.port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def judged(base: str) -> str:
    """The session in which the rule was judged last; empty where nobody can say."""
    code, said = page(base, "/api/v1/rules")
    return str(json.loads(said)["rules"][0]["session"] or "") if code == 200 else ""


def base_of(daemon: Running) -> str:
    daemon.wait_until(lambda: "http://127.0.0.1:" in daemon.log.read_text())
    found = re.search(r"http://127\.0\.0\.1:\d+", daemon.log.read_text())
    assert found is not None
    return found[0]


def test_a_page_asked_while_the_database_is_away_says_so_and_the_daemon_keeps_judging(place: Home) -> None:
    folder, elsewhere = place.folder / "data", place.folder / "elsewhere"
    with place.daemon("--clock", "2020-03-10T17:00-04:00,x28800") as daemon:
        base = base_of(daemon)
        daemon.wait_until(lambda: judged(base) > "")
        before = judged(base)
        assert page(base, "/api/v1/status", "a wrong token, but long")[0] == 401

        folder.rename(elsewhere)
        daemon.wait_until(
            lambda: page(base, "/data")[0] == 503
        )  # what was read a moment ago holds for a moment
        said = page(base, "/data")[1]
        assert "The database cannot be read now." in said
        assert str(place.folder) not in said
        assert page(base, "/healthz")[0] == 200

        elsewhere.rename(folder)
        daemon.wait_until(lambda: page(base, "/data")[0] == 200)
        daemon.wait_until(lambda: judged(base) > before)
        assert daemon.stop() == 0

    log = daemon.log.read_text()
    assert "page cannot be shown" in log
    assert TOKEN not in log


def test_a_page_is_served_without_a_daemon_and_ends_at_a_signal(place: Home) -> None:
    place.command("once", "--clock", "2020-03-13T18:00-04:00")
    command = [sys.executable, "-m", "monitor", "serve", "--clock", "2020-03-13T18:05-04:00"]
    with subprocess.Popen(
        command, cwd=place.folder, env=dict(place.environment), stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdout is not None
        base = serving.stdout.readline().split()[2]
        assert "own/stress" in page(base, "/")[1]
        assert page(base, "/", "a wrong token, but long")[0] == 303
        serving.terminate()
        assert serving.wait(timeout=30) in (0, -15)


def test_what_others_could_read_needs_a_token(place: Home) -> None:
    settings = place.folder / "metalwatch.yml"
    settings.write_text(SETTINGS.replace("{port: 0, ", "{port: 0, host: 0.0.0.0, ").replace(TOKEN, ""))

    unset = place.command("serve", METALWATCH_TOKEN="")
    settings.write_text(SETTINGS[: SETTINGS.index("status:")] + "status: {host: 0.0.0.0}\n")
    open_to_all = place.command("run")

    assert (unset.returncode, open_to_all.returncode) == (2, 2)
    assert (
        "status.token: the environment variable METALWATCH_TOKEN is not set; set it to the token"
        in unset.stderr
    )
    assert "0.0.0.0 can be reached from other machines; set status.token" in open_to_all.stderr
    assert "Traceback" not in unset.stderr + open_to_all.stderr


def test_a_port_that_is_taken_is_told_in_one_line(place: Home) -> None:
    from monitor.status.server import listen

    with listen("127.0.0.1", 0, None) as taken:
        port = taken.getsockname()[1]
        refused = place.command("serve", "--port", str(port))

    assert refused.returncode == 3
    assert f"the status page cannot listen on 127.0.0.1:{port} (Address already in use)" in refused.stderr
