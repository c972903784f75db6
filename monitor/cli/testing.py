"""`test`: rule tests, run; a failing case is shown bar by bar."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import JsonOption, SettingsOption, configuration
from monitor.cli.screen import note, paragraph, say, show_json, table, working
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.rules import Instance
    from monitor.ruletest import Chosen, Coverage, Outcome
    from monitor.ruletest.comparing import Difference

AROUND = 2
"""So many bars before and after a difference are shown."""
CELL = 16
LONGEST_MESSAGE = 6


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("test")(run_tests)


def run_tests(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Rule tests (*.test.yml), packs, or folders; else the packs of the settings.",
        ),
    ] = None,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Let failing cases expect what came; rewrites their files.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Run rule tests: made-up bars, and what the rules must tell of them."""
    from monitor.ruletest import covered, plain, run_all
    from monitor.ruletest import junit as as_junit

    chosen = _chosen(paths, settings)
    with working("running rule tests"):
        outcomes = run_all(chosen.tests)
    if junit is not None:
        _write(junit, as_junit(outcomes))
    gaps = covered(chosen.rulebooks, outcomes)
    if json:
        show_json(plain(outcomes, gaps))
    else:
        _show(outcomes, gaps)
    failed = [one for one in outcomes if not one.passed]
    if update and failed:
        _update(failed)
        failed = [one for one in failed if one.divergences]
    if failed:
        raise typer.Exit(1)


def _chosen(paths: list[str] | None, settings: Path | None) -> "Chosen":
    """The rule tests asked for; without any asked for, those of the settings' packs, else all that ship."""
    from monitor.packs import shipped_packs
    from monitor.ruletest import choose

    names, folder, found = paths or [], Path(), configuration(settings)
    if not names:
        names = list(found.settings.packs if found.file else shipped_packs())
        folder = found.folder
    chosen = choose(names, folder=folder, catalogue=found.catalogue)
    if not chosen.tests:
        raise UsageError(f"no rule test for {', '.join(names)}: write <pack>.test.yml beside the pack")
    return chosen


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); choose another file") from None


def _update(failed: Sequence["Outcome"]) -> None:
    from monitor.ruletest import updated

    wrong = [one for one in failed if one.differences]
    for file in dict.fromkeys(one.test.file for one in wrong):
        own = [one for one in wrong if one.test.file == file]
        _write(file, updated(own[0].test.text, own))
        note(f"{file}: {counted(len(own), 'case')} updated; read the change before you keep it")


def _show(outcomes: Sequence["Outcome"], gaps: "Coverage") -> None:
    for one in outcomes:
        if not one.passed:
            _show_failure(one)
    _show_coverage(gaps)
    failed = sum(not one.passed for one in outcomes)
    result = f"{failed} failed" if failed else "all passed"
    say(
        f"{counted(len(outcomes), 'case')} in {counted(len({o.test.file for o in outcomes}), 'file')}: {result}."
    )


def _show_failure(outcome: "Outcome") -> None:
    from monitor.ruletest.report import difference_line, divergence_line

    case = outcome.case
    paragraph(f"FAILED {case.place}: {case.name}")
    for instance in case.instances:
        own = [one for one in outcome.differences if _is_about(one, instance)]
        if own:
            _show_bars(outcome, instance, own)
    for one in outcome.differences:
        if one.what == "message":
            head, *rest = difference_line(one).splitlines()
            paragraph(head, indent="  ")
            for line in rest[:LONGEST_MESSAGE]:
                paragraph(line, indent="    | ", hang="")
    for divergence in outcome.divergences:
        paragraph(divergence_line(divergence, case.timeline.column(divergence.session)), indent="  ")
    say()


def _is_about(one: "Difference", instance: "Instance") -> bool:
    from monitor.ruletest.cases import name_of

    return one.what != "message" and one.subject.partition("/")[0] == name_of(instance)


def _show_bars(outcome: "Outcome", instance: "Instance", own: Sequence["Difference"]) -> None:
    from monitor.ruletest.cases import name_of

    columns = sorted({one.column for one in own})
    shown = [c for c in outcome.case.timeline.columns if any(abs(c - at) <= AROUND for at in columns)]
    metric = next(iter(instance.shown), "value")
    say(f"  {name_of(instance)}" + (f" ({metric})" if len(metric) > CELL else ""))
    headings = ("bar", "session", metric if len(metric) <= CELL else "value", "verdict", "state")
    rows = [(*_bar(outcome, instance, c), *_asked(own, c)) for c in shown]
    table((*headings, "expected", "got"), rows, right=(0, 2))


def _bar(outcome: "Outcome", instance: "Instance", column: int) -> Iterator[object]:
    """One bar as it was judged: its session, value, and per level verdict and state."""
    from monitor.language import shown
    from monitor.ruletest.comparing import shown_state

    session = outcome.case.timeline.session(column)
    track = next(track for track in outcome.run.tracks if track.instance.key == instance.key)
    row = next((i for i, day in enumerate(track.sessions) if day == session), None)
    node = next(iter(instance.shown.values()), None)
    value = None if row is None or node is None else next(iter(track.values(row).values()))
    yield column
    yield session
    yield "" if row is None else shown(value, node.unit if node else "1")
    levels = range(len(instance.levels))
    yield (
        "-"
        if row is None
        else "\n".join(track.verdict(i, row).name.lower().partition("_")[0] for i in levels)
    )
    memory = outcome.run.samples.get(column, {}).get(instance.key)
    yield "" if memory is None else "\n".join(shown_state(memory.state, instance, i) for i in levels)


def _asked(own: Sequence["Difference"], column: int) -> tuple[str, str]:
    """What was expected of a bar and what came."""
    here = [one for one in own if one.column == column]
    expected = [_level(one) + (one.expected or "nothing") for one in here]
    got = [one.got or "nothing" for one in here]
    return "\n".join(expected), "\n".join(got)


def _level(one: "Difference") -> str:
    level = one.subject.partition("/")[2]
    return f"{level}: " if level else ""


def _show_coverage(gaps: "Coverage") -> None:
    if gaps.uncovered:
        say("Never shown by any case:")
        rows = [(one.rule, one.level, ", ".join(one.missing)) for one in gaps.uncovered]
        table(("rule", "level", "transitions"), rows)
    if gaps.untested:
        paragraph(f"Rules without any case: {', '.join(gaps.untested)}")
    tested = gaps.rules - len(gaps.untested)
    say(f"{tested} of {counted(gaps.rules, 'rule')} tested.")
