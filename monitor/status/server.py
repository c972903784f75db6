"""Listening: on a socket that is taken before anything else, in a thread beside a daemon or until told to stop."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from monitor.errors import UnreachableError, hidden
from monitor.status.app import make_app
from monitor.status.guard import check_exposure
from monitor.status.site import Site

MOST_AT_ONCE = 64
STOP_SECONDS = 3


def listen(host: str, port: int, token: str | None) -> socket.socket:
    """A socket that listens; UsageError where others could look without a token, UnreachableError where it is taken."""
    check_exposure(host, token)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        msg = f"the status page cannot listen on {hidden(host)}:{port} ({reason}); set another status.port"
        raise UnreachableError(msg) from None


def address(taken: socket.socket) -> str:
    """Where the page is."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(site: Site, taken: socket.socket) -> None:
    """Answer until a signal says to stop."""
    _server(site).run(sockets=[taken])


@contextmanager
def served(site: Site, taken: socket.socket) -> Iterator[None]:
    """Answer in a thread of its own, as long as the block lasts."""
    server = _server(site)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, name="status page", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=2 * STOP_SECONDS)
        taken.close()


def _server(site: Site) -> uvicorn.Server:
    config = uvicorn.Config(
        make_app(site),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=STOP_SECONDS,
        ws="none",
    )
    return uvicorn.Server(config)
