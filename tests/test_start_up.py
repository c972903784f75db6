"""What a command loads before it is known which one: nothing heavy, so that help and errors come at once."""

import subprocess
import sys

HEAVY = {
    "alembic", "altair", "apprise", "apscheduler", "exchange_calendars", "jinja2", "lark", "numpy", "pandas", "pint",
    "polars", "pydantic", "rich", "sqlalchemy", "ta", "yaml", "yfinance",
}  # fmt: skip


def test_help_the_version_and_a_wrong_option_load_nothing_heavy() -> None:
    look = f"import sys, monitor.cli.app; print(*sorted({HEAVY!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
