"""A call to a dead man's switch: somebody else hears of it when the calls stop."""

from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from monitor.errors import DeliveryError

TIMEOUT_SECONDS = 10


def beat(url: str) -> None:
    """Call the address; DeliveryError, which never shows it, when it is not reached or refuses."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DeliveryError("the address of the heartbeat is no http:// or https:// URL", permanent=True)
    try:
        with urlopen(Request(url, method="GET"), timeout=TIMEOUT_SECONDS):  # noqa: S310 - checked above
            pass
    except HTTPError as error:
        error.close()
        raise DeliveryError(f"the heartbeat was not taken ({error.code})") from None
    except (OSError, ValueError) as error:
        reason = type(getattr(error, "reason", error)).__name__
        raise DeliveryError(f"the heartbeat was not taken ({reason})") from None
