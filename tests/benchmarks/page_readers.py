"""How long pages take while ten people read them: `python -m tests.benchmarks.page_readers http://127.0.0.1:8480`.

Each reader asks for one page after the other, as fast as they come, for the seconds that `--seconds` gives.
"""

import argparse
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from http.client import HTTPConnection
from statistics import median, quantiles
from urllib.parse import urlsplit

PAGES = (
    "/",
    "/alerts",
    "/data",
    "/messages",
    "/rules/precious/gsr-high",
    "/api/v1/status",
    "/metrics",
    "/healthz",
    "/readyz",
)
FINE = (200, 503)
"""A page that says it is not ready is a page."""

Taken = dict[str, list[float]]


def read(
    base: str,
    pages: Sequence[str],
    *,
    token: str | None,
    until: float,
    start: int,
    taken: Taken,
    faults: list[str],
) -> None:
    """One reader."""
    place = urlsplit(base)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection = HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=60)
    at = start
    while time.perf_counter() < until:
        page = pages[at % len(pages)]
        began = time.perf_counter()
        connection.request("GET", page, headers=headers)
        answer = connection.getresponse()
        answer.read()
        taken[page].append(time.perf_counter() - began)
        if answer.status not in FINE:
            faults.append(f"{page}: {answer.status}")
        at += 1


def main() -> None:
    """Read, and tell how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--readers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--token")
    parser.add_argument(
        "--page", action="append", help="one of the pages to read; without any, those that are listed"
    )
    asked = parser.parse_args()
    pages = asked.page or PAGES
    every: list[Taken] = [defaultdict(list) for _ in range(asked.readers)]
    faults: list[str] = []
    until = time.perf_counter() + asked.seconds
    readers = [
        threading.Thread(
            target=read,
            args=(asked.base, pages),
            kwargs={"token": asked.token, "until": until, "start": number, "taken": one, "faults": faults},
        )
        for number, one in enumerate(every)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    total = sum(len(times) for one in every for times in one.values())
    print(f"{asked.readers} readers, {asked.seconds:g} s: {total / asked.seconds:.1f} pages a second")  # noqa: T201
    for page in pages:
        times = sorted(seconds * 1000 for one in every for seconds in one.get(page, ()))
        if len(times) > 1:
            late = quantiles(times, n=100)
            print(  # noqa: T201
                f"{page:28} {len(times):5}  median {median(times):7.0f} ms  p95 {late[94]:7.0f} ms  max {times[-1]:7.0f} ms"
            )
    print(f"{len(faults)} failed", *sorted(set(faults)))  # noqa: T201


if __name__ == "__main__":
    main()
