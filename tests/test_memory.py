"""What a process holds that stays."""

import platform
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.memory import give_back

MIB = 1024 * 1024


def resident() -> int:
    """Resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library gives back on its own terms")
def test_what_is_free_between_what_is_held_goes_back_to_the_system() -> None:
    blocks = [bytes(1024) for _ in range(65_536)]
    held = blocks[::256]
    del blocks
    before = resident()

    give_back()

    assert resident() < before - 32 * MIB
    assert len(held) == 256


def test_at_its_end_a_command_does_not_look_for_garbage() -> None:
    circle = (
        "from monitor.memory import ends_soon\n"
        "ends_soon()\n"
        "class Circle:\n"
        "    def __del__(self): print('found')\n"
        "one = Circle()\n"
        "one.own = one\n"
        "del one"
    )

    done = subprocess.run([sys.executable, "-c", circle], capture_output=True, text=True, check=True)

    assert done.stdout == ""
