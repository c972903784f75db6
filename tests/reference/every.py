"""Every oracle on file: `python -m tests.reference.every` writes `<function>.json` of each; a test compares."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.reference import core_cases, make, ta_cases

FOLDER = Path(__file__).parent


@cache
def reference() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """For each function its convention and its cases."""
    return make.reference() | core_cases.reference() | ta_cases.reference()


def text_of(function: str) -> str:
    convention, cases = reference()[function]
    lines = ",\n  ".join(json.dumps(one) for one in cases)
    return f'{{"function": "{function}",\n "convention": {json.dumps(convention)},\n "cases": [\n  {lines}\n]}}\n'


def inputs_of(case: Mapping[str, Any]) -> Mapping[str, Sequence[float | None]]:
    """The series of a case, which gives them or names them."""
    inputs: str | Mapping[str, Sequence[float | None]] = case["inputs"]
    return ta_cases.SERIES[inputs] if isinstance(inputs, str) else inputs


if __name__ == "__main__":
    for name in reference():
        (FOLDER / f"{name}.json").write_text(text_of(name), encoding="utf-8")
