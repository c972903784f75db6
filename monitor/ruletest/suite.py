"""Rule tests, run: the outcome of every case."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.ruletest.cases import Case, RuleTest
from monitor.ruletest.comparing import Difference, composed, differences
from monitor.ruletest.running import Divergence, Engine, Judging, Run, compared, divergences

STORED = "stored and delivered"


@dataclass(frozen=True)
class Outcome:
    """What came of one case."""

    test: RuleTest
    case: Case
    run: Run
    differences: tuple[Difference, ...] = ()
    divergences: tuple[Divergence, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences and not self.divergences


def run_all(tests: Iterable[RuleTest]) -> list[Outcome]:
    """Every case of some rule tests."""
    return [run_case(test, case) for test in tests for case in test.cases]


def run_case(test: RuleTest, case: Case, engine: Engine | None = None) -> Outcome:
    """One case in all its variants; with an outage it also goes through the real store and outbox."""
    judging = Judging(case, engine or Engine())
    run = judging.straight()
    diverging = divergences(judging, run)
    if case.outages:
        from monitor.ruletest.delivering import delivered

        arrived, stored = delivered(case, run)
        found = compared(STORED, run, stored)
        diverging += [found] if found is not None else []
    else:
        arrived = composed(case, run) if case.expect.messages is not None else []
    return Outcome(test, case, run, tuple(differences(case, run, arrived)), tuple(diverging))
