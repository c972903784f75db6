"""Messages of every kind with made-up numbers: what a user's template is tried with before it is needed."""

from collections.abc import Iterator
from datetime import date

from monitor.alerts import RECORDED_ONLY, Kind, Severity
from monitor.messages.content import Alert, Content, Item, Rank

SESSION = date(2026, 1, 29)
ITEMS = (
    Item(Rank.WORDS, "", "Gold-silver ratio 104.8: silver is cheap against gold"),
    Item(Rank.NOTE, "", "2 messages withheld since the last one (cooldown)"),
    Item(Rank.CLEAR, "clear at", "gsr < 85, -19.80 (-18.9 %) from here"),
    Item(Rank.HISTORY, "history:", "higher than 98.9 % of 6,412 sessions since 2000-08-30"),
    Item(Rank.BEFORE, "last time:", "2020-02-28 to 2020-08-05"),
    Item(Rank.RULE, "rule", "precious/gsr-high, episode 4"),
    Item(
        Rank.EVIDENCE,
        "evidence",
        "2000-08-30 to 2026-01-28, 6 episodes, an anecdote: silver +15.0 % after 63 sessions against +3.8 % for any "
        "session: may be luck, p = 0.10, 1.00 as one of 344 tests",
    ),
    Item(Rank.LEG, "gold", "5,318 USD/ozt, 2026-01-29, known 18:30 UTC, continuous futures, 25 min old"),
    Item(Rank.LEG, "silver", "50.74 USD/ozt, 2026-01-29, known 18:25 UTC, continuous futures, 30 min old"),
)


def samples() -> Iterator[Content]:
    """A message of each kind, one of several alerts, one of a line each, and one that had no space for all."""
    alerts = [_alert(kind) for kind in Kind if kind not in RECORDED_ONLY]
    for alert in alerts:
        yield _content(alert)
    yield _content(*alerts)
    yield _content(*(_alert(Kind.OPEN, items=()) for _ in range(12)), listed=True)
    yield _content(_alert(Kind.OPEN, items=ITEMS[:1]), left_out=3)


def _alert(kind: Kind, *, items: tuple[Item, ...] = ITEMS) -> Alert:
    return Alert(
        headline=f"WARNING gsr-high: gsr 104.8 > 90, {SESSION} ({kind})",
        kind=kind,
        severity=Severity.WARNING,
        rule="precious/gsr-high",
        instrument=None,
        session=SESSION,
        items=items,
    )


def _content(*alerts: Alert, listed: bool = False, left_out: int = 0) -> Content:
    return Content(
        title=alerts[0].headline,
        alerts=alerts,
        source="Yahoo Finance",
        ref="9e3c7fd2",
        listed=listed,
        left_out=left_out,
    )
