"""The shipped packs on real prices of gold and silver: they open on the dates they must, and on no others.

The dates are known from research that was done without this program; they are the sent opens.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from monitor import bars
from monitor.alerts import Kind, Severity
from monitor.engine import observe
from monitor.instruments import Catalogue
from monitor.judge import judge
from monitor.policy import Decided
from monitor.prices.files import read_prices
from monitor.rulefile import read_rulebook

RULES = Path(__file__).parents[2] / "rules"
LAST = date(2026, 6, 30)
"""The last session that was looked at; files may go on."""

GOLD_SHOCKS = [
    "2011-08-24", "2013-04-12", "2016-06-24", "2019-06-20", "2020-02-28", "2021-06-17", "2023-10-13", "2025-10-21",
    "2026-01-30",
]  # fmt: skip
SILVER_DRAWDOWNS = [
    "2008-04-29", "2008-08-05", "2010-02-04", "2011-05-05", "2012-12-20", "2016-11-21", "2018-08-15", "2020-03-13",
    "2020-09-23", "2021-08-09", "2022-05-02", "2023-02-23", "2026-01-30",
]  # fmt: skip
SILVER_CRASHES = [
    "2011-05-03", "2011-09-23", "2013-04-15", "2020-03-13", "2020-08-12", "2025-04-04", "2026-01-30", "2026-03-03",
    "2026-03-19", "2026-05-15", "2026-06-24",
]  # fmt: skip
SILVER_SPIKES = [
    "2020-03-23", "2020-07-22", "2020-07-27", "2021-02-01", "2022-10-03", "2025-12-26", "2026-01-05", "2026-01-12",
    "2026-01-26", "2026-02-03",
]  # fmt: skip


@pytest.fixture(scope="module")
def decided(real_prices: Path, catalogue: Catalogue) -> list[Decided]:
    prices = read_prices(real_prices, catalogue).frame
    ours = prices.filter((prices["instrument"].is_in(["gold", "silver"])) & (prices["session"] <= LAST))
    texts = {name: (RULES / name).read_text(encoding="utf-8") for name in ("precious.yml", "shocks.yml")}
    return judge(observe(read_rulebook(texts, catalogue), bars.conform(ours)), {})[1]


def sent(decided: Sequence[Decided], rule: str, kind: Kind, since: int = 2000) -> list[str]:
    return [
        str(one.transition.session)
        for one in decided
        if one.sent
        and one.transition.rule == rule
        and one.transition.kind is kind
        and one.transition.session.year >= since
    ]


@pytest.mark.parametrize(
    ("rule", "since", "dates"),
    [
        ("precious/gsr-stress", 2000, ["2020-03-13", "2025-04-04"]),
        (
            "precious/gsr-high",
            2000,
            ["2019-06-12", "2020-02-27", "2022-07-06", "2023-03-09", "2024-02-07", "2025-02-26"],
        ),
        (
            "precious/gsr-low",
            2000,
            ["2006-04-10", "2006-09-01", "2008-02-29", "2010-11-23", "2012-02-29", "2026-01-27"],
        ),
        ("precious/parity-60", 2013, ["2013-08-19", "2026-01-07", "2026-02-26", "2026-05-11"]),
        ("shocks/silver-dd20", 2008, SILVER_DRAWDOWNS),
        ("shocks/gold-shock", 2011, GOLD_SHOCKS),
        ("shocks/silver-crash", 2011, SILVER_CRASHES),
        ("shocks/silver-spike", 2020, SILVER_SPIKES),
    ],
)
def test_a_rule_opens_on_its_dates_and_on_no_others(
    decided: list[Decided], rule: str, since: int, dates: list[str]
) -> None:
    assert sent(decided, rule, Kind.OPEN, since) == dates


@pytest.mark.parametrize(
    ("rule", "since", "dates"),
    [("precious/gsr-low", 2000, ["2011-04-15"]), ("shocks/gold-shock", 2011, ["2013-04-15"])],
)
def test_a_ladder_escalates_on_its_dates_and_on_no_others(
    decided: list[Decided], rule: str, since: int, dates: list[str]
) -> None:
    assert sent(decided, rule, Kind.ESCALATE, since) == dates


def test_the_fall_of_gold_in_january_2026_opens_at_the_highest_level(decided: list[Decided]) -> None:
    (opened,) = [
        one.transition
        for one in decided
        if (one.transition.rule, one.transition.session, one.transition.kind)
        == ("shocks/gold-shock", date(2026, 1, 30), Kind.OPEN)
    ]

    assert opened.level is Severity.CRITICAL


@pytest.mark.parametrize(
    ("rule", "session", "metric", "value"),
    [
        ("precious/gsr-stress", "2020-03-13", "gsr", 104.85),
        ("precious/gsr-stress", "2025-04-04", "gsr", 103.45),
        ("shocks/silver-crash", "2026-01-30", "silver_change_2", -0.308),
        ("shocks/silver-spike", "2021-02-01", "silver_change", 0.093),
    ],
)
def test_a_message_carries_the_value_of_its_day(
    decided: list[Decided], rule: str, session: str, metric: str, value: float
) -> None:
    (opened,) = [
        one.transition
        for one in decided
        if one.sent
        and one.transition.rule == rule
        and str(one.transition.session) == session
        and one.transition.kind is Kind.OPEN
    ]

    assert opened.values[metric] == pytest.approx(value, abs=0.006)


def test_every_transition_of_25_years_is_sent_or_withheld_with_a_cause(decided: list[Decided]) -> None:
    assert all(one.sent is (one.cause is None) for one in decided)
    assert sum(one.sent for one in decided) > 200
