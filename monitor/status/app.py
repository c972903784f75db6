"""The application: pages and API behind one guard, and an answer to everything that goes wrong."""

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from monitor.errors import MonitorError
from monitor.status import api, measures
from monitor.status.guard import FOR_PROGRAMS, Guard, headers_of
from monitor.status.pages import STYLE_HASH, Pages
from monitor.status.queries import BadQueryError, Query, read_query
from monitor.status.site import Site
from monitor.status.views import NoSuchRuleError

log = structlog.get_logger()

AWAY = "The database cannot be read now. The log says why; the daemon tries again by itself."
BROKEN = "This page failed. The log says why; the daemon is not touched by it."


def make_app(site: Site) -> ASGIApp:
    """The application of a site, behind its guard."""
    pages = Pages(site)
    troubles = _Troubles(pages)

    def measured(request: Request) -> Response:
        read_query(Query, request.query_params)
        return Response(measures.scrape(site), media_type=measures.CONTENT_TYPE)

    app = Starlette(
        routes=[*pages.routes(), *api.routes(site), Route("/metrics", site.answered(measured))],
        exception_handlers={
            BadQueryError: troubles.bad,
            NoSuchRuleError: troubles.unknown,
            MonitorError: troubles.away,
            HTTPException: troubles.refused,
            Exception: troubles.broken,
        },
    )
    return Guard(app, site.token, headers_of(STYLE_HASH))


class _Troubles:
    """Answers to what goes wrong: a page for people, JSON for programs; the log has what nobody else should read."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def told(
        self, request: Request, title: str, text: str, code: int, faults: Sequence[str] = ()
    ) -> Response:
        """The answer in the form of what was asked for."""
        if request.url.path.startswith((*FOR_PROGRAMS, "/healthz")):
            return api.failed(text, code, faults)
        return self.pages.shown("message", code, title=title, text=text, faults=faults)

    def bad(self, request: Request, error: Exception) -> Response:
        """A question that cannot be answered."""
        faults = error.faults if isinstance(error, BadQueryError) else ()
        return self.told(request, "Bad question", "What was asked for is not to be had.", 400, faults)

    def unknown(self, request: Request, _error: Exception) -> Response:
        """A rule that is not in force."""
        return self.told(request, "No such rule", "There is no such rule in force.", 404)

    def away(self, request: Request, error: Exception) -> Response:
        """The database cannot be read."""
        log.error("page cannot be shown", page=request.url.path, error=str(error))
        return self.told(request, "Not now", AWAY, 503)

    def refused(self, request: Request, error: Exception) -> Response:
        """No such page, or not in this way."""
        code = error.status_code if isinstance(error, HTTPException) else 500
        answer = self.told(request, "No such page", "There is nothing to be seen here.", code)
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    def broken(self, request: Request, error: Exception) -> Response:
        """Our own mistake."""
        log.error("page failed", page=request.url.path, exc_info=error)
        return self.told(request, "Failed", BROKEN, 500)
