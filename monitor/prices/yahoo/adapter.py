"""The Yahoo price source: asks for one symbol at a time, as often as `pace` allows, and says what came of it.

Two paths lead to the same answers: `chart`, our own reading of Yahoo's reply, and `history`, yfinance's (what it
loses is told in `history`).  What a failure means is decided in `failures`.  This module leaves cookies and crumbs
to yfinance, and to its caller which bars are kept, what is final by being seen twice and when a symbol that is not
found is given up.
"""

import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import structlog

from monitor.bars import Action, ActionKind
from monitor.errors import UsageError
from monitor.instruments import Instrument
from monitor.prices.source import Fetched, FetchError, Outcome, SymbolInfo
from monitor.prices.yahoo.chart import HUNDREDTHS, Chart, in_hundreds, read_chart
from monitor.prices.yahoo.daily import Calendar, Daily, daily_bars
from monitor.prices.yahoo.failures import OK, as_outcomes, refusal
from monitor.prices.yahoo.history import ask_history, history_bars
from monitor.prices.yahoo.pace import Answer, Breaker, Limits, Pace, permit, record
from monitor.prices.yahoo.symbols import RECENT, summary, symbol_info
from monitor.prices.yahoo.workers import Workers
from monitor.sessions import expected_sessions, next_session, settled_at, settled_at_column

if TYPE_CHECKING:
    from monitor.prices.yahoo.session import Connection

Way = Literal["chart", "history"]
"""Our own reading of a reply, or yfinance's."""

_WORKERS = 2
_OVERLAP = timedelta(days=7)
"""Asked for again behind the last session held: late sessions and revisions come within it."""


class YahooSource:
    """Daily bars from Yahoo; `close` it in the end.

    `endpoint` sends every request to another address (a rehearsal), and the label says so.
    """

    name = "yahoo"

    def __init__(
        self,
        *,
        cache_folder: Path,
        endpoint: str | None = None,
        path: Way = "chart",
        timeout: float = 10.0,
        limits: Limits | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.label = f"Yahoo, as played by {_server(endpoint)}" if endpoint else "Yahoo"
        self._cache_folder = cache_folder
        self._endpoint = endpoint
        self._read = _by_history if path == "history" else _by_chart
        self._timeout = timeout
        self._limits = limits or Limits()
        self._chance = chance
        self._pace = Pace()
        self._reached = False
        self._lock = threading.Lock()
        self._workers = Workers(_WORKERS)
        self._connection: Connection | None = None

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """One answer per instrument: serially until Yahoo has answered and the breaker is closed, then in parallel.

        All requests leave from our own workers, whose connections are used again whoever calls.
        """
        if interval != "1d":
            raise UsageError(f"Yahoo is read for daily bars only (1d), not {interval}")
        ask = partial(self._fetch_one, since=since, now=now)
        waiting, answers = list(instruments), list[Fetched]()
        while waiting and not (self._reached and self._pace.breaker == Breaker.CLOSED):
            answers += self._workers.answers(partial(ask, waiting.pop(0)))
        return answers + self._workers.answers(*(partial(ask, one) for one in waiting))

    def symbol_info(self, symbol: str, *, now: datetime) -> SymbolInfo:
        """Whether a symbol exists and what it is, at the price of one request; failures are told in the answer."""

        def read(connection: "Connection") -> Fetched:
            chart = _ask_chart(connection, symbol, RECENT, timeout=self._timeout, now=now)
            return Fetched(symbol, Outcome.OK, meta=summary(chart))

        (fetched,) = self._workers.answers(partial(self._permitted, symbol, symbol, read, now))
        return symbol_info(symbol, fetched, now=now)

    def close(self) -> None:
        """Let the workers end and close the connection; calls under way end at their deadline, or with the process."""
        self._workers.close()
        if self._connection is not None:
            self._connection.close()

    def _fetch_one(self, instrument: Instrument, *, since: Mapping[str, date], now: datetime) -> Fetched:
        held = since.get(instrument.id)

        def read(connection: "Connection", held: date | None = held) -> Fetched:
            start = _start(instrument, held)
            fetched = self._read(connection, instrument, start=start, timeout=self._timeout, now=now)
            if held is not None and any(action.kind == ActionKind.SPLIT for action in fetched.actions):
                return read(
                    connection, None
                )  # closes held from before are in old shares: all of them, in new ones
            return fetched

        return self._permitted(instrument.id, instrument.symbol, read, now)

    def _permitted(
        self, name: str, symbol: str, read: "Callable[[Connection], Fetched]", now: datetime
    ) -> Fetched:
        """The answer for one symbol, if Yahoo may be asked now; what came of it is remembered."""
        with self._lock:
            self._pace, refused = permit(self._pace, limits=self._limits, now=now)
        if refused:
            return Fetched(name, Outcome.SKIPPED, detail=f"{self.label}: {refused}")
        connection = self._connected()
        with connection.session.call(timeout=self._timeout) as call:
            try:
                with as_outcomes(call, now=now):
                    fetched = read(connection)
            except FetchError as error:
                detail = f"{self.label}, {symbol}: {error.detail}"
                fetched = Fetched(name, error.outcome, detail=detail, meta=error.meta)
        self._remember(fetched, requests=max(call.requests, 1), now=now)
        return fetched

    def _remember(self, fetched: Fetched, *, requests: int, now: datetime) -> None:
        wait = fetched.meta.get("retry_after")
        told = wait if isinstance(wait, timedelta) else None
        answer = Answer(outcome=fetched.outcome, requests=requests, retry_after=told)
        with self._lock:
            before = self._pace
            self._pace = record(before, answer, limits=self._limits, now=now, chance=self._chance())
            self._reached |= fetched.outcome == Outcome.OK
            _tell_of_breaker(before, self._pace)

    def _connected(self) -> "Connection":
        with self._lock:
            if self._connection is None:
                from monitor.prices.yahoo.session import connect

                self._connection = connect(endpoint=self._endpoint, cache_folder=self._cache_folder)
            return self._connection


def calendar_of(instrument: Instrument) -> Calendar:
    """The sessions of an instrument as `daily` asks for them."""
    return Calendar(
        is_session=lambda day: len(expected_sessions(instrument, day, day)) == 1,
        next_session=partial(next_session, instrument.calendar),
        settled_at=partial(settled_at, instrument),
        settled_column=partial(settled_at_column, instrument),
    )


def _tell_of_breaker(before: Pace, after: Pace) -> None:
    """One line in the log when the host is first left alone, and one when it is trusted again."""
    if after.breaker == Breaker.OPEN and not before.openings:
        structlog.get_logger().warning(
            "yahoo_left_alone", because=after.because, until=f"{after.until:%Y-%m-%d %H:%M:%S %Z}"
        )
    elif after.breaker == Breaker.CLOSED and before.openings:
        structlog.get_logger().info("yahoo_answers_again")


def _start(instrument: Instrument, since: date | None) -> datetime:
    """From a few days before `since`, or from the beginning."""
    day = max(day for day in (since and since - _OVERLAP, instrument.valid_from, date(1970, 1, 1)) if day)
    return datetime.combine(day, time(), UTC)


def _by_chart(
    connection: "Connection", instrument: Instrument, *, start: datetime, timeout: float, now: datetime
) -> Fetched:
    params = {
        "period1": int(start.timestamp()),
        "period2": int(_end(now).timestamp()),
        "interval": "1d",
        "includePrePost": "false",
        "events": "div,splits,capitalGains",
    }
    chart = _in_our_currency(
        _ask_chart(connection, instrument.symbol, params, timeout=timeout, now=now), instrument
    )
    daily = daily_bars(chart, instrument=instrument, calendar=calendar_of(instrument), now=now)
    return _fetched(instrument, chart, daily)


def _by_history(
    connection: "Connection", instrument: Instrument, *, start: datetime, timeout: float, now: datetime
) -> Fetched:
    found = ask_history(connection, instrument.symbol, start=start, end=_end(now), timeout=timeout)
    chart = _in_our_currency(found, instrument)
    daily = history_bars(chart, instrument=instrument, calendar=calendar_of(instrument), now=now)
    return _fetched(instrument, chart, daily)


def _ask_chart(
    connection: "Connection", symbol: str, params: Mapping[str, object], *, timeout: float, now: datetime
) -> Chart:
    from monitor.prices.yahoo.session import CHART

    response = connection.data.get(CHART + quote(symbol, safe="="), params=params, timeout=timeout)
    if response.status_code != OK:
        raise refusal(response, now=now)
    return read_chart(response.content)


def _end(now: datetime) -> datetime:
    return now + timedelta(days=1)


def _in_our_currency(chart: Chart, instrument: Instrument) -> Chart:
    currency = chart.meta.get("currency")
    if instrument.currency == HUNDREDTHS.get(str(currency)):
        return in_hundreds(chart)
    if instrument.currency and currency and currency != instrument.currency:
        what = f"quoted in {currency}, but the catalogue says {instrument.currency}"
        raise FetchError(Outcome.BAD_PAYLOAD, what, meta=chart.meta)
    return chart


def _fetched(instrument: Instrument, chart: Chart, daily: Daily) -> Fetched:
    actions = tuple(Action(instrument.id, *event) for event in chart.events)
    return Fetched(
        instrument.id, Outcome.OK, daily.bars, meta=chart.meta, actions=actions, findings=daily.findings
    )


def _server(endpoint: str) -> str:
    """The server of an address: a login, path or query may hold a secret."""
    scheme, slashes, rest = endpoint.partition("://")
    return f"{scheme}{slashes}{re.split('[/?#]', rest)[0].rpartition('@')[2]}"
