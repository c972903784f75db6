"""`explain`: why something fired, or did not, from what was stored at the time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import paragraph, say, show_json
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.overview.explained_rows import DecisionRow, ExplainedRow, LegRow, LevelRow, TodayRow
    from monitor.overview.told import MessageRow
    from monitor.rules import Instance, Rulebook
    from monitor.storage.records import OutboxRow
    from monitor.storage.store import Store

DAY, MINUTE = "%Y-%m-%d", "%Y-%m-%dT%H:%M"
SECOND = "%Y-%m-%d %H:%M:%S UTC"
LEG_DIGITS = 6
"""Of a price, so that what was made of it can be worked out again."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(explain)


def explain(
    what: Annotated[str, typer.Argument(metavar="REF|RULE", help="The ref of a message, or a rule.")],
    *,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="A session, such as 2026-01-30, or an instant in UTC, such as 2026-01-30T21:00; else the latest.",
        ),
    ] = None,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Say why something fired, or did not: conditions, prices, counters, who was told, and how it looks today."""
    from monitor.clock import read_clock
    from monitor.opening import opened
    from monitor.overview.explained import explain as explained
    from monitor.overview.told import message_row

    found = configuration(settings)
    rulebook, now = found.rulebook, read_clock(clock or found.clock).now()
    session, known_by = _when(at)
    with opened(found, claim=False) as (store, source):
        messages = store.outbox_rows(ref=what)
        if messages:
            rows = _of_messages(store, messages, rulebook, now)
        else:
            instances = _named(rulebook, what)
            rows = explained(store, rulebook, instances, now=now, session=session, known_by=known_by)
        told = [message_row(store, one) for one in messages]
    if not messages and not rows:
        raise UsageError(f"{what}: {_why_not(rulebook, what, at, now)}")
    if json:
        show_json({"about": what, "prices": source.label, "messages": told, "rules": rows})
        return
    for line in _lines(told, [one.body for one in messages if not one.transitions], rows):
        indent = line[: len(line) - len(line.lstrip())]
        paragraph(line.strip(), indent=indent)
    say(f"Prices: {source.label}")


def _when(at: str | None) -> tuple[date | None, datetime | None]:
    """`--at` as a session, or as an instant."""
    if at is None:
        return None, None
    for form in (DAY, MINUTE):
        try:
            read = datetime.strptime(at, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return (read.date(), None) if form == DAY else (None, read)
    raise UsageError(
        f"--at: expected a session such as 2026-01-30, or an instant such as 2026-01-30T21:00; got {at!r}"
    )


def _named(rulebook: "Rulebook", name: str) -> "tuple[Instance, ...]":
    from monitor.yamltext import did_you_mean

    instances = rulebook.find(name)
    if not instances:
        known = sorted({n for i in rulebook.instances for n in (i.rule.id, i.rule.name)})
        hint = did_you_mean(name, known) or f"rules in force: {', '.join(k for k in known if '/' in k)}"
        raise UsageError(f'"{name}" is neither the ref of a message nor a rule in force; {hint}')
    return instances


def _why_not(rulebook: "Rulebook", name: str, at: str | None, now: datetime) -> str:
    """Why nothing is to be explained of a rule."""
    from monitor.overview.explained import why_not

    session, _ = _when(at)
    if session is not None:
        return why_not(_named(rulebook, name), rulebook, session, now=now)
    if at is not None:
        return f"nothing of what it reads was known by {at} UTC"
    return "not judged yet; `metalwatch once` judges what is complete"


def _of_messages(
    store: "Store", messages: "list[OutboxRow]", rulebook: "Rulebook", now: datetime
) -> "list[ExplainedRow]":
    """What the transitions of a message are about, each in its session."""
    from monitor.overview.explained import explain as explained

    instances = {one.key: one for one in rulebook.instances}
    rows: list[ExplainedRow] = []
    for recorded in store.transitions(ids={one for row in messages for one in row.transitions}):
        made = recorded.transition
        instance = instances.get((made.rule, made.instance))
        if instance is not None:  # a rule that is gone left its text in the message
            rows += explained(store, rulebook, [instance], now=now, session=made.session)
    return rows


# --- for people


def _lines(told: "list[MessageRow]", bodies: list[str], rows: "list[ExplainedRow]") -> Iterator[str]:
    for one in told:
        yield one.title
        yield from (f"  {line}" for line in _delivery(one))
    for body in bodies:
        yield from (f"  {line}" for line in body.splitlines() if line)
    for row in rows:
        yield from _explained(row)


def _delivery(one: "MessageRow") -> Iterator[str]:
    ends = f" at {one.sent_at:{SECOND}}" if one.sent_at else ""
    ends += f", from {one.next_at:{SECOND}} on" if one.next_at else ""
    ends += f" into {one.merged_into}" if one.merged_into else ""
    ends += f", deferred by quiet hours until {one.deferred_until:{SECOND}}" if one.deferred_until else ""
    repeat = ", possibly a repeat" if one.possible_repeat else ""
    yield f"channel {one.channel}: {one.status.value}{ends}{repeat} (ref {one.ref})"
    for attempt in one.attempts:
        outcome = attempt.outcome.value if attempt.outcome else "under way, or its process died"
        error = f" ({attempt.error})" if attempt.error else ""
        yield f"attempt {attempt.number} at {attempt.started_at:{SECOND}}: {outcome}{error}"


def _explained(row: "ExplainedRow") -> Iterator[str]:
    stored = "" if row.stored else ", worked out from the prices held now"
    yield f"{row.name}, session {row.session}: {row.state}{stored}"
    for level in row.levels:
        yield from _level(level)
    yield from (f"  {_leg(leg)}" for leg in row.legs)
    for decision in row.decisions:
        yield from _decision(decision)
    if not row.decisions and row.stored:
        yield "  nothing changed in this session, so nothing was to be told"
    yield from (f"  {line}" for line in row.attention)
    if row.today is not None:
        yield f"  {_today(row.today)}"
    if row.evidence:
        yield f"  evidence {row.evidence}"
    if row.recent:
        yield "  before that:"
    for decision in row.recent:
        yield f"    {decision.text or decision.kind.value} ({_fate(decision)})"


def _level(level: "LevelRow") -> Iterator[str]:
    yield f"  {level.level.value}: {level.verdict}; fires when {level.fires_when} (for {level.needs})"
    yield from (f"    {_part(part)}" for part in level.parts)
    if level.clear_when:
        yield f"    clear when {level.clear_when}"
        yield from (f"      {_part(part)}" for part in level.clear_parts)
    counters = [
        f"{number} {what}"
        for number, what in ((level.fires, "fires"), (level.clears, "clears"), (level.unknowns, "unknown"))
        if number
    ]
    if level.phase:
        yield f"    now {level.phase}" + (f" ({', '.join(counters)} in a row)" if counters else "")


def _part(part: object) -> str:
    from monitor.standing import Comparison

    return str(Comparison(**part.model_dump()))  # type: ignore[attr-defined]


def _leg(leg: "LegRow") -> str:
    from monitor.language import told_apart

    name = leg.instrument if leg.leg.endswith(".close") else leg.leg
    value, today = told_apart(leg.value, leg.value_today, "1", least=LEG_DIGITS)
    text = f"{name} {value} {leg.unit}".rstrip()
    text += f", {leg.session}" + (f", known {leg.known_at:%Y-%m-%d %H:%M} UTC" if leg.known_at else "")
    if leg.fetched_at is not None:
        text += f", fetched {leg.fetched_at:%Y-%m-%d %H:%M} UTC, version {leg.version}"
    if leg.basis:
        text += f", {leg.basis}"
    if leg.value_today != leg.value:
        text += f"; today it is {today}"
    return text


def _decision(decision: "DecisionRow") -> Iterator[str]:
    yield (
        f"  {decision.kind.value} at {decision.level.value}, episode {decision.episode}, "
        f"reason {decision.reason.value}: {_fate(decision)}"
    )
    yield f"    {decision.text or decision.kind.value}"
    for message in decision.messages:
        yield from (f"    {line}" for line in _delivery(message))


def _fate(decision: "DecisionRow") -> str:
    return "sent" if decision.sent else f"withheld: {decision.cause}"


def _today(today: "TodayRow") -> str:
    answer = {True: "yes", False: "no", None: "unknown"}[today.fires]
    parts = "; ".join(_part(part) for part in today.parts)
    return f"would it fire with today's values: {answer}" + (f" ({parts})" if parts else "")
