"""When Python looks for circles of garbage: hardly ever in a command that ends soon, as usual in a process that stays."""

import gc

SOON_OVER = 100_000
"""So many new objects before it looks; while libraries load, the usual 700 take a tenth of a command's time."""
USUAL = 700


def ends_soon() -> None:
    """Little is thrown away before the process ends."""
    gc.set_threshold(SOON_OVER)


def stays() -> None:
    """What is loaded is here to stay and is not looked at again; what comes is looked at as usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(USUAL)
