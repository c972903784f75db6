"""What `backtest` prints of evidence: short intervals, and closes that are no price."""

from dataclasses import replace

import pytest

from monitor.backtest.spans import LegSpan, Reproduction
from monitor.cli.evidence import _between, show_spans

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
