"""What `backtest` prints of evidence: short intervals, and closes that are no price."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.backtest.spans import LegSpan, Reproduction
from monitor.cli.evidence import _between, _write, show_spans
from monitor.errors import UsageError

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


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.038, 0.205, "+3.8..+20.5"), (-0.119, 1.132, "-12..+113"), (0.0, 0.0, "+0.0..+0.0")],
)
def test_an_interval_fits_its_column(low: float, high: float, text: str) -> None:
    assert _between(low, high) == text


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
