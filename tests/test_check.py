"""`check`: faults with their lines, warnings, rule tests beside packs, and `--deep`, which looks at history."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from monitor.backtest.deep import DeepReport, RuleReport, examine
from monitor.cli.screen import show_faults
from monitor.errors import Fault, FaultyFileError, Place
from monitor.instruments import Catalogue
from monitor.language.nodes import Apply, Operation
from monitor.metrics import FUNCTIONS
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from tests.support.made_up import Values, made
from tests.support.process import Home, home
from tests.support.rules import pack

SETTINGS = "prices: {source: sample}\nchannels: {console: console}\ndatabase: m.db\npacks: [mine.yml]\n"
MINE = """\
pack: mine
about: Two rules.
metrics:
  gsr: gold / silver
rules:
  high:
    when: gsr > 130
  low:
    when: gsr < 50
    clear_when: gsr > 55
"""


@pytest.fixture
def here(tmp_path: Path) -> Home:
    (tmp_path / "mine.yml").write_text(MINE, encoding="utf-8")
    return home(tmp_path, SETTINGS)


def faults(text: str, catalogue: Catalogue) -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read_rulebook({"p.yml": text}, catalogue)
    return [str(fault).removeprefix("p.yml:") for fault in caught.value.faults]


def warned(text: str, catalogue: Catalogue) -> list[str]:
    return [str(one).removeprefix("p.yml:") for one in read_rulebook({"p.yml": text}, catalogue).warnings]


# --- the line and the caret


def pointed(capsys: pytest.CaptureFixture[str], file: Path, text: str, line: int, column: int) -> list[str]:
    """What stands on stderr below the line of one fault."""
    file.write_bytes(text.encode())
    show_faults([Fault(Place(str(file), line, column), "wrong")])
    first, *below = capsys.readouterr().err.splitlines()
    assert first == f"{file}:{line}:{column}: wrong"
    return below


@pytest.mark.parametrize(
    ("text", "line", "column", "below"),
    [
        ("pack: a\nrules: 1\n", 2, 8, ["    rules: 1", "           ^"]),
        ("pack: a\r\nrules: 1\r\n", 2, 1, ["    rules: 1", "    ^"]),
        ("pack: a\n\twhen: x\n", 2, 2, ["     when: x", "     ^"]),
        ("pack: a\nrules: é > 1\n", 2, 10, ["    rules: é > 1", "             ^"]),
        ("pack: a\nrules: 金 > 1\n", 2, 10, ["    rules: 金 > 1", "              ^"]),
        ("pack: a\nrules: 1\n", 2, 99, ["    rules: 1", "            ^"]),
        ("pack: a\n\nx: 1\n", 2, 1, []),
        ("pack: a\n", 7, 1, []),
        ("pack: a\nsay: see https://me:key@host/x\n", 2, 6, ["    say: see https://...", "         ^"]),
    ],
)
def test_below_a_fault_stands_its_line_with_a_caret(
    text: str, line: int, column: int, below: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pointed(capsys, tmp_path / "p.yml", text, line, column) == below


def test_of_a_long_line_only_the_part_around_the_place_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "pack: a\nsay: " + "x" * 500 + "!" + "y" * 500

    shown, caret = pointed(capsys, tmp_path / "p.yml", text, 2, 506)

    assert len(shown) <= 80
    assert shown[caret.index("^")] == "!"


@pytest.mark.parametrize(
    "text", ["channels:\n  phone: secret\n", "pack\n", "\ud800".encode("utf-8", "replace").decode()]
)
def test_lines_of_settings_and_of_other_files_are_not_shown(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pointed(capsys, tmp_path / "metalwatch.yml", text, 1, 1) == []


def test_a_file_that_is_gone_or_not_text_leaves_the_fault_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.yml").write_bytes(b"pack: \xff\n")

    show_faults([Fault(Place(str(tmp_path / name), 1, 1), "wrong") for name in ("a.yml", "b.yml", "\0")])

    assert len(capsys.readouterr().err.splitlines()) == 3


def test_every_command_shows_the_lines_of_a_faulty_pack(here: Home) -> None:
    (here.folder / "mine.yml").write_text(MINE.replace("gsr > 130", "gsr >> 130"), encoding="utf-8")

    for command in ("check", "status"):
        done = here.command(command)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines() == [
            'mine.yml:7:16: rule "high": ">" cannot stand here; compare with <, <=, > or >='
            if "compare" in done.stderr
            else 'mine.yml:7:16: rule "high": ">" cannot stand here',
            "        when: gsr >> 130",
            "                   ^",
        ]


# --- rule tests and folders


def test_rule_tests_beside_packs_are_checked_with_them(here: Home) -> None:
    (here.folder / "mine.test.yml").write_text("pack: mine\ncases: {}\nother: 1\n", encoding="utf-8")

    for names in ([], ["."], ["mine.yml"], ["mine.test.yml"]):
        done = here.command("check", *names)
        assert done.returncode == 2
        assert done.stderr.startswith('mine.test.yml:3:1: unknown key "other"')


def test_faults_of_a_pack_with_a_test_are_told_once(here: Home) -> None:
    (here.folder / "mine.yml").write_text(MINE.replace("gsr < 50", "gsr < glod"), encoding="utf-8")
    (here.folder / "mine.test.yml").write_text("pack: mine\ncases: {}\n", encoding="utf-8")

    lines = here.command("check").stderr.splitlines()

    assert len([line for line in lines if line.startswith("mine")]) == 1


def test_prices_are_for_looking_at_history(here: Home) -> None:
    done = here.command("check", "--prices", "x")

    assert (done.returncode, done.stderr) == (
        2,
        "error: --prices: it is for --deep, which looks at history\n",
    )


# --- warnings

WARN = "pack: p\nabout: x\nmetrics:\n  {metric}\nrules:\n  r:\n    {each}when: {when}\n"


@pytest.mark.parametrize(
    ("metric", "when", "expected"),
    [
        (
            "m: copper / gold",
            "m > 1",
            "4:6: warning: m has the unit ozt/lb; convert one leg for a pure ratio",
        ),
        (
            "m: copper / gold",
            "m > 1 and m < 9 or m > 20",
            "4:6: warning: m has the unit ozt/lb; convert one leg",
        ),
        (
            "m: 1",
            "copper / gold > m",
            '7:11: warning: rule "r": copper / gold has the unit ozt/lb; convert one leg',
        ),
        (
            "m: neo / mp",
            "m > 1",
            "4:6: warning: m has the unit CAD/USD; convert one leg for a pure ratio",
        ),
        (
            "m: silver - gld / gld * silver",
            "m > 1",
            "4:6: warning: m: its legs settle up to 155 minutes apart (silver at 13:25 America/New_York, gld at ",
        ),
        ("m: change(lyc, 1)", "m > change(mp, 1)", ""),
        (
            "m: correlation(lyc, mp, 20)",
            "m > 0.5",
            "4:6: warning: m: its legs settle up to 950 minutes apart (lyc at 16:10 Australia/Sydney, mp at 16:00 ",
        ),
    ],
)
def test_what_is_worth_a_thought_is_warned_of_once_for_each_metric(
    metric: str, when: str, expected: str, catalogue: Catalogue
) -> None:
    found = warned(WARN.format(metric=metric, each="", when=when), catalogue)

    assert len(found) == bool(expected)
    assert not expected or found[0].startswith(expected)


@pytest.mark.parametrize(
    "when",
    [
        "gold / silver > 80",  # five minutes apart
        "change(copper / gold, 5) > 5%",
        "convert(copper, 'USD/t') > 9000",
        "premium(pslv, pslv_nav) > 3%",  # typed in now and then
        "sma(usdcny, 20) / 2 > 3.5",  # a rate has two currencies
        "usdcny * audusd > 4",
        "share(critical_minerals, change(it, 1) > 8%) > 60%",  # each member by itself
    ],
)
def test_what_is_well_is_not_warned_of(when: str, catalogue: Catalogue) -> None:
    assert warned(WARN.format(metric="m: 1", each="", when=when), catalogue) == []


def test_warnings_of_a_group_are_told_once_and_members_of_a_function_of_groups_are_looked_into(
    catalogue: Catalogue,
) -> None:
    each = warned(
        WARN.format(metric="m: copper / it", each="for_each: precious\n    ", when="m > 1"), catalogue
    )
    inside = warned(
        WARN.format(metric="m: share(miner_etfs, it / gold > 1)", each="", when="m > 50%"), catalogue
    )

    assert len(each) == 1
    assert [line.partition(" minutes")[0] for line in inside] == [
        "4:6: warning: m: its legs settle up to 150"
    ]


def test_warnings_are_shown_with_their_line_and_leave_the_exit_code_alone(here: Home) -> None:
    (here.folder / "mine.yml").write_text(
        MINE.replace("gsr: gold", "odd: copper / gold\n  gsr: gold") + "  odd: {when: odd > 1}\n"
    )

    text, plain = here.command("check"), here.command("check", "--json")

    assert (text.returncode, text.stdout) == (0, "mine: 3 rules, no faults\n")
    assert text.stderr.splitlines() == [
        "mine.yml:4:8: warning: odd has the unit ozt/lb; convert one leg for a pure ratio",
        "      odd: copper / gold",
        "           ^",
    ]
    assert [one["message"] for one in json.loads(plain.stdout)["warnings"]] == ["odd has the unit ozt/lb"]


# --- faults that were not told before


@pytest.mark.parametrize("metric", ["us10y", "ta.roc(slv, window=10)"])
@pytest.mark.parametrize(("limit", "named"), [("5%", ""), ("limit", "  limit: 5%\n")])
def test_a_part_of_a_hundred_beside_per_cent_is_refused(
    metric: str, limit: str, named: str, catalogue: Catalogue
) -> None:
    text = f"pack: p\nabout: x\nmetrics:\n  m: {metric}\n{named}rules:\n  r:\n    when: m > {limit}\n"

    (fault,) = faults(text, catalogue)

    assert fault.endswith(': rule "r": this is in per cent already: 5 is 5 %; write 5')
    assert not warned(text.replace("5%", "5").replace("> limit", "> 5"), catalogue)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("bollinger(gold, 20, 0)", "k"),
        ("bollinger_upper(gold, 20, k=-2) / gold", "k"),
        ("realised_vol(gold, 20, 0)", "per_year"),
        ("ta.cci(slv, constant=0)", "constant"),
    ],
)
def test_a_number_that_makes_nothing_of_a_function_is_refused(
    call: str, name: str, catalogue: Catalogue
) -> None:
    (fault,) = faults(WARN.format(metric="m: 1", each="", when=f"{call} > 0.5"), catalogue)

    assert f'"{name}" must be above 0; got ' in fault


def test_a_metric_that_uses_it_is_read_though_no_rule_is_asked_of_a_group(catalogue: Catalogue) -> None:
    good = WARN.format(metric="m: gap(it) + relative_volume(it, 20)", each="", when="gold > 1")

    assert warned(good, catalogue) == []
    assert faults(good.replace("gap(it)", "gep(it)"), catalogue) == [
        '4:6: unknown function "gep"; did you mean "gap"?'
    ]


@pytest.mark.parametrize(
    ("say", "fault"),
    [
        (
            "{m:.1f}",
            '"it" means a member of a group, and the metric "m" uses it; add `for_each: <group>` to the rule',
        ),
        ("{gold!r:.1f}", '"gold" cannot be printed as "!r.1f"; such as {name:.1f}, {name:.0%}'),
        ("{gold:99999999f}", '"gold" cannot be printed as "99999999f"; such as {name:.1f}, {name:.0%}'),
    ],
)
def test_a_message_that_could_not_be_written_is_refused(say: str, fault: str, catalogue: Catalogue) -> None:
    text = WARN.format(metric="m: it", each=f'say: "{say}"\n    ', when="gold > 1")

    assert faults(text, catalogue) == [f'7:10: rule "r": {fault}']


# --- deep


def wave(count: int = 120, *, start: int = 0) -> list[float]:
    """Values from 1 to 100 and back, again and again, a little different each time."""
    dice = random.Random(5)
    return [abs((day + start) % 40 - 20) * 5 + dice.random() + 0.5 for day in range(count)]


def examined(rules: str, metrics: str = "", count: int = 120) -> DeepReport:
    return examine(
        pack(rules, metrics=metrics),
        made({"gold": wave(count), "mp": wave(count), "slv": wave(count, start=7)}),
    )


def only(report: DeepReport) -> RuleReport:
    (rule,) = report.rules
    return rule


def test_a_rule_that_was_never_true_is_told_with_the_nearest_values() -> None:
    rule = only(examined("r:\n  when: m > 130", "m: gold"))

    assert (rule.sessions, rule.true, rule.messages, rule.suggestions) == (120, 0, 0, [])
    (problem,) = rule.problems
    assert problem.startswith("never true in 120 sessions: m was never above 130; 101.")
    assert " USD/ozt is its highest, 99 % of values are below 101." in problem


@pytest.mark.parametrize(
    ("when", "start"),
    [
        ("gold < 0.1", "never true in 120 sessions: gold was never below 0.1; 1."),
        ("gold >= 0.1", "always true in 120 sessions: gold was always at or above 0.1; 1."),
        (
            "change(gold, 1) <= -100%",
            "never true in 119 sessions: change(gold, 1) was never at or below -100 %; -8",
        ),
        ("gold > 50 and slv > 500", "never true in 120 sessions: slv was never above 500; "),
        ("gold < 30 and gold > 70", "never true in 120 sessions: gold < 30 in "),
    ],
)
def test_what_is_never_or_always_so_is_told_with_its_cause(when: str, start: str) -> None:
    report = examined(f"r:\n  when: {when}")

    (problem,) = only(report).problems
    assert problem.startswith(start)
    assert not report.ok


def test_a_rule_that_fires_and_clears_has_no_problem_and_its_messages_are_counted() -> None:
    report = examined("r:\n  when: gold > 80\n  clear_when: gold < 20\n  cooldown: 90 days")
    rule = only(report)

    assert report.ok
    assert (rule.problems, rule.suggestions, report.seers) == ([], [], 0)
    assert rule.a_year == pytest.approx(rule.messages * 365.25 / 166)  # 120 weekdays
    assert report.compared > 2


@pytest.mark.parametrize(
    ("rule", "suggestion"),
    [
        ("when: gold > 80 or gold > 500", "gold was never above 500; "),
        ("when: gold > 80\n  clear_when: gold < 0.1", "clear_when: gold was never below 0.1; "),
        ("when: gold > 80\n  clear_when: gold < 0.1", "never clear: what opens stays open"),
        ("when: gold > 50\n  clear_when: slv > 50", "fires and is clear at once in "),
        (
            "levels:\n    info: {when: gold > 50}\n    critical: {when: gold > 500}",
            "critical: never true in 120 sessions: gold",
        ),
        ("when: sma(gold, 500) > 3", "sma(gold, 500) looks back over 500 bars, and 120 are held"),
        ("when: mean_of(pair, sma(it, 300)) > 3", "sma(mp, 300) looks back over 300 bars, and 120 are held"),
        ("when: nys > 3", "never known: no session has all the prices it reads"),
    ],
)
def test_what_could_be_better_is_suggested_and_no_problem(rule: str, suggestion: str) -> None:
    report = examined(f"r:\n  {rule}")

    assert report.ok
    assert any(suggestion in text for text in only(report).suggestions), only(report).suggestions


def test_messages_a_year_are_those_of_the_time_in_which_each_member_had_answers() -> None:
    closes: dict[str, Values] = {"mp": [1.0] * 1_044, "slv": [None] * 522 + [1.0] * 200 + [9.0] + [1.0] * 321}

    rule = only(examine(pack("r:\n  for_each: pair\n  when: it > 5"), made(closes)))

    assert rule.messages == 2
    assert rule.a_year == pytest.approx(1.0, rel=2e-3)  # slv is there for two years, mp for four


def test_a_rule_that_tells_more_than_once_a_week_is_told_how_often() -> None:
    rule = only(examine(pack("r:\n  when: gold > 50"), made({"gold": [1.0, 100.0] * 60})))

    assert rule.suggestions == [
        "262 messages a year, more than one a week: a longer `for` or `cooldown` makes fewer"
    ]


def test_members_of_a_group_are_judged_together() -> None:
    bars = made({"mp": wave(), "slv": [value / 100 for value in wave()]})

    fine = only(examine(pack("r:\n  for_each: pair\n  when: it > 50"), bars))
    never = only(examine(pack("r:\n  for_each: pair\n  when: it > 500"), bars))

    assert (fine.problems, fine.suggestions, fine.sessions) == ([], [], 240)
    assert never.problems[0].startswith("never true in 240 sessions: it was never above 500; 101")


def cheating(rulebook: Rulebook, build: Callable[[pl.Expr, int], pl.Expr]) -> Rulebook:
    """The rulebook with something else than an average."""
    instances = []
    for one in rulebook.instances:
        (level,) = one.levels
        assert isinstance(level.when, Operation)
        average, limit = level.when.operands
        assert isinstance(average, Apply)
        other = replace(average, function=replace(FUNCTIONS["sma"], build=build, of_rows=False))
        when = replace(level.when, operands=(other, limit))
        instances.append(replace(one, levels=(replace(level, when=when),), shown={}))
    return replace(rulebook, instances=tuple(instances))


SEE_THE_FUTURE: dict[str, Callable[[pl.Expr, int], pl.Expr]] = {
    "a centred mean": lambda x, n: x.rolling_mean(n, center=True, min_samples=1),
    "the next bar": lambda x, n: x.shift(-1),
    "whether the next bar is lower": lambda x, n: 50.0 + 20 * (x.shift(-1) < x),
    "the highest of all bars": lambda x, n: x * 0 + x.max(),
    "the lowest of all bars": lambda x, n: x * 0 + x.min(),
    "how many bars there are": lambda x, n: x * 0 + x.len(),
}


@pytest.mark.parametrize("leg", ["gold", "gold.high"])
@pytest.mark.parametrize("build", SEE_THE_FUTURE.values(), ids=SEE_THE_FUTURE)
def test_a_rule_that_sees_the_future_is_found(build: Callable[[pl.Expr, int], pl.Expr], leg: str) -> None:
    book, bars = pack(f"r:\n  when: sma({leg}, 5) > 60"), made({"gold": wave()})

    found = examine(cheating(book, build), bars)

    assert (found.ok, found.seers) == (False, 1)
    assert any(p.startswith("it sees the future: with other bars after 2024-") for p in only(found).problems)


def test_a_rule_that_does_not_see_the_future_is_not_accused() -> None:
    honest, bars = pack("r:\n  when: sma(gold, 5) > 60"), made({"gold": wave()})

    assert (examine(honest, bars).ok, examine(honest, bars).seers) == (True, 0)


def test_deep_ends_with_1_and_a_clear_line_for_a_rule_that_was_never_true(here: Home) -> None:
    done = here.command("check", "--deep")

    assert done.returncode == 1
    assert done.stderr == (
        "error: mine/high: never true in 6,502 sessions: gsr was never above 130; 125.9 is its highest, "
        "99 % of values are below 89.75\n"
    )
    lines = done.stdout.splitlines()
    assert "Prices: sample market, simulated, 2000-08-30 to 2026-07-10" in lines
    assert max(map(len, lines)) <= 80


def test_deep_tells_machines_the_same(here: Home) -> None:
    (here.folder / "mine.yml").write_text(MINE.replace("130", "90"), encoding="utf-8")

    done = here.command("check", "--deep", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert found["deep"]["span"] == {"first": "2000-08-30", "last": "2026-07-10"}
    assert [rule["rule"] for rule in found["deep"]["rules"]] == ["mine/high", "mine/low"]
    assert all(rule["a_year"] > 0 and not rule["problems"] for rule in found["deep"]["rules"])


def test_deep_looks_at_the_prices_that_are_named(here: Home) -> None:
    rows = ["Date,Close", *(f"2020-01-{day:02},{1500 + day}" for day in (2, 3, 6, 7, 8, 9, 10))]
    (here.folder / "gold.csv").write_text("\n".join(rows) + "\n")
    (here.folder / "mine.yml").write_text("pack: mine\nabout: x\nrules:\n  r: {when: gold > 1505}\n")

    done = here.command("check", "--deep", "--prices", "gold.csv")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Prices: gold.csv, 2020-01-02 to 2020-01-10" in done.stdout
