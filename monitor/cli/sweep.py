"""`sweep`: every combination of a rule's parameters over history, and what choosing the best of them is worth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import monitor
from monitor.cli.heatmap import check_picture, draw
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
    from monitor.backtest.sweeping import Step, Swept
    from monitor.backtest.tried import Stretch
    from monitor.config import Configuration
    from monitor.rulefile.choosing import Choices


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(sweep)


def sweep(
    rule: Annotated[
        str, typer.Argument(metavar="PACK[:RULE]", help="A pack with a rule that declares `params:`.")
    ],
    *,
    prices: PricesOption = None,
    start: FromOption = None,
    end: ToOption = None,
    windows: Annotated[
        int,
        typer.Option(min=2, max=50, help="So many windows of the same length: choose in one, tell the next."),
    ] = 6,
    target: Annotated[
        str | None, typer.Option(metavar="N/year", help="Choose only among about so many alerts a year.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a heat map: .png, .svg or .html.")
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="ENGINE", help="local, dask, or dask:tcp://HOST:PORT.")
    ] = "local",
    processes: Annotated[
        int | None, typer.Option(min=1, max=512, help="So many processes; else one for each core.")
    ] = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Try every combination of a rule's parameters, walk forward, and say what luck explains."""
    from monitor.backtest.sweeping import Plan
    from monitor.backtest.sweeping import sweep as run

    if chart is not None:
        check_picture(chart)
    wanted = None if target is None else rate_of(target)
    found = configuration(settings)
    choices = choices_named(rule, found)
    with working("reading prices"):
        held = bars_to_judge(found, prices, choices.rulebook)
    for warning in held.warnings:
        note(f"warning: {warning}")
    check_held(choices.rulebook, held.bars, held.source)
    check_span(start, end)
    check_reached(choices.rulebook, held, (start, end))
    plan = Plan(choices=choices, start=start, end=end, windows=windows, target=wanted)
    with patient() as patience:
        done = run(plan, held.bars, engine=engine, processes=processes, watch=patience.watch)
    if chart is not None:
        draw(chart, done)
    if json:
        show_json(_plain(done, held.source))
    else:
        _show(done, held.source)
    if done.unfinished:
        note(f"PARTIAL: {done.unfinished}")
        raise typer.Exit(1)


def choices_named(name: str, found: "Configuration") -> "Choices":
    """The parameters of the rule that `PACK[:RULE]` names."""
    from monitor.packs import find_packs, read_text, shown_path
    from monitor.rulefile.choosing import choices_of

    pack, _, rule = (name, "", "") if Path(name).is_file() else name.partition(":")
    files = find_packs([pack], folder=Path())
    if len(files) != 1:
        raise UsageError(f"{pack}: {counted(len(files), 'pack')}; name one file, or file:rule")
    return choices_of(
        read_text(files[0]), file=shown_path(files[0]), catalogue=found.catalogue, rule=rule or None
    )


# --- for machines


def _plain(done: "Swept", source: str) -> dict[str, object]:
    from monitor.backtest.sweeping import out_of_sample, sentences
    from monitor.backtest.values import HEADLINE, plain

    names = [param.name for param in done.choices.params]
    count, edge = out_of_sample(done)
    return {
        "version": monitor.__version__,
        "prices": source,
        "rule": done.choices.rule,
        "study": done.study,
        "horizon": HEADLINE,
        "params": {
            param.name: {"values": [str(one) for one in param.values], "default": str(param.default)}
            for param in done.choices.params
        },
        "combinations": done.choices.count,
        "tried": len(done.tried),
        "unfinished": done.unfinished,
        "target": done.target,
        "windows": [plain(one) for one in done.windows],
        "walk_forward": [_plain_step(one, names) for one in done.steps],
        "out_of_sample": {"returns": count, "edge": plain(edge)},
        "verdict": list(sentences(done)),
        "results": [
            {
                **dict(zip(names, map(str, one.values), strict=True)),
                "fault": one.fault,
                "a_year": plain(done.rate(one)),
                **plain(one.whole),
                "z": plain(one.z),
                "p": plain(one.p),
                "p_adjusted": plain(p),
            }
            for one, p in zip(done.tried, done.adjusted, strict=True)
        ],
    }


def _plain_step(step: "Step", names: list[str]) -> dict[str, object]:
    from monitor.backtest.values import plain

    chosen = None if step.chosen is None else dict(zip(names, map(str, step.chosen.values), strict=True))
    told = {"chosen_in": step.chosen_in, "told_in": step.told_in}
    stretches = {"before": step.before, "after": step.after, "default": step.default}
    return {
        **{key: plain(value) for key, value in told.items()},
        "chosen": chosen,
        **{key: plain(value) for key, value in stretches.items()},
    }


# --- for people


def _show(done: "Swept", source: str) -> None:
    from monitor.backtest.sweeping import sentences, values_text

    span = done.span
    if done.unfinished:
        paragraph(f"PARTIAL: {done.unfinished}.")
    say(f"Prices: {source}, {span.first} to {span.last}")
    params = ", ".join(f"{param.name} {len(param.values)}" for param in done.choices.params)
    paragraph(f"{done.choices.rule}: {done.choices.count:,} combinations ({params}).")
    if done.faulty:
        paragraph(f"{len(done.faulty):,} of them make no rule: {done.faulty[0].fault}.")
    _show_best(done)
    _show_steps(done)
    default = next((one for one in done.tried if one.values == done.choices.defaults), None)
    if default is not None:
        edge = "" if default.whole.edge is None else f", {_percent(default.whole.edge)} % beyond any session"
        text = values_text(done.choices, default.values)
        paragraph(f"As it is ({text}): {done.rate(default):.1f} alerts a year{edge}.")
    for text in sentences(done):
        paragraph(text[0].upper() + text[1:] + ".", hang="  ")


def _show_best(done: "Swept") -> None:
    from monitor.backtest.sweeping import values_text
    from monitor.backtest.values import HEADLINE

    if not (best := done.best()):
        rates = sorted({round(done.rate(one), 1) for one in done.tried if one.fault is None})
        if rates:
            say(f"From {rates[0]:.1f} to {rates[-1]:.1f} alerts a year.")
        return
    paragraph(
        f"Farthest from luck: `edge` is the mean after {HEADLINE} sessions of {done.study} less that of any session, "
        f"in %; p two-sided, of this one alone; adj over all {len(done.tried):,}.",
        hang="",
    )
    rows = [
        (
            values_text(done.choices, one.values),
            f"{done.rate(one):.1f}",
            one.whole.count,
            _percent(one.whole.mean),
            _percent(one.whole.edge),
            "-" if one.p is None else f"{one.p:.3f}",
            f"{p:.3f}",
        )
        for one, p in best
    ]
    table(("values", "a year", "n", "mean", "edge", "p", "adj"), rows, right=range(1, 7))


def _show_steps(done: "Swept") -> None:
    from monitor.backtest.sweeping import values_text

    days = (done.windows[0].last - done.windows[0].first).days + 1
    paragraph(
        f"Walk-forward: {len(done.windows)} windows of {days:,} days; chosen by the farthest score in one, told in the "
        "next (edge in %, and alerts with a known return).",
        hang="",
    )
    rows = [
        (
            f"{step.chosen_in.first} on",
            "-" if step.chosen is None else values_text(done.choices, step.chosen.values),
            _edge(step.before),
            _edge(step.after),
            _edge(step.default),
        )
        for step in done.steps
    ]
    table(("chosen in", "values", "there", "next", "as it is, next"), rows, right=(2, 3, 4))


def _edge(one: "Stretch | None") -> str:
    return "-" if one is None else f"{_percent(one.edge)} ({one.count})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:+.1f}"
