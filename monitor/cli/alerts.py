"""`alerts` and `ack`: what was told, what was not and why; and that somebody takes care of what is open."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, check_span, configuration, day_option
from monitor.cli.screen import say, show_json, table
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.ledger import Account
    from monitor.rules import Instance, Rulebook
    from monitor.storage.store import Store


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(alerts)
    app.command()(ack)


def alerts(
    rule: Annotated[
        str | None, typer.Argument(metavar="RULE", help="A rule, `*` for any letters; else all.")
    ] = None,
    *,
    since: Annotated[date | None, day_option(text="From this session on.")] = None,
    until: Annotated[date | None, day_option(text="Up to this session.")] = None,
    severity: Annotated[str | None, typer.Option(help="info, warning or critical.")] = None,
    pack: Annotated[str | None, typer.Option(help="Of this pack.")] = None,
    instrument: Annotated[str | None, typer.Option(help="About this instrument.")] = None,
    kind: Annotated[str | None, typer.Option(help="open, escalate, resolve, still_open, remind ...")] = None,
    withheld: Annotated[bool, typer.Option("--withheld", help="Only what was not told.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """List what happened, newest first: what was told and where it is, what was withheld and why."""
    from monitor.alerts import RECORDED_ONLY, Kind, Severity
    from monitor.ledger import account
    from monitor.opening import opened
    from monitor.overview.alerts import Filter, account_row, alert_rows, heard

    known = {"--severity": (severity, [*Severity]), "--kind": (kind, sorted({*Kind} - RECORDED_ONLY))}
    for option, (given, words) in known.items():
        if given is not None and given not in words:
            raise UsageError(f"{option}: expected one of {', '.join(words)}; got {given}")
    check_span(since, until)
    chosen = Filter(
        rule=rule,
        pack=pack,
        instrument=instrument,
        severity=severity,
        kind=kind,
        only_withheld=withheld,
        since=since,
        until=until,
    )
    found = configuration(settings)
    with opened(found, claim=False) as (store, source):
        recorded = store.transitions(since=chosen.since)
        rows = store.outbox_rows()
    wanted = heard(recorded, chosen)
    shown, total = alert_rows(wanted[:limit], rows), account(wanted, rows)
    if json:
        show_json({"prices": source.label, "alerts": shown, "account": account_row(total)})
        return
    say(f"Prices: {source.label}")
    if shown:
        cells = [(one.session, one.level, one.name, one.kind, one.fate) for one in shown]
        table(("session", "level", "rule", "what", "told"), cells)
    _say_account(total, len(wanted))


def _say_account(total: "Account", known: int) -> None:
    say(f"{counted(known, 'transition')} that people can hear of.")
    for cause, number in sorted(total.withheld.items()):
        say(f"  withheld, {cause}: {number:,}")
    for channel, counts in sorted(total.told.items()):
        parts = ", ".join(f"{number:,} {status}" for status, number in sorted(counts.items()))
        say(f"  told on {channel}: {parts}")
    if total.lost:
        say(f"  in no message: {len(total.lost):,}; this is a fault of Metalwatch, please report it")


def ack(
    what: Annotated[str, typer.Argument(metavar="REF|RULE", help="The ref of a message, or a rule.")],
    *,
    note: Annotated[str, typer.Option(help="What you did, or will do.")] = "",
    author: Annotated[str | None, typer.Option(help="Who says so; else your user name.")] = None,
    settings: SettingsOption = None,
    clock: ClockOption = None,
) -> None:
    """Acknowledge open alerts: no more reminders; an escalation and the end are told all the same."""
    from monitor.clock import read_clock
    from monitor.opening import opened
    from monitor.silences import Acknowledged

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    rulebook = found.rulebook
    with opened(found, claim=False) as (store, _source):
        episodes = _episodes(store, what, rulebook)
        for rule, instance, episode in episodes:
            store.acknowledge(
                Acknowledged(
                    rule=rule,
                    instance=instance,
                    episode=episode,
                    author=author or found.user,
                    note=note,
                    at=watch.now(),
                )
            )
            say(f"acknowledged: {rule}{' ' + instance if instance else ''}, episode {episode}")


def _episodes(store: "Store", what: str, rulebook: "Rulebook") -> "list[tuple[str, str | None, int]]":
    """The open episodes that a ref or a rule is about; UsageError when there are none."""
    memories = {key: one for key, one in store.memories().items() if one.state.level is not None}
    rows = store.outbox_rows(ref=what)
    if rows:
        about = {
            (one.transition.rule, one.transition.instance)
            for one in store.transitions(ids=rows[0].transitions)
        }
    else:
        about = {instance.key for instance in instances_of(rulebook, what)}
    found = [(*key, memories[key].state.episode) for key in sorted(about, key=str) if key in memories]
    if not found:
        raise UsageError(f'nothing of "{what}" is open; `metalwatch status` shows what is')
    return found


def instances_of(
    rulebook: "Rulebook", name: str, what: str = "neither the ref of a message nor"
) -> "tuple[Instance, ...]":
    """The instances of a rule in force; UsageError, which says `what` it is not, when there are none."""
    from monitor.yamltext import did_you_mean

    instances = rulebook.find(name)
    if not instances:
        known = sorted({n for i in rulebook.instances for n in (i.rule.id, i.rule.name)})
        hint = did_you_mean(name, known) or "`metalwatch status` lists the rules in force"
        raise UsageError(f'"{name}" is {what} a rule in force; {hint}')
    return instances
