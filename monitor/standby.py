"""Of several daemons on one database one works and the others stand by: the loop around that.

A daemon that loses the lead, or the database, does not end: it says so once, and stands by until it leads again.
"""

import os
import platform
import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from monitor.errors import StorageError
from monitor.storage.leading import Lead, leader, leading, may_stand_by
from monitor.storage.store import Store

RETRY_SECONDS = 0.25

log = structlog.get_logger()


def this_process() -> str:
    """What to call this process in the database."""
    return f"{platform.node()} pid {os.getpid()}"


def work_while_leading(
    store: Store,
    work: Callable[[Lead], None],
    *,
    holder: str,
    now: Callable[[], datetime],
    stopping: threading.Event,
    idle: Callable[[str], None],
) -> None:
    """Call `work` whenever this process leads, until it is to stop; `idle` hears again and again what is waited for."""
    if not may_stand_by(store):
        with leading(store, holder=holder, since=now()) as lead:
            if lead is not None:
                work(lead)
        return
    before = ""
    while not stopping.is_set():
        waits_for = _worked(store, work, holder=holder, now=now)
        if waits_for and waits_for != before:
            log.info("standing by", until=waits_for)
        before = waits_for
        idle(waits_for)
        stopping.wait(RETRY_SECONDS)


def _worked(store: Store, work: Callable[[Lead], None], *, holder: str, now: Callable[[], datetime]) -> str:
    """Work for as long as the lead lasts; what is to be waited for now."""
    try:
        with leading(store, holder=holder, since=now()) as lead:
            if lead is not None:
                work(lead)
                return ""
        other = leader(store)
        return f"{other.holder} leads no more" if other else "another daemon leads no more"
    except StorageError as error:
        return f"the database can be used again: {error}"
