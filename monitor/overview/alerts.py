"""What happened: a row for each transition that people can hear of, with what became of it, and the account of all."""

from collections.abc import Iterable, Sequence
from datetime import date

from monitor.alerts import RECORDED_ONLY, Kind, Reason, Severity
from monitor.ledger import Account
from monitor.overview.row import Row
from monitor.storage.records import OutboxRow, Recorded


class AlertRow(Row):
    """One transition, and what became of telling it."""

    session: date
    level: Severity
    rule: str
    instance: str | None
    name: str
    """Rule and instance, as people read them."""
    kind: Kind
    reason: Reason
    episode: int
    """Number of the episode of this instance."""
    fate: str
    """Where it was told and how far that came, or why it was withheld."""
    refs: tuple[str, ...]
    """The refs of the messages that carry it."""
    text: str


class AccountRow(Row):
    """Where transitions that people can hear of have ended."""

    decided: int
    withheld: dict[str, int]
    """How many, by cause."""
    told: dict[str, dict[str, int]]
    """How many, by channel and by where the message stands."""
    lost: tuple[str, ...]
    """Ids of transitions that are in no message, although they are to be told; there are none."""


def heard(
    recorded: Iterable[Recorded],
    *,
    rule: str | None = None,
    severity: str | None = None,
    only_withheld: bool = False,
) -> list[Recorded]:
    """The transitions that people can hear of: of one rule, of one severity, or those that were not told."""
    return [one for one in recorded if _is_wanted(one, rule, severity, only_withheld=only_withheld)]


def _is_wanted(one: Recorded, rule: str | None, severity: str | None, *, only_withheld: bool) -> bool:
    made = one.transition
    return (
        made.kind not in RECORDED_ONLY
        and rule in (None, made.rule, made.rule.partition("/")[2])
        and severity in (None, made.level.value)
        and not (only_withheld and one.sent)
    )


def alert_rows(recorded: Iterable[Recorded], rows: Iterable[OutboxRow]) -> list[AlertRow]:
    """A row for each transition, beside the messages that carry it."""
    carriers: dict[str, list[OutboxRow]] = {}
    for row in rows:
        for one in row.transitions:
            carriers.setdefault(one, []).append(row)
    return [_row(one, carriers.get(one.transition.id, ())) for one in recorded]


def _row(one: Recorded, carriers: Sequence[OutboxRow]) -> AlertRow:
    made = one.transition
    fate = f"withheld: {one.cause}"
    if one.sent:
        fate = ", ".join(f"{row.channel} {row.status.value} {row.ref}" for row in carriers) or "no channel"
    return AlertRow(
        session=made.session,
        level=made.level,
        rule=made.rule,
        instance=made.instance,
        name=made.rule + (f" {made.instance}" if made.instance else ""),
        kind=made.kind,
        reason=made.reason,
        episode=made.episode,
        fate=fate,
        refs=tuple(row.ref for row in carriers),
        text=one.text,
    )


def account_row(total: Account) -> AccountRow:
    """The account as it is shown."""
    return AccountRow(
        decided=total.decided,
        withheld=dict(total.withheld),
        told={name: dict(counts) for name, counts in total.told.items()},
        lost=total.lost,
    )
