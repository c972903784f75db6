"""A budget of messages: so many a week, a month or a year on each channel, on average over the time in which rules had answers."""

import re
from dataclasses import dataclass

from monitor.backtest.attention import DAYS_A_MONTH, Attention, Load
from monitor.errors import UsageError

UNITS = {"week": 7.0, "month": DAYS_A_MONTH, "year": 365.25}
"""Days in each."""
PATTERN = re.compile(rf"(\d+(?:\.\d+)?)/({'|'.join(UNITS)})")


@dataclass(frozen=True, slots=True)
class Budget:
    """So many messages a unit."""

    most: float
    unit: str

    def __str__(self) -> str:
        return f"{self.most:g}/{self.unit}"

    def rate(self, load: Load) -> float:
        """How many messages a channel had in each unit."""
        return load.a_month / DAYS_A_MONTH * UNITS[self.unit]


def read_budget(text: str) -> Budget:
    """`4/month` -> a budget; UsageError for anything else."""
    found = PATTERN.fullmatch(text.replace(" ", ""))
    if found is None:
        raise UsageError(f"--budget: expected a rate such as 4/month, 1/week or 30/year; got {text!r}")
    return Budget(float(found[1]), found[2])


def over_budget(budget: Budget, needed: Attention) -> list[str]:
    """A line about each channel that has more messages than the budget allows."""
    return [
        f"over budget: {load.channel} has {_rate(budget.rate(load))} messages a {budget.unit} on average, "
        f"{budget} was allowed{_busiest(load)}"
        for load in needed.channels
        if budget.rate(load) > budget.most
    ]


def _rate(rate: float) -> str:
    return f"{rate:.2f}" if rate < 10 else f"{rate:.1f}"  # noqa: PLR2004 - three digits tell 1.42 from 1.4


def _busiest(load: Load) -> str:
    return "" if load.busiest is None else f"; the busiest month was {load.busiest[0]} with {load.busiest[1]}"
