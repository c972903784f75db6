"""The algebra of units: what meets, what comes of it, and by what a price is multiplied."""

import pytest

from monitor import units


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("USD/ozt", "USD/ozt", "1"),
        ("USD/lb", "USD/ozt", "ozt/lb"),
        ("CNY/kg", "CNY/USD", "USD/kg"),
        ("USD", "USD/ozt", "ozt"),
        ("1", "USD/ozt", "ozt/USD"),
        ("1", "kg", "1/kg"),
        ("USD/ozt", "ozt/lb", "USD*lb/ozt**2"),
        ("USD*lb/ozt**2", "lb/ozt**2", "USD"),
        ("USD", "EUR", "USD/EUR"),
        ("%", "1", "%"),
        ("1", "percent", "1"),
    ],
)
def test_a_quotient_of_two_units(left: str, right: str, expected: str) -> None:
    assert units.divided(left, right) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("USD/ozt", "CNY/USD", "CNY/ozt"),
        ("USD/lb", "%", "USD/lb"),
        ("1", "USD", "USD"),
        ("USD", "USD", "USD**2"),
        ("ozt/lb", "lb/ozt", "1"),
        ("%", "1", "%"),
        ("%", "%", "1"),
    ],
)
def test_a_product_of_two_units(left: str, right: str, expected: str) -> None:
    assert units.multiplied(left, right) == expected


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("lb", "t", 2204.6226218487757),  # NIST SP 811, appendix B: 1 lb = 4.535 923 7 E-01 kg
        ("kg", "ozt", 0.0311034768),  # (as above): 1 troy ounce = 3.110 347 68 E-02 kg
        ("ozt", "g", 1 / 31.1034768),
        ("sh", "sh", 1.0),
    ],
)
def test_a_price_per_one_quantity_as_a_price_per_another(source: str, target: str, expected: float) -> None:
    assert units.factor(source, target) == expected


@pytest.mark.parametrize(("source", "target"), [("ozt", "bbl"), ("USD", "EUR"), ("sh", "unit")])
def test_what_measures_different_things_has_no_factor(source: str, target: str) -> None:
    with pytest.raises(units.UnitError, match="measure different things"):
        units.factor(source, target)


def test_squares_of_squares_stay_units_and_are_not_converted() -> None:
    unit = "USD/kg"
    for _ in range(40):
        unit = units.multiplied(unit, unit)

    assert unit == f"USD**{2**40}/kg**{2**40}"
    with pytest.raises(units.UnitError, match="a power above 9"):
        units.factor(f"kg**{2**40}", f"t**{2**40}")


@pytest.mark.parametrize("text", ["USD/ozt", " USD / lb ", "1/kg", "USD**2/lb", "%", "EUR"])
def test_what_is_a_unit(text: str) -> None:
    units.check(text)


@pytest.mark.parametrize(
    "text", ["usd/ozt", "USD/ounce", "USDX", "USD/", "USD//lb", "2*g", "USD per lb", " "]
)
def test_what_is_no_unit_is_told_with_those_that_are(text: str) -> None:
    with pytest.raises(units.UnitError, match="is no unit; quantities: g, kg, t, ozt, lb, bbl, sh, unit"):
        units.check(text)
