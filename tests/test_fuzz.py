"""Whatever somebody writes into a pack: it is refused with faults, or the engine runs it; nothing crashes.

`python -m tests.benchmarks.fuzz_packs 3000` tries more of the same.
"""

import json
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FaultyFileError
from monitor.instruments import Catalogue
from monitor.rulefile import read_rulebook
from tests.benchmarks.fuzz_packs import faults_of, mutated
from tests.support.examples import examples

PACK = "pack: p\nabout: x\nmetrics:\n  gsr: gold / silver\n{metrics}rules:\n  r:\n    when: {when}\n    say: {say}\n"
WORDS = (
    "gold", "silver", "gsr", "it", "metals", "sma(", "share(", "convert(", "fired(", "gap(", ")", ",", "(", "<", ">=",
    "+", "-", "*", "/", "and", "or", "not", "1", "20%", "0", "1e308", '"USD/t"', "'", ".", "=", "n=", "r",
)  # fmt: skip
QUICK = 5.0
"""Seconds in which anything is read or refused, on a busy machine."""


def pack(when: str = "gsr > 90", say: str = "x", **metrics: str) -> str:
    texts = {name: json.dumps(text) for name, text in metrics.items()}
    lines = "".join(f"  {name}: {text}\n" for name, text in texts.items())
    return PACK.format(when=json.dumps(when), say=json.dumps(say), metrics=lines)


@examples(120)
@given(st.integers(100_000, 10_000_000))
def test_a_changed_pack_is_refused_with_its_faults_or_the_engine_runs_it(
    catalogue: Catalogue, seed: int
) -> None:
    faults_of(mutated(random.Random(seed)), catalogue)


@examples(100)
@given(st.text(max_size=300))
def test_any_text_is_refused(catalogue: Catalogue, text: str) -> None:
    assert faults_of(text, catalogue)


@examples(100)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text(max_size=60))
def test_any_condition_is_refused_or_runs(catalogue: Catalogue, when: str) -> None:
    faults_of(pack(when), catalogue)


@examples(60)
@given(
    st.sampled_from(["", "gsr", "it", "gold", "gsr!r", "gsr.real"]),
    st.text("09.,+-%!:{}sdfgrc é_", max_size=6),
)
def test_any_format_of_a_message_is_refused_or_prints(catalogue: Catalogue, name: str, spec: str) -> None:
    faults_of(pack("gsr > 60", f"{{{name}:{spec}}}"), catalogue)


AMOUNTS: st.SearchStrategy[object] = st.sampled_from(
    [
        0,
        1,
        90,
        -5,
        0.1,
        1e-320,
        1e308,
        -1e308,
        10**400,
        "5%",
        "-2 %",
        "9" * 400 + "%",
        "x",
        True,
        None,
        [],
        {},
    ]
)


@examples(150)
@given(
    st.lists(AMOUNTS, max_size=4)
    | st.fixed_dictionaries({}, optional=dict.fromkeys(("from", "to", "step", "default", "x"), AMOUNTS))
    | AMOUNTS
)
def test_any_parameter_is_refused_or_runs(catalogue: Catalogue, raw: object) -> None:
    text = pack("gsr > top").replace("when:", f"params: {{top: {json.dumps(raw)}}}\n    when:")

    timed(text, catalogue)


# --- what is too large to compute is told, and told soon


def chain(of: str, length: int) -> dict[str, str]:
    """Metrics that each name the one before."""
    return {"m0": "gold", **{f"m{n}": of.format(f"m{n - 1}") for n in range(1, length)}}


@pytest.mark.parametrize("of", ["{0} * {0}", "{0} + {0}", "sma({0}, 2) - {0}", "{0} > 1 and {0} < 2"])
@pytest.mark.parametrize("length", [30, 300])
def test_a_chain_of_doubling_metrics_is_a_fault_of_the_first_that_is_too_large(
    catalogue: Catalogue, of: str, length: int
) -> None:
    faults = timed(pack(**chain(of, length)), catalogue)

    assert len(faults) >= 1
    assert "cannot" in faults[0] or "takes" in faults[0] or "parts" in faults[0]


@pytest.mark.parametrize("of", ["{} + 1", "sma({}, 2)", "abs({})"])
def test_a_long_chain_of_metrics_is_a_fault_and_a_shorter_one_runs(catalogue: Catalogue, of: str) -> None:
    (fault,) = timed(pack(**chain(of, 400)), catalogue)

    assert fault.startswith(
        "with all that it names it has more than 10,000 parts, or 150 on top of each other"
    )
    assert not timed(pack("m69 > 1", **chain(of, 70)), catalogue)


@pytest.mark.parametrize(
    "when",
    [
        "1 < " * 24 + "gold" + " < 2" * 24,
        "(1 < " * 24 + "gold" + " < 2)" * 24,
        "mean_of(critical_minerals, change(" * 12 + "it" + ", 1))" * 12 + " > 0",
        "(" * 900 + "gold" + ")" * 900 + " > 1",
        "-" * 1900 + "gold > 1",
        "gold" + " + gold" * 280 + " > 1",
    ],
)
def test_a_condition_that_is_nested_deep_is_refused_soon(catalogue: Catalogue, when: str) -> None:
    timed(pack(when), catalogue)


def test_a_thousand_unknown_keys_are_told_soon(catalogue: Catalogue) -> None:
    text = pack() + "".join(f"    key{n}: 1\n" for n in range(1000))

    assert len(timed(text, catalogue)) == 1000


def timed(text: str, catalogue: Catalogue) -> list[str]:
    """The faults of a pack, which must not keep anybody waiting."""
    begun = time.perf_counter()
    try:
        read_rulebook({"p.yml": text}, catalogue)
    except FaultyFileError as error:
        return [fault.message for fault in error.faults]
    finally:
        assert time.perf_counter() - begun < QUICK
    assert not faults_of(text, catalogue)
    return []
