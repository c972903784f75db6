"""Rule tests: stories of made-up bars in a file beside a pack, and what its rules must tell of them.

1. `files` finds the tests that are meant, `reading` reads them with every fault at once: `model` says which keys
   there are, `notation` and `series` read the bars, `fitting` puts them on sessions, `checking` looks at the rest.
2. `suite` runs a case: `running` judges it in four variants by the engine of the daemon, `delivering` sends it
   through the store and the outbox where a channel fails, `comparing` holds it against what was expected.
3. `coverage`, `report` and `update` tell what came of it, or write it into the file.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.ruletest.coverage import Coverage, covered
    from monitor.ruletest.files import Chosen, choose
    from monitor.ruletest.report import junit, plain
    from monitor.ruletest.suite import Outcome, run_all
    from monitor.ruletest.update import updated

__all__ = ["Chosen", "Coverage", "Outcome", "choose", "covered", "junit", "plain", "run_all", "updated"]

_PLACES = {
    "Chosen": "files",
    "Coverage": "coverage",
    "Outcome": "suite",
    "choose": "files",
    "covered": "coverage",
    "junit": "report",
    "plain": "report",
    "run_all": "suite",
    "updated": "update",
}


def __getattr__(name: str) -> Any:
    """What is loaded when it is asked for first: who only reads rule tests, as `check` does, needs no engine."""
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
