"""Receivers of messages on the loopback address: real SMTP and real HTTP, failures by script, all recorded.

with web_receiver(script=[503, "hang"]) as web:    # then 200 for ever
    ...web.url... web.received

with mail_receiver(refuse=["451 4.3.0 try later"]) as mail:
    ...mail.url("ann@example.org")... mail.received
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

T = TypeVar("T")

Step = int | Literal["hang", "drop"]
"""An HTTP status, or silence until the receiver ends, or a connection closed without an answer."""


class Received(list[T], Generic[T]):
    """What has arrived, in order; `wait_for` waits until so many have."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def add(self, item: T) -> None:
        with self._changed:
            self.append(item)
            self._changed.notify_all()

    def wait_for(self, number: int, *, seconds: float = 30) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self) >= number, timeout=seconds)


@dataclass(frozen=True)
class Post:
    """One HTTP request that arrived, whatever was answered."""

    path: str
    body: dict[str, Any]
    status: Step

    @property
    def title(self) -> str:
        return str(self.body["title"])

    @property
    def message(self) -> str:
        return str(self.body["message"])


@dataclass(frozen=True)
class WebReceiver:
    """An HTTP server that takes what apprise's `json://` sends."""

    port: int
    received: Received[Post] = field(default_factory=Received)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook?rto=0.5&cto=2"

    @property
    def address(self) -> str:
        """For whoever speaks plain HTTP."""
        return f"http://127.0.0.1:{self.port}/ping/s3cret"

    @property
    def accepted(self) -> list[Post]:
        return [post for post in self.received if post.status == 200]


@contextmanager
def web_receiver(*, script: Iterable[Step] = ()) -> Iterator[WebReceiver]:
    """Answers each request with the next step of the script, and with 200 once it is used up."""
    steps, over = deque(script), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self.take({})

        def take(self, body: dict[str, Any]) -> None:
            step = steps.popleft() if steps else 200
            receiver.received.add(Post(self.path, body, step))
            if step == "hang":
                over.wait()
            if not isinstance(step, int):
                self.close_connection = True
                return
            self.send_response(step)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = WebReceiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Mail:
    """One e-mail that was taken."""

    sender: str
    recipients: tuple[str, ...]
    content: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.content["subject"])

    @property
    def text(self) -> str:
        part = self.content.get_body(("plain",))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


@dataclass(frozen=True)
class MailReceiver:
    """An SMTP server that keeps every e-mail it takes."""

    port: int
    received: Received[Mail]

    def url(self, *to: str, user: str = "", password: str = "") -> str:
        login = f"{quote(user)}:{quote(password, safe='')}@" if user else ""
        recipients = quote(",".join(to or ("ann@example.org",)))
        return f"mailto://{login}127.0.0.1:{self.port}/?from=metalwatch@example.org&to={recipients}&mode=insecure"


@contextmanager
def mail_receiver(*, refuse: Iterable[str] = (), password: str | None = None) -> Iterator[MailReceiver]:
    """Refuses with each line of `refuse` in turn, then takes every e-mail; with a password, after a login."""
    received: Received[Mail] = Received()
    controller = _Controller(
        _Keeper(deque(refuse), received.add),
        hostname="127.0.0.1",
        port=0,
        authenticator=_authenticator(password),
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield MailReceiver(controller.port, received)
    finally:
        controller.stop()


def closed_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class _Controller(Controller):
    """A controller that takes any free port."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@dataclass
class _Keeper:
    refusals: deque[str]
    keep: Callable[[Mail], None]

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd asks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refusals:
            return self.refusals.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(content, EmailMessage)
        self.keep(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        return "250 OK"


def _authenticator(password: str | None) -> Callable[..., AuthResult] | None:
    if password is None:
        return None

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == password.encode()
        return AuthResult(success=right, handled=False)

    return check
