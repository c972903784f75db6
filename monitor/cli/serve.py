"""`serve`: the status page of a database, without a daemon."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, SettingsOption, configuration
from monitor.cli.screen import write_message

if TYPE_CHECKING:
    from monitor.gather import Context


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(serve)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address; beyond loopback it needs a token.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    settings: SettingsOption = None,
    clock: ClockOption = None,
) -> None:
    """Serve the status page, its JSON API and its metrics; only read, beside a daemon or without one."""
    from contextlib import closing

    from monitor.clock import read_clock
    from monitor.gather import keep_apart
    from monitor.logs import log_to_stderr
    from monitor.memory import stays
    from monitor.opening import make_context, open_source
    from monitor.prices.source import page_name
    from monitor.settings import StatusSettings
    from monitor.status.histories import Histories
    from monitor.status.server import address, listen
    from monitor.status.server import serve as answer
    from monitor.status.site import Site
    from monitor.storage.store import open_reader
    from monitor.vitals import patience

    found = configuration(settings)
    watch, wanted = read_clock(clock or found.clock), found.settings.status or StatusSettings()
    log_to_stderr()
    stays()
    with (
        closing(open_reader(found.database)) as store,
        closing(open_source(found)) as source,
        closing(Histories()) as histories,
    ):
        context, texts = make_context(found, store, source), found.rule_texts

        def checked() -> "Context":
            keep_apart(store, source, claim=False)
            return context

        with listen(host or wanted.host, wanted.port if port is None else port, found.token) as taken:
            site = Site(
                context=checked,
                texts=lambda: texts,
                now=watch.now,
                prices=page_name(source),
                clock=watch.label,
                patience=patience(watch),
                token=found.token,
                histories=histories,
            )
            write_message(f"Status page: {address(taken)} (Ctrl-C ends it)")
            answer(site, taken)
