"""A metalwatch whose clock can be moved from outside, as a machine's can.

    python -m tests.benchmarks.shifted_entry FILE metalwatch-arguments...

The file holds seconds; whatever the clock of the daemon says is later by so many.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path

from monitor.cli import main
from monitor.clock import Clock


def shift(file: Path) -> None:
    """Let every clock of this process follow a file."""
    real = Clock.now

    def now(clock: Clock) -> datetime:
        return real(clock) + timedelta(seconds=float(file.read_text(encoding="utf-8")))

    setattr(Clock, "now", now)  # noqa: B010 - a plain assignment is none to a type checker


if __name__ == "__main__":
    shift(Path(sys.argv[1]))
    sys.argv = ["metalwatch", *sys.argv[2:]]
    main()
