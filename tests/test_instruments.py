"""The shipped catalogue, and the faults a catalogue can have."""

from datetime import date, time

import pytest

from monitor.errors import FaultyFileError
from monitor.instruments import AssetKind, Catalogue, read_catalogue
from monitor.yamltext import read_yaml
from tests.support.planting import SECRET, planted

GOOD = """\
instruments:
  gold: &gold
    symbol: GC=F
    name: Gold
    kind: future
    currency: USD
    unit: USD/ozt
    calendar: XNYS
    settle: 13:30
    zone: America/New_York
  silver: {<<: *gold, symbol: SI=F, name: Silver, settle: 13:25}
groups:
  precious: [gold, silver]
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read_catalogue(text, file="instruments.yml")
    return [str(fault) for fault in caught.value.faults]


def test_an_instrument_takes_what_it_shares_and_says_what_is_its_own() -> None:
    silver = read_catalogue(GOOD, file="instruments.yml").instruments["silver"]

    assert (silver.id, silver.symbol, silver.kind) == ("silver", "SI=F", AssetKind.FUTURE)
    assert (silver.settle, silver.zone, silver.unit) == (time(13, 25), "America/New_York", "USD/ozt")


def test_the_shipped_metals_settle_when_their_markets_do(catalogue: Catalogue) -> None:
    metals = ("gold", "silver", "copper", "platinum", "palladium")

    settles = {metal: catalogue.instruments[metal].settle for metal in metals}

    assert settles == {
        "gold": time(13, 30),
        "silver": time(13, 25),
        "copper": time(13, 0),
        "platinum": time(13, 5),
        "palladium": time(13, 0),
    }
    assert {catalogue.instruments[metal].zone for metal in metals} == {"America/New_York"}
    assert not any(catalogue.instruments[metal].has_volume for metal in metals)


def test_shipped_exceptions_hold_the_shared_dates_and_each_metals_own(catalogue: Catalogue) -> None:
    gold, silver, copper = (catalogue.instruments[metal] for metal in ("gold", "silver", "copper"))

    assert {
        date(2016, 10, 10),
        date(2016, 11, 11),
        date(2018, 1, 29),
    } <= gold.missing & silver.missing & copper.missing
    assert gold.missing - copper.missing == {date(2005, 6, 29), date(2006, 11, 27)}
    assert copper.extra - gold.extra == {
        date(2001, 9, 11),
        date(2006, 12, 25),
        date(2007, 1, 1),
        date(2023, 11, 23),
    }


def test_a_symbol_with_another_life_says_from_when_it_counts(catalogue: Catalogue) -> None:
    assert catalogue.instruments["mp"].valid_from == date(2020, 11, 18)
    assert catalogue.instruments["usar"].valid_from == date(2025, 3, 14)


def test_every_shipped_instrument_but_benchmarks_has_a_unit_and_a_currency(catalogue: Catalogue) -> None:
    bare = {one.id for one in catalogue.instruments.values() if not one.unit or not one.currency}

    assert bare == {"dxy", "sp500", "us10y"}
    assert catalogue.instruments["us10y"].unit == "percent"


def test_pence_are_no_currency_and_the_fault_names_pounds() -> None:
    text = (
        "instruments: {fres: {symbol: FRES.L, name: F, kind: equity, currency: GBp, calendar: XLON, "
        'settle: "16:40", zone: Europe/London}}'
    )

    with pytest.raises(FaultyFileError) as caught:
        read_catalogue(text, file="own.yml")

    (fault,) = caught.value.faults
    assert (
        "expected three capitals such as USD (GBp, ZAc and ILA of Yahoo are read as GBP, ZAR and ILS)"
        in str(fault)
    )


def test_shipped_ids_and_groups_are_words_that_rules_can_use(catalogue: Catalogue) -> None:
    words = [*catalogue.instruments, *catalogue.groups]

    assert all(word.isidentifier() and word == word.lower() for word in words)
    assert len(set(words)) == len(words)
    # Names of functions of the expression language: a rule that says `min` means the function.
    assert not set(words) & {
        "min",
        "max",
        "abs",
        "log",
        "share",
        "count",
        "change",
        "gap",
        "age",
        "ta",
        "beta",
    }


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        (
            "calendar: XNYS",
            "calendar: XNYSE",
            '8:15: "calendar": unknown calendar "XNYSE"; did you mean "XNYS"?',
        ),
        (
            "calendar: XNYS",
            "calendar: XTAE",
            '8:15: "calendar": the sessions of XTAE cannot be told just now; take 24/5, every weekday',
        ),
        ("settle: 13:30", "settle: 24:30", '9:13: "settle": expected a time of day from 00:00 to 23:59'),
        ("settle: 13:30", "settle: noon", '9:13: "settle": expected a time of day from 00:00 to 23:59'),
        (
            "America/New_York",
            "America/New_Yorck",
            '10:11: "zone": unknown time zone "America/New_Yorck"; did you mean',
        ),
        ("symbol: SI=F", "symbol: gc=f", '11:31: the symbol gc=f of "silver" is that of "gold" already'),
        (
            "[gold, silver]",
            "[gold, sliver]",
            '13:20: the group "precious" names the unknown instrument "sliver"; did you',
        ),
        ("[gold, silver]", "[gold, gold]", '13:20: the group "precious" names "gold" twice'),
        ("[gold, silver]", "[]", '13:3: the group "precious" is empty'),
        ("  precious:", "  silver:", '13:3: "silver" names a group and an instrument'),
        ("  silver: {", "  Silver: {", '11:3: "Silver" cannot be a name; expected lower-case letters'),
        ("  silver: {", "  it: {", '11:3: "it" belongs to the expression language'),
        ("unit: USD/ozt", "unit: EUR/ozt", '7:11: "unit": expected USD or USD/…'),
        ("kind: future", "kind: futures", '5:11: "kind": expected'),
        ("name: Gold\n", "naem: Gold\n", '4:5: unknown key "naem"; did you mean "name"?'),
        ("name: Silver", "missing: [2016-02-30]", '11:46: "missing": expected a date such as 2016-10-10'),
        ("groups:", "group:", '12:1: unknown key "group"; did you mean "groups"?'),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(right: str, wrong: str, fault: str) -> None:
    faults = faults_of(GOOD.replace(right, wrong, 1))

    assert [line for line in faults if line.startswith(f"instruments.yml:{fault}")], faults


def test_all_faults_are_told_at_once_in_the_order_of_their_places() -> None:
    bad = (
        GOOD.replace("XNYS", "XNYSE")
        .replace("symbol: SI=F", "symbol: GC=F")
        .replace("[gold, silver]", "[gold, sliver]")
    )

    assert [line.split(": ")[0] for line in faults_of(bad)] == [
        "instruments.yml:8:15",
        "instruments.yml:11:31",
        "instruments.yml:13:20",
    ]


def test_an_empty_file_lacks_its_instruments() -> None:
    assert faults_of("")
    assert faults_of("groups: {}\n") == ['instruments.yml:1:1: the key "instruments" is missing']


def test_an_address_in_a_wrong_place_of_the_catalogue_is_not_repeated() -> None:
    told = []
    for text in planted(read_yaml(GOOD, file="instruments.yml").value):
        try:
            read_catalogue(text, file="instruments.yml")
        except FaultyFileError as error:
            told += [str(fault) for fault in error.faults]

    assert len([one for one in told if "ntfy://***" in one]) > 50
    assert [one for one in told if SECRET in one] == []
