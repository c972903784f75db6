"""When to try again, and which failures trying again cannot cure.  Pure: instants in, instants out."""

import re
from datetime import datetime, timedelta

BASE = timedelta(seconds=5)
CAP = timedelta(minutes=30)
PATIENCE = 3
"""Failures in a row after which a channel is left alone for a while."""
BREAK = timedelta(minutes=1)
TIME_LIMIT = timedelta(days=3)
"""So long after a message was written it is still tried."""

_HTTP = re.compile(r"\berror=(\d{3})\b|\((\d{3})\)")
_HTTP_PERMANENT = frozenset({400, 401, 403, 404, 410})
_SMTP = re.compile(r"\((\d{3}), b['\"]|was refused: (\d{3}) ")
_SMTP_PERMANENT = frozenset({530, 534, 535, 538, 550, 551, 553})
"""Wrong credentials, and mailboxes that do not exist."""
_REFUSED_BY_NAME = re.compile(r"authenticat|unauthori[sz]ed|invalid[ _](auth|token|api.?key)", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"read timed out|read operation timed out|connection (aborted|reset)|without response|unexpectedly closed",
    re.IGNORECASE,
)


def next_attempt(attempts: int, now: datetime, *, created_at: datetime, jitter: float) -> datetime | None:
    """When to try again after so many attempts; None when the time is up.

    The wait is a part, `jitter` of 0 to 1, of a limit that doubles from `BASE` up to `CAP`, so that many
    messages do not come back at once.  The last try is at the end of the time limit.
    """
    end = created_at + TIME_LIMIT
    if now >= end:
        return None
    doublings = min(attempts - 1, 16)  # far beyond the cap, and no overflow
    return min(now + jitter * min(CAP, BASE * (1 << doublings)), end)


def left_alone_until(failures: int, now: datetime, *, jitter: float) -> datetime | None:
    """Until when a channel that failed so often in a row is sent nothing; None while it is tried on."""
    if failures < PATIENCE:
        return None
    doublings = min(failures - PATIENCE, 16)
    return now + max(jitter, 0.1) * min(CAP, BREAK * (1 << doublings))


def is_permanent(reason: str) -> bool:
    """Whether the reason a channel gave says that trying again cannot help; when in doubt it can."""
    http = {int(code) for found in _HTTP.findall(reason) for code in found if code}
    smtp = {int(code) for found in _SMTP.findall(reason) for code in found if code}
    if http or smtp:
        return bool(http & _HTTP_PERMANENT or smtp & _SMTP_PERMANENT)
    return _REFUSED_BY_NAME.search(reason) is not None


def may_have_arrived(reason: str) -> bool:
    """Whether the message had left when the channel fell silent."""
    return _NO_ANSWER.search(reason) is not None
