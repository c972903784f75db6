"""The one connection to Yahoo: yfinance's cookie, crumb and browser machinery, kept on a short rein.

yfinance asks twice what was just refused, asks for a cookie on every call when it cannot store one, and waits 30 s
where we wait 10.  A session of our own underneath it holds every request to the deadline of its call, counts it,
remembers what is not prices, and sends it to another address when there is an endpoint (rehearsals, tests).

What an answer means is decided in `adapter`.  This module is imported on first use, for it takes most of a second.
"""

import logging
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog
from curl_cffi.const import CurlOpt
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout
from pandas.errors import PandasDeprecationWarning
from yfinance import cache, set_tz_cache_location
from yfinance.config import YfConfig
from yfinance.data import YfData

CHART = "https://query2.finance.yahoo.com/v8/finance/chart/"

_CRUMB_PATH = "/v1/test/getcrumb"
_SHARE_OF_SIDE_REQUESTS = 0.25
"""Part of a call's time that one request for a cookie or a crumb may take: prices come without them, too."""
_FORGET_FAILURE_AFTER = 60
"""Price requests after which a cookie or crumb that could not be had is asked for again."""
_BAD_REQUEST, _UNAUTHORIZED = 400, 401


class RefusedError(Exception):
    """A price request was refused, and asking again at once, as yfinance would, is not wanted."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass(slots=True)
class Call:
    """One symbol being asked for: when it must be over, and the requests it took so far."""

    timeout: float
    deadline: float
    requests: int = 0
    response: Response | None = None
    """The last answer to a request for prices."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    answer: Response | RequestException
    price_requests: int


class YahooSession(Session[Response]):
    """A browser-like session that keeps deadlines, counts, remembers and redirects."""

    def __init__(self, *, endpoint: str | None) -> None:
        own = {"curl_options": {CurlOpt.NOPROXY: "*"}, "allow_redirects": False} if endpoint else {}
        super().__init__(impersonate="chrome", **own)  # type: ignore[arg-type]  # mixed options
        self._endpoint = endpoint
        self._calls = threading.local()
        self._memory: dict[tuple[str, str], _Remembered] = {}
        self._price_requests = 0

    @contextmanager
    def call(self, *, timeout: float) -> Iterator[Call]:
        """All requests inside, of this thread, share one deadline and one count."""
        self._calls.current = Call(timeout, time.monotonic() + timeout)
        try:
            yield self._calls.current
        finally:
            del self._calls.current

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send one request of yfinance."""
        if url.startswith(CHART):
            return self._ask_for_prices(method, url, *args, **kwargs)
        return self._ask_aside(method, url, *args, **kwargs)

    def _ask_for_prices(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response:
        self._price_requests += 1
        response = self._send(method, url, *args, share=1, **kwargs)
        if (call := self._call()) is not None:
            call.response = response
        if response.status_code == _UNAUTHORIZED:
            self._memory.clear()  # the crumb went stale: yfinance gets a new one and asks once more
        elif response.status_code >= _BAD_REQUEST:
            raise RefusedError(response)
        return response

    def _ask_aside(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response:
        """Cookie, consent and crumb: asked for once, and again only when prices are refused for want of them."""
        known = self._memory.get((method, url))
        failed = known is not None and isinstance(known.answer, RequestException)
        if known is None or (failed and self._price_requests - known.price_requests > _FORGET_FAILURE_AFTER):
            answer = self._answer_aside(method, url, *args, **kwargs)
            known = self._memory[method, url] = _Remembered(answer, self._price_requests)
        if isinstance(known.answer, RequestException):
            raise known.answer.with_traceback(None)
        return known.answer

    def _answer_aside(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response | RequestException:
        try:
            response = self._send(method, url, *args, share=_SHARE_OF_SIDE_REQUESTS, **kwargs)
        except RequestException as error:
            return error
        text = response.text.strip()
        refused = response.status_code >= _BAD_REQUEST or not text or "<html" in text.lower()
        if urlsplit(url).path == _CRUMB_PATH and refused:
            # yfinance would take the refusal itself for the crumb and send it along for ever.
            return RequestException(f"no crumb: status {response.status_code}")
        return response

    def _call(self) -> Call | None:
        return getattr(self._calls, "current", None)

    def _send(self, method: Any, url: str, *args: Any, share: float, **kwargs: Any) -> Response:
        if (call := self._call()) is not None:
            left = call.deadline - time.monotonic()
            if left <= 0:
                raise Timeout(f"no answer within {call.timeout:g} s")
            call.requests += 1
            kwargs["timeout"] = min(left, call.timeout * share)
        if self._endpoint is not None:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "X-Metalwatch-Host": urlsplit(url).netloc}
            url = redirected(url, endpoint=self._endpoint)
        return super().request(method, url, *args, **kwargs)


def redirected(url: str, *, endpoint: str) -> str:
    """The same path and query at another address; anything that is not Yahoo's is refused there, too."""
    to, asked = urlsplit(endpoint), urlsplit(url)
    return urlunsplit((to.scheme, to.netloc, to.path.rstrip("/") + asked.path, asked.query, ""))


class _CookieStore:
    """yfinance's cookie file; one that cannot be used is told about once and then done without."""

    def __init__(self) -> None:
        self._store: Any = cache._CookieCache()  # noqa: SLF001
        try:
            cache._CookieDBManager.get_database().timeout = 1  # noqa: SLF001  # seconds for a lock, instead of 5
        except cache._CookieCacheException as error:  # noqa: SLF001  # no such folder, or not ours to write in
            self._give_up(error)

    def lookup(self, strategy: str) -> Any:
        """The cookie stored under a strategy, if it is there and whole."""
        found = self._tried("lookup", strategy)
        with suppress(AttributeError, LookupError, TypeError):
            by_domain = found["cookie"]
            next(iter(by_domain.values()))["/"]["A3"].expires // 1  # what yfinance will read, unguarded
            return found
        return None

    def store(self, strategy: str, cookie: Any) -> None:
        """Keep a cookie for the next process."""
        self._tried("store", strategy, cookie)

    def _tried(self, what: str, *args: Any) -> Any:
        if self._store is None:
            return None
        try:
            return getattr(self._store, what)(*args)
        except Exception as error:  # noqa: BLE001  # locked, unreadable, another format: prices come without it
            self._give_up(error)
            return None

    def _give_up(self, error: Exception) -> None:
        self._store = None
        structlog.get_logger().warning("yahoo_cookie_file_unusable", error=f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Connection:
    """A session, and yfinance's data reader on top of it."""

    session: YahooSession
    data: Any

    def close(self) -> None:
        """Let go of the network and of the cookie file."""
        self.session.close()
        cache._CookieDBManager.close_db()  # noqa: SLF001


def connect(*, endpoint: str | None, cache_folder: Path) -> Connection:
    """One connection, with its cookies in a folder of our own."""
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # every failure is told by its outcome
    # After the import of yfinance, which switches these on: that pandas 4 will refuse them, our lock file settles.
    warnings.filterwarnings("ignore", category=PandasDeprecationWarning, module="yfinance")
    YfConfig.debug.hide_exceptions = False
    set_tz_cache_location(str(cache_folder))
    cache._CookieCacheManager._Cookie_cache = _CookieStore()  # noqa: SLF001
    session = YahooSession(endpoint=endpoint)
    # Past the singleton, whose cookie and crumb another user of yfinance in this process could swap.
    return Connection(session, type.__call__(YfData, session=session))
