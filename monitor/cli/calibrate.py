"""`calibrate`: the thresholds with which a rule alerts about so often, and how often it did afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import monitor
from monitor.cli.history import bars_to_judge, check_held, check_reached
from monitor.cli.options import (
    FromOption,
    JsonOption,
    PricesOption,
    SettingsOption,
    ToOption,
    check_span,
    configuration,
    rate_of,
)
from monitor.cli.patience import patient
from monitor.cli.screen import note, paragraph, say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.backtest.calibrating import Calibrated, OneMetric, Setting
    from monitor.config import Configuration
    from monitor.rules import Rulebook


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(calibrate)


def calibrate(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE", help="PACK:RULE, where a pack is a name or a file; or a rule of the settings."
        ),
    ],
    *,
    target: Annotated[str, typer.Option(metavar="N/year", help="So many alerts: 4/year, 1/month, 0.5/week.")],
    prices: PricesOption = None,
    start: FromOption = None,
    end: ToOption = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Find thresholds for a rate of alerts in the first 60 % of history, and tell the rate in the rest."""
    from monitor.backtest import run
    from monitor.backtest.calibrating import calibrate as find

    wanted = rate_of(target)
    found = configuration(settings)
    rulebook, name = _named(rule, found)
    with working("reading prices"):
        held = bars_to_judge(found, prices, rulebook)
    for warning in held.warnings:
        note(f"warning: {warning}")
    check_held(rulebook, held.bars, held.source)
    check_span(start, end)
    check_reached(rulebook, held, (start, end))
    with working("judging"):
        done = run(rulebook, held.bars, start=start, end=end)
    with patient() as patience:
        result = find(done, name, wanted, watch=patience.watch)
    if result is None:
        raise UsageError(
            f"{name}: nothing to calibrate: it has an answer in no session, or it compares no metric with a number "
            "other than zero"
        )
    if json:
        show_json(_plain(result, held.source))
    else:
        _show(result, held.source)
    if result.unfinished:
        note(f"PARTIAL: {result.unfinished}")
    if result.unfinished or not any(one.found for one in result.metrics):
        raise typer.Exit(1)


def _named(text: str, found: "Configuration") -> "tuple[Rulebook, str]":
    """The pack of a rule, or those of the settings, and the rule's full id."""
    from monitor.packs import load_rulebook, shipped_packs
    from monitor.yamltext import did_you_mean

    pack, colon, rule = text.rpartition(":")
    head, slash, tail = text.partition("/")
    if not colon and slash and head in shipped_packs() and not Path(text).exists():
        pack, rule = head, tail
    names, folder = ([pack], Path()) if pack else (list(found.settings.packs), found.folder)
    book = load_rulebook(names, folder=folder, catalogue=found.catalogue)
    if not (meant := {one.rule.id for one in book.find(rule)}):
        known = {name for one in book.instances for name in (one.rule.name, one.rule.id)}
        hint = (
            did_you_mean(rule, known)
            or f"rules: {', '.join(dict.fromkeys(i.rule.id for i in book.instances))}"
        )
        raise UsageError(f'no rule "{rule}" in {", ".join(names)}; {hint}')
    if len(meant) > 1:
        raise UsageError(
            f'"{rule}" is the name of {counted(len(meant), "rule")}: name one of {", ".join(sorted(meant))}'
        )
    return book, meant.pop()


def _plain(done: "Calibrated", source: str) -> dict[str, object]:
    from monitor.backtest.values import plain

    return {
        "version": monitor.__version__,
        "prices": source,
        "rule": done.rule,
        "target": done.target,
        "unfinished": done.unfinished,
        "split": plain(done.split) | {"years": plain(done.split.years)},
        "now": _setting(done, done.now),
        "metrics": [
            {
                "metric": one.metric,
                "candidates": one.candidates,
                "tried": len(one.tried),
                "found": [
                    {
                        "low": _setting(done, f.low),
                        "high": _setting(done, f.high),
                        "told": _setting(done, f.told),
                    }
                    for f in one.found
                ],
                "most": None if one.most is None else _setting(done, one.most),
            }
            for one in done.metrics
        ],
    }


def _setting(done: "Calibrated", one: "Setting") -> dict[str, object]:
    from monitor.backtest.values import plain

    texts = one.texts(done.member)
    return {
        "levels": [{"severity": level, "when": when, "clear_when": clear} for level, when, clear in texts],
        "opens": list(one.opens),
        "a_year": [plain(rate) for rate in _rates(done, one)],
    }


def _rates(done: "Calibrated", one: "Setting") -> tuple[float, ...]:
    return tuple(opens / years for opens, years in zip(one.opens, done.split.years, strict=True))


def _show(done: "Calibrated", source: str) -> None:
    split = done.split
    if done.unfinished:
        paragraph(f"PARTIAL: {done.unfinished}.")
    say(f"Prices: {source}, {split.first} to {split.last}")
    many = done.instances > 1
    alerts = "alert" if done.target == 1 else "alerts"
    together = f", its {done.instances} members together" if many else ""
    each = " of each member on average" if many else ""
    paragraph(
        f"{done.rule}: {done.target:g} {alerts} a year{together}. Found from {split.first} to the day before "
        f"{split.middle} ({split.years[0]:.1f} years{each}), told on the {split.years[1]:.1f} years from there on, which had "
        "no part in it. Numbers of clear_when and of every level move by the same factor; a cooldown may tell fewer.",
        hang="",
    )
    rows = [("as it is", *_row(done, done.now))]
    for one in done.metrics:
        rows += [(one.metric, *_row(done, found.told)) for found in one.found]
    table(("moved", "level", "when", "clear when", "a year", "after"), rows, right=(4, 5))
    for one in done.metrics:
        paragraph(_sentence(done, one))


def _row(done: "Calibrated", one: "Setting") -> tuple[str, ...]:
    levels, whens, clears = zip(*one.texts(done.member), strict=True)
    before, after = _rates(done, one)
    clears = tuple(clear or "not when" for clear in clears)
    return "\n".join(levels), "\n".join(whens), "\n".join(clears), f"{before:.1f}", f"{after:.1f}"


def _sentence(done: "Calibrated", one: "OneMetric") -> str:
    """What moving the numbers of one metric can do."""
    if one.found:
        told = "; ".join(
            f"{_when(done, found.low)} to {_when(done, found.high)}"
            if found.low is not found.high
            else _when(done, found.low)
            for found in one.found
        )
        return f"{one.metric}: {done.target:g} a year with {told}."
    most = one.most
    if most is None:
        return f"{one.metric}: nothing was tried."
    rate = _rates(done, most)[0]
    if rate < done.target:
        return (
            f"{one.metric}: no threshold gives {done.target:g} a year; the most is {rate:.1f}, "
            f"with {_when(done, most)}."
        )
    nearest = min(one.tried, key=lambda two: abs(_rates(done, two)[0] - done.target))
    return (
        f"{one.metric}: no threshold gives {done.target:g} a year; the nearest is {_rates(done, nearest)[0]:.1f}, "
        f"with {_when(done, nearest)}."
    )


def _when(done: "Calibrated", one: "Setting") -> str:
    """The condition of the lowest level."""
    return next(iter(one.texts(done.member)))[1]
