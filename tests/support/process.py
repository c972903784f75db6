"""Metalwatch as people start it: a home with settings, commands, and a daemon as a real process.

A command runs in this process, with its own folder, environment and streams, because a new process costs a second of
imports; `process` is for what needs one.
"""

import io
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
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
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        before, given = dict(os.environ), sys.argv
        sys.argv = ["metalwatch", *arguments]
        try:
            with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
                _become({**self.environment, **environment})
                code = _run()
        finally:
            sys.argv = given
            _become(before)
        printed, told = (stream.buffer.getvalue().decode() for stream in (out, err))
        return subprocess.CompletedProcess(arguments, code, printed, told)

    def process(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a metalwatch command to its end as a process of its own."""
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
    def daemon(self, *arguments: str, through: Sequence[str] = ("monitor",)) -> "Iterator[Running]":
        """A running daemon, killed at the end if it has not ended by itself; `through` is the module that starts it."""
        log = self.folder / "daemon.log"
        with log.open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *through, "run", *arguments],
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


def _become(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _run() -> int:
    """What `metalwatch` does with the arguments that stand in `sys.argv`; returns its exit code."""
    from monitor.cli import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - as the interpreter would: tell it, and end with 1
        traceback.print_exc()
        return 1
    return 0


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
            if self.has_ended() or time.monotonic() > end:
                raise AssertionError(f"the daemon did not get there; its log:\n{self.log.read_text()}")

    def has_ended(self) -> bool:
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
