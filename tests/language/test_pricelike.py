"""What can be told in parts of itself, and what only in its own unit."""

import pytest

from monitor.language import Scope, is_price_like, understand
from tests.support.made_up import CATALOGUE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gold", True),
        ("mp.volume", True),
        ("gold / silver", True),
        ("gold / 60 + 2 * silver", True),
        ("sma(gold / silver, 20)", True),
        ("at_last(zscore(gold, 20) > 2, gold)", True),
        ("basket(pair)", True),
        ("median_of(metals, it)", True),
        ("zscore(gold / silver, 20)", False),
        ("change(gold, 1)", False),
        ("change(gold, 1) * 100", False),
        ("gold - silver", False),
        ("-gold", False),
        ("-2 * gold", False),
        ("sma(zscore(gold, 20), 5)", False),
        ("rsi(gold)", False),
        ("macd(gold)", False),
        ("age(gold)", False),
        ("mean_of(metals, zscore(it, 20))", False),
        ("count(metals, it > 2)", False),
    ],
)
def test_only_what_is_made_of_prices_and_positive_as_they_are_is_like_a_price(
    text: str, *, expected: bool
) -> None:
    assert is_price_like(understand(text, Scope(CATALOGUE, {}))) is expected


def test_a_metric_is_what_its_name_stands_for() -> None:
    scope = Scope(CATALOGUE, {"gsr": understand("gold / silver", Scope(CATALOGUE, {}))})

    assert is_price_like(understand("gsr", scope))
    assert not is_price_like(understand("zscore(gsr, 20)", scope))
