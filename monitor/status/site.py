"""What a page is made of: where it reads, what time it is, and who may look."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from monitor.gather import Context
from monitor.status.histories import Histories
from monitor.status.recent import Recent


@dataclass(frozen=True, kw_only=True)
class Site:
    """One status page."""

    context: Callable[[], Context]
    """The rules in force and the database, by a connection that only reads."""
    texts: Callable[[], Mapping[str, str]]
    """Each rule as it stands in its pack."""
    histories: Histories
    """For sparklines and charts; whoever made it closes it."""
    now: Callable[[], datetime]
    prices: str
    """Where prices come from, as every page says: without a path."""
    clock: str = ""
    """What is said of a clock that was set."""
    patience: timedelta = timedelta(minutes=5)
    """So long a daemon may give no sign of life."""
    token: str | None = None
    """What readers show; None where only this machine can ask."""
    recent: Recent = field(default_factory=Recent)

    def answered(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """An answer that is written once for all who ask within a moment, when nobody asks for anything special.

        It is for addresses without names in them: those are few.
        """

        def told(request: Request) -> Response:
            if request.query_params:
                return answer(request)
            return self.recent.get(("answer", request.url.path), lambda: answer(request))

        return told
