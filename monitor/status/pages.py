"""The page for people: rendered here, complete without a script, and readable on a phone and by a screen reader."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

import monitor
from monitor.overview.rules import RuleRow
from monitor.status import drawing, views
from monitor.status.guard import COOKIE, cookie_of, is_token
from monitor.status.queries import AlertsQuery, MessagesQuery, Query, StatusQuery, read_query
from monitor.status.site import Site

FOLDER = Path(__file__).parent / "templates"
STYLE = (FOLDER / "style.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
LARGEST_FORM = 4_096
DAYS_LOGGED_IN = 30

Page = Callable[[Request], Response]


class Pages:
    """The pages of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.templates = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals |= {
            "style": STYLE,
            "version": monitor.__version__,
            "clock": site.clock,
            "prices": site.prices,
            "secured": site.token is not None,
            "spark": drawing.spark,
            "link": lambda row: link(row.rule, row.instance),
            "link_to": link,
        }

    def routes(self) -> list[Route]:
        """Every page."""
        named: dict[str, Page] = {
            "/": self.site.answered(self.status),
            "/alerts": self.alerts,
            "/data": self.data,
            "/messages": self.messages,
            "/attention": self.attention,
            "/rules/{pack}/{name}": self.rule,
            "/rules/{pack}/{name}/{instance}": self.rule,
        }
        return [
            *(Route(path, page) for path, page in named.items()),
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    def shown(self, name: str, code: int = 200, *, here: str | None = "", **values: Any) -> Response:
        """A page made of a template; `here` is its address among the pages, None where nobody may see them yet."""
        template = self.templates.get_template(f"{name}.html.j2")
        return HTMLResponse(template.render(values, here=here, at=self.site.now()), code)

    def status(self, request: Request) -> Response:
        """How everything is, what is open first."""
        asked = read_query(StatusQuery, request.query_params)
        view, reasons = views.see_status(self.site), views.see_readiness(self.site)
        rows = sorted(view.rules, key=_nearness)
        opened = [row for row in rows if row.level is not None]
        shown = rows[: max(asked.limit, len(opened))]
        sparks = views.see_sparklines(self.site, shown)
        wrong = dict.fromkeys((*reasons, *view.notes, *view.failures))
        return self.shown(
            "status",
            here="/",
            view=view,
            opened=opened,
            rows=shown,
            sparks=sparks,
            wrong=wrong,
            ready=not reasons,
        )

    def rule(self, request: Request) -> Response:
        """One rule in full, or its instances where it has some and none was named."""
        read_query(Query, request.query_params)
        named = request.path_params
        rule, instance = f"{named['pack']}/{named['name']}", named.get("instance")
        if instance is None and (rows := views.see_members(self.site, rule)):
            return self.shown("group", rule=rule, rows=sorted(rows, key=_nearness))
        found = views.see_rule(self.site, rule, instance)
        picture = found.drawing
        return self.shown(
            "rule",
            view=found.view,
            row=found.view.standing,
            charts=drawing.charts(picture) if picture is not None else (),
            sentence=drawing.sentence(picture) if picture is not None else "",
        )

    def alerts(self, request: Request) -> Response:
        """What happened, and what became of telling it."""
        filled = [(name, value) for name, value in request.query_params.multi_items() if value]
        asked = read_query(AlertsQuery, QueryParams(filled))  # a field that was left empty asks for nothing
        return self.shown("alerts", here="/alerts", view=views.see_alerts(self.site, asked), asked=asked)

    def data(self, request: Request) -> Response:
        """How fresh each series is."""
        read_query(Query, request.query_params)
        return self.shown("data", here="/data", view=views.see_status(self.site))

    def messages(self, request: Request) -> Response:
        """What became of messages, and what was withheld and why."""
        asked = read_query(MessagesQuery, request.query_params)
        withheld = views.see_alerts(self.site, AlertsQuery(withheld=True, limit=asked.limit))
        return self.shown(
            "messages", here="/messages", view=views.see_messages(self.site, asked), withheld=withheld
        )

    def attention(self, request: Request) -> Response:
        """Silences and acknowledgements."""
        read_query(Query, request.query_params)
        return self.shown("attention", here="/attention", view=views.see_attention(self.site))

    # --- who looks

    async def login(self, request: Request) -> Response:
        """The form that takes the token, and what it leaves: a cookie that only this page reads."""
        if self.site.token is None:
            return RedirectResponse("/", 303)
        if request.method == "GET":
            return self.shown("login", here=None, wrong=False)
        if not is_token(await _token(request), self.site.token):
            return self.shown("login", 401, here=None, wrong=True)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE,
            cookie_of(self.site.token),
            max_age=DAYS_LOGGED_IN * 86_400,
            httponly=True,
            samesite="strict",
            secure=request.headers.get("x-forwarded-proto", request.url.scheme) == "https",
        )
        return answer

    def logout(self, _request: Request) -> Response:
        """Forget the cookie."""
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer


async def _token(request: Request) -> str:
    """What was typed into the form; empty where somebody sent something else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return ""
    return parse_qs(body.decode("utf-8", errors="replace")).get("token", [""])[0].strip()


def link(rule: str, instance: str | None = None) -> str:
    """Where a rule is told in full."""
    return "/rules/" + "/".join(quote(part, safe="") for part in (*rule.split("/"), instance) if part)


def _nearness(row: RuleRow) -> tuple[int, float]:
    """What is open comes first, the loudest before the others, then what is nearest to its trigger."""
    if row.level is not None:
        return (0, -row.level.rank)
    if row.state == "pending":
        return (1, 0.0)
    if row.steps is not None:
        return (2, row.steps)
    return (3, row.closeness) if row.closeness is not None else (4, 0.0)
