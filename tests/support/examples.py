"""On how many examples a property is tried: few, the same every day; or many that nobody has seen (`make fuzz`)."""

import os
import random

from hypothesis import settings

TIMES = int(os.environ.get("METALWATCH_EXAMPLES", "1"))
"""So many times as many as usual, and others in each run."""
SEED = 1 if TIMES == 1 else random.randrange(1 << 32)
"""Of properties that look at the same examples."""


def examples(count: int) -> settings:
    """A property is tried on so many examples."""
    return settings(max_examples=count * TIMES)
