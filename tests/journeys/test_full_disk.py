"""A disk that is really full: a small one of memory, in a name space of the daemon's own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import Running, home

SETTINGS = """\
database: disk/metalwatch.db
packs: [own.yml]
poll: 1
prices: {source: sample}
"""
PACK = """\
pack: own
about: One rule.
rules:
  stress:
    when: gold / silver > 100
"""
PRIVATE = ["unshare", "--map-root-user", "--mount"]
FILL = 'mount -t tmpfs -o size=24m tmpfs disk && head -c 23m /dev/zero > disk/other && exec "$@"'


@pytest.fixture
def private() -> list[str]:
    """The beginning of a command that may mount a disk of its own."""
    try:
        subprocess.run([*PRIVATE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount a disk in a name space of his own (unshare)")
    return [*PRIVATE, "sh", "-c", FILL, "sh"]


def test_a_daemon_says_that_the_disk_is_full_and_goes_on_when_there_is_room(
    tmp_path: Path, private: list[str]
) -> None:
    (tmp_path / "own.yml").write_text(PACK)
    (tmp_path / "disk").mkdir()
    around = home(tmp_path, SETTINGS)
    command = [*private, sys.executable, "-m", "monitor", "run", "--clock", "2020-03-13T18:00-04:00,x60"]
    log = tmp_path / "daemon.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=dict(around.environment), stdout=output, stderr=output
        )
    daemon = Running(process, log)
    try:
        daemon.wait_until(lambda: "cannot grow because the disk is full; free some space" in log.read_text())
        Path(f"/proc/{process.pid}/root{tmp_path}/disk/other").unlink()
        daemon.wait_until(lambda: "stress: gold / silver 104.8 > 100" in log.read_text())
        assert daemon.stop() == 0
    finally:
        daemon.kill()
