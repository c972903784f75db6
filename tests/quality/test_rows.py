"""Raw rows: what is rejected, what becomes unknown, and which row of a session counts."""

from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from monitor.instruments import Catalogue
from monitor.quality import Finding, Kind, briefly, screen

DAY = date(2025, 3, 10)


def rows(*values: dict[str, object]) -> pl.DataFrame:
    usual: dict[str, object] = {
        "session": DAY,
        "open": 10.0,
        "high": 12.0,
        "low": 9.0,
        "close": 11.0,
        "volume": 100.0,
    }
    types = dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)
    return pl.DataFrame([{**usual, **value} for value in values], schema_overrides=types)


@pytest.mark.parametrize("close", [None, 0.0, -37.63, float("nan"), float("inf")])
def test_a_row_without_a_price_is_rejected_and_told(catalogue: Catalogue, close: float | None) -> None:
    kept, findings = screen(rows({"close": close}), catalogue.instruments["oil"])

    assert kept.is_empty()
    assert [(one.kind, one.held) for one in findings] == [(Kind.NO_PRICE, True)]


def test_a_row_from_the_future_is_rejected(catalogue: Catalogue) -> None:
    now = datetime(2025, 3, 10, 21, tzinfo=UTC)
    stamps = [datetime(2025, 3, 10, 20, tzinfo=UTC), datetime(2025, 3, 10, 21, 3, tzinfo=UTC)]
    came = rows(
        {"opened_at": stamps[0]}, {"opened_at": stamps[1]}, {"opened_at": None, "session": date(2025, 4, 1)}
    )

    kept, findings = screen(came, catalogue.instruments["nem"], now=now)

    assert kept["opened_at"].to_list() == stamps[:1]
    assert [one.kind for one in findings] == [Kind.FUTURE, Kind.FUTURE]


def test_an_open_high_and_low_that_cannot_be_true_are_unknown_and_the_close_stays(
    catalogue: Catalogue,
) -> None:
    kept, findings = screen(rows({"high": 8.0}), catalogue.instruments["gold"])

    assert kept.row(0, named=True) == rows({"open": None, "high": None, "low": None}).row(0, named=True)
    assert [(one.kind, one.held) for one in findings] == [(Kind.RANGE, False)]


def test_a_volume_below_zero_is_unknown_and_the_prices_stay(catalogue: Catalogue) -> None:
    kept, findings = screen(rows({"volume": -5.0}), catalogue.instruments["nem"])

    assert kept.row(0, named=True) == rows({"volume": None}).row(0, named=True)
    assert [(one.kind, one.held) for one in findings] == [(Kind.VOLUME, False)]
    assert findings[0].reason == "volume -5 is below zero: the volume is unknown"


def test_the_same_row_thirteen_times_is_one_row(catalogue: Catalogue) -> None:
    kept, findings = screen(rows(*[{}] * 13), catalogue.instruments["nem"])

    assert kept.height == 1
    assert [one.kind for one in findings] == [Kind.DUPLICATE]


def test_of_views_of_a_live_session_the_one_with_most_volume_counts(catalogue: Catalogue) -> None:
    came = rows({"close": 11.5, "volume": 300.0}, {"close": 11.1, "volume": 200.0})

    kept, findings = screen(came, catalogue.instruments["nem"])

    assert kept["close"].to_list() == [11.5]
    assert [one.kind for one in findings] == [Kind.CONFLICT]


def test_a_finished_row_is_taken_before_a_live_one(catalogue: Catalogue) -> None:
    came = rows(
        *({"session": date(2025, 3, day), "stamp": time(13, 30)} for day in (5, 6, 7)),
        {"close": 11.5, "stamp": time(13, 30)},
        {"close": 11.6, "stamp": time(20, 0, 2), "volume": 900.0},
    )

    kept, _ = screen(came, catalogue.instruments["nem"])

    assert kept["close"].to_list() == [11.0, 11.0, 11.0, 11.5]


def test_rows_come_back_sorted(catalogue: Catalogue) -> None:
    kept, findings = screen(rows({}, {"session": date(2025, 3, 7)}), catalogue.instruments["nem"])

    assert kept["session"].to_list() == [date(2025, 3, 7), DAY]
    assert findings == ()


def test_many_findings_of_one_kind_are_one_line_and_a_few_are_told_with_their_reasons() -> None:
    def torn(day: int, name: str) -> Finding:
        return Finding(instrument=name, session=date(2024, 1, day), kind=Kind.RANGE, reason=f"why {day}")

    many = [torn(day, "copper") for day in (2, 3, 4, 5, 8)]

    assert briefly([*many, torn(9, "gld")]) == [
        (
            "copper: open, high or low contradict each other or the close, all three unknown (5): "
            "2024-01-02, 2024-01-03, 2024-01-04 and 2 more"
        ),
        "2024-01-09 gld: why 9",
    ]
