"""How many messages rules make on each channel, what is withheld, and a budget for it."""

from datetime import date, time

import pytest

from monitor.alerts import Severity
from monitor.backtest import run
from monitor.backtest.attention import Attention, Storm, attention
from monitor.backtest.budget import Budget, over_budget, read_budget
from monitor.errors import UsageError
from monitor.instruments import Catalogue
from monitor.routing import Match, QuietHours, Route, Routing, everything
from tests.support.made_up import instrument, made
from tests.support.rules import pack

HIGH = [1.0, 10.0, 1.0, 10.0, 1.0, *[1.0] * 57]
"""62 weekdays from 2024-01-01 on, two of them high; each resolves a session later."""
RULES = """
loud: {when: gold > 9, severity: critical}
soft: {when: gold > 5, severity: info, cooldown: 30 days}
"""


def of(routing: Routing, rules: str = RULES) -> Attention:
    return attention(run(pack(rules), made({"gold": HIGH})), routing)


def test_all_that_is_told_in_one_session_on_one_channel_is_one_message() -> None:
    (mail,) = of(everything(["mail"])).channels

    assert (mail.messages, mail.months, mail.busiest) == (4, (("2024-01", 4),), ("2024-01", 4))
    assert mail.a_month == pytest.approx(4 / 86 * 365.25 / 12)
    assert mail.storms == ()


def test_each_channel_carries_what_its_routes_take_and_the_end_of_what_it_heard() -> None:
    critical = Route(channels=("phone", "mail"), match=Match(severity=frozenset({Severity.CRITICAL})))

    found = of(Routing(routes=(critical, Route(channels=("mail",)))))

    assert [(one.channel, one.messages) for one in found.channels] == [("phone", 4), ("mail", 4)]


ONCE = [1.0] * 600 + [10.0] + [1.0] * 182
"""Three years of weekdays from 2024-01-01 on."""
LATE = "late: {when: 'change(gold, 391) > 500%'}"
"""Has answers in the last year and a half of them."""


def test_a_message_counts_over_the_time_in_which_its_rules_had_answers() -> None:
    rules = pack(LATE), pack(f"early: {{when: gold > 9}}\n{LATE}")
    late, both = (attention(run(book, made({"gold": ONCE})), everything(["mail"])) for book in rules)

    assert [one.channels[0].messages for one in (late, both)] == [2, 2]
    assert late.channels[0].a_month == pytest.approx(2 / 548 * 365.25 / 12)  # 2025-07-01 to 2026-12-30
    assert both.channels[0].a_month == pytest.approx(2 / 1095 * 365.25 / 12)
    assert over_budget(read_budget("1/year"), late) == [
        "over budget: mail has 1.33 messages a year on average, 1/year was allowed; the busiest month was 2026-04 with 2"
    ]


def test_what_a_few_days_had_is_told_as_no_higher_rate_than_that_of_a_year() -> None:
    latest = "r: {when: 'change(gold, 780) > 100%'}"
    bars = made({"gold": [1.0] * 780 + [9.0, 1.0, 1.0]})

    (mail,) = attention(run(pack(latest), bars), everything(["mail"])).channels

    assert mail.messages == 2
    assert mail.a_month == pytest.approx(2 / 12)


def test_what_a_cooldown_withheld_is_counted_by_its_cause() -> None:
    found = of(everything(["mail"]))

    assert found.withheld == (("cooldown", 2),)  # the second open of `soft`, and its resolve


def test_what_comes_in_quiet_hours_is_counted_as_deferred() -> None:
    quiet = QuietHours(start=time(15), end=time(18), zone="America/New_York")  # bars settle at 16:00

    (mail,) = of(Routing(routes=(Route(channels=("mail",)),), quiet={"mail": quiet})).channels

    assert (mail.messages, mail.deferred) == (4, 0)  # critical ones are not held back
    (soft,) = of(
        Routing(routes=(Route(channels=("mail",)),), quiet={"mail": quiet}), "r: {when: gold > 5}"
    ).channels
    assert (soft.messages, soft.deferred) == (4, 4)


def test_many_opens_in_one_message_are_a_storm() -> None:
    names = [f"m{number}" for number in range(11)]
    catalogue = Catalogue({name: instrument(name) for name in names}, {"many": tuple(names)})
    book = pack("r: {for_each: many, when: it > 9}", catalogue=catalogue)
    bars = made({name: [1.0, 10.0, 1.0] for name in names}, catalogue=catalogue)

    (mail,) = attention(run(book, bars), everything(["mail"])).channels

    assert mail.storms == (Storm(session=date(2024, 1, 2), opens=11),)
    assert mail.messages == 2


def test_a_budget_is_kept_or_the_channel_is_named_with_its_busiest_month() -> None:
    found = of(everything(["mail"]))

    assert over_budget(read_budget("2/month"), found) == []
    assert over_budget(read_budget("1.4/month"), found) == [
        "over budget: mail has 1.42 messages a month on average, 1.4/month was allowed; the busiest month was 2024-01 with 4"
    ]
    assert over_budget(Budget(17, "year"), found) == []
    assert len(over_budget(Budget(16.9, "year"), found)) == 1


@pytest.mark.parametrize("text", ["4", "4/fortnight", "-1/month", "many/month", "4/month/2"])
def test_a_budget_that_is_no_rate_is_told_with_one_that_is(text: str) -> None:
    with pytest.raises(UsageError, match="expected a rate such as 4/month"):
        read_budget(text)


def test_without_a_message_every_budget_is_kept() -> None:
    found = of(everything(["mail"]), "r: {when: gold > 99}")

    assert [one.messages for one in found.channels] == [0]
    assert over_budget(read_budget("0/year"), found) == []
