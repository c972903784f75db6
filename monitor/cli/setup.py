"""`init` and `check`: settings to begin with, and every fault of a pack before it can hurt."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import JsonOption, PacksArgument, SettingsOption, configuration
from monitor.cli.screen import note, paragraph, say, show_faults, show_json, table, working
from monitor.errors import Fault, FaultyFileError, SourceError, UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.backtest.deep import DeepReport
    from monitor.config import Configuration
    from monitor.rules import Rulebook
    from monitor.ruletest.cases import RuleTest

SETTINGS = """\
# Metalwatch settings.  Paths are relative to this file.  `metalwatch check` reads it.

# Where what happened is kept: a file, or a database URL.
database: metalwatch.db

# Rules in force: packs that ship, by name, or your own files.
packs:
  - precious

# Where prices come from: yahoo, files (with `folder:`), or sample (simulated, offline).
# Yahoo's data is for personal use; its terms are yours to keep.
prices:
  source: {source}

# Who is told.  An address is a secret: keep it in the environment (env:NAME) or in a file (file:PATH).
# Any of apprise's services will do: mailto://, slack://, ntfy://, tgram:// ...
channels:
  console: console
  # phone: env:METALWATCH_PHONE      # METALWATCH_PHONE=ntfy://...
  # mail: file:/run/secrets/mail     # mailto://user:password@example.com?to=me@example.com
"""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(init)
    app.command()(check)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write metalwatch.yml.")] = Path(),
    *,
    source: Annotated[str, typer.Option(help="yahoo, or sample for a simulated market, offline.")] = "yahoo",
) -> None:
    """Write settings to begin with: one pack, the console as channel."""
    if source not in ("yahoo", "sample"):
        raise UsageError(f"--source: expected yahoo or sample; got {source}")
    file = folder / "metalwatch.yml"
    if file.exists():
        raise UsageError(f"{file} is there already; edit it, or move it away first")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(SETTINGS.format(source=source), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); choose another folder") from None
    prices = "Yahoo" if source == "yahoo" else "the sample market, simulated"
    say(f"Wrote {file}: one pack (precious), the console as channel,")
    say(f"prices from {prices}.")
    say("Next:")
    say("  metalwatch check       are the rules right?")
    say("  metalwatch once        fetch prices and judge them once")
    say("  metalwatch status      every rule with its value and distance")
    say("  metalwatch backtest    what the rules would have said")
    say("  metalwatch run         keep watching")


def check(
    packs: PacksArgument = None,
    *,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Judge history too: never or always true, look-ahead, messages a year."),
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option(
            help="With --deep: a file, a folder, or a mapping such as prices.yml; else the prices held."
        ),
    ] = None,
    symbols: Annotated[
        bool,
        typer.Option(
            "--symbols", help="Ask the source whether the symbols exist and are what they should be."
        ),
    ] = False,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Report every fault of packs (default: those of the settings) and of the rule tests beside them at once."""
    if prices is not None and not deep:
        raise UsageError("--prices: it is for --deep, which looks at history")
    found = configuration(settings)
    names = packs or list(found.settings.packs)
    try:
        rulebook, tests = _read(names, Path() if packs else found.folder, found)
    except FaultyFileError as error:
        if not json:
            raise
        faults = [_plain(fault) for fault in error.faults]
        show_json({"ok": False, "faults": faults, "warnings": []})
        raise typer.Exit(error.exit_code) from None
    if not packs and (unreached := found.unreached(rulebook)):
        raise FaultyFileError(unreached)
    if symbols:
        _check_symbols(found, rulebook)
    examined = _examined(found, prices, rulebook) if deep else None
    if json:
        _show_machines(rulebook, tests, examined)
    else:
        _show_people(rulebook, tests, examined)
    if examined is not None and not examined[0].ok:
        raise typer.Exit(1)


def _check_symbols(found: "Configuration", rulebook: "Rulebook") -> None:
    """Refuse rules whose symbols the source does not know, or takes for something else: one request each."""
    from contextlib import closing

    from monitor.cli.symbols import ask_symbols
    from monitor.clock import read_clock
    from monitor.opening import open_source

    with closing(open_source(found)) as source, working(f"asking {source.label}"):
        wanted = rulebook.catalogue.subset(rulebook.instruments)
        rows = ask_symbols(source, wanted, now=read_clock(found.clock).now())
    wrong = [f"{row['instrument']}: {one}" for row in rows for one in row["wrong"]]  # type: ignore[attr-defined]
    if wrong and all(row["exists"] is None for row in rows):
        raise SourceError("\n".join(wrong))
    if wrong:
        raise UsageError("\n".join(wrong))


def _read(names: list[str], folder: Path, found: "Configuration") -> tuple["Rulebook", list["RuleTest"]]:
    """The rules of packs, and the rule tests that are named or stand beside them; faults of all of them at once, and
    of the templates of the settings.
    """
    from monitor.messages import template_faults
    from monitor.opening import open_templates
    from monitor.packs import load_rulebook
    from monitor.rules import Rulebook
    from monitor.ruletest.files import shown
    from monitor.ruletest.reading import SUFFIX, read_rule_test

    others = _packs([name for name in names if not name.endswith(SUFFIX)], folder)
    beside = [pack.with_name(pack.stem + SUFFIX) for pack in others]
    tests = [folder / name for name in names if name.endswith(SUFFIX)] + [f for f in beside if f.is_file()]
    catalogue = found.catalogue
    rulebook = Rulebook(catalogue=catalogue)
    read: list[RuleTest] = []
    faults = list(template_faults(open_templates(found)))
    try:
        if others or not tests:
            rulebook = load_rulebook(map(str, others), folder=Path(), catalogue=catalogue)
    except FaultyFileError as error:
        faults += error.faults
    for file in dict.fromkeys(tests):
        try:
            read.append(read_rule_test(file, catalogue=catalogue, shown=shown(file)))
        except FaultyFileError as error:
            faults += error.faults
    if faults:
        raise FaultyFileError(dict.fromkeys(faults))
    return rulebook, read


def _packs(names: list[str], folder: Path) -> list[Path]:
    """The files of packs; settings that lie in the same folder are none."""
    from monitor.config import SETTINGS_FILE
    from monitor.packs import find_packs

    named = {(folder / name).resolve() for name in names}
    found = find_packs(names, folder=folder)
    return [path for path in found if path.name != SETTINGS_FILE or path.resolve() in named]


def _examined(found: "Configuration", prices: Path | None, rulebook: "Rulebook") -> tuple["DeepReport", str]:
    """What history says about the rules, and what that history is called."""
    from monitor.backtest.deep import examine
    from monitor.cli.history import bars_to_judge, check_held

    with working("reading prices"):
        held = bars_to_judge(found, prices, rulebook)
    for warning in held.warnings:
        note(f"warning: {warning}")
    check_held(rulebook, held.bars, held.source)
    with working("judging history, and poisoning its future"):
        return examine(rulebook, held.bars), held.source


def _show_machines(
    rulebook: "Rulebook", tests: Sequence["RuleTest"], examined: tuple["DeepReport", str] | None
) -> None:
    shown: dict[str, object] = {
        "ok": examined is None or examined[0].ok,
        "faults": [],
        "warnings": [_plain(fault) for fault in rulebook.warnings],
        "rules": sorted({instance.rule.id for instance in rulebook.instances}),
        "instances": len(rulebook.instances),
        "tests": [str(test.file) for test in tests],
    }
    if examined is not None:
        report, source = examined
        shown["deep"] = {
            "prices": source,
            "span": {"first": report.first, "last": report.last},
            "poisoned": report.compared,
            "rules": [asdict(rule) for rule in report.rules],
        }
    show_json(shown)


def _show_people(
    rulebook: "Rulebook", tests: Sequence["RuleTest"], examined: tuple["DeepReport", str] | None
) -> None:
    show_faults(rulebook.warnings)
    rules = {instance.rule.id: instance.rule for instance in rulebook.instances}
    packs = dict.fromkeys(rule.pack for rule in rules.values())
    for pack in packs:
        say(f"{pack}: {counted(sum(rule.pack == pack for rule in rules.values()), 'rule')}, no faults")
    for test in tests:
        if test.pack not in packs:
            say(f"{test.file}: {counted(len(test.cases), 'case')}, no faults")
    if examined is not None:
        _show_deep(*examined)


def _show_deep(report: "DeepReport", source: str) -> None:
    say(f"\nPrices: {source}, {report.first} to {report.last}")
    rows = [
        (one.rule, f"{one.sessions:,}", f"{one.true:,}", f"{one.messages:,}", f"{one.a_year:.1f}")
        for one in report.rules
    ]
    table(("rule", "sessions", "true in", "messages", "a year"), rows, right=(1, 2, 3, 4))
    for one in report.rules:
        for text in one.suggestions:
            paragraph(f"{one.rule}: {text}")
    for one in report.rules:
        for text in one.problems:
            note(f"error: {one.rule}: {text}")
    paragraph(
        f"Look-ahead: {report.compared:,} times judged again with another future; "
        f"{counted(report.seers, 'rule')} changed what was said before it."
    )


def _plain(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.place.file,
        "line": fault.place.line,
        "column": fault.place.column,
        "rule": fault.rule,
        "message": fault.message,
        "hint": fault.hint,
    }
