"""Parts -> typed nodes: what names mean, whether arguments fit, and everything that is wrong at once."""

import pytest

from monitor.language import Const, ExpressionError, Node, Scope, inputs, understand, written
from monitor.metrics import FUNCTIONS
from tests.support.made_up import CATALOGUE


def scope(it: str | None = None, **metrics: str) -> Scope:
    known: dict[str, Node] = {}
    for name, text in metrics.items():
        known[name] = understand(text, Scope(CATALOGUE, known, it=it))
    return Scope(CATALOGUE, known, it=it)


def troubles(text: str, it: str | None = None, **metrics: str) -> list[tuple[int, str, str | None]]:
    """Column, message and hint of everything wrong in a text."""
    with pytest.raises(ExpressionError) as caught:
        understand(text, scope(it, **metrics))
    return [(trouble.span.start, trouble.message, trouble.hint) for trouble in caught.value.troubles]


def test_a_name_is_the_close_of_an_instrument() -> None:
    node = understand("silver", scope())

    assert node.key == "silver.close"
    assert node.legs == {("silver", "close")}
    assert node.unit == "USD/ozt"


def test_a_field_is_asked_for_with_a_dot() -> None:
    node = understand("mp.volume", scope())

    assert node.legs == {("mp", "volume")}
    assert node.unit == "lots"


def test_it_is_the_member_of_the_group() -> None:
    assert understand("change(it, 1)", scope("mp")).key == understand("change(mp, 1)", scope()).key
    assert understand("it.volume", scope("mp")).legs == {("mp", "volume")}


def test_a_metric_computes_what_it_names_and_keeps_its_name() -> None:
    node = understand("gsr > 90", scope(gsr="gold / silver"))

    assert node.key == understand("gold / silver > 90", scope()).key
    assert written(node) == "gsr > 90"
    assert node.legs == {("gold", "close"), ("silver", "close")}


@pytest.mark.parametrize(
    ("text", "look_back", "warm_up"),
    [
        ("gold", 1, 0),
        ("change(gold, 5)", 6, 0),
        ("sma(gold, 20)", 20, 0),
        ("sma(change(gold, 5), 20)", 25, 0),
        ("zscore(sma(change(gold, 5), 20), 10)", 34, 0),
        ("sma(gold, 20) - sma(silver, 50)", 50, 0),
        ("sigma_move(gold, 60)", 62, 0),
        ("ema(gold, 10)", 10, 200),
        ("sma(ema(gold, 10), 5)", 14, 200),
        ("ema(ema(gold, 10), 5)", 14, 300),
        ("drawdown(gold, 252)", 252, 0),
        ("gap(mp)", 2, 0),
        ("relative_volume(mp)", 21, 0),
        ("not change(gold, 5) > 1%", 6, 0),
    ],
)
def test_look_backs_add_up_over_what_stands_inside(text: str, look_back: int, warm_up: int) -> None:
    node = understand(text, scope())

    assert (node.look_back, node.warm_up) == (look_back, warm_up)


@pytest.mark.parametrize(
    ("text", "value", "percent"),
    [("2 * 10", 20.0, False), ("100% - 20%", 0.8, True), ("-(3 + 4)", -7.0, False), ("1 / 4", 0.25, False)],
)
def test_constants_are_computed_at_once(text: str, value: float, percent: bool) -> None:
    node = understand(text, scope())

    assert isinstance(node, Const)
    assert node.value == pytest.approx(value)
    assert node.percent is percent


@pytest.mark.parametrize(
    "text",
    [
        "gold > limit * 0.95",
        "limit - 500 < gold",
        "gold > max(limit, 80)",
        "gold + margin > limit",
        "gold - margin * 2 > limit",
        "change(gold, 1) > tenth * 2",
    ],
)
def test_numbers_under_a_name_may_be_worked_with_as_those_written_out(text: str) -> None:
    named = understand(text, scope(limit="2_000", margin="100", tenth="10%"))

    assert named.yesno


@pytest.mark.parametrize(
    "text", ["gold > tenth * 2", "gold + tenth > 1", "gold > share * 2", "gold + mp > limit"]
)
def test_a_percentage_under_a_name_or_another_unit_is_no_number_for_a_price(text: str) -> None:
    (found,) = troubles(text, tenth="10%", share="gold / silver", limit="2_000")

    assert "USD/ozt" in found[1]


def test_a_window_may_be_computed_from_constants_or_given_by_name() -> None:
    assert understand("sma(gold, 4 * 5)", scope()).key == understand("sma(gold, n=20)", scope()).key


def test_defaults_stand_for_what_is_not_written() -> None:
    assert understand("sigma_move(gold)", scope()).key == understand("sigma_move(gold, 60)", scope()).key
    assert understand("drawdown(gold)", scope()).key != understand("drawdown(gold, 1)", scope()).key


def test_a_function_of_an_instrument_reads_the_fields_it_names() -> None:
    assert understand("gap(mp)", scope()).legs == {("mp", "open"), ("mp", "close")}


def test_what_a_condition_compares_are_its_inputs_without_the_constants() -> None:
    node = understand(
        "gsr > 90 and not (60 < silver or crosses_above(gold, 3)) and flag",
        scope(gsr="gold / silver", flag="gold > 5"),
    )

    assert [written(found) for found in inputs(node)] == ["gsr", "silver", "crosses_above(gold, 3)", "flag"]


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("slver > 1", 0, 'unknown name "slver"', 'did you mean "silver"?'),
        ("1 < gold + slver", 11, 'unknown name "slver"', 'did you mean "silver"?'),
        (
            "zzz > 1",
            0,
            'unknown name "zzz"',
            "metrics of this file and instruments of the catalogue are known",
        ),
        ("GC > 1", 0, 'unknown name "GC"', 'the instrument is called "gold"'),
        ("si > 1", 0, 'unknown name "si"', 'the instrument is called "silver"'),
        (
            "pair > 1",
            0,
            '"pair" is a group, not one instrument',
            "use it in `for_each`, or in a function of groups: share(pair, change(it, 1) >= 8%)",
        ),
        ("sma > 1", 0, '"sma" is a function', "write sma(x, n)"),
        ("it > 1", 0, '"it" means a member of a group', "add `for_each: <group>` to the rule"),
        ("mp.volum > 1", 0, 'mp has no field "volum"', 'did you mean "volume"?'),
        ("mp.zzz > 1", 0, 'mp has no field "zzz"', "fields: open, high, low, close, volume"),
        (
            "future.volume > 1",
            0,
            "volume of future means nothing (Yahoo continuous futures)",
            "use an ETF on the same metal",
        ),
        ("future.high > 1", 0, "high of future means nothing (Yahoo continuous futures)", "use its close"),
        ("gap(future) > 1", 4, "open of future means nothing (Yahoo continuous futures)", "use its close"),
        ("gsr.close > 1", 0, '"gsr" is a metric and has no fields', "ask an instrument for its field"),
        ("chnge(gold) > 1", 0, 'unknown function "chnge"', 'did you mean "change"?'),
        ('gold > "x"', 7, "a quoted text means nothing here", None),
        ("gold / 0 > 1", 0, "a division by zero is never known", None),
        ("gold / (2 - 2) > 1", 0, "a division by zero is never known", None),
        ("gold / -2 > 1", 0, "a division by less than zero is never known", None),
        ("1 > 2", 0, "both sides are constants; it is always the same", None),
        ("gold > sma(3, 5)", 7, "sma of a number is always the same", "write sma(x, n)"),
        ("gold > log(0 * 1)", 7, "log of this is no number", None),
        ("(gold > 1) + 1 > 2", 1, '"+" takes numbers, and this is a condition', None),
        ("(gold > 1) > 2", 1, '">" takes numbers, and this is a condition', None),
        ("gold and silver > 1", 0, '"and" takes conditions, and this is a number', "compare it"),
        ("not gold", 4, '"not" takes conditions, and this is a number', "compare it"),
        (
            'convert(gold, "USD/foo") > 1',
            0,
            '"USD/foo" is no unit; quantities: g, kg, t, ozt, lb, bbl, sh, unit; a currency is three capitals',
            None,
        ),
        ('convert(gold, "USD") > 1', 0, "USD/ozt cannot become USD", 'such as "USD/ozt"'),
        (
            'convert(gold, "CHF/g") > 1',
            0,
            "there is no exchange rate from USD to CHF",
            "rates: none; convert over a third currency, or name the rate in your `instruments`",
        ),
        (
            'convert(future.volume, "USD/kg") > 1',
            8,
            "volume of future means nothing (Yahoo continuous futures)",
            "use an ETF on the same metal",
        ),
        (
            "premium(future.high, gold) > 1%",
            8,
            "high of future means nothing (Yahoo continuous futures)",
            "use its close",
        ),
        ("gold > 1e999", 7, "a number this large cannot be computed with", None),
        ("gold > 1e308 * 10", 7, "a number this large cannot be computed with", None),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would(
    text: str, column: int, message: str, hint: str | None
) -> None:
    assert troubles(text, gsr="gold / silver") == [(column, message, hint)]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("sma(gold) > 1", 0, 'sma needs "n"'),
        ("sma() > 1", 0, 'sma needs "x"'),
        ("sma(gold, 2, 3) > 1", 0, "sma takes 2 arguments, not 3"),
        ("sma(gold, m=2, n=3) > 1", 12, '"m" is not a parameter of sma'),
        ("sma(gold, 2, n=3) > 1", 15, '"n" is given twice of sma'),
        (
            "sma(gold, silver) > 1",
            10,
            '"n" must be a whole number of bars, at least 1, written as a constant',
        ),
    ],
)
def test_arguments_that_do_not_fit_are_told(text: str, column: int, message: str) -> None:
    found = troubles(text)

    assert (column, message) in [trouble[:2] for trouble in found]


@pytest.mark.parametrize("window", ["0", "-1", "2.5", "1e19", "100_001", "20%"])
def test_a_window_is_a_whole_number_of_bars_that_a_history_can_hold(window: str) -> None:
    (found,) = troubles(f"sma(gold, {window}) > 1")

    assert found[0] == 10
    assert found[1].startswith('"n" must be a whole number of bars, at least 1 and at most 100000; got ')


def test_a_standard_deviation_needs_two_bars() -> None:
    (found,) = troubles("zscore(gold, 1) > 1")

    assert found[1] == '"n" must be a whole number of bars, at least 2 and at most 100000; got 1'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "drawdown(gold) > 20%",
            "drawdown is never above 0, so this is always the same",
            "write -20%",
        ),
        ("drawdown(gold) <= 0", "drawdown is never above 0, so this is always the same", None),
        ("dd < 20%", "drawdown is never above 0, so this is always the same", "write -20%"),
        ("20% > drawdown(gold)", "drawdown is never above 0, so this is always the same", "write -20%"),
        ("rsi(gold) > 100", "rsi is never above 100, so this is always the same", None),
        ("rsi(gold) >= 0", "rsi is never below 0, so this is always the same", None),
        ("rsi(gold) < -5", "rsi is never below 0, so this is always the same", None),
        ("relative_volume(mp) < 0", "relative_volume is never below 0, so this is always the same", None),
        ("percentile(gold, 9) > 95%", "a percentile runs from 0 to 100", "write 95"),
    ],
)
def test_a_threshold_that_can_never_matter_is_told(text: str, message: str, hint: str | None) -> None:
    assert troubles(text, dd="drawdown(gold, 252)") == [(0, message, hint)]


@pytest.mark.parametrize(
    "text", ["drawdown(gold) >= 0", "drawdown(gold) < 0", "rsi(gold) <= 0", "rsi(gold) >= 100"]
)
def test_a_threshold_at_the_edge_of_what_is_possible_may_matter(text: str) -> None:
    assert understand(text, scope()).yesno


@pytest.mark.parametrize("argument", ["gold.open", "gold + 1", "gsr", "3", "sma(gold, 3)"])
def test_a_function_of_an_instrument_takes_nothing_else(argument: str) -> None:
    (found,) = troubles(f"gap({argument}) > 1", gsr="gold / silver")

    assert found[0] == 4
    assert found[1].startswith("gap takes an instrument")


def test_a_function_of_numbers_takes_no_condition() -> None:
    (found,) = troubles("sma(gold > 1, 5) > 1")

    assert found[1] == '"x" of sma must be a series of numbers'


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = troubles("slver > 1 and chnge(gold) > 1 and drawdown(gold) > 5%")

    assert [column for column, _, _ in found] == [0, 14, 34]


def test_every_function_has_a_signature_that_can_be_shown() -> None:
    assert FUNCTIONS["zscore"].signature == "zscore(x, n)"
    assert FUNCTIONS["drawdown"].signature == "drawdown(x, n=all)"
    assert FUNCTIONS["gap"].signature == "gap(instrument)"
    assert FUNCTIONS["relative_volume"].signature == "relative_volume(instrument, n=20)"


def test_a_denominator_that_is_never_above_zero_is_told_also_under_its_name() -> None:
    assert troubles("gold / none > 1", none="1 - 1") == [(0, "a division by zero is never known", None)]
    assert troubles("gold / down > 1", down="0 - 2") == [
        (0, "a division by less than zero is never known", None)
    ]
    assert written(understand("gold > 6 / down", scope(down="0 - 2"))) == "gold > -3"
