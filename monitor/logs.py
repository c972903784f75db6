"""The daemon's log: where it goes, what a traceback shows, and what is told of a cycle."""

import logging
import os
import sys

import structlog

from monitor.cycle import Result
from monitor.gather import Context
from monitor.quality import told_of_each
from monitor.storage.leading import Lead

log = structlog.get_logger()


def log_to_stderr() -> None:
    """The log stands beside what the console channel writes; a wake-up that coalesced is no news.

    A traceback is shown without the values of its variables: one of them may be a secret.
    """
    structlog.configure(
        processors=[
            *structlog.get_config()["processors"][:-1],
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def log_start(context: Context, channels: list[str], lead: Lead, clock: str) -> None:
    """What a daemon that begins to work works with."""
    log.info(
        "started",
        rules=len(context.rulebook.instances),
        source=context.source.label,
        channels=channels,
        database=context.store.name,
        pid=os.getpid(),
        **({"epoch": lead.epoch} if lead.epoch else {}),
        **({"clock": clock} if clock else {}),
    )


def log_cycle(calendar: str, result: Result) -> None:
    """What a cycle on a calendar did, and what failed in it."""
    for answer in result.failed:
        log.warning(
            "no prices", instrument=answer.instrument, outcome=answer.outcome.value, detail=answer.detail
        )
    for line in told_of_each(result.gathered.findings):
        log.warning("prices doubted", what=line)
    if result.fetched or result.sessions or result.decided:
        log.info(
            "cycle",
            calendar=calendar,
            asked=len(result.fetched),
            failed=len(result.failed),
            new_bars=result.new_bars,
            sessions=[str(session) for session in result.sessions],
            messages=result.owed,
        )
