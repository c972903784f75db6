"""What happened: a row for each transition that people can hear of, with what became of it, and the account of all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

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


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which transitions are wanted; what is empty takes everything."""

    rule: str | None = None
    """Its full id or its bare name; `*` stands for any letters, here and below."""
    pack: str | None = None
    instrument: str | None = None
    """The member of a group; of a rule without one, whatever its values were made of."""
    severity: str | None = None
    kind: str | None = None
    since: date | None = None
    until: date | None = None
    """Sessions, both included."""
    only_withheld: bool = False

    def takes(self, one: Recorded) -> bool:
        """Whether a transition is one that people can hear of, and is wanted."""
        made = one.transition
        pack, _, name = made.rule.partition("/")
        read = {made.instance} if made.instance else {leg.partition(".")[0] for leg in made.legs}
        return (
            made.kind not in RECORDED_ONLY
            and _fits(self.rule, (made.rule, name))
            and _fits(self.pack, (pack,))
            and _fits(self.instrument, read)
            and self.severity in (None, made.level.value)
            and self.kind in (None, made.kind.value)
            and (self.since is None or made.session >= self.since)
            and (self.until is None or made.session <= self.until)
            and not (self.only_withheld and one.sent)
        )


def heard(recorded: Iterable[Recorded], wanted: Filter | None = None) -> list[Recorded]:
    """The transitions that people can hear of, and that are wanted."""
    chosen = wanted or Filter()
    return [one for one in recorded if chosen.takes(one)]


def _fits(pattern: str | None, names: Iterable[str]) -> bool:
    return pattern is None or any(fnmatchcase(name, pattern) for name in names)


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
