"""Every function against numbers from elsewhere; see tests/reference."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor.metrics import FUNCTIONS
from tests.reference import every, make
from tests.support.made_up import made, values_of

FILES = sorted(every.FOLDER.glob("*.json"))
CASES = [
    (path.stem, case) for path in FILES for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
]


def test_every_function_has_an_oracle_and_every_oracle_a_function() -> None:
    assert {path.stem for path in FILES} == set(FUNCTIONS)
    assert all(len(case["expected"]) > 1 for _, case in CASES)
    assert all(any(value is not None for value in case["expected"]) for _, case in CASES)


@pytest.mark.parametrize(
    ("function", "case"), CASES, ids=[f"{row} {case['call']}" for row, (_, case) in enumerate(CASES)]
)
def test_a_function_gives_the_values_of_its_oracle(function: str, case: dict[str, Any]) -> None:
    inputs = every.inputs_of(case)
    closes = {"gold": inputs.get("x") or inputs.get("close") or inputs["high"]}
    if "y" in inputs:
        closes["silver"] = inputs["y"]
    fields = {f"gold.{name}": inputs[name] for name in ("open", "high", "low", "volume") if name in inputs}
    call = re.sub(r"\by\b", "silver", re.sub(r"\bx\b", "gold", case["call"]))

    found = values_of(call, made(closes, fields=fields))

    assert found == [_about(value, case) for value in case["expected"]]


def _about(value: float | bool | None, case: dict[str, Any]) -> object:
    if value is None or isinstance(value, bool):
        return value
    return pytest.approx(value, rel=case.get("relative", 1e-10), abs=case.get("absolute", 1e-12))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_numbers_on_file_are_those_the_script_makes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == every.text_of(path.stem)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_oracle_says_its_convention_and_its_source(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))

    assert content["convention"]
    assert all(case["source"] for case in content["cases"])


def test_the_way_rsi_is_worked_out_gives_the_published_table() -> None:
    found = make.rsi_as_published(make.WILDER, 14)

    assert [round(value, 2) for value in found if value is not None] == make.WILDER_RSI


def test_rsi_agrees_with_wilders_own_seed_after_some_bars() -> None:
    ours = make.rsi(make.LONG, 14)
    his = make.rsi_as_published(make.LONG, 14)

    apart = [abs(a - b) for a, b in zip(ours, his, strict=True) if a is not None and b is not None]
    assert max(apart[50:]) < 1
    assert max(apart[:5]) > 1
