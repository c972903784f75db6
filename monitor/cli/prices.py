"""`prices fetch` and `prices show`: fill the store, and look at what it holds."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import note, say, show_json, table, working
from monitor.errors import MonitorError, SourceError, UsageError

if TYPE_CHECKING:
    from monitor.instruments import Catalogue

app = typer.Typer(help="Fetch prices and look at them.", no_args_is_help=True)
Names = Annotated[
    list[str] | None, typer.Argument(metavar="INSTRUMENT", help="Instruments; else those of the rules.")
]


@app.command()
def fetch(names: Names = None, *, settings: SettingsOption = None, clock: ClockOption = None) -> None:
    """Fetch the prices of instruments and keep them."""
    from monitor.config import load_catalogue, load_rulebook
    from monitor.daemon import opened, read_clock
    from monitor.gather import confirm
    from monitor.prices.source import Outcome

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    catalogue = load_catalogue()
    rulebook = load_rulebook(found.settings.packs, folder=found.folder, catalogue=catalogue)
    wanted = catalogue.subset(_known(names, catalogue) or rulebook.instruments)
    failed = 0
    with opened(found) as (store, source):
        say(f"Prices: {source.label}")
        for instrument in wanted:
            held = store.bars(instruments=[instrument.id])
            since = {instrument.id: held["session"][-1]} if held.height else {}
            with working(f"{source.label}: {instrument.id}"):
                answer = source.fetch([instrument], interval="1d", since=since, now=watch.now())[0]
            if answer.outcome is not Outcome.OK:
                failed += 1
                note(f"warning: {instrument.id}: {answer.outcome.value}: {answer.detail}")
                continue
            new = store.add_bars(confirm(answer.bars, held), seen_at=watch.now(), source=source.name)
            say(f"{instrument.id}: {answer.bars.height:,} bars, {new:,} new")
    if failed == len(wanted):
        raise SourceError(f"{source.label} gave no prices; what is held stays: try again later")
    if failed:
        raise MonitorError(f"{failed} of {len(wanted)} series got no prices; what is held of them stays")


def _known(names: list[str] | None, catalogue: "Catalogue") -> list[str]:
    from monitor.yamltext import did_you_mean

    unknown = [name for name in names or [] if name not in catalogue.instruments]
    if unknown:
        hints = [
            f'unknown instrument "{n}"; {did_you_mean(n, catalogue.instruments) or "see rules/instruments.yml"}'
            for n in unknown
        ]
        raise UsageError("\n".join(hints))
    return names or []


@app.command()
def show(
    names: Names = None,
    *,
    last: Annotated[int, typer.Option(help="How many sessions.", min=1)] = 5,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Show the newest bars that are held."""
    from monitor.config import load_catalogue
    from monitor.daemon import opened

    found = configuration(settings)
    wanted = _known(names, load_catalogue())
    with opened(found, claim=False) as (store, source):
        held = store.bars(instruments=wanted or None)
    newest = held.group_by("instrument", maintain_order=True).tail(last)
    if json:
        show_json({"prices": source.label, "bars": newest.to_dicts()})
        return
    if newest.is_empty():
        raise UsageError("no prices are held; run `metalwatch prices fetch`")
    columns = ("instrument", "session", "open", "high", "low", "close", "volume", "status")
    rows = [[_cell(row[name]) for name in columns] for row in newest.to_dicts()]
    say(f"Prices: {source.label}")
    table(columns, rows, right=(2, 3, 4, 5, 6))


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}".removesuffix(".00") if isinstance(value, float) else str(value)
