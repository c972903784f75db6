"""A sweep: each combination is the rule written so, choices are told where they had no part, and p knows of all."""

import json
import math
import os
import random
import signal
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from monitor.backtest import run, workers
from monitor.backtest.sweeping import Plan, Swept, out_of_sample, sentences, sweep
from monitor.backtest.watch import unwatched
from monitor.cli.app import app_of
from monitor.cli.options import rate_of
from monitor.engine import opens
from monitor.errors import FaultyFileError, MonitorError, UsageError
from monitor.rulefile.choosing import Choices, choices_of
from tests.support.made_up import CATALOGUE, made
from tests.support.rules import pack

T = TypeVar("T")
COUNT = 1_500
PACK = """\
pack: p
about: made up
metrics: {mean: "sma(gold, window)", far: gold / mean}
rules:
  r:
    params:
      window: {from: 5, to: 15, step: 5, default: 10}
      top: [1%, 2%, 3%, -1%]
      hold: [1, 2]
    when: change(gold, 1) > top and far > 1
    for: hold bars
    clear_when: change(gold, 1) < 0.5%
    study: silver
  plain: {when: gold > 1000}
"""


def walk(seed: int) -> list[float]:
    dice, level, values = random.Random(seed), 100.0, []
    for _ in range(COUNT):
        level *= math.exp(dice.gauss(0.0001, 0.015))
        values.append(level)
    return values


BARS = made({"gold": walk(1), "silver": walk(2)})


@pytest.fixture(scope="module", autouse=True)
def after_all_of_them() -> Iterator[None]:
    """A clock set beyond the last of these bars: files are read up to now, and no test depends on today."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METALWATCH_CLOCK", "2030-01-01T00:00+00:00")
        yield


def choices(text: str = PACK, rule: str | None = None) -> Choices:
    return choices_of(text, file="p.yml", catalogue=CATALOGUE, rule=rule)


def swept(text: str = PACK, *, target: float | None = None, windows: int = 4) -> Swept:
    plan = Plan(choices=choices(text), windows=windows, target=target)
    return sweep(plan, BARS, processes=1, watch=unwatched)


DONE = swept()


def by_hand(
    window: int, top: str, hold: int
) -> tuple[list[date], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The opens of the rule written so, and the returns of silver after them."""
    rule = f"r: {{when: 'change(gold, 1) > {top} and far > 1', for: {hold} bars, clear_when: 'change(gold, 1) < 0.5%'}}"
    book = pack(rule, metrics=f"mean: sma(gold, {window})\nfar: gold / mean")
    found = opens(run(book, BARS).tracks[0])
    own = BARS.filter(pl.col("instrument") == "silver")
    closes, sessions = own["close"].to_numpy(), own["session"].to_list()
    rows = [sessions.index(day) for day in found]
    return found, np.array([closes[r + 64] / closes[r + 1] - 1 for r in rows if r + 64 < COUNT])


@pytest.mark.parametrize(
    ("window", "top", "hold"), [(5, "1%", 1), (10, "2%", 1), (15, "1%", 2), (10, "3%", 1)]
)
def test_a_combination_is_the_rule_that_is_written_so(window: int, top: str, hold: int) -> None:
    found, returns = by_hand(window, top, hold)
    (one,) = [t for t in DONE.tried if [v.number for v in t.values] == [window, float(top[0]), hold]]

    assert (one.whole.opens, one.whole.count) == (len(found), len(returns))
    assert one.whole.mean == pytest.approx(returns.mean() if len(returns) else None)
    closes = BARS.filter(pl.col("instrument") == "silver")["close"].to_numpy()
    usual = np.mean(closes[64:] / closes[1:-63] - 1)
    if len(returns):
        assert one.whole.edge == pytest.approx(returns.mean() - usual)


def test_every_combination_is_tried_once_and_those_that_make_no_rule_say_why() -> None:
    assert len(DONE.tried) == DONE.choices.count == 24
    assert len({one.values for one in DONE.tried}) == 24
    assert {one.fault for one in DONE.tried if one.values[1].number > 0} == {None}

    rule = (
        "r: {params: {top: [1%, -1%]}, when: 'change(gold, 1) > top', clear_when: 'change(gold, 1) < 0.5%'}"
    )
    fits, faulty = swept(f"pack: p\nabout: made up\nrules:\n  {rule}\n").tried
    assert fits.fault is None
    assert "both fire and clear" in str(faulty.fault)
    assert faulty.whole.opens == 0


def test_the_rule_runs_with_its_defaults_everywhere_else() -> None:
    as_read = choices().rulebook.find("p/r")[0]
    as_chosen = choices().instances(choices().defaults)[0]

    assert as_read.semantic_hash == as_chosen.semantic_hash
    assert as_read.levels[0].dwell.bars == 1
    assert as_read.levels[0].when_text == "change(gold, 1) > 1 % and far > 1"
    assert "n=10" in as_read.inputs[1].key


def test_the_p_of_the_best_knows_of_all_that_were_tried() -> None:
    best = DONE.best()
    singly = [one.p for one, _ in best]

    assert all(p is None or together >= p for p, (_, together) in zip(singly, best, strict=True))
    assert best[0][1] == min(p for p in DONE.adjusted if p is not None)
    alone = swept(
        PACK.replace("{from: 5, to: 15, step: 5, default: 10}", "[10]")
        .replace("[1%, 2%, 3%, -1%]", "[1%]")
        .replace("[1, 2]", "[1]")
    )
    assert alone.adjusted == (alone.tried[0].p,)


def test_what_one_window_chose_is_told_in_the_next_and_returns_stay_inside() -> None:
    windows, steps = DONE.windows, DONE.steps

    assert [step.chosen_in for step in steps] == list(windows[:-1])
    assert [step.told_in for step in steps] == list(windows[1:])
    assert all((b.first - a.last).days == 1 for a, b in pairwise(windows))
    for number, step in enumerate(steps):
        scores = [abs(s) for one in DONE.tried if (s := one.windows[number].score) is not None]
        assert step.before is not None
        assert step.before.score is not None
        assert abs(step.before.score) == max(scores)
        assert step.chosen is not None
        assert step.after == step.chosen.windows[number + 1]
    for one in DONE.tried:
        assert sum(w.opens for w in one.windows) == one.whole.opens
        assert sum(w.count for w in one.windows) <= one.whole.count
    total, edge = out_of_sample(DONE)
    assert total > 0
    assert edge is not None


def test_the_future_of_a_window_has_no_part_in_its_choice() -> None:
    last = DONE.windows[-1].first
    poisoned = BARS.with_columns(
        close=pl.when(pl.col("session") >= last).then(pl.col("close") * 3).otherwise(pl.col("close"))
    )
    plan = Plan(choices=choices(), windows=4)
    other = sweep(plan, poisoned, processes=1, watch=unwatched)

    assert [step.chosen and step.chosen.values for step in other.steps] == [
        step.chosen and step.chosen.values for step in DONE.steps
    ]
    assert [step.before for step in other.steps] == [step.before for step in DONE.steps]


def test_a_target_chooses_among_about_so_many_alerts_only() -> None:
    done = swept(target=8.0)

    for step in done.steps:
        assert step.before is None or abs(step.before.opens - 8 * step.before.years) <= 2 * step.before.years
    nothing = swept(target=200.0)
    assert {step.chosen for step in nothing.steps} == {None}
    assert any("no choice to report" in text for text in sentences(nothing))


def test_rates_are_of_the_time_in_which_a_combination_and_each_member_had_answers() -> None:
    late = BARS.filter((pl.col("instrument") == "gold") | (pl.col("session") >= date(2026, 1, 1)))
    rule = "r: {params: {n: [1, 300]}, for_each: metals, when: 'change(it, n) > 3%', study: it}"
    wanted = choices(f"pack: p\nabout: made up\nrules:\n  {rule}\n")

    done = sweep(Plan(choices=wanted, windows=2), late, processes=1, watch=unwatched)

    for one, days in zip(done.tried, (1, 300), strict=True):
        gold, silver = (
            BARS["session"].unique().sort().to_list(),
            late.filter(pl.col("instrument") == "silver")["session"],
        )
        years = sum((own[-1] - own[days]).days + 1 for own in (gold, silver)) / 2 / 365.25
        assert done.rate(one) == pytest.approx(one.whole.opens / years)
        assert sum(each.years for each in one.windows) == pytest.approx(years)


def test_a_sweep_that_is_ended_early_is_of_what_was_tried_and_says_so() -> None:
    def first_only(items: Sequence[T], _what: str) -> Iterable[T]:
        return items[:1]

    wide = choices(PACK.replace("{from: 5, to: 15, step: 5", "{from: 5, to: 50, step: 5"))
    done = sweep(Plan(choices=wide, windows=4), BARS, processes=1, watch=first_only)

    assert len(done.tried) == 50
    assert done.unfinished == "50 of 80 combinations were tried, p and choices are of those"


def test_without_a_study_or_an_alert_it_says_that_only_rates_are_told() -> None:
    silent, never = swept(PACK.replace("    study: silver\n", "")), swept(PACK.replace("far > 1", "far > 9"))

    assert list(sentences(silent)) == ['the rule names no instrument under "study": only rates are told']
    assert list(sentences(never)) == ["no combination has an alert with a known return: only rates are told"]
    assert {one.whole.opens for one in never.tried} == {0}


def test_a_few_alerts_are_never_called_more_than_luck() -> None:
    quiet = [10.0 if row in (200, 900) else 1.0 for row in range(COUNT)]
    jumps = [3.0 if 200 < row <= 270 or 900 < row <= 970 else 2.0 for row in range(COUNT)]
    rising = [level * (1 + (row - 200) % 700 / 10) if level > 2 else level for row, level in enumerate(jumps)]
    rule = "r: {params: {top: [5, 6]}, when: gold > top, study: silver}"
    wanted = Plan(choices=choices(f"pack: p\nabout: made up\nrules:\n  {rule}\n"))

    done = sweep(wanted, made({"gold": quiet, "silver": rising}), processes=1, watch=unwatched)

    first, second = sentences(done)
    assert done.adjusted[0] is not None
    assert done.adjusted[0] < 0.05
    assert first.startswith("the best of 2 combinations is no evidence, and this one is an anecdote of 2: ")
    assert second == "walk-forward had no choice to report: no window had 3 known returns"


def test_a_rule_is_named_where_several_have_parameters_and_told_where_it_has_none() -> None:
    several = PACK.replace("plain: {when: gold > 1000}", "more: {params: {top: [1, 2]}, when: gold > top}")

    assert choices(several, "more").count == 2
    for text, rule, expected in (
        (several, None, "2 rules have parameters; name one: r, more"),
        (PACK, "plain", "no parameters to try"),
        (PACK, "plane", 'no rule "plane"; did you mean "plain"?'),
    ):
        with pytest.raises(FaultyFileError, match=expected.replace("?", r"\?")):
            choices(text, rule)


def test_a_group_a_ladder_and_a_rule_that_asks_about_another_are_swept() -> None:
    each = (
        "each: {params: {up: [2%, 4%]}, for_each: metals, study: it, levels: "
        "{info: {when: 'change(it, 1) > up'}, critical: {when: 'change(it, 1) > up * 2'}}}"
    )
    asks = "asks: {params: {days: [5, 10]}, when: sessions_since(fired(plain)) < days, study: silver}"
    text = f"pack: p\nabout: made up\nrules:\n  {each}\n  {asks}\n  plain: {{when: 'change(gold, 1) > 3%'}}\n"
    found = {
        rule: sweep(Plan(choices=choices(text, rule), windows=3), BARS, processes=1, watch=unwatched)
        for rule in ("each", "asks")
    }

    book = pack("each: {for_each: metals, when: 'change(it, 1) > 4%'}")
    assert found["each"].tried[1].whole.opens == sum(len(opens(track)) for track in run(book, BARS).tracks)
    assert found["each"].study == "each member"
    assert all(one.whole.opens for one in found["asks"].tried)


def test_history_too_short_for_its_windows_is_refused() -> None:
    with pytest.raises(UsageError, match="too short for 40 windows"):
        swept(windows=40)


@pytest.mark.parametrize(("text", "rate"), [("4/year", 4.0), ("1/month", 12.0), ("0.5 / year", 0.5)])
def test_a_rate_is_so_many_a_year(text: str, rate: float) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize("text", ["4", "year", "0/year", "4/day", "-1/year"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no rate of alerts"):
        rate_of(text)


# --- the command, and where it is worked out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("swept")
    for name in ("gold", "silver"):
        own = BARS.filter(pl.col("instrument") == name)
        own.select(pl.col("session").alias("date"), "close").write_csv(place / f"{name}.csv")
    (place / "p.yml").write_text(PACK)
    (place / "wide.yml").write_text(PACK.replace("{from: 5, to: 15, step: 5", "{from: 5, to: 255, step: 5"))
    return place


def command(folder: Path, pack: str, *arguments: str) -> str:
    done = CliRunner().invoke(
        app_of(), ["sweep", str(folder / pack), "--prices", str(folder), "--windows", "4", *arguments]
    )
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


@pytest.fixture(scope="module")
def in_one_process(folder: Path) -> str:
    return command(folder, "wide.yml", "--json", "--processes", "1")


def test_one_process_and_two_write_the_same_bytes(folder: Path, in_one_process: str) -> None:
    assert json.loads(in_one_process)["combinations"] == 408
    assert command(folder, "wide.yml", "--json", "--processes", "2") == in_one_process


DIES = """\
import os, signal, sys
if "spawn_main" in " ".join(sys.orig_argv):
    try:
        os.mkdir(os.environ["DIED"])
    except FileExistsError:
        pass
    else:
        os.kill(os.getpid(), signal.SIGKILL)
"""
"""A process that begins to measure is killed before it has read what to measure; those after it are not."""


def test_a_process_killed_while_it_starts_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: object) -> None:
        raise TimeoutError("it waits for a process that is dead")

    (tmp_path / "sitecustomize.py").write_text(DIES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(workers, "SMALL", 1)
    before = signal.signal(signal.SIGALRM, too_long)
    try:
        for number in range(5):
            monkeypatch.setenv("DIED", str(tmp_path / f"died{number}"))
            signal.alarm(30)
            with pytest.raises(MonitorError, match=r"was ended from outside .* fewer --processes"):
                sweep(Plan(choices=choices(), windows=4), BARS, processes=2, watch=unwatched)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_dask_writes_the_same_bytes(folder: Path, in_one_process: str) -> None:
    pytest.importorskip("distributed", reason="the extra `sweep` is not installed")

    assert command(folder, "wide.yml", "--json", "--engine", "dask", "--processes", "2") == in_one_process


def test_people_read_tables_sentences_and_a_heat_map(folder: Path) -> None:
    text = command(folder, "p.yml", "--chart", str(folder / "heat.svg"), "--target", "10/year")

    words = " ".join(text.split())
    assert max(map(len, text.splitlines()[1:])) <= 80
    assert "r: 24 combinations (window 3, top 4, hold 2)." in words
    assert "is no evidence: on random dates with the same spacing the best of as many" in words
    assert "Walk-forward: 4 windows of" in words
    assert "Alerts a year" in (folder / "heat.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--chart", "heat.gif"], "a heat map is written as .png, .svg, .html"),
        (["--engine", "ray"], 'no engine "ray": local, dask, or dask:tcp://host:8786'),
        (["--chart", "nowhere/heat.svg"], "there is no folder nowhere"),
        (["--engine", "dask:somewhere"], '"somewhere" is no address of a Dask scheduler'),
        (["--from", "2029-09-03"], "too short for 6 windows"),
        (["--from", "2030-01-01"], "no session from 2030-01-01 on; the last one is 2029-09-28"),
        (["--target", "often"], '"often" is no rate of alerts'),
    ],
)
def test_what_cannot_be_done_is_told(folder: Path, arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(app_of(), ["sweep", str(folder / "p.yml"), "--prices", str(folder), *arguments])

    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
