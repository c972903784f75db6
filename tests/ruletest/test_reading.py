from pathlib import Path

import pytest

from monitor.errors import FaultyFileError
from tests.ruletest.written import HEAD, PACK, case, read

GOOD = """\
series:
  gold: "1820*4"
  silver: "20*4"
expect:
  transitions:
    - {at: 2, kind: open, rule: high}
"""


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read(folder, text)
    return [str(fault) for fault in caught.value.faults]


def test_a_case_without_faults_is_read(tmp_path: Path) -> None:
    test = read(tmp_path, HEAD + case(GOOD, name="three closes"))

    assert [one.name for one in test.cases] == ["three closes"]
    assert test.cases[0].keys == {("metals/high", None), ("metals/low", None)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("at: 2", "at: 4", "9:12: there is no column 4; columns are 0 to 3"),
        ("rule: high", "rule: hihg", '9:37: no rule "hihg" is judged in this case; did you mean "high"?'),
        ("rule: high", "rule: jump mp", 'no rule "jump mp" is judged in this case'),
        ("rule: high", "rule: high, level: critical", '"high" has no level critical; its levels: warning'),
        ("kind: open", "kind: opened", "9:25: \"kind\": expected 'pending'"),
        ("series:", "serie:", '4:5: unknown key "serie"; did you mean "series"?'),
        ("series:", "rules: [hihg]\n    series:", 'the pack has no rule "hihg"; did you mean "high"?'),
        (
            "series:",
            "rules: [jump]\n    series:",
            '"jump" cannot be judged without mp, mp.open, mp.volume; add the series',
        ),
        (
            "series:",
            "start: 2024-03-02\n    series:",
            "2024-03-02 is no session of 24/5; the next one is 2024-03-04",
        ),
        ("series:", "start: 2 March\n    series:", "a session label was expected, such as 2024-03-01"),
        ('"1820*4"', '"1820x4"', '5:14: "1820x4" is no token of a series; tokens: 20, 20*3'),
        ('"1820*4"', '"1820*3"', '"gold": 3 columns, the longest series has 4'),
        ('"1820*4"', '"1820*3 1820@+1"', '"gold": column 3 would arrive after the last column, 3'),
        ("gold:", "golf:", '5:7: unknown instrument "golf"; did you mean "gold"?'),
        ("gold:", "gold.clse:", '"clse" is no field of a bar; did you mean "close"?'),
        ("gold:", "gold.open:", '"gold.open" without a close; add the series `gold`'),
        (
            "silver:",
            'gold.volume: "1@+1 1*3"\n      silver:',
            "only a close is late, revised, provisional or failed",
        ),
        ('"1820*4"', "{file: none.csv}", "No such file"),
        (
            "expect:",
            "events: [{at: 9, do: restart}]\n    expect:",
            "there is no column 9; columns are 0 to 3",
        ),
        ("expect:", "events: [{at: 1, do: channel_down}]\n    expect:", "`channel_down` needs a `channel`"),
        (
            "expect:",
            "events: [{at: 1, do: restart, bars: 2}]\n    expect:",
            "`restart` takes no `channel` or `rule` or `bars`",
        ),
        ("expect:", "events: [{at: 1, do: silence}]\n    expect:", "`silence` needs a `rule`"),
        (
            "expect:",
            "events: [{at: 1, do: silence, rule: high, channel: phone}]\n    expect:",
            "`silence` takes no `channel`",
        ),
        (
            "expect:",
            "events: [{at: 1, do: silence, rule: hihg}]\n    expect:",
            'no rule "hihg" is judged in this case; did you mean "high"?',
        ),
        ("expect:", "events: [{at: 1, do: explode}]\n    expect:", "'restart', 'channel_down' or 'silence'"),
        ("  transitions:", "  states: {7: {high: ok}}\n      transitions:", "there is no column 7"),
        ("  transitions:", "  states: {1: {higj: ok}}\n      transitions:", 'did you mean "high"?'),
        (
            "  transitions:",
            "  states: {1: {low/worst: ok}}\n      transitions:",
            'no rule "low/worst" is judged',
        ),
        (
            "  transitions:",
            "  states: {1: {high: pendin}}\n      transitions:",
            "a state was expected: ok, pending",
        ),
        (
            "  transitions:",
            "  messages: [{at: 5, channel: console, kinds: [open]}]\n      transitions:",
            "there is no column 5; columns are 0 to 3",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    text = HEAD + case(GOOD)
    assert old in text

    found = faults(tmp_path, text.replace(old, new, 1))

    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("metals.test.yml:") for fault in found)


def test_every_fault_of_every_case_is_told_at_once(tmp_path: Path) -> None:
    one = case(GOOD.replace("at: 2", "at: 9"), name="one")
    two = case(GOOD.replace("1820*4", "x y"), name="two")

    found = faults(tmp_path, HEAD + one + two)

    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a mapping was expected; a rule test starts with `pack: <name>`"),
        ("pack: metals\ncases: {}\n", "a rule test needs at least one case"),
        ("pack: metal\ncases: {}\n", 'there is no pack "metal" beside this file; did you mean "metals"?'),
        ("pack: metals\n", 'the key "cases" is missing'),
        (HEAD + case("series: {}\nexpect: {}"), "a case needs at least one series"),
        (HEAD + case("series: {slv: 1}\nexpect: {}"), "no rule of the pack can be judged from these series"),
        (HEAD + case("series: {gold: 1}"), 'the key "expect" is missing'),
    ],
)
def test_a_file_that_says_too_little(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in fault for fault in faults(tmp_path, text))


def test_faults_of_the_pack_are_told_with_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FaultyFileError) as caught:
        read(tmp_path, HEAD + case(GOOD), pack=PACK.replace("gsr > 90", "gsr >> 90"))

    assert str(caught.value).startswith("metals.yml:")


def test_a_value_on_a_holiday_of_its_own_exchange_is_a_fault(tmp_path: Path) -> None:
    pack = "pack: metals\nabout: made up\nrules: {far: {when: lyc / nys > 1}}\n"
    body = 'start: 2024-01-25\nseries: {lyc: "5 6 7", nys: "4 4 4"}\nexpect: {}'

    with pytest.raises(FaultyFileError) as caught:
        read(tmp_path, HEAD + case(body), pack=pack)

    # 2024-01-26 is Australia Day.
    assert '"lyc": column 1: XASX has no session on 2024-01-26; write `_` there' in str(caught.value)


def test_a_series_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_text("session,close\n1,1820\n2,\n3,1820.5\n")
    body = 'series:\n  gold: {file: gold.csv}\n  silver: "20*3"\nexpect: {}'

    timeline = read(tmp_path, HEAD + case(body)).cases[0].timeline

    gold = timeline.everything.filter(instrument="gold")
    assert gold["close"].to_list() == [1820, 1820.5]


def test_a_file_without_the_column_says_which_it_has(tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_text("day,price\n1,x\n")
    body = "series:\n  gold: {file: gold.csv}\n  silver: {file: gold.csv, column: price}\nexpect: {}"

    found = faults(tmp_path, HEAD + case(body))

    assert 'gold.csv has no column "close"; columns: day, price' in found[0]
    assert 'gold.csv:2: "x" in price is no number' in found[1]
