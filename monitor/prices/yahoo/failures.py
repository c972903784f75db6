"""Whatever the libraries raise while prices are asked for, as one typed outcome and one line for people.

Never a guess: "possibly delisted", which is what yfinance makes of most failures, is not repeated, nor is Yahoo's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from monitor.prices.source import FetchError, Outcome, one_line
from monitor.prices.yahoo.chart import error_text, read_chart

if TYPE_CHECKING:
    from curl_cffi.requests import Response

    from monitor.prices.yahoo.session import Call

OK = 200
_SERVER_ERRORS = range(500, 600)
_GUESS = ", symbol may be delisted"
_STATUS = {
    401: Outcome.UNAUTHORIZED,
    403: Outcome.UNAUTHORIZED,
    404: Outcome.NOT_FOUND,
    429: Outcome.RATE_LIMITED,
    999: Outcome.RATE_LIMITED,
}


@contextmanager
def as_outcomes(call: "Call", *, now: datetime) -> Iterator[None]:
    """Every failure inside leaves as a FetchError."""
    from curl_cffi.requests.exceptions import IncompleteRead, RequestException, Timeout

    from monitor.prices.yahoo.session import RefusedError

    try:
        yield
    except FetchError:
        raise
    except RefusedError as refused:
        raise refusal(refused.response, now=now) from refused
    except Timeout as error:
        raise FetchError(Outcome.TIMEOUT, f"no answer within {call.timeout:g} s") from error
    except IncompleteRead as error:
        raise FetchError(Outcome.BAD_PAYLOAD, "the answer broke off") from error
    except RequestException as error:
        raise FetchError(Outcome.NETWORK, _without_advice(error)) from error
    except Exception as error:
        # yfinance raises whatever its parts raise; one symbol must not end the cycle of all the others.
        raise _explained(error, call.response, now=now) from error


def refusal(response: "Response", *, now: datetime) -> FetchError:
    """What an answer without prices means, by its status; `retry_after` in its meta if the host says how long."""
    status = response.status_code
    outcome = _STATUS.get(status, Outcome.SERVER_ERROR if status in _SERVER_ERRORS else Outcome.BAD_PAYLOAD)
    meta: dict[str, object] = {"status": status}
    wait = _retry_after(response.headers.get("Retry-After"), sent=response.headers.get("Date"), now=now)
    if wait is not None:
        meta["retry_after"] = wait
    said = error_text(response.content).removesuffix(_GUESS)
    return FetchError(outcome, f"status {status}: {said}", meta=meta)


def _explained(error: Exception, response: "Response | None", *, now: datetime) -> FetchError:
    """What is wrong with the answer that yfinance could not read; our own reading of it knows more than the error."""
    if response is not None and response.status_code != OK:
        return refusal(response, now=now)
    if response is not None:
        try:
            read_chart(response.content)
        except FetchError as ours:
            return ours
    return FetchError(Outcome.BAD_PAYLOAD, one_line(f"not understood ({type(error).__name__}: {error})"))


def _without_advice(error: Exception) -> str:
    """What failed, without curl's advice where to read on."""
    return one_line(f"{type(error).__name__}: {error}".partition(" See http")[0])


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
