"""A daemon's cycle, one call at a time: a real source, a real database, and the clock of the loopback Yahoo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from monitor.bars import Status
from monitor.cycle import Result, run_cycle
from monitor.gather import Context
from monitor.health import SeriesHealth
from monitor.instruments import Catalogue, Instrument
from monitor.prices.yahoo import YahooSource
from monitor.routing import everything
from monitor.storage.store import Store
from monitor.wellbeing import current_health
from tests.support.rules import pack
from tests.support.yahoo_server import YahooServer


@dataclass
class Watch:
    """Rules over some instruments, watched by cycles at instants of one's choice."""

    server: YahooServer
    source: YahooSource
    store: Store
    context: Context

    @classmethod
    def over(
        cls,
        instruments: Sequence[Instrument],
        rules: str,
        *,
        server: YahooServer,
        source: YahooSource,
        store: Store,
    ) -> "Watch":
        """Watch made-up rules over instruments; those no rule names are fetched as well."""
        catalogue = Catalogue({one.id: one for one in instruments})
        context = Context(
            store=store,
            source=source,
            rulebook=pack(rules, catalogue=catalogue),
            routing=everything(["console"]),
            instruments=frozenset(catalogue.instruments),
        )
        return cls(server, source, store, context)

    def at(self, *instants: str) -> Result:
        """A cycle at each instant; what the last one did."""
        assert instants
        result = Result()
        for text in instants:
            self.server.clock.move(datetime.fromisoformat(text))
            result = run_cycle(self.context, now=self.server.clock())
        return result

    def every(self, step: timedelta, *, times: int) -> list[Result]:
        """Cycles from the server's time on."""
        results = []
        for _ in range(times):
            results.append(run_cycle(self.context, now=self.server.clock()))
            self.server.clock.move(self.server.clock() + step)
        return results

    def restarted(self, source: YahooSource) -> "Watch":
        """The same watch with another source, as after a restart."""
        return Watch(self.server, source, self.store, replace(self.context, source=source))

    def bars(self, instrument: str, *, as_of: datetime | None = None) -> pl.DataFrame:
        """The bars held of an instrument."""
        return self.store.bars(instruments=[instrument], as_of=as_of)

    def bar(self, instrument: str, session: str, *, as_of: datetime | None = None) -> dict[str, Any]:
        """One bar held; empty if there is none."""
        found = self.bars(instrument, as_of=as_of).filter(pl.col("session") == date.fromisoformat(session))
        return found.to_dicts()[0] if found.height else {}

    def final(self, instrument: str) -> list[str]:
        """The sessions, as month and day, whose bars are final."""
        held = self.bars(instrument).filter(pl.col("status") == Status.FINAL)
        return [f"{session:%m-%d}" for session in held["session"]]

    def health(self, instrument: str) -> SeriesHealth:
        """How a series is at the server's time."""
        return current_health(self.context, now=self.server.clock()).series[instrument]

    def told(self) -> list[str]:
        """The transitions so far, oldest first, such as `open 2020-03-12`."""
        found = [one.transition for one in reversed(self.store.transitions())]
        return [f"{one.kind.value} {one.session}" for one in found]

    def owed(self) -> list[str]:
        """The titles of all messages that were written."""
        return [row.title for row in self.store.outbox_rows()]
