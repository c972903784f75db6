"""Who may look: only this machine, or whoever shows the token; and what every answer tells browsers not to do.

Without a token the page is on loopback only, and then a question must name this machine: another site whose name was
made to point here is refused.  A token comes as `Authorization: Bearer`, or once in a form, which leaves a cookie.
"""

import hashlib
import hmac
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.errors import UsageError
from monitor.settings import exposed, is_loopback

COOKIE = "metalwatch"
SHORTEST = 16
"""Signs of a token: less could be guessed."""
OPEN = frozenset({"/healthz", "/login"})
"""What everybody may ask for."""
FOR_PROGRAMS = ("/api/", "/openapi.json", "/metrics", "/readyz")


def check_exposure(host: str, token: str | None) -> None:
    """UsageError where others could look without a token, or with one that can be guessed."""
    if token is None and not is_loopback(host):
        raise UsageError(f"status.host: {exposed(host)}")
    if token is not None and len(token) < SHORTEST:
        msg = f"status.token: expected at least {SHORTEST} signs; got {len(token)}; `openssl rand -hex 16` makes one"
        raise UsageError(msg)


def is_token(given: str, token: str) -> bool:
    """Whether it is the token; how long that takes tells nothing."""
    return hmac.compare_digest(given.encode(), token.encode())


def cookie_of(token: str) -> str:
    """What the cookie holds: a proof that the token was known, and not the token."""
    return hmac.new(token.encode(), b"metalwatch status page", hashlib.sha256).hexdigest()


def headers_of(style_hash: str) -> dict[str, str]:
    """What every answer says."""
    policy = (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; img-src data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
        "Cache-Control": "no-store",
    }


class Guard:
    """Refuses who may not look, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, token: str | None, headers: Mapping[str, str]) -> None:
        self.app, self.token, self.headers = app, token, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        refusal = self.refusal(scope["path"], Headers(scope=scope))
        await (refusal or self.app)(scope, receive, told)

    def refusal(self, path: str, headers: Headers) -> Response | None:
        """The answer to somebody who may not look."""
        if self.token is None:
            here = is_loopback(_name(headers.get("host", "")))
            return None if here else PlainTextResponse("This page answers to this machine only.\n", 421)
        if path in OPEN or self._knows(headers):
            return None
        if path.startswith(FOR_PROGRAMS):
            said = {"error": "send the token as `Authorization: Bearer TOKEN`"}
            return JSONResponse(said, 401, {"WWW-Authenticate": 'Bearer realm="metalwatch"'})
        return RedirectResponse("/login", 303)

    def _knows(self, headers: Headers) -> bool:
        token = self.token or ""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and is_token(given.strip(), token):
            return True
        held = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return is_token(held, cookie_of(token))


def _name(host: str) -> str:
    """The host of a Host header without its port, and without the brackets of an address."""
    return (host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host).strip("[]")
