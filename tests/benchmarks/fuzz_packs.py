"""Random mutations of the shipped packs: what is read of them, and whether the engine runs what is accepted.

    python -m tests.benchmarks.fuzz_packs 3000 [--seed 1] [--keep FOLDER]

Prints how many were tried, refused, accepted and run, how many different faults were told, and the slowest one.
Ends with 1 when one of them crashed; its text is printed, or kept in a folder.
"""

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl

from monitor.engine import observe
from monitor.errors import FaultyFileError
from monitor.instruments import Catalogue
from monitor.judge import judge
from monitor.language import FORMS
from monitor.metrics import FUNCTIONS
from monitor.packs import load_catalogue, pack_files, shipped_folder
from monitor.prices.sample import LAST, sample_bars
from monitor.rulefile import read_rulebook

DAYS = 400
MOST_MUTATIONS = 4
CHARACTERS = "aeg09 :.,-_<>=%&*?|#@!\"'[]{}()+/\\\t\n\x00\x85\ufeff\u00e9\u2212\u2003\U0001f4a5\u0663"
NUMBERS = (
    "0", "-1", "1e308", "1e400", "9" * 40, "9" * 5000, "0x10", ".5", "1_000", "5%", "1e-320", "NaN", "null", "250",
)  # fmt: skip
KEYS = (
    "when", "clear_when", "for", "levels", "for_each", "mode", "remind", "overrides", "say", "expires", "on_missing",
    "metrics", "rules", "pack", "defaults", "inhibited_by", "labels", "<<", "study", "severity",
)  # fmt: skip
FIELDS = (
    "gsr!r:.1f", "gsr!s", "gsr:999999999f", "it:.1f", "gsr.real", "gsr[0]", "", "0", "gsr:{it}", "gsr:é", "gsr:c",
    "since_event", "opening_gap:+.1%", "gold:n", "{", "gsr:.99%", "gsr:09,.3f",
)  # fmt: skip
OPERATORS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "and", "or", "and not", ",", "==", "**")
WORD = re.compile(r"[A-Za-z_][\w.]*")
NUMBER = re.compile(r"\d[\d_.]*%?")
FIELD = re.compile(r"(?<=\{)\w[^{}]*(?=\})")
OPERATOR = re.compile(r" (?:[-+*/]|[<>]=?|and|or) ")

Mutation = Callable[[random.Random, str], str]


@cache
def texts() -> tuple[str, ...]:
    """The packs that ship."""
    return tuple(path.read_text(encoding="utf-8") for path in pack_files(shipped_folder()))


@cache
def market() -> pl.DataFrame:
    """The last sessions of the sample market."""
    return sample_bars().filter(pl.col("session") > LAST - timedelta(days=DAYS))


@cache
def words() -> tuple[str, ...]:
    """Words that mean something in a pack: names of all kinds."""
    catalogue = load_catalogue()
    names = {word for text in texts() for word in WORD.findall(text) if word.islower()}
    return tuple(sorted({*names, *catalogue.instruments, *catalogue.groups, *FUNCTIONS, *FORMS, *KEYS}))


# --- mutations


def _lines(change: Callable[[random.Random, list[str]], None]) -> Mutation:
    def mutation(dice: random.Random, text: str) -> str:
        lines = text.split("\n")
        change(dice, lines)
        return "\n".join(lines)

    return mutation


def _delete_line(dice: random.Random, lines: list[str]) -> None:
    del lines[dice.randrange(len(lines))]


def _repeat_line(dice: random.Random, lines: list[str]) -> None:
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))


def _swap_lines(dice: random.Random, lines: list[str]) -> None:
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _indent_line(dice: random.Random, lines: list[str]) -> None:
    row = dice.randrange(len(lines))
    lines[row] = (
        dice.choice(["  ", " ", "\t", "    "]) + lines[row] if dice.random() < 0.5 else lines[row][1:]
    )


def _character(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(CHARACTERS) * dice.choice([0, 1, 1, 3]) + text[at + dice.randrange(2) :]


def _replaced(pattern: re.Pattern[str], by: Callable[[random.Random], str]) -> Mutation:
    def mutation(dice: random.Random, text: str) -> str:
        found = list(pattern.finditer(text))
        if not found:
            return text
        one = dice.choice(found)
        return text[: one.start()] + by(dice) + text[one.end() :]

    return mutation


def _nested(dice: random.Random, text: str) -> str:
    """Something in brackets, many times over: of the expression language, of YAML, and of functions."""
    many = dice.choice([2, 20, 60, 400])
    opening, closing = dice.choice(
        [("(", ")"), ("[", "]"), ("{a: ", "}"), ("abs(", ")"), ("-", ""), ("1 < ", " < 9")]
    )
    return _replaced(WORD, lambda _: opening * many + dice.choice(words()) + closing * many)(dice, text)


def _doubling(dice: random.Random, text: str) -> str:
    """Metrics that name each other, each twice or more."""
    sign = dice.choice([" * ", " + ", " / ", " > 1 and 1 < "])
    chain = [f"  m{n}: m{n - 1}{sign}m{n - 1}" for n in range(1, dice.choice([3, 30, 300]))]
    return text.replace("metrics:\n", "\n".join(["metrics:", "  m0: gold", *chain, ""]), 1)


def _aliased(dice: random.Random, text: str) -> str:
    """An anchor at one value, and aliases of it at others."""
    value = re.compile(r"(?<=: )(?=\S)")
    text = _replaced(value, lambda _: "&a ")(dice, text)
    return _replaced(re.compile(r"(?<=: )\S.*"), lambda _: "*a")(dice, text)


MUTATIONS: tuple[Mutation, ...] = (
    _lines(_delete_line), _lines(_repeat_line), _lines(_swap_lines), _lines(_indent_line), _character,
    _replaced(WORD, lambda dice: dice.choice(words())), _replaced(WORD, lambda dice: dice.choice(words())),
    _replaced(NUMBER, lambda dice: dice.choice(NUMBERS)), _replaced(NUMBER, lambda dice: str(dice.randrange(60))),
    _replaced(OPERATOR, lambda dice: f" {dice.choice(OPERATORS)} "), _replaced(FIELD, lambda dice: dice.choice(FIELDS)), _nested, _doubling, _aliased,
)  # fmt: skip


def mutated(dice: random.Random) -> str:
    """One of the shipped packs, changed in a few places."""
    text = dice.choice(texts())
    for _ in range(dice.randint(1, MOST_MUTATIONS)):
        text = dice.choice(MUTATIONS)(dice, text)
    return text


# --- trying


def faults_of(text: str, catalogue: Catalogue) -> Sequence[str]:
    """What is wrong with a pack; one that is accepted is judged over the market, and nothing may crash."""
    try:
        rulebook = read_rulebook({"p.yml": text}, catalogue)
    except FaultyFileError as error:
        if not error.faults:
            raise AssertionError("refused without a fault") from error
        return [fault.message for fault in error.faults]
    judge(observe(rulebook, market()), {})
    return ()


def main() -> int:
    """Try so many mutations and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("number", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the texts that crashed")
    asked = parser.parse_args()
    catalogue, counts, told = load_catalogue(), Counter[str](), set[str]()
    slowest = (0.0, 0)
    for seed in range(asked.seed, asked.seed + asked.number):
        text = mutated(random.Random(seed))
        begun = time.perf_counter()
        try:
            faults = faults_of(text, catalogue)
            counts["refused" if faults else "accepted and run"] += 1
            told.update(re.sub(r"\d+|\".*?\"|'.*?'", "_", fault)[:40] for fault in faults)
        except Exception:  # noqa: BLE001 - a crash is what is looked for
            counts["crashed"] += 1
            _tell_crash(seed, text, asked.keep)
        slowest = max(slowest, (time.perf_counter() - begun, seed))
    outcomes = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("refused", "accepted and run", "crashed"))
    tell(f"tried {asked.number:,} mutations (seeds from {asked.seed}): {outcomes}")
    tell(f"{len(told)} kinds of faults told; the slowest took {slowest[0]:.1f} s (seed {slowest[1]})")
    return int(counts["crashed"] > 0)


def _tell_crash(seed: int, text: str, keep: Path | None) -> None:
    tell(f"seed {seed} crashed:\n{traceback.format_exc(limit=-4)}")
    if keep is None:
        return
    keep.mkdir(parents=True, exist_ok=True)
    (keep / f"{seed}.yml").write_text(text, encoding="utf-8", errors="backslashreplace")


def tell(what: str) -> None:
    """A line of the report."""
    print(what, flush=True)  # noqa: T201 - a report on the screen is what this is for


if __name__ == "__main__":
    sys.exit(main())
