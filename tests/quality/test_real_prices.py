"""Real prices: every known defect is found, and no genuine day is lost.  The tables: `tests/quality/report.py`."""

from pathlib import Path

import polars as pl
import pytest

from monitor.instruments import Catalogue
from monitor.quality import Kind, Release, judge_history, revisions
from tests.quality.real import CHOSEN_ON, DEFECTS, TRIED_ON, found_in, half, load, truth
from tests.quality.report import Trial


@pytest.fixture(scope="module")
def chosen(real_prices: Path, catalogue: Catalogue) -> dict[str, pl.DataFrame]:
    return half(real_prices, CHOSEN_ON, catalogue)


@pytest.fixture(scope="module")
def tried(real_prices: Path, catalogue: Catalogue) -> dict[str, pl.DataFrame]:
    return half(real_prices, TRIED_ON, catalogue)


@pytest.fixture(scope="module", params=["chosen on", "tried on"])
def trial(
    request: pytest.FixtureRequest,
    chosen: dict[str, pl.DataFrame],
    tried: dict[str, pl.DataFrame],
    catalogue: Catalogue,
) -> Trial:
    return Trial(chosen if request.param == "chosen on" else tried, chosen | tried, catalogue)


def test_every_defect_of_the_truth_file_is_found(real_prices: Path, catalogue: Catalogue) -> None:
    found = found_in(real_prices, catalogue)

    assert [one for one in truth(real_prices) if not found(one)] == []


def test_frozen_partial_bars_are_the_only_revisions(real_prices: Path, catalogue: Catalogue) -> None:
    _, append, _ = load(real_prices / "defects/defect_append_SIF.csv", "silver", catalogue)
    _, later, _ = load(real_prices / "silver_SIF.csv", "silver", catalogue)
    frozen = {one.day for one in truth(real_prices) if one.kind == "frozen_partial_bar"}

    found = revisions(append, later)

    assert {str(one.session) for one in found} == frozen
    assert {one.kind for one in found} == {Kind.REVISION}


@pytest.mark.parametrize("later", ["close_GDX", "GDX"])
def test_a_dividend_is_one_readjustment_with_its_date(
    real_prices: Path, catalogue: Catalogue, later: str
) -> None:
    _, append, _ = load(real_prices / "defects/defect_append_GDX.csv", "gdx", catalogue)
    changes = [one.day for one in truth(real_prices) if one.kind == "adjustment_base_change"]

    found = revisions(append, load(real_prices / f"{later}.csv", "gdx", catalogue)[1])

    (readjustment,) = [one for one in found if one.kind is Kind.READJUSTMENT]
    assert readjustment.seen == pytest.approx(0.99279, abs=1e-5)
    assert [str(day) for day in readjustment.steps] == changes
    assert str(readjustment.session) == "2025-11-17"
    assert [str(one.session) for one in found if one.kind is Kind.REVISION] == ["2025-09-08"]


@pytest.mark.parametrize(
    ("one", "other", "name", "differ"), [("GLD", "close_GLD", "gld", 0), ("SLV", "close_SLV", "slv", 1)]
)
def test_two_downloads_of_one_series_agree_but_for_a_partial_bar(
    real_prices: Path, catalogue: Catalogue, one: str, other: str, name: str, differ: int
) -> None:
    first, second = (load(real_prices / f"{file}.csv", name, catalogue)[1] for file in (one, other))

    assert [finding.kind for finding in revisions(first, second)] == [Kind.REVISION] * differ


def test_thirteen_copies_are_one_series_with_the_last_view_of_its_live_bar(
    real_prices: Path, catalogue: Catalogue
) -> None:
    _, frame, findings = load(real_prices / "defects/defect_dup13_NEM.csv", "nem", catalogue)

    assert frame.height == 250
    assert frame["close"][-1] == pytest.approx(42.37)
    assert [str(one.session) for one in findings if one.kind is Kind.CONFLICT] == ["2025-03-10"]
    assert sum(one.kind is Kind.DUPLICATE for one in findings) == 249


def test_only_the_bad_print_and_the_weekends_of_the_yuan_are_held(
    real_prices: Path, catalogue: Catalogue
) -> None:
    _, frame, _ = load(real_prices / "defects/defect_CNYX_weekends.csv", "usdcny", catalogue)

    held = judge_history(frame, catalogue).frame.filter(pl.col("status") == "quarantined")

    expected = [one.day for one in truth(real_prices) if one.file == "defect_CNYX_weekends"]
    assert [str(day) for day in held["session"]] == expected


def test_no_genuine_day_is_lost(trial: Trial) -> None:
    """None at all, and so none of the moves beyond 20 %."""
    bars, late, never = trial.false_quarantines().select(pl.col("bars", "next bar", "never").sum()).row(0)

    assert never == 0
    assert late / bars * 10_000 < 2
    assert not [line for line in trial.large_moves(0.2) if line[-1] == "HELD"]


@pytest.mark.parametrize(
    ("file", "day", "release"),
    [
        ("silver_SIF", "2026-01-30", Release.SIBLING),
        ("close_SLV", "2026-01-30", Release.SIBLING),
        ("copper_HGF", "2025-07-31", Release.NEXT_BAR),
        ("eq_TMQ_2025", "2025-10-07", Release.VOLUME),
        ("eq2_MP", "2025-07-10", Release.VOLUME),
    ],
)
def test_the_famous_days_are_released(
    chosen: dict[str, pl.DataFrame],
    tried: dict[str, pl.DataFrame],
    catalogue: Catalogue,
    file: str,
    day: str,
    release: Release,
) -> None:
    frames = chosen | tried

    moves = Trial(frames, frames, catalogue).moves(frames[file])

    assert {str(one.session): one.released_by for one in moves}[day] == release


@pytest.mark.parametrize(
    ("factor", "share"), [(0.01, 0.99), (0.5, 0.98), (0.7, 0.95), (2.0, 0.98), (5.83, 0.98)]
)
def test_bad_prints_made_in_real_series_are_held(trial: Trial, factor: float, share: float) -> None:
    made, held, _ = trial.made(factor)

    assert held / made >= share


def test_gaps_alone_are_no_bad_prints(real_prices: Path, catalogue: Catalogue) -> None:
    _, frame, _ = load(real_prices / "defects/defect_gappy_COPX.csv", DEFECTS["defect_gappy_COPX"], catalogue)

    assert judge_history(frame, catalogue).findings == ()
