"""`diff`: which alerts of history another version of the rules adds, removes and moves."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

import monitor
from monitor.cli.history import bars_of, check_held, check_reached
from monitor.cli.options import (
    FromOption,
    JsonOption,
    PricesOption,
    SettingsOption,
    ToOption,
    check_span,
    configuration,
)
from monitor.cli.patience import patient
from monitor.cli.revisions import pack_texts
from monitor.cli.screen import note, paragraph, say, show_json, table, working
from monitor.errors import MonitorError, UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from datetime import date

    from monitor.backtest.difference import Change, Difference, RuleChange, Years
    from monitor.cli.history import Held

SHOWN = 12
SIGNS = {
    "added": "+",
    "removed": "-",
    "moved": "~",
    "another level": "!",
    "now told": ">",
    "now withheld": "<",
}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("diff")(diff)


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A pack, file or folder, or REVISION:PATH of git.")
    ],
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="The other version; left out with --rev.")
    ] = None,
    *,
    rev: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="Compare OLD as it is now with what it was in this revision."),
    ] = None,
    prices: PricesOption = None,
    start: FromOption = None,
    end: ToOption = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 1 where anything differs, as git does.")
    ] = False,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Compare two versions of rules over history: alerts added, removed and moved, a year at a time."""
    from monitor.backtest import run, studied
    from monitor.backtest.difference import difference
    from monitor.rulefile import read_rulebook

    names = _named(old, new, rev)
    found = configuration(settings)
    texts = (pack_texts(names[0], revision=rev), pack_texts(names[1]))
    books = [read_rulebook(text, found.catalogue) for text in texts]
    with working("reading prices"):
        wanted = frozenset().union(*(book.instruments | studied(book) for book in books))
        held = bars_of(found, prices, found.catalogue, wanted)
    for warning in held.warnings:
        note(f"warning: {warning}")
    for book in books:
        check_held(book, held.bars, held.source)
    check_span(start, end)
    for book in books:
        check_reached(book, held, (start, end))
    with patient() as patience:
        versions = patience.watch(books, "versions judged")
        judged = [run(book, held.bars, start=start, end=end) for book in versions]
    if len(judged) < len(books):
        raise MonitorError("stopped before both versions were judged: nothing was compared")
    found_difference = difference(*judged)
    if json:
        show_json(_plain(found_difference, held, names, rev, (start, end)))
    else:
        _show(found_difference, held)
    if exit_code and not found_difference.same:
        raise typer.Exit(1)


def _named(old: str, new: str | None, rev: str | None) -> tuple[str, str]:
    if (new is None) == (rev is None):
        raise UsageError(
            "name two versions, OLD and NEW, or one and the revision it is compared with: "
            "metalwatch diff rules/own.yml --rev HEAD~1"
        )
    return old, new or old


def _plain(
    done: "Difference",
    held: "Held",
    names: tuple[str, str],
    rev: str | None,
    span: "tuple[date | None, date | None]",
) -> dict[str, object]:
    return {
        "version": monitor.__version__,
        "prices": held.source,
        "old": names[0] if rev is None else f"{rev}:{names[0]}",
        "new": names[1],
        "from": span[0],
        "to": span[1],
        "same": done.same,
        "by_year": _years(done.by_year),
        "rules": [
            {
                "rule": one.rule,
                "was_named": one.was_named,
                "added": one.added,
                "removed": one.removed,
                "renamed": one.renamed,
                "conditions_edited": one.edited,
                "opens": {"was": one.was, "now": one.now},
                "by_year": _years(one.by_year),
                "changes": [
                    {
                        "what": change.what.value,
                        "instance": change.instance,
                        "kind": change.kind.value,
                        "level": change.level.value,
                        "withheld": change.withheld,
                        "was": change.was,
                        "now": change.now,
                        "sessions": change.sessions,
                    }
                    for change in one.changes
                ],
            }
            for one in done.rules
        ],
    }


def _years(years: "Years") -> list[dict[str, int]]:
    return [{"year": year, "was": was, "now": now} for year, was, now in years]


def _show(done: "Difference", held: "Held") -> None:
    from monitor.backtest.difference import What

    say(f"Prices: {held.source}")
    if done.same:
        say(f"{counted(len(done.rules), 'rule')}, no difference.")
        return
    changed = [one for one in done.rules if not one.same]
    rows = [_row(one) for one in changed]
    headings = ("rule", "opens", "now", "added", "removed", "moved", "otherwise")
    table(headings, rows, right=range(1, len(headings)))
    for one in changed:
        _show_rule(one)
    years = [f"{year} {was} -> {now}" for year, was, now in done.by_year if was != now]
    if years:
        paragraph(f"Opens a year: {', '.join(years)}; other years as before.")
    told = ", ".join(f"{done.count(what)} {what.value}" for what in What if done.count(what))
    same = len(done.rules) - len(changed)
    unchanged = f"; {counted(same, 'rule')} without a difference" if same else ""
    paragraph(
        f"{told or 'No alert differs'}{unchanged}. Opens, escalations and resolves are counted.", hang=""
    )


def _row(one: "RuleChange") -> tuple[object, ...]:
    from monitor.backtest.difference import What

    counts = [one.count(what) for what in (What.ADDED, What.REMOVED, What.MOVED)]
    other = len(one.changes) - sum(counts)
    return one.rule, "-" if one.added else one.was, "-" if one.removed else one.now, *counts, other


def _show_rule(one: "RuleChange") -> None:
    """What became of a rule, and its alerts that differ, the newest ones."""
    about = [*_about(one)]
    shown = [_change(change) for change in one.changes[-SHOWN:]]
    if len(one.changes) > len(shown):
        shown.insert(0, f"{len(one.changes) - len(shown)} before these")
    if about or shown:
        paragraph(f"{one.rule}: {'; '.join([*about, *shown])}")


def _about(one: "RuleChange") -> Iterator[str]:
    if one.added:
        yield "a new rule"
    if one.removed:
        yield "this rule is gone"
    if one.renamed:
        yield f"was called {one.was_named}"
    if one.edited:
        yield "other conditions"
    if not one.changes:
        yield "no alert differs"


def _change(change: "Change") -> str:
    from monitor.policy import SILENT_KIND

    member = f"{change.instance} " if change.instance else ""
    what = f"{member}{change.kind.value}"
    unheard = f" (withheld: {change.withheld})" if change.withheld not in (None, SILENT_KIND) else ""
    if change.what.value == "moved":
        days = counted(abs(change.sessions), "session")
        later = "later" if change.sessions > 0 else "earlier"
        return f"~ {what} {change.was} -> {change.now}, {days} {later}{unheard}"
    word = unheard if change.what.value in ("added", "removed") else f" ({change.what.value})"
    word = f" ({change.level.value})" if change.what.value == "another level" else word
    return f"{SIGNS[change.what.value]} {what} {change.at}{word}"
