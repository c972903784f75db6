"""`silence`: do not tell of some alerts for a while, with a reason, an end, and a look at what that would hide."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration, day_option
from monitor.cli.screen import paragraph, say, show_json, table
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.overview.attention import SilenceRow
    from monitor.routing import Match
    from monitor.rules import Rulebook
    from monitor.storage.store import Store

LAST = timedelta(days=365)
MOST_DAYS = 3_650
SHOWN = 5
"""Alerts that a preview lists."""

app = typer.Typer(help="Do not tell of some alerts for a while; their states go on.", no_args_is_help=True)


@app.command()
def add(
    rules: Annotated[
        list[str] | None, typer.Argument(metavar="RULE", help="Rules; `*` stands for any letters.")
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why; everybody can read it later.")],
    days: Annotated[
        float | None, typer.Option("--days", min=0.01, help="It ends after so many days.")
    ] = None,
    until: Annotated[date | None, day_option(text="It ends on this date.")] = None,
    until_resolved: Annotated[
        bool, typer.Option("--until-resolved", help="It ends when what is open now is resolved.")
    ] = False,
    severity: Annotated[list[str] | None, typer.Option(help="Only info, warning or critical.")] = None,
    pack: Annotated[list[str] | None, typer.Option(help="Only rules of these packs.")] = None,
    instrument: Annotated[list[str] | None, typer.Option(help="Only about these instruments.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Only rules with this label.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who wants it; else your user name.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would hide.")] = False,
    settings: SettingsOption = None,
    clock: ClockOption = None,
) -> None:
    """Silence alerts until an end; shows first what it would have hidden in the last year."""
    from monitor.clock import read_clock
    from monitor.opening import opened

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    rulebook = found.rulebook
    if not reason.strip():
        raise UsageError("--reason: expected why it is silenced, for whoever reads it later; got nothing")
    match = _match(rules, severity, pack, instrument, label)
    now = watch.now()
    end = _end(now, days, until, until_resolved=until_resolved)
    taken = [i for i in rulebook.instances if any(match.takes(i, level.severity) for level in i.levels)]
    if not taken:
        raise UsageError("no rule in force is meant by this silence; `metalwatch status` lists them")
    with opened(found, claim=False) as (store, _source):
        _preview(store, rulebook, match, now)
        if dry_run:
            return
        number = store.add_silence(match, reason=reason, author=author or found.user, since=now, until=end)
    ends = f"until {end:%Y-%m-%d %H:%M} UTC" if end else "until what is open now is resolved"
    say(
        f"silence {number}: {counted(len(taken), 'rule')}, {ends}; end it with `metalwatch silence end {number}`"
    )


def _match(
    rules: list[str] | None,
    severity: list[str] | None,
    pack: list[str] | None,
    instrument: list[str] | None,
    label: list[str] | None,
) -> "Match":
    from monitor.alerts import Severity
    from monitor.routing import Match

    unknown = [one for one in severity or [] if one not in list(Severity)]
    if unknown:
        raise UsageError(f"--severity: expected info, warning or critical; got {', '.join(unknown)}")
    if wrong := [one for one in label or [] if "=" not in one]:
        raise UsageError(f"--label: expected NAME=VALUE; got {', '.join(wrong)}")
    if not (rules or severity or pack or instrument or label):
        raise UsageError(
            "a silence of everything hides what you watch for: name rules, --pack, --instrument, --label or --severity"
        )
    return Match(
        severity=frozenset(Severity(one) for one in severity or []),
        rule=tuple(rules or ()),
        pack=tuple(pack or ()),
        instrument=tuple(instrument or ()),
        labels=dict(one.split("=", 1) for one in label or ()),
    )


def _end(now: datetime, days: float | None, until: date | None, *, until_resolved: bool) -> datetime | None:
    if sum((days is not None, until is not None, until_resolved)) != 1:
        raise UsageError("a silence needs one end: --days N, --until DATE or --until-resolved")
    if days is not None:
        if days > MOST_DAYS:
            raise UsageError(f"--days: expected at most {MOST_DAYS:,}; got {days:g}")
        return now + timedelta(days=days)
    end = datetime.combine(until, time(), UTC) if until else None
    if end is not None and end <= now:
        raise UsageError(f"--until: {end:%Y-%m-%d} is over already")
    return end


def _preview(store: "Store", rulebook: "Rulebook", match: "Match", now: datetime) -> None:
    """What the same silence would have hidden of the last year, by the prices that are held."""
    from monitor.backtest import run

    bars = store.bars(instruments=rulebook.instruments)
    done = run(rulebook, bars)
    instances = {one.key: one for one in rulebook.instances}
    since = (now - LAST).date()
    sent = [one for one in done.decided if one.sent and since <= one.transition.session <= now.date()]
    hidden = [
        one
        for one in sent
        if match.takes(instances[one.transition.rule, one.transition.instance], one.transition.level)
    ]
    told = f"In the last year it would have hidden {len(hidden)} of {counted(len(sent), 'alert')}"
    last = f", the last {SHOWN} of them:" if len(hidden) > SHOWN else ":"
    say(told + (last if hidden else "."))
    for one in hidden[-SHOWN:]:
        paragraph(one.text, indent="  ")


@app.command("list")
def list_silences(
    *, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False
) -> None:
    """List silences: what they hide, why, who wanted it, and when they end."""
    from monitor.clock import read_clock
    from monitor.opening import opened
    from monitor.overview.attention import silence_rows

    found = configuration(settings)
    now = read_clock(clock or found.clock).now()
    with opened(found, claim=False) as (store, _source):
        rows = silence_rows(store, found.rulebook.instances, now)
    if json:
        show_json({"silences": rows})
        return
    if not rows:
        say("there are no silences")
        return
    cells = [(row.number, row.what, _until(row), row.hidden, f"{row.reason} ({row.author})") for row in rows]
    table(("no", "what", "until", "hidden", "why"), cells, right=(0, 3))


def _until(row: "SilenceRow") -> str:
    until = "resolved" if row.until is None else f"{row.until:%Y-%m-%d %H:%M}"
    return until + (" (over)" if row.ended else "")


@app.command()
def end(
    number: Annotated[int, typer.Argument(help="Its number.")],
    *,
    settings: SettingsOption = None,
    clock: ClockOption = None,
) -> None:
    """End a silence now; what is still open is told after the next session."""
    from monitor.clock import read_clock
    from monitor.opening import opened

    found = configuration(settings)
    with opened(found, claim=False) as (store, _source):
        if not store.end_silence(number, at=read_clock(clock or found.clock).now()):
            raise UsageError(
                f"there is no silence {number} that still holds; `metalwatch silence list` shows them"
            )
    say(f"silence {number} is over")
