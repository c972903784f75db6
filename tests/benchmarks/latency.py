"""How long after a bar is there its message arrives, over loopback HTTP and SMTP, on evenings like those of `crash`.

    python -m tests.benchmarks.latency [--evenings 40]

Measured from the look at the source that finds the new bars: fetched, kept, judged, committed, claimed, sent, received.
How long a bar waits for that look is the setting `poll`.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from monitor.config import read_configuration
from monitor.cycle import run_cycle
from monitor.delivery.outbox import deliver_due
from monitor.opening import make_context, open_channels, opened, terms_of
from tests.benchmarks.crash import HELD, PACK, SETTINGS, sessions_of, write_prices
from tests.support.process import home
from tests.support.receivers import mail_receiver, web_receiver


def measure(folder: Path, evenings: int) -> dict[str, list[float]]:
    """Milliseconds until all is judged and committed, and until every channel has its message; per evening."""
    taken: dict[str, list[float]] = {"committed": [], "received": []}
    with ExitStack() as stack:
        web, hook = stack.enter_context(web_receiver()), stack.enter_context(web_receiver())
        mail = stack.enter_context(mail_receiver())
        place = home(folder, SETTINGS, WEB=web.url, HOOK=hook.url, MAIL=mail.url())
        (folder / "crash.yml").write_text(PACK, encoding="utf-8")
        sessions = sessions_of(evenings + 1)
        write_prices(place, sessions[: HELD + 1])
        settings = {**place.environment, "METALWATCH_SETTINGS": str(folder / "metalwatch.yml")}
        found = read_configuration(environment=settings)
        store, source = stack.enter_context(opened(found))
        context, channels = make_context(found, store, source), open_channels(found, sys.stdout.write)
        for number, session in enumerate(sessions[HELD:], start=HELD + 1):
            write_prices(place, sessions[:number])
            now = datetime(session.year, session.month, session.day, 22, tzinfo=UTC)
            began = time.perf_counter()
            run_cycle(context, now=now)
            taken["committed"].append((time.perf_counter() - began) * 1000)
            deliver_due(store, channels, now=lambda now=now: now, jitter=lambda: 1.0, terms=terms_of(found))  # type: ignore[misc]
            taken["received"].append((time.perf_counter() - began) * 1000)
            told = number - HELD
            assert len(web.received) == len(hook.received) == len(mail.received) == told
    return {name: values[1:] for name, values in taken.items()}  # the first judges all of history


def main() -> None:
    """Measure, and tell medians."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--evenings", type=int, default=40)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(Path(folder), asked.evenings)
    for name, values in taken.items():
        told = f"median {median(values):.0f} ms, 95 % {quantiles(values, n=20)[-1]:.0f} ms, longest {max(values):.0f} ms"
        sys.stdout.write(f"from the bar to {name:<10} {told} ({len(values)} evenings, 3 channels)\n")


if __name__ == "__main__":
    main()
