"""`metalwatch backtest` tells evidence: a sentence and a table for people, all of it for machines, rows in a file."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

from monitor.backtest import run
from monitor.backtest.values import ROWS
from monitor.cli.episodes import show_episodes
from tests.support.made_up import made
from tests.support.process import Home, home
from tests.support.rules import pack

PACK = """
pack: own
about: made up
rules:
  high: {when: gold > 1.05, clear_when: gold < 1.02, study: silver}
  unstudied: {when: gold > 1.06, clear_when: gold < 1.02}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("evidence")
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2023, 12, 31), eager=True).alias("date")
    days = days.filter(days.dt.weekday() <= 5)
    rows = pl.int_range(len(days), eager=True)
    frame = pl.DataFrame(days).with_columns(
        gold=pl.when((rows % 97).is_between(60, 62)).then(1.1).otherwise(1.0),
        silver=100 + rows % 31 + rows / 10,
    )
    for name in ("gold", "silver"):
        frame.select("date", pl.col(name).alias("close")).write_csv(folder / f"{name}.csv")
    (folder / "own.yml").write_text(PACK)
    return home(folder, "prices: {source: sample}\n")


ARGUMENTS = ("backtest", "own.yml", "--prices", ".")


def test_people_read_a_sentence_and_a_table_in_80_columns(place: Home) -> None:
    done = place.command(*ARGUMENTS, "--to", "2023-06-30")

    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert re.search(
        r"own/high: \d+ episodes.*: silver [+-]\d.* after 63 sessions against .* any session: ", text
    )
    assert "own/unstudied: " in text
    assert re.search(
        r"one for each channel and session: console \d\.\d a month, busiest 20\d\d-\d\d with", text
    )
    assert 'names no instrument under "study"' in text
    assert re.search(r"after n mean any median hits any worst interval t p adj", text)
    assert "true sessions would be wrong, they overlap" in text
    assert "thresholds moved by 5 or 10 % give" in text
    assert "Made by: metalwatch backtest own.yml --prices . --to 2023-06-30 # version" in text


def test_machines_read_all_of_it_and_the_same_command_writes_the_same_bytes(
    place: Home, tmp_path: Path
) -> None:
    files = tmp_path / "one.parquet", tmp_path / "two.parquet"
    pages = tmp_path / "one.html", tmp_path / "two.html"
    options = ("--json", "--budget", "0.1/month")
    one, other = (
        place.command(
            *ARGUMENTS, *options, "--parquet", str(file), "--html", str(page), POLARS_MAX_THREADS=threads
        )
        for file, page, threads in zip(files, pages, ("1", "2"), strict=True)
    )

    assert one.returncode == 1, one.stderr
    over = r"^over budget: console has 0\.\d\d messages a month on average, 0.1/month was allowed; the busiest month"
    assert re.search(over, one.stderr, re.MULTILINE)
    assert one.stdout == other.stdout
    assert files[0].read_bytes() == files[1].read_bytes()
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert pages[0].read_text(encoding="utf-8").count("<svg ") == 2 * 2 * 2 + 1
    told = json.loads(one.stdout)
    assert {"alerts", "evidence", "legs", "made_by", "tests", "audited", "messages"} <= told.keys()
    assert told["over_budget"] == [line for line in one.stderr.splitlines() if line.startswith("over budget")]
    assert [leg["source"] for leg in told["legs"]] == ["gold.csv", "silver.csv"]
    assert [outcome["horizon"] for outcome in told["evidence"][0]["outcomes"]] == [5, 20, 63, 126]
    rows = pl.read_parquet(files[0])
    assert rows.columns == list(ROWS)
    assert set(rows["rule"]) == {"own/high", "own/unstudied"}
    assert not any(rows.select(pl.selectors.float().is_nan().any()).row(0))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            ("backtest", "own.yml", "--from", "2030-01-01"),
            "no session from 2030-01-01 on; the last one is 2023-12-29",
        ),
        (
            ("backtest", "own.yml", "--to", "1990-01-01"),
            "no session up to 1990-01-01; the first one is 2020-01-01",
        ),
        (("diff", "own.yml", "own.yml", "--from", "2030-01-01"), "no session from 2030-01-01 on"),
        (
            ("calibrate", "own.yml:high", "--target", "4/year", "--from", "2030-01-01"),
            "no session from 2030-01-01 on",
        ),
    ],
)
def test_a_span_without_a_session_is_refused_with_the_session_nearest_to_it(
    place: Home, command: tuple[str, ...], told: str
) -> None:
    done = place.command(*command, "--prices", ".")

    assert (done.returncode, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.split())


@pytest.mark.parametrize(("option", "name"), [("--parquet", "rows.parquet"), ("--html", "page.html")])
def test_a_file_that_cannot_be_written_is_told(place: Home, tmp_path: Path, option: str, name: str) -> None:
    done = place.command(*ARGUMENTS, "--to", "2020-06-30", option, str(tmp_path / "none" / name))

    assert done.returncode == 2
    assert re.search(rf"{name}: cannot be written: ", done.stderr)


def test_rows_of_the_future_are_left_out_as_an_import_leaves_them_out(place: Home, tmp_path: Path) -> None:
    for name in ("gold", "silver"):
        text = (place.folder / f"{name}.csv").read_text(encoding="utf-8")
        (tmp_path / f"{name}.csv").write_text(text + "2099-01-05,1.1\n", encoding="utf-8")
    arguments = ("backtest", "own.yml", "--prices", str(tmp_path), "--json")

    done = place.command(*arguments)
    earlier = place.command(*arguments, METALWATCH_CLOCK="2022-01-03T12:00-05:00")
    imported = place.command("prices", "import", str(tmp_path / "gold.csv"), "--dry-run")

    warning = "warning: gold (gold.csv): dated in the future, left out (1): 2099-01-05"
    assert warning in done.stderr
    assert warning in imported.stderr
    assert json.loads(done.stdout)["span"]["last"] == "2023-12-29"
    assert json.loads(earlier.stdout)["span"]["last"] == "2021-12-31"


def test_the_median_of_two_episodes_lies_between_them(capsys: pytest.CaptureFixture[str]) -> None:
    high = [9.0, 1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 1.0]  # Monday to Tuesday, then Monday to Friday

    show_episodes(run(pack("r: {when: gold > 5}"), made({"gold": high})), "made up")

    (row,) = (line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("   r "))
    assert row[-1] == "2.5"


def test_the_end_of_an_edge_is_nothing_that_was_withheld(capsys: pytest.CaptureFixture[str]) -> None:
    often = made({"gold": [1.0, 9.0, 1.0, 9.0, 1.0, 9.0, 1.0]})
    rule = "r: {when: gold > 5, mode: edge, cooldown: 3 days}"

    show_episodes(run(pack(rule), often), "made up")

    assert "2 alerts sent, 1 withheld by a cooldown." in capsys.readouterr().out
