"""A metalwatch daemon as a real process: its settings, its environment, its log, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds a test waits for something that a healthy daemon does at once."""


@dataclass(frozen=True)
class Home:
    """A folder with settings, and the environment in which commands run there."""

    folder: Path
    environment: Mapping[str, str]

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a metalwatch command to its end, with more in its environment."""
        return subprocess.run(
            [sys.executable, "-m", "monitor", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def daemon(self, *arguments: str) -> "Iterator[Running]":
        """A running daemon, killed at the end if it has not ended by itself."""
        log = self.folder / "daemon.log"
        with log.open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "monitor", "run", *arguments],
                cwd=self.folder,
                env=dict(self.environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            running = Running(process, log)
            try:
                yield running
            finally:
                running.kill()


@dataclass(frozen=True)
class Running:
    """A daemon process."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code it ends with."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def wait_until(self, what: Callable[[], bool]) -> None:
        """Wait until something is so; the daemon's log is told when it never is."""
        end = time.monotonic() + PATIENCE
        while not what():
            if self._ended() or time.monotonic() > end:
                raise AssertionError(f"the daemon did not get there; its log:\n{self.log.read_text()}")

    def _ended(self) -> bool:
        """Wait a moment for its end."""
        try:
            self.process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            return False
        return True


def home(folder: Path, settings: str, **environment: str) -> Home:
    """A folder with these settings; nothing of the user's own folders or network is used."""
    (folder / "metalwatch.yml").write_text(settings, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    own = {
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "METALWATCH_CACHE": str(folder / "cache"),
        "TZ": "UTC",
    }
    return Home(folder, {**kept, **own, **environment})
