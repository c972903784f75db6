"""What notebooks import: the README's example runs, and `import monitor` alone costs next to nothing."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import monitor
from monitor.backtest import run
from monitor.prices.sample import sample_bars
from tests.support.process import ROOT


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of prices under the working folder."""
    folder = tmp_path / "prices"
    folder.mkdir()
    for name in ("gold", "silver"):
        own = sample_bars().filter(pl.col("instrument") == name)
        own.select(pl.col("session").alias("date"), "close").write_csv(folder / f"{name}.csv")
    monkeypatch.chdir(tmp_path)
    return folder


def test_importing_it_loads_no_library() -> None:
    loaded = "import monitor, sys; print({'polars', 'pydantic', 'yaml', 'numpy', 'monitor.engine'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_example_of_the_readme_runs(prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)

    exec(compile(text, "README.md", "exec"), {})

    assert "precious/gsr-high: " in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_observing_and_replaying_is_what_a_backtest_does(prices: Path) -> None:
    rules = monitor.load_rules("precious")
    bars = monitor.read_prices("prices", rules)
    states, transitions = monitor.replay(monitor.observe(rules, bars), {})

    assert len(states) == len(rules.instances)
    assert [one.id for one in transitions] == [
        one.transition.id for one in run(rules, bars).decided if one.transition.kind.value != "still_open"
    ]
    assert monitor.backtest.run is run


def test_what_is_odd_about_prices_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_text("date,close\n2024-01-02,100\n2024-01-06,101\n")

    with pytest.warns(UserWarning, match="gold"):
        bars = monitor.read_prices(tmp_path)
    assert bars["session"].to_list()[0] == date(2024, 1, 2)


def test_a_name_that_is_not_there_is_told_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'monitor' has no attribute 'nothing'"):
        monitor.nothing  # noqa: B018 - asking is the point
    assert dir(monitor) == sorted(monitor.__all__)
