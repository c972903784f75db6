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


of_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library gives back on its own terms"
)


@of_glibc
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


@of_glibc
def test_an_array_of_a_command_is_made_of_memory_that_was_used_before() -> None:
    twice = (
        "import resource\n"
        "from monitor.memory import ends_soon\n"
        "ends_soon()\n"
        "new = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "first = bytearray(b'1') * 16_000_000\n"
        "del first\n"
        "before = new()\n"
        "second = bytearray(b'1') * 16_000_000\n"
        "print(new() - before)"
    )

    done = subprocess.run([sys.executable, "-c", twice], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 100
