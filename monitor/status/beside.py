"""The status page beside a running daemon: in a thread of its own, by connections of its own that only read."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Protocol

import structlog

from monitor.clock import Clock
from monitor.config import Configuration
from monitor.gather import Context
from monitor.prices.source import page_name
from monitor.settings import StatusSettings
from monitor.status.histories import Histories
from monitor.status.server import address, listen, served
from monitor.status.site import Site
from monitor.storage.store import open_reader
from monitor.vitals import patience

log = structlog.get_logger()


class Live(Protocol):
    """A running daemon, as far as its page needs it; its rules may change."""

    configuration: Configuration
    context: Context

    @property
    def texts(self) -> Mapping[str, str]:
        """Each rule as it stands in its pack."""

    @property
    def clock(self) -> Clock:
        """Its clock."""


@contextmanager
def beside(daemon: Live) -> Iterator[None]:
    """The page that settings want, as long as the block lasts."""
    configuration, clock = daemon.configuration, daemon.clock
    wanted, token = configuration.settings.status or StatusSettings(), configuration.token
    taken = listen(wanted.host, wanted.port, token)
    with closing(open_reader(configuration.database)) as reader, closing(Histories()) as histories:
        site = Site(
            context=lambda: replace(daemon.context, store=reader),
            texts=lambda: daemon.texts,
            now=clock.now,
            prices=page_name(daemon.context.source),
            clock=clock.label,
            patience=patience(clock),
            token=token,
            histories=histories,
        )
        with served(site, taken):
            log.info("status page", address=address(taken))
            yield
