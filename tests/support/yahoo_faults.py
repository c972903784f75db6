"""Replies of the loopback Yahoo, and the ways in which one can go wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One reply that goes wrong.

    Kinds: `status` and `body` (as given), `hang` and `drip` (until the client leaves), `reset`, `bye` (whole, then the
    connection is closed without a word), `cut` (half of what was announced), `truncated` (half, whole to HTTP),
    `empty`, `html`, `all_null`, `unequal`, `no_timestamp`, `infinity`, `result_null`, `quote_empty`.
    """

    kind: str
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What goes out, in one write."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"


def json_reply(content: Any, *, status: int = 200) -> Reply:
    """A reply with a JSON body."""
    return Reply(json.dumps(content).encode(), status)


def spoilt(reply: Reply, fault: Fault) -> Reply:
    """The reply with the fault in it."""
    match fault.kind:
        case "status" | "body":
            return Reply(fault.body.encode(), fault.status, fault.headers, "text/plain")
        case "empty":
            return Reply(b"")
        case "html":
            return Reply(
                b"<!DOCTYPE html><html><body>Our engineers are working on it</body></html>", kind="text/html"
            )
        case "truncated":
            return Reply(reply.body[: len(reply.body) // 2])
        case "infinity":
            return Reply(re.sub(rb'("close": \[)[^,\]]*', rb"\1Infinity", reply.body, count=1))
    return _edited(reply, fault.kind)


def _edited(reply: Reply, kind: str) -> Reply:
    document = json.loads(reply.body)
    result = document["chart"]["result"][0]
    quote = result["indicators"]["quote"][0]
    match kind:
        case "all_null":
            quote.update({name: [None] * len(values) for name, values in quote.items()})
        case "unequal":
            quote["close"] = quote["close"][:-1]
        case "no_timestamp":
            del result["timestamp"]
        case "result_null":
            document["chart"]["result"] = None
        case "quote_empty":
            del result["timestamp"]
            result["indicators"]["quote"] = [{}]
        case _:
            raise ValueError(f"no fault of kind {kind!r}")
    return json_reply(document)
