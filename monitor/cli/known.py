"""`backtest --as-known`: what was decided of prices as they were known, beside what is stored and today's values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.episodes import is_reported
from monitor.cli.screen import paragraph, say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.config import Configuration
    from monitor.policy import Decided
    from monitor.storage.records import Recorded

Span = tuple[date | None, date | None]


@dataclass(frozen=True)
class _Known:
    """What the versions held say, once more."""

    source: str
    since: datetime
    decided: "tuple[Decided, ...]"
    only_then: tuple[str, ...]
    """Episodes that opened only because a price was not known yet, or was another."""
    only_now: tuple[str, ...]
    """Episodes that open with today's values only."""
    unlike: tuple[str, ...] | None
    """Transitions that are stored and do not come again, or the other way round; None where other rules judge."""


def show_known(found: "Configuration", packs: Sequence[str], span: Span, *, json: bool) -> None:
    """Judge the prices held once more as they came, and show what was decided."""
    with working("judging as it was known"):
        known = _known(found, packs, span)
    told = [one for one in known.decided if is_reported(one)]
    if json:
        plain = {"only_as_known": known.only_then, "only_with_todays_values": known.only_now}
        alerts = [_alert(one) for one in told]
        show_json(
            {"prices": known.source, "since": known.since, "alerts": alerts, "unlike_stored": known.unlike}
            | plain
        )
        return
    paragraph(f"Prices: {known.source}, as they were known since {known.since:%Y-%m-%d %H:%M} UTC", hang="")
    rows = [_row(one) for one in told]
    if rows:
        table(("session", "rule", "what", "because", "message"), rows)
    paragraph(f"{counted(len(told), 'alert')}, {sum(one.sent for one in told):,} sent.", hang="")
    for text, episodes in (
        ("not with today's values", known.only_then),
        ("with today's values only", known.only_now),
    ):
        if episodes:
            paragraph(f"Opened {text}: {', '.join(episodes)}.")
    _compare(known.unlike, len(known.decided))


def _compare(unlike: tuple[str, ...] | None, decided: int) -> None:
    if unlike is None:
        say("Other rules than those in force: nothing is stored to compare with.")
    elif unlike:
        paragraph(f"Unlike what is stored: {'; '.join(unlike)}.")
    else:
        say(
            f"All {counted(decided, 'transition')} are stored as they were decided."
            if decided
            else "Nothing was decided."
        )


def _known(found: "Configuration", packs: Sequence[str], span: Span) -> _Known:
    from monitor.backtest import run
    from monitor.backtest.as_known import as_known
    from monitor.opening import opened
    from monitor.packs import load_rulebook
    from monitor.silences import hush
    from monitor.storage.records import FIRST_STARTED

    rulebook = found.rulebook
    if packs:
        rulebook = load_rulebook(packs, folder=Path(), catalogue=found.catalogue)
    in_force = not packs or rulebook.digest == found.rulebook.digest
    with opened(found, claim=False) as (store, source):
        started = store.meta(FIRST_STARTED)
        if started is None:
            raise UsageError(
                f"{store.name}: nothing was judged yet, so nothing was known to anybody; run `metalwatch once`"
            )
        versions = store.bar_versions(instruments=rulebook.instruments)
        held, recorded = store.bars(instruments=rulebook.instruments), store.transitions()
        asked = hush(store.silences(), store.acknowledged())
        name = f"{store.name} ({source.label})"
    since = datetime.fromisoformat(started)
    every = as_known(rulebook, versions, first_started=since, hush=asked)
    decided = tuple(one for one in every if _is_within(one.transition.session, span))
    later = (one for one in run(rulebook, held).decided if one.transition.at > since)
    today = [one for one in later if _is_within(one.transition.session, span)]
    then, now = _opened(decided), _opened(today)
    return _Known(
        source=name,
        since=since,
        decided=decided,
        only_then=tuple(sorted(then - now)),
        only_now=tuple(sorted(now - then)),
        unlike=_unlike(decided, recorded, span) if in_force else None,
    )


def _is_within(session: date, span: Span) -> bool:
    return (span[0] is None or session >= span[0]) and (span[1] is None or session <= span[1])


def _opened(decided: "Iterable[Decided]") -> set[str]:
    """The episodes that opened since the first start; what was true at it began before."""
    from monitor.alerts import Kind, Reason

    made = [one.transition for one in decided if one.transition.reason is not Reason.ALREADY_TRUE]
    return {
        f"{one.rule} {one.instance or ''}".strip() + f" {one.session}"
        for one in made
        if one.kind is Kind.OPEN
    }


def _unlike(decided: "Iterable[Decided]", recorded: "Iterable[Recorded]", span: Span) -> tuple[str, ...]:
    from monitor.selfcheck import RETOLD

    again = {one.transition.id: one.transition for one in decided if one.transition.kind not in RETOLD}
    stored = {
        one.transition.id: one.transition
        for one in recorded
        if one.transition.kind not in RETOLD and _is_within(one.transition.session, span)
    }
    sides = ((stored, again, "is stored only"), (again, stored, "comes now only"))
    return tuple(
        f"{one.rule} {one.instance or ''}".strip() + f" {one.kind.value} {one.session} {side}"
        for mine, others, side in sides
        for name, one in mine.items()
        if name not in others
    )


def _row(one: "Decided") -> tuple[str, ...]:
    made = one.transition
    name = f"{made.rule} {made.instance or ''}".strip()
    return (
        f"{made.session}",
        name,
        made.kind.value,
        made.reason.value,
        "sent" if one.sent else f"{one.cause}",
    )


def _alert(one: "Decided") -> dict[str, object]:
    made = one.transition
    return {
        "id": made.id,
        "rule": made.rule,
        "instance": made.instance,
        "level": made.level.value,
        "kind": made.kind.value,
        "session": made.session,
        "at": made.at,
        "reason": made.reason.value,
        "episode": made.episode,
        "message": "sent" if one.sent else f"withheld: {one.cause}",
        "text": one.text,
    }
