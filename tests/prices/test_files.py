"""Which file holds which instrument, the source that serves files, and real files read whole."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from monitor.bars import Status
from monitor.errors import FaultyFileError, UsageError
from monitor.instruments import Catalogue
from monitor.prices.files import FileSource, read_prices
from monitor.prices.source import Outcome, PriceSource
from monitor.quality.findings import Release
from tests.prices.price_files import Read, Write
from tests.quality.frames import calm, frame


@pytest.mark.parametrize("name", ["gold.csv", "GOLD.CSV", "GC=F.csv", "gc=f.csv", "GC_F.csv"])
def test_a_file_is_named_by_id_or_symbol(read: Read, name: str) -> None:
    assert read("Date,Close\n2025-01-02,5\n", name).frame["instrument"].to_list() == ["gold"]


def test_a_file_named_otherwise_says_how_to_name_it(read: Read) -> None:
    with pytest.raises(
        UsageError, match=r"rename it \(gold\.csv\) or name it in a prices\.yml \(gold: mine\.csv\)"
    ):
        read("Date,Close\n2025-01-02,5\n", "mine.csv")


def test_a_path_that_is_not_there_is_a_wrong_usage(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        read_prices(tmp_path / "nowhere", catalogue)


def test_a_folder_is_read_by_its_mapping_and_by_file_names(
    write: Write, tmp_path: Path, catalogue: Catalogue
) -> None:
    write("gold: [old.csv, new.csv]\n", "prices.yml")
    write("Date,Close\n2025-01-02,1\n2025-01-03,2\n", "old.csv")
    write("Date,Close\n2025-01-03,1.1\n", "new.csv")
    write("Date,Close\n2025-01-02,9\n", "GC=F.csv")
    write("Date,Close\n2025-01-02,30\n", "SI=F.csv")
    write("Date,Close\n2025-01-02,30\n", "tin.csv")
    write("notes", "README.md")

    prices = read_prices(tmp_path, catalogue)

    assert prices.frame.select("instrument", "close").rows() == [
        ("gold", 1.0),
        ("gold", 1.1),
        ("silver", 30.0),
    ]
    assert {key: [file.name for file in files] for key, files in prices.files.items()} == {
        "gold": ["old.csv", "new.csv"],
        "silver": ["SI=F.csv"],
    }
    assert prices.warnings == (
        f"{tmp_path}: GC=F.csv is not read: gold is read from another file",
        f"{tmp_path}: not read, being named by no instrument's id or symbol: tin.csv",
    )


def test_faults_of_a_mapping_and_of_files_are_told_all_at_once(
    write: Write, tmp_path: Path, catalogue: Catalogue
) -> None:
    write("goldd: gold.csv\nsilver: [none.csv]\ncopper: []\n", "prices.yml")
    write("Date,Close\n2025-01-02,1\n", "gold.csv")
    with pytest.raises(FaultyFileError) as caught:
        read_prices(tmp_path / "prices.yml", catalogue)
    assert [str(fault).split("/")[-1] for fault in caught.value.faults] == [
        'prices.yml:1:1: unknown instrument "goldd"; did you mean "gold"?',
        'prices.yml:2:10: "none.csv" is not a file beside prices.yml',
        'prices.yml:3:9: "[]" is not a file beside prices.yml',
    ]

    write("gold: gold.csv\nsilver: silver.csv\n", "prices.yml")
    write("Date,Close\nx,1\n", "gold.csv")
    write("Date,Close\n2025-01-02,y\n", "silver.csv")
    with pytest.raises(FaultyFileError) as caught:
        read_prices(tmp_path, catalogue)
    assert len(caught.value.faults) == 2


def test_a_file_source_serves_what_was_known_from_a_few_days_before_the_last_session(
    write: Write, tmp_path: Path, catalogue: Catalogue
) -> None:
    days = pl.date_range(date(2025, 1, 1), date(2025, 1, 31), eager=True)
    write("Date,Close\n" + "".join(f"{day},5\n" for day in days))
    source: PriceSource = FileSource(tmp_path, catalogue)
    spy, gold = catalogue.instruments["spy"], catalogue.instruments["gold"]

    answers = source.fetch(
        [gold, spy],
        interval="1d",
        since={"spy": date(2025, 1, 28)},
        now=datetime(2025, 1, 30, 20, 59, tzinfo=UTC),
    )

    assert [(answer.instrument, answer.outcome) for answer in answers] == [
        ("gold", Outcome.NOT_FOUND),
        ("spy", Outcome.OK),
    ]
    assert answers[1].bars["session"].min() == date(2025, 1, 18)
    assert answers[1].bars["session"].max() == date(2025, 1, 29)
    assert set(answers[1].bars["status"]) == {Status.FINAL}


def test_a_file_that_ends_long_before_what_is_held_is_no_answer(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "spy.csv").write_text("Date,Close\n2025-07-01,5\n", encoding="utf-8")

    (cut,) = FileSource(tmp_path, catalogue).fetch(
        catalogue.subset(["spy"]),
        interval="1d",
        since={"spy": date(2025, 8, 1)},
        now=datetime(2025, 8, 5, tzinfo=UTC),
    )

    assert cut.outcome is Outcome.EMPTY
    assert cut.detail == "its prices end on 2025-07-01; expected some from 2025-07-22 on"


def test_a_file_source_answers_for_a_file_it_cannot_read(
    write: Write, tmp_path: Path, catalogue: Catalogue
) -> None:
    write("Date,Close\nx,5\n")
    write("Date,Close\n2030-01-02,5\n", "gold.csv")
    now = datetime(2025, 1, 30, tzinfo=UTC)
    instruments = [catalogue.instruments[name] for name in ("spy", "gold")]
    source = FileSource(tmp_path, catalogue)

    broken, unknown = source.fetch(instruments, interval="1d", since={}, now=now)
    (intraday, _) = source.fetch(instruments, interval="1h", since={}, now=now)
    (nowhere, _) = FileSource(tmp_path / "none", catalogue).fetch(
        instruments, interval="1d", since={}, now=now
    )

    assert (broken.outcome, unknown.outcome) == (Outcome.BAD_PAYLOAD, Outcome.EMPTY)
    assert "spy.csv:2:1: the date 'x' is not a date" in broken.detail
    assert (intraday.outcome, nowhere.outcome) == (Outcome.EMPTY, Outcome.BAD_PAYLOAD)
    assert broken.bars.is_empty()


def test_real_prices_are_read_whole(real_prices: Path, catalogue: Catalogue) -> None:
    prices = read_prices(real_prices, catalogue)

    assert {"gold", "silver", "copper", "gld", "slv", "gdx", "mp", "tmq", "usdcny", "dxy"} <= set(
        prices.files
    )
    gold = prices.frame.filter(pl.col("instrument") == "gold")
    assert gold.height == 6489
    assert gold["open"].null_count() == 441
    assert gold.filter(pl.col("session") == date(2026, 1, 30))["close"].round(1).item() == 4713.9
    mp = prices.frame.filter(pl.col("instrument") == "mp")
    assert mp["session"].min() == date(2020, 11, 18)


def test_later_files_win_over_earlier_ones(real_prices: Path, catalogue: Catalogue) -> None:
    adjusted = pl.read_csv(real_prices / "SLV.csv").select("date", "close")

    slv = read_prices(real_prices, catalogue).frame.filter(pl.col("instrument") == "slv")

    overlap = slv.with_columns(date=pl.col("session").cast(pl.String)).join(adjusted, on="date")
    assert overlap.height == adjusted.height
    assert (overlap["close"] == overlap["close_right"]).all()


def test_thirteen_copies_of_a_series_are_read_as_one(
    real_prices: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    mapping = tmp_path / "prices.yml"
    mapping.write_text(f"nem: {real_prices}/defects/defect_dup13_NEM.csv\n")

    prices = read_prices(mapping, catalogue)

    assert prices.frame.height == 250
    assert "the same row several times, it counts once (249)" in prices.warnings[0]


def closes_of(name: str, closes: Sequence[float | None]) -> str:
    """Bars of an instrument as a file has them."""
    return frame(name, closes).select("session", "close").write_csv()


def test_a_file_of_a_sibling_is_read_only_where_a_move_has_to_be_confirmed(
    tmp_path: Path, write: Write, catalogue: Catalogue
) -> None:
    write(closes_of("silver", [*calm(60), 69.0]), "silver.csv")
    write(closes_of("slv", [*calm(60, 90.0), 65.0]), "slv.csv")
    write("this is no table of prices", "gld.csv")  # gold does not move, so nobody asks it
    write(closes_of("gold", calm(60)), "gold.csv")

    read = read_prices(tmp_path, catalogue, wanted={"silver", "gold"})

    assert set(read.frame["instrument"]) == {"silver", "gold"}
    assert [(one.instrument, one.released_by) for one in read.findings] == [("silver", Release.SIBLING)]


def test_a_broken_file_of_a_sibling_is_told_when_it_has_to_confirm(
    tmp_path: Path, write: Write, catalogue: Catalogue
) -> None:
    write(closes_of("silver", [*calm(60), 69.0]), "silver.csv")
    write("this is no table of prices", "slv.csv")

    with pytest.raises(FaultyFileError, match=r"slv\.csv"):
        read_prices(tmp_path, catalogue, wanted={"silver"})
