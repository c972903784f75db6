"""What a command loads: nothing heavy before it is known which one, and later only what it cannot do without."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "alembic", "altair", "apprise", "apscheduler", "exchange_calendars", "jinja2", "numpy", "pandas",
    "polars", "pydantic", "rich", "sqlalchemy", "ta", "yaml", "yfinance",
}  # fmt: skip


def test_help_the_version_and_a_wrong_option_load_nothing_heavy() -> None:
    look = f"import sys, monitor.cli.app as a; a.app_of(); print(*sorted({HEAVY!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


SETTINGS = """\
database: metalwatch.db
packs: [precious]
prices: {source: sample}
channels: {console: {url: console}}
routes: [{channels: [console]}]
"""
NEVER = {"altair", "apprise", "pandas", "ta", "yfinance"}
DAEMON = {"apscheduler", "monitor.daemon", "structlog"}
JUDGING = {"monitor.engine", "monitor.judge", "numpy"}
POSTGRESQL = {"psycopg", "sqlalchemy.dialects.postgresql"}
DATABASE = {"alembic", "monitor.delivery.outbox", "sqlalchemy"}


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [("check", NEVER | DAEMON | DATABASE | JUDGING), ("status", NEVER | DAEMON | POSTGRESQL)],
)
def test_a_command_that_only_looks_loads_neither_the_daemon_nor_what_it_does_not_open(
    command: str, unneeded: set[str], tmp_path: Path
) -> None:
    (tmp_path / "metalwatch.yml").write_text(SETTINGS, encoding="utf-8")
    look = (
        f"import sys; sys.argv = ['metalwatch', {command!r}]\n"
        "from monitor.cli import main\n"
        "try: main()\n"
        f"finally: sys.stderr.write('loaded: ' + ' '.join(sorted({unneeded!r} & set(sys.modules))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr.rpartition("loaded:")[2].split() == []
