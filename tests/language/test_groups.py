"""Functions of groups: one number of what the members say in each session."""

import pytest

from monitor.instruments import Catalogue
from monitor.language import Scope, understand
from tests.support.made_up import Values, computed, instrument, made, sessions

METALS = Catalogue(
    {name: instrument(name) for name in ("gold", "silver", "copper", "lead")},
    {"metals": ("gold", "silver", "copper"), "bases": ("copper", "lead")},
)


def of_metals(text: str, **closes: Values) -> list[float | bool | None]:
    """What an expression is in each session of closes by metal."""
    found = computed(understand(text, Scope(METALS)), made(closes, catalogue=METALS))
    known = dict(found.select("session", "value").iter_rows())
    return [known.get(day) for day in sessions(max(map(len, closes.values())))]


def test_a_basket_chains_the_mean_changes_of_its_members_from_100_on() -> None:
    values = of_metals("basket(metals)", gold=[10, 11, 11, 9.9], silver=[20, 20, 22, 22], copper=[4, 4, 4, 4])

    assert values[0] is None
    assert values[1:] == pytest.approx(
        [100 * (1 + 0.1 / 3), 100 * (1 + 0.1 / 3) ** 2, 100 * (1 + 0.1 / 3) ** 2 * (1 - 0.1 / 3)]
    )


def test_a_member_of_a_basket_without_a_bar_has_not_moved_and_moves_when_it_is_back() -> None:
    values = of_metals("basket(metals)", gold=[10, 10, 11, 11], silver=[20] * 4, copper=[4, 4, None, 4.4])

    assert values[1:] == pytest.approx([100, 100 * (1 + 0.1 / 3), 100 * (1 + 0.1 / 3) ** 2])


def test_a_basket_is_unknown_where_few_members_are_known_and_loses_nothing_of_what_they_did() -> None:
    values = of_metals(
        "basket(metals)",
        gold=[10, 10, None, 10, 10],
        silver=[20, 20, None, 20, 20],
        copper=[4, 4, 4.4, 4.4, 4.4],
    )

    assert values[2] is None
    assert [values[1], *values[3:]] == pytest.approx([100, 100 + 10 / 3, 100 + 10 / 3])


def test_a_member_of_a_basket_weighs_from_its_own_beginning_on() -> None:
    values = of_metals("basket(bases)", copper=[4, 4.4, 4.4, 4.4], lead=[None, None, 2, 2.2])

    assert values[1:] == pytest.approx([110, 110, 110 * 1.05])


def test_a_basket_begins_at_100_where_enough_of_its_members_have_begun() -> None:
    values = of_metals(
        "basket(metals)", gold=[10, 20, 40, 40], silver=[None, None, 20, 22], copper=[None] * 4
    )

    assert values == [None, None, None, pytest.approx(105)]


def test_several_baskets_stand_beside_each_other() -> None:
    text = "basket(metals) / basket(bases)"

    values = of_metals(text, gold=[10, 11], silver=[20, 22], copper=[4, 4.4], lead=[2, 2])

    assert values == [None, pytest.approx(1.1 / 1.05)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("share(metals, it > 5)", [2 / 3, 1.0, None, 1.0]),
        ("count(metals, it > 5)", [2.0, 2.0, None, 3.0]),
        ("mean_of(metals, it)", [34 / 3, 15.0, None, 20.0]),
        ("median_of(metals, it)", [10.0, 15.0, None, 10.0]),
        ("min_of(metals, it)", [4.0, 10.0, None, 10.0]),
        ("max_of(metals, it)", [20.0, 20.0, None, 40.0]),
    ],
)
def test_a_function_of_a_group_is_over_the_members_that_are_known_if_they_are_half_of_them(
    text: str, expected: list[float | None]
) -> None:
    values = of_metals(text, gold=[10, 10, None, 10], silver=[20, 20, None, 10], copper=[4, None, 4, 40])

    assert values == expected
