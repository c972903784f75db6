"""`prices import`, `prices symbols`, `prices fetch` and `doctor` as a user types them."""

import csv
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.prices.yahoo.conftest import straight
from tests.support.process import ROOT, Home
from tests.support.yahoo_faults import Fault
from tests.support.yahoo_market import Clock, equity, future
from tests.support.yahoo_server import YahooServer

NOW = "2026-09-01T12:00-04:00"
EVENING = "2020-03-12T23:59:30-04:00"
CALL_SECONDS = 10
"""So long a call of Yahoo may take."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "metalwatch.yml").write_text("database: mw.db\npacks: [precious]\n", encoding="utf-8")
    return Home(tmp_path, {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "METALWATCH_CLOCK": NOW})


@pytest.fixture
def yahoo() -> Iterator[YahooServer]:
    with YahooServer(clock=Clock(datetime.fromisoformat(EVENING))) as server:
        server.put(future("GC=F", straight(1600, 1)))
        server.put(future("SI=F", straight(17, 0.01)))
        yield server


def imported(home: Home, *paths: str, **options: str) -> dict[str, Any]:
    """What an import says of its series, by instrument."""
    more = [part for name, value in options.items() for part in (f"--{name}", value)]
    done = home.command("prices", "import", *paths, *more, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return {"warnings": " ".join(told["warnings"]), **{one["instrument"]: one for one in told["series"]}}


def truth(real_prices: Path, file: str, kind: str) -> set[str]:
    """The dates of one kind of defect in one file."""
    with (real_prices / "defects" / "truth.csv").open() as lines:
        return {row["date"] for row in csv.DictReader(lines) if row["file"] == file and row["kind"] == kind}


def test_weekend_rows_and_a_spike_are_held_and_told(home: Home, real_prices: Path) -> None:
    file = real_prices / "defects" / "defect_CNYX_weekends.csv"
    told = imported(home, str(file), instrument="usdcny")

    weekend = truth(real_prices, "defect_CNYX_weekends", "weekend_row")
    assert f"a bar on a weekend without a session, held ({len(weekend)})" in told["warnings"]
    assert "2011-07-18: -8.9%" in told["warnings"]
    assert told["usdcny"]["held"] == len(weekend) + 1


def test_thirteen_copies_are_one_series_and_told_as_such(home: Home, real_prices: Path) -> None:
    told = imported(home, str(real_prices / "defects" / "defect_dup13_NEM.csv"), instrument="nem")

    assert told["nem"]["bars"] == told["nem"]["new"] == 250
    assert "the same row several times, it counts once (249)" in told["warnings"]


def test_partial_bars_that_were_frozen_are_revisions_when_the_later_download_is_imported(
    home: Home, real_prices: Path
) -> None:
    imported(home, str(real_prices / "defects" / "defect_append_SIF.csv"), instrument="silver")
    told = imported(home, str(real_prices / "silver_SIF.csv"), instrument="silver")

    revised = {one["session"] for one in told["silver"]["changes"] if one["kind"] == "revision"}
    assert truth(real_prices, "defect_append_SIF", "frozen_partial") <= revised


def test_another_adjustment_base_is_told_as_readjustments_and_not_as_thousands_of_revisions(
    home: Home, real_prices: Path
) -> None:
    imported(home, str(real_prices / "defects" / "defect_append_GDX.csv"), instrument="gdx")
    told = imported(home, str(real_prices / "close_GDX.csv"), instrument="gdx")

    kinds = [one["kind"] for one in told["gdx"]["changes"]]
    assert "readjustment" in kinds
    assert len(kinds) < 60


def test_a_dry_run_changes_nothing_and_a_second_import_brings_nothing_new(home: Home) -> None:
    (home.folder / "gold.csv").write_text("date,close\n2026-01-29,5300\n2026-01-30,5290\n", encoding="utf-8")

    dry = home.command("prices", "import", "gold.csv", "--dry-run")
    held = home.command("prices", "show", "gold")
    first, second = imported(home, "*.csv"), imported(home, ".")

    assert "would be new" in dry.stdout
    assert held.returncode == 2
    assert (first["gold"]["new"], second["gold"]["new"]) == (2, 0)


def test_prices_are_shown_with_the_digits_that_a_rate_or_a_price_by_the_pound_has(home: Home) -> None:
    rows = ["date,close", "2020-03-10,5.8785", "2020-03-11,5.926000118255615"]
    (home.folder / "gold.csv").write_text("\n".join(rows), encoding="utf-8")
    imported(home, "gold.csv")

    held = home.command("prices", "show", "gold").stdout
    assert " 5.8785 " in held
    assert " 5.926 " in held


def test_prices_that_are_not_held_are_told_with_what_brings_them(home: Home) -> None:
    (home.folder / "gold.csv").write_text("date,close\n2020-03-10,1660\n", encoding="utf-8")
    imported(home, "gold.csv")

    some = home.command("prices", "show", "gold", "slv")
    none = home.command("prices", "show", "slv", "nem")
    typed = home.command("prices", "show", "pslv_nav")

    assert " 1,660 " in some.stdout
    assert some.stderr == "warning: no prices of slv are held; run `metalwatch prices fetch slv`\n"
    assert "no prices of slv, nem are held; run `metalwatch prices fetch slv nem`" in none.stderr
    assert none.returncode == 2
    assert "use `metalwatch prices enter`" in typed.stderr


def test_a_volume_is_shown_whole(home: Home) -> None:
    rows = "date,close,volume\n2020-03-10,16,20001600.68\n2020-03-11,16,\n"
    (home.folder / "slv.csv").write_text(rows, encoding="utf-8")
    imported(home, "slv.csv")

    held = home.command("prices", "show", "slv").stdout

    assert " 20,001,601  final " in held
    assert " -  final " in held


def test_sessions_that_a_file_misses_are_told_and_fetched(home: Home, yahoo: YahooServer) -> None:
    whole = straight(1600, 1)
    rows = [f"{bar.session},{bar.close}" for bar in whole if bar.session != date(2020, 2, 20)]
    (home.folder / "gold.csv").write_text("\n".join(["date,close", *rows[:20]]), encoding="utf-8")
    told = imported(home, "gold.csv")
    asked = ("prices", "fetch", "gold", "--json")
    fetched = home.command(*asked, METALWATCH_YAHOO_ENDPOINT=yahoo.url, METALWATCH_CLOCK=EVENING)
    again = imported(home, "gold.csv")

    assert fetched.returncode == 0, fetched.stderr
    assert told["gold"]["missing"] == ["2020-02-20"]
    assert "gold: no row for 1 expected session: 2020-02-20" in told["warnings"]
    assert again["gold"]["missing"] == []


def test_values_typed_in_by_hand_are_imported_with_their_source_and_in_their_unit_only(home: Home) -> None:
    head = "date,value,unit,source\n"
    (home.folder / "shanghai_silver.csv").write_text(f"{head}2026-01-28,8000,CNY/kg,SGE\n", encoding="utf-8")
    told = imported(home, "shanghai_silver.csv")
    (home.folder / "shanghai_silver.csv").write_text(f"{head}2026-01-29,112,USD/ozt,SGE\n", encoding="utf-8")
    wrong = home.command("prices", "import", "shanghai_silver.csv")

    assert (told["shanghai_silver"]["new"], told["shanghai_silver"]["source"]) == (1, "SGE")
    assert wrong.returncode == 2
    assert "shanghai_silver.csv:2:16: the unit 'USD/ozt' is not that of shanghai_silver" in wrong.stderr
    assert "expected CNY/kg" in wrong.stderr


def test_instruments_of_ones_own_can_be_imported_and_asked_about_in_rules(home: Home) -> None:
    own = """
instruments:
  ndpr_floor:
    {symbol: ndpr_floor, name: NdPr price floor, kind: manual, currency: USD, unit: USD/kg, calendar: XNYS,
     settle: "18:00", zone: America/New_York, basis: contract, carry_days: 400, has_volume: false, has_range: false}
"""
    (home.folder / "own.yml").write_text(own, encoding="utf-8")
    rule = "pack: floor\nabout: a floor\nrules:\n  low: {when: ndpr_floor < 120}\n"
    (home.folder / "floor.yml").write_text(rule, encoding="utf-8")
    settings = "database: mw.db\ninstruments: own.yml\npacks: [floor.yml]\n"
    (home.folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    (home.folder / "ndpr_floor.csv").write_text("date,value\n2026-08-28,110\n", encoding="utf-8")

    imported(home, "ndpr_floor.csv")
    once = home.command("once", "--json")

    assert home.command("check").returncode == 0
    assert [one["kind"] for one in json.loads(once.stdout)["decided"]] == ["open"]


def test_a_path_that_holds_no_prices_says_what_was_expected(home: Home) -> None:
    nothing = home.command("prices", "import", "nowhere/*.csv")
    unknown = home.command("prices", "import", "metalwatch.yml", "--instrument", "goldd")

    assert (nothing.returncode, unknown.returncode) == (2, 2)
    assert "no file matches this pattern" in nothing.stderr
    assert 'did you mean "gold"?' in unknown.stderr


def test_fetch_keeps_what_came_and_asks_only_for_the_end_when_it_runs_again(
    home: Home, yahoo: YahooServer
) -> None:
    where = {"METALWATCH_YAHOO_ENDPOINT": yahoo.url, "METALWATCH_CLOCK": EVENING}
    first = home.command("prices", "fetch", **where)
    yahoo.forget()
    again = home.command("prices", "fetch", "--json", **where)

    assert first.returncode == 0, first.stderr
    assert [one["bars"] < 10 for one in json.loads(again.stdout)["series"]] == [True, True]
    assert all(one.query["period1"] != "0" for one in yahoo.charts())


@pytest.mark.parametrize("path", ["chart", "history"])
def test_the_settings_choose_by_which_path_yahoo_is_read(home: Home, yahoo: YahooServer, path: str) -> None:
    settings = f"database: mw.db\npacks: [precious]\nprices: {{yahoo: {{path: {path}}}}}\n"
    (home.folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    fetched = home.command(
        "prices", "fetch", "gold", METALWATCH_YAHOO_ENDPOINT=yahoo.url, METALWATCH_CLOCK=EVENING
    )

    assert fetched.returncode == 0, fetched.stderr
    (asked,) = [one.query["period1"] for one in yahoo.charts()]
    assert asked == {"chart": "0", "history": "1"}[path]  # yfinance asks for no second 0


def test_symbols_are_asked_for_once_each_and_differences_are_told(home: Home, yahoo: YahooServer) -> None:
    yahoo.put(equity("SI=F", straight(17, 0.01), currency="EUR"))
    where = {"METALWATCH_YAHOO_ENDPOINT": yahoo.url, "METALWATCH_CLOCK": EVENING}
    told = home.command("prices", "symbols", **where)

    assert told.returncode == 1
    assert "silver: quoted in EUR, but the catalogue says USD" in told.stderr
    assert len(yahoo.charts()) == 2


def test_check_refuses_a_symbol_that_nobody_knows_with_few_requests(home: Home, yahoo: YahooServer) -> None:
    """33: unknown symbol at start-up."""
    settings = "database: mw.db\ninstruments: own.yml\npacks: [mine.yml]\n"
    (home.folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    own = (
        "instruments: {tin: {symbol: TINN=F, name: Tin, kind: future, currency: USD, unit: USD/t, calendar: XNYS, "
        "settle: '13:00', zone: America/New_York}}\n"
    )
    (home.folder / "own.yml").write_text(own, encoding="utf-8")
    (home.folder / "mine.yml").write_text(
        "pack: mine\nabout: tin\nrules: {high: {when: tin > 1}}\n", encoding="utf-8"
    )
    told = home.command("check", "--symbols", METALWATCH_YAHOO_ENDPOINT=yahoo.url, METALWATCH_CLOCK=EVENING)

    assert told.returncode == 2
    assert "tin: Yahoo does not know TINN=F" in told.stderr
    assert len(yahoo.log()) <= 8


HEARS_CTRL_C = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); runpy.run_module('monitor', run_name='__main__')"
"""Whoever starts the tests in the background may have switched Ctrl-C off for all that they start."""


def test_ctrl_c_ends_a_fetch_from_a_server_that_hangs_and_what_came_is_kept(
    home: Home, yahoo: YahooServer
) -> None:
    yahoo.fail("SI=F", Fault("hang"), times=9)
    settings = {"METALWATCH_YAHOO_ENDPOINT": yahoo.url, "METALWATCH_CLOCK": EVENING, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HEARS_CTRL_C, "prices", "fetch", "gold", "silver"],
        cwd=home.folder,
        env={**home.environment, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as fetching:
        while not yahoo.charts("SI=F"):
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {fetching.wait(0.02)} before it asked for silver")
        fetching.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        _, told = fetching.communicate(timeout=30)
        waited = time.monotonic() - pressed

    assert fetching.returncode == 1
    assert told == "error: stopped after 1 of 2 series; what came is kept: run it again to go on\n"
    assert waited < CALL_SECONDS / 4
    kept = home.command("prices", "show", "gold", METALWATCH_CLOCK=EVENING).stdout
    assert "2020-03-12" in kept


def test_doctor_finds_everything_in_place(home: Home, yahoo: YahooServer) -> None:
    told = home.command("doctor", METALWATCH_YAHOO_ENDPOINT=yahoo.url, METALWATCH_CLOCK=EVENING)

    assert told.returncode == 0, told.stdout
    assert "everything is in place" in told.stdout


def test_doctor_says_what_is_missing_and_shows_no_secret(home: Home) -> None:
    settings = (
        "database: mw.db\npacks: [precious]\nprices: {source: sample}\n"
        "channels: {phone: env:NO_PHONE, mail: env:MAIL, chat: env:CHAT}\n"
    )
    (home.folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    chat = "slack://T1JJ3T3L2/A1BRTD4JD/hunter2dlazkcOXrIdevi7FQ/#ops"
    told = home.command("doctor", "--json", MAIL="nonsense://hunter2@example.com", CHAT=chat)

    states = {one["what"]: one["state"] for one in json.loads(told.stdout)["findings"]}
    assert [states[f'channel "{name}"'] for name in ("phone", "mail", "chat")] == [
        "fault",
        "fault",
        "warning",
    ]
    assert told.returncode == 1
    assert "hunter2" not in told.stdout + told.stderr


def test_doctor_says_that_the_source_was_not_reached(home: Home) -> None:
    told = home.command("doctor", METALWATCH_YAHOO_ENDPOINT="http://127.0.0.1:9")

    assert told.returncode == 3
    assert "not reached" in told.stdout


def test_doctor_says_that_the_clock_is_behind_the_database(home: Home) -> None:
    (home.folder / "gold.csv").write_text("date,close\n2020-01-29,1570\n", encoding="utf-8")
    imported(home, "gold.csv")
    told = home.command("doctor", "--json", "--clock", "2020-02-01T00:00+00:00")

    clock = next(one for one in json.loads(told.stdout)["findings"] if one["what"] == "clock")
    assert clock["state"] == "warning"


def test_doctor_judges_the_last_month_again_and_names_the_bar_that_was_changed(home: Home) -> None:
    settings = "database: mw.db\npacks: [precious]\nprices: {source: sample}\nchannels: {console: console}\n"
    (home.folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    for day in (11, 12, 13):
        home.command("once", "--clock", f"2020-03-{day}T18:00-04:00")
    honest = home.command("doctor", "--deep", "--clock", "2020-03-14T06:00-04:00")
    with sqlite3.connect(home.folder / "mw.db") as database:
        database.execute(
            "UPDATE bar_version SET close = 1 WHERE instrument = 'gold' AND session = unixepoch('2020-03-12') / 86400"
        )
    database.close()
    changed = home.command("doctor", "--deep", "--clock", "2020-03-14T06:00-04:00")

    assert honest.returncode == 0, honest.stdout
    assert "were judged again and came out the same" in " ".join(honest.stdout.split())
    assert changed.returncode == 1
    assert "differences, the first: gold 2020-03-12: judged with 1589.3" in " ".join(changed.stdout.split())


def test_rules_go_on_where_the_holidays_of_an_exchange_are_not_known_yet_and_doctor_says_so(
    home: Home,
) -> None:
    settings = "database: mw.db\npacks: [precious, premium]\nprices: {source: files, folder: prices}\n"
    (home.folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    (home.folder / "prices").mkdir()
    for name in ("gold", "silver", "copper", "pslv", "usdcny", "shanghai_silver"):
        rows = "\n".join(f"2062-10-0{day},80" for day in (2, 3, 4, 5))
        (home.folder / "prices" / f"{name}.csv").write_text(f"date,close\n{rows}\n", encoding="utf-8")
    typed = home.command("prices", "import", "prices/shanghai_silver.csv", "--clock", "2062-10-04T20:00Z")
    done = home.command("once", "--json", "--clock", "2062-10-04T20:00Z")
    later = home.command("once", "--json", "--clock", "2062-10-05T20:00Z")
    told = home.command("doctor", "--clock", "2062-10-05T20:00Z")

    assert (typed.returncode, done.returncode, later.returncode) == (0, 0, 0), done.stderr + later.stderr
    assert json.loads(later.stdout)["sessions"][-1] == "2062-10-05"
    assert "XSHG up to" in told.stdout
    assert told.returncode == 1
