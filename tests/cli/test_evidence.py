"""What `backtest` prints of evidence: short intervals, and closes that are no price."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.backtest import measure, run
from monitor.backtest.chance import Interval
from monitor.backtest.figures import Figures
from monitor.backtest.forward import Unmeasured
from monitor.backtest.spans import LegSpan, Reproduction
from monitor.backtest.values import Chance, Naive, Outcome
from monitor.cli.evidence import HEADINGS, _rows, _write, show_evidence, show_spans
from monitor.cli.screen import table
from monitor.errors import UsageError
from tests.support.made_up import made
from tests.support.rules import pack

LEG = LegSpan(
    instrument="oil",
    source="oil.csv",
    basis="future",
    unit="USD/bbl",
    first=None,
    last=None,
    bars=9,
    missing=0,
    extra=0,
    quarantined=0,
    unpriced=1,
    repaired=0,
)
LINE = Reproduction(command="metalwatch backtest", version="1", rules="a", data="b", seed=1)


def outcome(horizon: int, *, low: float, high: float, mean: float = 0.105) -> Outcome:
    sample = Figures(count=10, mean=mean, median=mean, hit_rate=0.5, worst=-0.2, worst_path=-0.3)
    return Outcome(
        horizon=horizon,
        unmeasured=Unmeasured(),
        episodes=sample,
        baseline=sample,
        random=None,
        chance=Chance(
            p_higher=0.25,
            p_lower=0.75,
            p_two_sided=0.5,
            p_adjusted=1.0,
            random_low=-0.1,
            random_high=0.1,
        ),
        interval=Interval(low, high, 1),
        t=-1.5,
        naive=Naive(sessions=0, mean=None, t=None),
        effective=10.0,
        overlap=0.0,
        without_best=sample,
        halves=(),
        regimes=(),
    )


@pytest.mark.parametrize(
    ("wide", "told"),
    [
        (outcome(63, low=-0.01, high=0.05, mean=0.05), ["-1.2..+0.4", "-1.0..+5.0"]),
        (outcome(63, low=-0.01, high=0.155), ["-1..+0", "-1..+16"]),
        (outcome(63, low=-0.119, high=1.132), ["-1..+0", "-12..+113"]),
    ],
)
def test_no_interval_is_broken_in_a_table_of_80_columns(
    wide: Outcome, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _rows([outcome(5, low=-0.012, high=0.004, mean=0.05), wide])

    table(HEADINGS, rows, right=range(len(HEADINGS)))

    lines = [line for line in capsys.readouterr().out.splitlines() if ".." in line]
    assert [next(word for word in line.split() if ".." in word) for line in lines] == told
    assert max(map(len, lines)) <= 80


def test_closes_that_are_no_price_are_told_and_of_a_leg_without_any_nothing_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_spans([LEG, replace(LEG, instrument="gold", unpriced=0)], LINE, audited=1)

    told = " ".join(capsys.readouterr().out.split())
    assert "oil: 1 close not above zero: no price, and no return begins or ends there." in told
    assert "gold: " not in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_report_for_which_the_disk_has_no_room_is_told() -> None:
    with pytest.raises(UsageError, match="/dev/full: cannot be written: No space left on device"):
        _write(Path("/dev/full"), b"PAR1")


def test_one_episode_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    bars = made({"gold": [9.0 if row == 50 else 1.0 + row % 7 / 10 for row in range(200)]})

    show_evidence(measure(run(pack("r: {when: gold > 5, study: gold}"), bars), bars))

    assert "At 63: 1 episode worth 1.0 where windows overlap" in capsys.readouterr().out
