"""The Yahoo price source: asks for one symbol at a time, as often as `pace` allows, and says what came of it.

It decides what an answer means (`Outcome`).  It leaves the reading of a chart to `chart` and `daily`, cookies and
crumbs to yfinance, and to its caller which bars are kept, what is final by being seen twice and when a symbol that
is not found is given up.
"""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from monitor.errors import UsageError
from monitor.instruments import Instrument
from monitor.prices.source import Fetched, FetchError, Outcome, one_line
from monitor.prices.yahoo.chart import error_text, read_chart
from monitor.prices.yahoo.daily import Calendar, daily_bars
from monitor.prices.yahoo.pace import Answer, Breaker, Limits, Pace, permit, record
from monitor.sessions import expected_sessions, next_session, settled_at, settled_at_column

if TYPE_CHECKING:
    from curl_cffi.requests import Response

_WORKERS = 2
_OVERLAP = timedelta(days=7)
"""Asked for again behind the last session held: late sessions and revisions come within it."""
_OK = 200
_SERVER_ERRORS = range(500, 600)
_STATUS = {
    401: Outcome.UNAUTHORIZED,
    403: Outcome.UNAUTHORIZED,
    404: Outcome.NOT_FOUND,
    429: Outcome.RATE_LIMITED,
    999: Outcome.RATE_LIMITED,
}


class YahooSource:
    """Daily bars from Yahoo's chart endpoint.

    `endpoint` sends every request to another address (a rehearsal), and the label says so.
    """

    name = "yahoo"

    def __init__(
        self,
        *,
        cache_folder: Path,
        endpoint: str | None = None,
        timeout: float = 10.0,
        limits: Limits | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.label = f"Yahoo, as played by {endpoint}" if endpoint else "Yahoo"
        self._cache_folder = cache_folder
        self._endpoint = endpoint
        self._timeout = timeout
        self._limits = limits or Limits()
        self._chance = chance
        self._pace = Pace()
        self._reached = False
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="yahoo")
        self._connection: tuple[Any, Any] | None = None

    def fetch(
        self, instruments: Sequence[Instrument], *, interval: str, since: Mapping[str, date], now: datetime
    ) -> list[Fetched]:
        """One answer per instrument: serially until Yahoo has answered and the breaker is closed, then in parallel."""
        if interval != "1d":
            raise UsageError(f"Yahoo is read for daily bars only (1d), not {interval}")
        ask = partial(self._fetch_one, since=since, now=now)
        waiting, answers = list(instruments), list[Fetched]()
        while waiting and not (self._reached and self._pace.breaker == Breaker.CLOSED):
            answers.append(ask(waiting.pop(0)))
        return answers + list(self._pool.map(ask, waiting))

    def close(self) -> None:
        """Let the workers end; calls under way end at their deadline."""
        self._pool.shutdown(wait=True)
        if self._connection is not None:
            self._connection[0].close()

    def _fetch_one(self, instrument: Instrument, *, since: Mapping[str, date], now: datetime) -> Fetched:
        with self._lock:
            self._pace, refusal = permit(self._pace, limits=self._limits, now=now)
        if refusal:
            return Fetched(instrument.id, Outcome.SKIPPED, detail=f"{self.label}: {refusal}")
        fetched, requests = self._asked(instrument, since=since.get(instrument.id), now=now)
        wait = fetched.meta.get("retry_after")
        answer = Answer(
            outcome=fetched.outcome,
            requests=max(requests, 1),
            retry_after=wait if isinstance(wait, timedelta) else None,
        )
        with self._lock:
            self._pace = record(self._pace, answer, limits=self._limits, now=now, chance=self._chance())
            self._reached |= fetched.outcome == Outcome.OK
        return fetched

    def _asked(self, instrument: Instrument, *, since: date | None, now: datetime) -> tuple[Fetched, int]:
        """What Yahoo says to one symbol, and the requests it took."""
        session, data = self._connected()
        params = _span(instrument, since=since, now=now)
        with session.call(timeout=self._timeout) as call:
            try:
                response = _ask(data, instrument.symbol, params, timeout=self._timeout)
                return _read(response, instrument=instrument, now=now), call.requests
            except FetchError as error:
                detail = f"{self.label}, {instrument.symbol}: {error.detail}"
                return Fetched(instrument.id, error.outcome, detail=detail, meta=error.meta), call.requests

    def _connected(self) -> tuple[Any, Any]:
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


def _span(instrument: Instrument, *, since: date | None, now: datetime) -> dict[str, object]:
    """The parameters of a chart request: from a few days before `since`, or from the beginning."""
    start = max(day for day in (since and since - _OVERLAP, instrument.valid_from, date(1970, 1, 1)) if day)
    return {
        "period1": int(datetime.combine(start, time(), UTC).timestamp()),
        "period2": int((now + timedelta(days=1)).timestamp()),
        "interval": "1d",
        "includePrePost": "false",
        "events": "div,splits,capitalGains",
    }


def _ask(data: Any, symbol: str, params: Mapping[str, object], *, timeout: float) -> "Response":
    """Yahoo's response; every failure of the libraries in between is translated here."""
    from curl_cffi.requests.exceptions import IncompleteRead, RequestException, Timeout

    from monitor.prices.yahoo.session import CHART, RefusedError

    try:
        response: Response = data.get(CHART + quote(symbol, safe="="), params=params, timeout=timeout)
        return response
    except RefusedError as refused:
        return refused.response
    except Timeout as error:
        raise FetchError(Outcome.TIMEOUT, f"no answer within {timeout:g} s") from error
    except IncompleteRead as error:
        raise FetchError(Outcome.BAD_PAYLOAD, "the answer broke off") from error
    except RequestException as error:
        raise FetchError(Outcome.NETWORK, _failure(error)) from error
    except Exception as error:
        # yfinance raises whatever its parts raise; one symbol must not end the cycle of all the others.
        raise FetchError(
            Outcome.BAD_PAYLOAD, one_line(f"yfinance: {type(error).__name__}: {error}")
        ) from error


def _failure(error: Exception) -> str:
    """What failed, without curl's advice where to read on."""
    return one_line(f"{type(error).__name__}: {error}".partition(" See http")[0])


def _read(response: "Response", *, instrument: Instrument, now: datetime) -> Fetched:
    if response.status_code != _OK:
        raise _refusal(response, now=now)
    chart = read_chart(response.content)
    currency = str(chart.meta.get("currency", ""))
    if instrument.currency and currency and currency != instrument.currency:
        what = f"quoted in {currency}, but the catalogue says {instrument.currency}"
        raise FetchError(Outcome.BAD_PAYLOAD, what, meta=chart.meta)
    frame = daily_bars(chart, instrument=instrument, calendar=calendar_of(instrument), now=now)
    return Fetched(instrument.id, Outcome.OK, frame, meta=chart.meta)


def _refusal(response: "Response", *, now: datetime) -> FetchError:
    status = response.status_code
    outcome = _STATUS.get(status, Outcome.SERVER_ERROR if status in _SERVER_ERRORS else Outcome.BAD_PAYLOAD)
    meta: dict[str, object] = {"status": status}
    wait = _retry_after(response.headers.get("Retry-After"), sent=response.headers.get("Date"), now=now)
    if wait is not None:
        meta["retry_after"] = wait
    return FetchError(outcome, f"status {status}: {error_text(response.content)}", meta=meta)


def _retry_after(text: str | None, *, sent: str | None, now: datetime) -> timedelta | None:
    """How long the host asks to be left alone: seconds, or a date against the date it sent."""
    if not text:
        return None
    try:
        if text.strip().isdecimal():
            return timedelta(seconds=int(text))
        reference = parsedate_to_datetime(sent) if sent else now
        return max(parsedate_to_datetime(text) - reference, timedelta())
    except (OverflowError, TypeError, ValueError):
        return None
