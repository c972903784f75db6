"""`init` and `check`: settings to begin with, and every fault of a pack before it can hurt."""

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import JsonOption, PacksArgument, SettingsOption, configuration
from monitor.cli.screen import counted, note, say, show_json
from monitor.errors import Fault, FaultyFileError, UsageError

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


def check(packs: PacksArgument = None, *, settings: SettingsOption = None, json: JsonOption = False) -> None:
    """Report every fault of packs (default: those of the settings) at once."""
    from monitor.config import load_catalogue, load_rulebook

    found = configuration(settings)
    names = packs or list(found.settings.packs)
    folder = Path() if packs else found.folder
    try:
        rulebook = load_rulebook(names, folder=folder, catalogue=load_catalogue())
    except FaultyFileError as error:
        if not json:
            raise
        show_json({"ok": False, "faults": [_plain(fault) for fault in error.faults]})
        raise typer.Exit(error.exit_code) from None
    rules = {instance.rule.id: instance.rule for instance in rulebook.instances}
    if json:
        warnings = [_plain(fault) for fault in rulebook.warnings]
        show_json(
            {
                "ok": True,
                "faults": [],
                "warnings": warnings,
                "rules": sorted(rules),
                "instances": len(rulebook.instances),
            }
        )
        return
    for warning in rulebook.warnings:
        note(str(warning))
    for pack in dict.fromkeys(rule.pack for rule in rules.values()):
        say(f"{pack}: {counted(sum(rule.pack == pack for rule in rules.values()), 'rule')}, no faults")


def _plain(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.place.file,
        "line": fault.place.line,
        "column": fault.place.column,
        "rule": fault.rule,
        "message": fault.message,
        "hint": fault.hint,
    }
