"""The sample market: the same everywhere, exact at its levels, and with the episodes people remember."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from monitor.bars import BARS, Status
from monitor.instruments import Catalogue
from monitor.prices.sample import FIRST, LAST, SampleSource, sample_bars, sample_sessions
from monitor.prices.sample_levels import COPPER, KNOWN, OTHERS
from monitor.prices.source import Outcome, PriceSource
from monitor.sessions import calendar_sessions, settled_at_column


@pytest.fixture(scope="module")
def closes() -> pl.DataFrame:
    """One column per instrument, by session."""
    return sample_bars().pivot(on="instrument", index="session", values="close").sort("session")


def change(name: str, bars: int = 1) -> pl.Expr:
    return pl.col(name) / pl.col(name).shift(bars) - 1


def sessions_where(closes: pl.DataFrame, condition: pl.Expr) -> list[str]:
    return closes.filter(condition)["session"].cast(pl.String).to_list()


def beginnings(closes: pl.DataFrame, condition: pl.Expr) -> list[str]:
    return sessions_where(closes, condition & ~condition.shift(1).fill_null(value=False))


def test_the_sample_trades_on_every_new_york_session() -> None:
    assert sample_sessions(FIRST, LAST).equals(calendar_sessions("XNYS", FIRST, LAST))


def test_the_sample_goes_on_after_its_last_level_and_its_past_stays_as_it_was() -> None:
    later = date(2027, 12, 31)

    longer = sample_bars(later)

    assert longer.filter(pl.col("session") <= LAST).equals(sample_bars())
    beyond = longer.filter((pl.col("instrument") == "gold") & (pl.col("session") > LAST))
    assert beyond["session"].equals(calendar_sessions("XNYS", date(2026, 7, 11), later))
    assert beyond["close"].is_between(1000, 20000).all()
    assert beyond["close"].n_unique() > 0.9 * len(beyond)


def test_the_sample_is_a_bar_frame_without_contradictions() -> None:
    frame = sample_bars()

    assert frame.schema == BARS
    assert frame.equals(frame.sort("instrument", "session"))
    assert set(frame["status"]) == {Status.FINAL}
    sane = (pl.col("low") <= pl.min_horizontal("open", "close")) & (
        pl.col("high") >= pl.max_horizontal("open", "close")
    )
    assert frame.filter(~sane | (pl.col("low") <= 0)).is_empty()
    assert frame.select("open", "high", "low", "close").null_count().row(0) == (0, 0, 0, 0)


def test_the_sample_knows_its_values_when_the_shipped_catalogue_says_so(catalogue: Catalogue) -> None:
    for (name,), frame in sample_bars().partition_by("instrument", as_dict=True).items():
        known_at = settled_at_column(catalogue.instruments[name], frame["session"])
        assert frame["known_at"].equals(known_at.alias("known_at")), name


def test_closes_are_exact_at_every_level(closes: pl.DataFrame) -> None:
    by_day = {row["session"].isoformat(): row for row in closes.iter_rows(named=True)}

    for day, levels in KNOWN.items():
        assert (by_day[day]["gold"], by_day[day]["silver"]) == levels, day
    for name, walk in {"copper": COPPER, **OTHERS}.items():
        assert {day: by_day[day][name] for day in walk} == walk, name


def test_the_first_closes_are_the_same_on_every_machine(closes: pl.DataFrame) -> None:
    start = closes.filter(pl.col("session") < date(2000, 9, 6)).select("gold", "silver", "copper")

    assert start.rows() == [
        (274.0, 4.9818, 0.9),
        (271.1955, 4.9221, 0.9041),
        (271.822, 4.9107, 0.8808),
        (271.9536, 4.9173, 0.8908),
    ]


def test_the_gold_silver_ratio_is_above_a_hundred_in_two_crises_only(closes: pl.DataFrame) -> None:
    ratio = pl.col("gold") / pl.col("silver")

    assert beginnings(closes, ratio > 100) == ["2020-03-13", "2025-04-04"]
    assert [day[:4] for day in beginnings(closes, ratio > 90)] == ["2020", "2025"]
    at_crisis = closes.filter(pl.col("session").is_in([date(2020, 3, 13), date(2025, 4, 4)])).select(
        ratio.round(2)
    )
    assert at_crisis.to_series().to_list() == [104.85, 103.45]


def test_silver_falls_a_fifth_from_its_high_first_in_may_2011(closes: pl.DataFrame) -> None:
    drawdown = pl.col("silver") / pl.col("silver").rolling_max(252, min_samples=1) - 1

    fallen = sessions_where(closes, drawdown <= -0.20)

    assert fallen[0] == "2011-05-05"
    assert beginnings(closes, drawdown <= -0.20)[-1] == "2026-01-30"


def test_gold_moves_five_deviations_in_april_2013_and_january_2026_only(closes: pl.DataFrame) -> None:
    move = change("gold") / change("gold").rolling_std(60).shift(1)

    assert sessions_where(closes, move.abs() >= 5) == ["2013-04-12", "2013-04-15", "2026-01-30"]
    assert sessions_where(closes, move.abs() >= 8) == ["2013-04-15", "2026-01-30"]


def test_silver_crashes_and_copper_jumps_on_their_days(closes: pl.DataFrame) -> None:
    assert sessions_where(closes, change("silver", 2) <= -0.30) == ["2026-01-30", "2026-02-02"]
    assert sessions_where(closes, change("copper").abs() >= 0.08) == ["2025-07-08", "2025-07-31"]


def test_news_opens_a_share_far_higher_on_a_volume_many_times_the_usual() -> None:
    gap = pl.col("open") / pl.col("close").shift(1) - 1
    relative = pl.col("volume") / pl.col("volume").rolling_mean(20).shift(1)
    news = pl.col("news") & (pl.col("relative") >= 5)

    found = (
        sample_bars()
        .with_columns(news=(gap >= 0.20).over("instrument"), relative=relative.over("instrument"))
        .filter(news)
    )

    assert found.select("instrument", pl.col("session").cast(pl.String)).rows() == [
        ("mp", "2025-07-10"),
        ("tmq", "2025-10-07"),
        ("usar", "2026-01-26"),
    ]


def test_only_what_trades_in_lots_has_a_volume() -> None:
    without = sample_bars().filter(pl.col("volume").is_null())["instrument"].unique().sort().to_list()

    assert without == ["copper", "gold", "palladium", "platinum", "silver", "usdcny"]


def test_the_sample_source_says_what_it_is_and_serves_what_was_known(catalogue: Catalogue) -> None:
    source: PriceSource = SampleSource()
    gold, nem = catalogue.instruments["gold"], catalogue.instruments["nem"]
    now = datetime(2020, 3, 13, 17, 29, tzinfo=UTC)

    known, unknown = source.fetch([gold, nem], interval="1d", since={}, now=now)
    (recent,) = source.fetch([gold], interval="1d", since={"gold": date(2020, 3, 12)}, now=now)
    (intraday,) = source.fetch([gold], interval="1m", since={}, now=now)

    assert source.label == "sample market, simulated"
    assert (known.outcome, unknown.outcome, intraday.outcome) == (
        Outcome.OK,
        Outcome.NOT_FOUND,
        Outcome.EMPTY,
    )
    assert known.bars["session"].min() == FIRST
    assert known.bars["session"].max() == date(2020, 3, 12)
    assert recent.bars["session"].min() == date(2020, 3, 2)


def test_no_level_of_our_own_is_a_copied_close(real_prices: Path) -> None:
    """Round numbers may meet a real close by chance, but not often."""
    real = pl.read_csv(real_prices / "copper_HGF.csv").select("date", "close")
    ours = pl.DataFrame({"date": list(COPPER), "level": list(COPPER.values())}).filter(
        pl.col("level") * 10 % 1 == 0
    )

    same = ours.join(real, on="date").filter((pl.col("close") - pl.col("level")).abs() < 1e-6)

    assert same.height <= 1
