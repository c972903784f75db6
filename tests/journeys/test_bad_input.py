"""What happens when something is wrong: one line that says what to do, the right exit code, and nothing lost."""

import json
import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.process import Home, home
from tests.support.receivers import closed_port, web_receiver

FRIDAY = "2025-04-04T18:00-04:00"
SATURDAY = "2025-04-05T18:00-04:00"
SETTINGS = "database: metalwatch.db\nprices: {source: sample}\n"

EIGHT = """\
pack: mine
about: Eight faults.
colour: red
metrics:
  gsr: gold / silver
  pgr: platinum / gould
  gold: silver * 2
rules:
  unfinished:
    when: gsr >
  number:
    when: gsr
  wrong-unit-of-time:
    when: gsr > 90
    for: 3 days
  unknown-function:
    when: drawdwn(gold, 252) <= -20%
  unknown-metric:
    when: gsr > 90
    say: "The ratio is {gsrr:.1f}"
"""

FAULTS = [
    (3, 1, None, 'unknown key "colour"', "known keys: "),
    (6, 19, None, 'unknown name "gould"', 'did you mean "gold"?'),
    (7, 3, None, '"gold" already means something else', "choose another name"),
    (10, 16, "unfinished", "the expression is not finished", "something is missing at its end"),
    (12, 11, "number", "a condition was expected, this is a number", "compare it: > 90"),
    (15, 10, "wrong-unit-of-time", '"for": it counts bars: write "3 bars", not \'3 days\'', None),
    (17, 11, "unknown-function", 'unknown function "drawdwn"', 'did you mean "drawdown"?'),
    (20, 10, "unknown-metric", 'the message names an unknown metric "gsrr"', 'did you mean "gsr"?'),
]


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return home(tmp_path, SETTINGS)


def refused(place: Home, *arguments: str, code: int, **environment: str) -> list[str]:
    """The lines on stderr of a command that ends with this code: short, and never a traceback."""
    done = place.command(*arguments, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("    ")]
    assert lines
    assert all(line == line.strip() and line for line in lines)
    return lines


def works(place: Home, *arguments: str, **environment: str) -> str:
    done = place.command(*arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# --- rule files


def test_a_pack_with_eight_faults_tells_all_eight_with_place_rule_and_hint(place: Home) -> None:
    (place.folder / "mine.yml").write_text(EIGHT)

    lines = refused(place, "check", "mine.yml", code=2)

    assert len(lines) == 8
    for line, (row, column, rule, message, hint) in zip(lines, FAULTS, strict=True):
        start = f"mine.yml:{row}:{column}: " + (f'rule "{rule}": ' if rule else "") + message
        assert line.startswith(start + (f"; {hint}" if hint else ""))


def test_the_eight_faults_are_told_to_machines_too(place: Home) -> None:
    (place.folder / "mine.yml").write_text(EIGHT)

    done = place.command("check", "mine.yml", "--json")

    assert (done.returncode, done.stderr) == (2, "")
    found = json.loads(done.stdout)
    assert found["ok"] is False
    told = [(one["line"], one["column"], one["rule"], one["message"]) for one in found["faults"]]
    assert told == [fault[:4] for fault in FAULTS]
    assert {one["file"] for one in found["faults"]} == {"mine.yml"}


@pytest.mark.parametrize("command", ["once", "status", "backtest", "run", "explain gsr-high"])
def test_no_command_judges_by_a_faulty_pack(command: str, place: Home) -> None:
    (place.folder / "mine.yml").write_text(EIGHT)
    (place.folder / "metalwatch.yml").write_text(SETTINGS + "packs: [precious, mine.yml]\n")

    assert len(refused(place, *command.split(), code=2)) == 8


def test_a_mended_pack_works(place: Home) -> None:
    pack = place.folder / "mine.yml"
    pack.write_text("pack: mine\nabout: One rule.\nrules:\n  dear:\n    when: gold >> 3000\n")
    assert refused(place, "check", "mine.yml", code=2)[0].startswith('mine.yml:5:17: rule "dear": ')

    pack.write_text(pack.read_text().replace(">>", ">"))

    assert works(place, "check", "mine.yml") == "mine: 1 rule, no faults\n"


def test_an_unknown_pack_is_told_with_those_that_ship(place: Home) -> None:
    assert refused(place, "check", "precius", code=2) == [
        'error: no pack "precius": neither a file nor a pack that ships; did you mean "precious"?'
    ]


# --- settings


def test_a_settings_file_that_is_not_there_is_wrong_usage(place: Home) -> None:
    assert refused(place, "check", "--settings", "other.yml", code=2) == ["error: other.yml: no such file"]


def test_every_fault_of_the_settings_is_told_at_its_place(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text("prices:\n  source: yaho\npoll: often\nchanels: {}\n")

    lines = refused(place, "status", code=2)

    assert [re.split(": ", line)[0] for line in lines] == [
        f"metalwatch.yml:{at}" for at in ("2:11", "3:7", "4:1")
    ]
    assert lines[2].endswith('unknown key "chanels"; did you mean "channels"?')


def test_a_secret_in_the_settings_is_refused_and_not_repeated(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text("channels:\n  phone: ntfy://secret-topic-4711\n")

    (line,) = refused(place, "status", code=2)

    assert line.startswith('metalwatch.yml:2:10: "phone": an address is a secret and does not belong here')
    assert "env:NAME" in line
    assert "4711" not in line


def test_an_address_that_is_not_where_the_settings_say_is_told_for_each_channel(place: Home) -> None:
    channels = "channels: {phone: env:PHONE, mail: file:mail.txt, fax: env:FAX}\n"
    (place.folder / "metalwatch.yml").write_text(SETTINGS + channels)

    lines = refused(place, "once", code=2, FAX="telefax://secret-4711")

    assert lines[:2] == [
        'error: channel "phone": the environment variable PHONE is not set; set it to the URL',
        'error: channel "mail": the file mail.txt cannot be read (No such file or directory); it should hold the URL',
    ]
    assert lines[2].startswith('error: channel "fax": apprise cannot use the URL')
    assert "4711" not in lines[2]
    assert not (place.folder / "metalwatch.db").exists()


# --- the command line


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "once --clock yesterday",
            "error: --clock: expected an instant with its offset, such as 2020-03-12T17:00-04:00",
        ),
        ("once --clock 2020-03-12T17:00", "error: --clock: expected an instant with its offset"),
        ("prices show slver", 'error: unknown instrument "slver"; did you mean "silver"?'),
        ("prices fetch slver", 'error: unknown instrument "slver"; did you mean "silver"?'),
        ("prices show", "error: no prices are held; run `metalwatch prices fetch`"),
        (
            "explain gsr-hgh",
            'error: "gsr-hgh" is neither the ref of a message nor a rule in force; did you mean "gsr-high"?',
        ),
        ("channels test phone", 'error: no channel "phone"; channels: console'),
        ("init --source bloomberg", "error: --source: expected yahoo or sample; got bloomberg"),
        ("backtest --prices nowhere", "error: nowhere: there is no such file or folder of prices"),
        (
            "backtest --to 1990-01-01",
            "error: sample market, simulated: no session up to 1990-01-01; the first one is 2000-08-30",
        ),
    ],
)
def test_wrong_usage_is_told_in_one_line(command: str, expected: str, place: Home) -> None:
    (line,) = refused(place, *command.split(), code=2)

    assert line.startswith(expected)


# --- price files


def test_corrupt_rows_are_told_with_their_lines_and_a_mended_file_works(place: Home) -> None:
    rows = ["Date,Close", "2020-01-02,1500", "2020-01-03,15x0", "2020-13-06,1510", "2020-01-07,1520"]
    file = place.folder / "gold.csv"
    file.write_text("\n".join(rows) + "\n")

    lines = refused(place, "backtest", "shocks", "--prices", "gold.csv", code=2)

    assert [line.partition(": ")[0] for line in lines] == ["gold.csv:3:12", "gold.csv:4:1"]
    assert lines[0].startswith("gold.csv:3:12: the close '15x0' is not a number; expected one such as 1234.5")

    file.write_text(file.read_text().replace("15x0", "1505").replace("2020-13-06", "2020-01-06"))
    done = place.command("backtest", "shocks", "--prices", "gold.csv")
    assert done.returncode == 0
    assert re.fullmatch(
        r"warning: gold\.csv: no prices of .*silver: \d of \d rules cannot be judged; "
        r"run `metalwatch prices fetch`, or name a folder with --prices\n",
        done.stderr,
    )


def test_prices_of_which_no_rule_has_all_it_reads_are_refused(place: Home) -> None:
    (place.folder / "gold.csv").write_text("Date,Close\n2020-01-02,1500\n")

    (line,) = refused(place, "backtest", "precious", "--prices", "gold.csv", code=2)

    assert re.match(r"error: gold\.csv: no prices of silver: (\d) of \1 rules cannot be judged; run ", line)


def test_a_price_file_that_names_no_instrument_says_how_to_name_it(place: Home) -> None:
    (place.folder / "prices-2020.csv").write_text("Date,Close\n2020-01-02,1500\n")

    (line,) = refused(place, "backtest", "--prices", "prices-2020.csv", code=2)

    assert "rename it (gold.csv)" in line


def _rows(base: float, last: float) -> str:
    """Quiet closes of a hundred weekdays to 2025-04-03, and a last one of 2025-04-04."""
    days = [day for n in range(140, -1, -1) if (day := date(2025, 4, 4) - timedelta(days=n)).weekday() < 5]
    closes = [base * (1 + n % 3 / 100) for n in range(len(days) - 1)] + [last]
    return "Date,Close\n" + "".join(f"{day},{close:.2f}\n" for day, close in zip(days, closes, strict=True))


def test_a_series_that_no_rule_reads_and_nobody_serves_is_a_warning_only(place: Home) -> None:
    settings = (
        "database: metalwatch.db\nprices: {source: files, folder: prices}\npacks: [precious, mine.yml]\n"
    )
    (place.folder / "metalwatch.yml").write_text(settings)
    (place.folder / "mine.yml").write_text("pack: mine\nabout: x\nrules: {dear: {when: copper > 9}}\n")
    (place.folder / "prices").mkdir()
    for name, base, last in (("gold", 3000, 3010), ("silver", 30, 15), ("copper", 4.5, 4.51)):
        (place.folder / "prices" / f"{name}.csv").write_text(_rows(base, last))

    done = place.command("once", "--clock", FRIDAY)

    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["slv", "sivr"]
    assert all(line.endswith("; no rule reads it, it would only confirm a move") for line in lines)

    (place.folder / "prices" / "copper.csv").unlink()
    lines = refused(place, "once", "--clock", "2025-04-07T18:00-04:00", code=1)
    assert lines[-1] == "error: 1 of 3 series got no prices; the rules that need them wait"


# --- the world outside


def test_an_unreachable_yahoo_ends_with_3_and_nothing_held_is_lost(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text("database: metalwatch.db\n")
    away = {"METALWATCH_YAHOO_ENDPOINT": f"http://127.0.0.1:{closed_port()}"}

    lines = refused(place, "once", code=3, **away)

    assert [line.partition(": ")[0] for line in lines] == ["warning", "warning", "error"]
    assert lines[0].startswith("warning: gold: network: ")
    assert "gave no prices; what is held stays" in lines[-1]
    assert lines[-1].endswith("try again later")
    assert refused(place, "prices", "fetch", code=3, **away)[-1].endswith(
        "what is held stays: try again later"
    )
    assert len(re.findall(r"not judged", works(place, "status", **away))) >= 4


def test_a_channel_that_fails_leaves_its_message_owed_until_it_is_taken(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text(SETTINGS + "channels: {web: env:WEB, console: console}\n")
    with web_receiver(script=[500, 500]) as web:
        (line,) = refused(place, "once", "--clock", FRIDAY, code=3, WEB=web.url)
        assert line.startswith(
            'error: channel "web": not delivered after 1 attempt, still owed, tried again from '
        )
        assert line.endswith("error=500.")

        shown = place.command("status", "--clock", FRIDAY, WEB=web.url)
        assert shown.returncode == 1
        assert shown.stderr == f"{line}\n"
        assert "Messages: 1 sent, 1 owed, 0 given up." in shown.stdout
        assert refused(place, "channels", "test", "web", code=3, WEB=web.url) == [
            'error: channel "web": Failed to send JSON POST notification: Internal server error., error=500.'
        ]

        assert "1 message sent." in works(place, "once", "--clock", SATURDAY, WEB=web.url)
        (taken,) = web.accepted
        assert taken.title.startswith("CRITICAL gsr-stress: gsr 103.4 > 100, 2025-04-04 (already true, +")
        shown_later = works(place, "status", "--clock", SATURDAY, WEB=web.url)
        assert "Messages: 2 sent, 0 owed, 0 given up." in shown_later


def test_a_channel_that_will_never_take_a_message_is_told_on_the_others(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text(SETTINGS + "channels: {web: env:WEB, console: console}\n")
    with web_receiver(script=[404]) as web:
        done = place.command("once", "--clock", FRIDAY, WEB=web.url)

        assert 'Not delivered on channel "web": CRITICAL gsr-stress' in done.stdout
        (line,) = refused(place, "status", "--clock", FRIDAY, code=1, WEB=web.url)
        assert re.match(r'error: channel "web": 1 message given up \(`metalwatch explain \w+`\): ', line)


# --- the database


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(place: Home) -> None:
    works(place, "once", "--clock", FRIDAY)
    path = place.folder / "metalwatch.db"
    with sqlite3.connect(path) as database:
        (version,) = database.execute("select version_num from alembic_version").fetchone()
        database.execute("update alembic_version set version_num = 'r9999'")

    for command in ("once", "status", "prices show"):
        (line,) = refused(place, *command.split(), code=3)
        assert "was written by a newer Metalwatch" in line
        assert "upgrade metalwatch, or restore the backup from before" in line

    with sqlite3.connect(path) as database:
        database.execute("update alembic_version set version_num = ?", (version,))
    assert "Messages: 1 sent, 0 owed, 0 given up." in works(place, "status", "--clock", FRIDAY)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(place: Home) -> None:
    path = place.folder / "metalwatch.db"
    path.write_text("my notes, not a database\n" * 100)

    (line,) = refused(place, "once", code=3)

    assert line == f"error: The database {path} is not a database; restore the backup, or name another file."
    assert path.read_text().startswith("my notes")


def test_a_database_that_cannot_be_made_says_so(place: Home) -> None:
    (place.folder / "metalwatch.yml").write_text(
        "database: metalwatch.yml/metalwatch.db\nprices: {source: sample}\n"
    )

    (line,) = refused(place, "once", code=3)

    assert "cannot be made" in line


def test_simulated_and_real_prices_never_share_a_database(place: Home) -> None:
    works(place, "once", "--clock", FRIDAY)
    (place.folder / "metalwatch.yml").write_text("database: metalwatch.db\nprices: {source: yahoo}\n")

    for command in ("once", "status", "prices show", "backtest", "explain gsr-high"):
        (line,) = refused(place, *command.split(), code=2)
        assert "holds simulated prices, and the settings name real ones (Yahoo)" in line
        assert line.endswith("name another file under `database:`")


def test_a_second_daemon_on_the_same_database_is_refused(place: Home) -> None:
    with place.daemon("--clock", FRIDAY) as daemon:
        daemon.wait_until(lambda: "started" in daemon.log.read_text())

        (line,) = refused(place, "once", "--clock", FRIDAY, code=3)

        assert line.startswith("error: another metalwatch is running on ")
        assert daemon.stop() == 0
