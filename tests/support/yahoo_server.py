"""A Yahoo of one's own on the loopback address: real HTTP, a movable clock, failures on demand, a request log.

In a test: `with YahooServer([future("GC=F", bars)], clock=Clock(now)) as server: ... server.url`.
As a process: `python -m tests.support.yahoo_server --prices FOLDER --clock 2020-03-12T18:00-04:00 --port-file F`,
steered over HTTP:

- `POST /-/clock {"now": "2020-03-12T19:00-04:00"}` (and `"speed"`) moves its time, `GET` tells it;
- `POST /-/faults {"target": "GC=F", "faults": [{"kind": "status", "status": 429}], "times": 3}` queues failures;
  the target is a symbol, `*` (every symbol), `crumb` or `cookie`; `DELETE` forgets them;
- `GET /-/log` lists the requests since the last `DELETE`, `GET /-/connections` counts the connections ever made.
"""

import argparse
import json
import socket
import struct
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.yahoo_faults import Fault, Reply, json_reply, spoilt
from tests.support.yahoo_market import Clock, Series, chart, read_folder

CHART = "/v8/finance/chart/"
CRUMB = "/v1/test/getcrumb"
HOST = "X-Metalwatch-Host"
_DRIP_SECONDS = 0.05
_NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}


@dataclass(frozen=True)
class Logged:
    """One request as it came."""

    method: str
    host: str
    """The host it was meant for."""
    path: str
    query: Mapping[str, str]
    symbol: str
    """The symbol of a chart request, else empty."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle of a reply is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class YahooServer:
    """The server; a context manager that listens on a free port of 127.0.0.1."""

    def __init__(self, series: Iterable[Series] = (), *, clock: Clock, port: int = 0) -> None:
        self.clock = clock
        self.stopping = threading.Event()
        self._series = {one.symbol: one for one in series}
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.connections = 0
        """TCP connections so far, those that only steered left out."""
        self._log: list[Logged] = []
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), type("Handler", (_Handler,), {"yahoo": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def put(self, series: Series) -> None:
        """Add a series, or replace the one of the same symbol."""
        with self._lock:
            self._series[series.symbol] = series

    def fail(self, target: str, *faults: Fault, times: int = 1) -> None:
        """Queue failures for a symbol, `*`, `crumb` or `cookie`; each is used once, in order, `times` over."""
        with self._lock:
            self._faults[target].extend(faults * times)

    def heal(self) -> None:
        """Forget the failures that were not used."""
        with self._lock:
            self._faults.clear()

    def log(self) -> list[Logged]:
        """All requests so far, those under `/-/` left out."""
        with self._lock:
            return list(self._log)

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._log.clear()

    def charts(self, symbol: str | None = None) -> list[Logged]:
        """The price requests so far, of one symbol or of all."""
        return [one for one in self.log() if one.symbol and symbol in {None, one.symbol}]

    def take(self, logged: Logged) -> tuple[Fault | None, Reply]:
        """Log a request; the failure it meets, if any, and the reply it gets otherwise."""
        side = {CRUMB: "crumb", "/": "cookie"}.get(logged.path, "")
        targets = (logged.symbol, "*") if logged.symbol else (side,)
        with self._lock:
            self._log.append(logged)
            queue = next((self._faults[name] for name in targets if self._faults.get(name)), None)
            fault = queue.popleft() if queue else None
            series = self._series.get(logged.symbol)
        if side:
            return fault, _side_reply(side)
        if series is None:
            return fault, json_reply({"chart": {"result": None, "error": _NOT_FOUND}}, status=404)
        return fault, json_reply(chart(series, now=self.clock(), query=logged.query))

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        """The endpoints under `/-/`."""
        match (method, path):
            case ("POST", "/-/clock"):
                self.clock.move(datetime.fromisoformat(body["now"]), speed=body.get("speed"))
            case ("POST", "/-/faults"):
                faults = [Fault(**one) for one in body["faults"]]
                self.fail(body["target"], *faults, times=body.get("times", 1))
            case ("DELETE", "/-/faults"):
                self.heal()
            case ("DELETE", "/-/log"):
                self.forget()
            case ("GET", "/-/log"):
                return json_reply([asdict(one) for one in self.log()])
            case ("GET", "/-/connections"):
                return json_reply({"connections": self.connections})
            case ("GET", "/-/clock"):
                pass
            case _:
                return json_reply({"error": f"no {method} {path}"}, status=404)
        return json_reply({"now": self.clock().isoformat()})


class _Handler(BaseHTTPRequestHandler):
    yahoo: YahooServer
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one write per reply: head and body apart would cost 40 ms of delayed ACK each
    disable_nagle_algorithm = True

    counted = False

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """The log is kept by the server, not printed."""

    def _answer(self, method: str) -> None:
        parts = urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with suppress(BrokenPipeError, ConnectionResetError):
            if parts.path.startswith("/-/"):
                self._send(self.yahoo.control(method, parts.path, json.loads(sent or b"{}")))
                return
            self.yahoo.connections += not self.counted
            self.counted = True
            host = self.headers[HOST] or self.headers["Host"] or ""
            symbol = unquote(parts.path.removeprefix(CHART)) if parts.path.startswith(CHART) else ""
            logged = Logged(method, host, parts.path, dict(parse_qsl(parts.query)), symbol)
            fault, reply = self.yahoo.take(logged)
            if fault is None:
                self._send(reply)
            else:
                self._fail(fault, reply)

    def _fail(self, fault: Fault, reply: Reply) -> None:
        match fault.kind:
            case "reset":
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case "hang":
                self.close_connection = True
                self.yahoo.stopping.wait()
            case "cut":
                self.close_connection = True
                self._head(reply)
                self.wfile.write(reply.body[: len(reply.body) // 2])
            case "drip":
                self._drip(reply)
            case "bye":
                self.close_connection = True
                self._send(reply)
            case _:
                self._send(spoilt(reply, fault))

    def _drip(self, reply: Reply) -> None:
        """A byte now and then, until the client has had enough."""
        self.close_connection = True
        self._head(reply)
        for position in range(len(reply.body)):
            self.wfile.write(reply.body[position : position + 1])
            self.wfile.flush()
            if self.yahoo.stopping.wait(_DRIP_SECONDS):
                return

    def _send(self, reply: Reply) -> None:
        self._head(reply)
        self.wfile.write(reply.body)
        self.wfile.flush()

    def _head(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        own = {"Date": format_datetime(self.yahoo.clock(), usegmt=True), "Content-Type": reply.kind}
        own["Content-Length"] = str(len(reply.body))
        for name, value in {**own, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()


def _side_reply(side: str) -> Reply:
    if side == "crumb":
        return Reply(b"a-crumb", kind="text/plain")
    # As Yahoo does: the cookie comes with an error page.
    return Reply(b"", 404, {"Set-Cookie": "A3=a-cookie; Path=/; Max-Age=31557600"}, "text/html")


def main() -> None:
    """Serve a folder of prices until the process is ended."""
    parser = argparse.ArgumentParser(description="A loopback Yahoo with a clock of its own.")
    parser.add_argument("--prices", type=Path, required=True, help="a folder with a prices.yml")
    parser.add_argument("--clock", type=Clock.parse, required=True, help="2020-03-12T18:00-04:00[,x60]")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, help="where to write the port once it is served")
    given = parser.parse_args()
    with YahooServer(read_folder(given.prices), clock=given.clock, port=given.port) as server:
        if given.port_file:
            whole = given.port_file.with_suffix(".part")
            whole.write_text(str(server.port), encoding="utf-8")
            whole.replace(given.port_file)
        print(server.url, flush=True)  # noqa: T201  # who starts it waits for this line, or for the file
        with suppress(KeyboardInterrupt):
            server.stopping.wait()


if __name__ == "__main__":
    main()
