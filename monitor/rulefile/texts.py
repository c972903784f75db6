"""Rules as they stand in their pack, word by word, for those who want to read them."""

import textwrap
from itertools import pairwise

from monitor.yamltext import Document, read_yaml


def texts_of_rules(*packs: str) -> dict[str, str]:
    """The lines of each rule of some packs without faults, by its full id."""
    return {rule: text for pack in packs for rule, text in _of_pack(pack).items()}


def _of_pack(text: str) -> dict[str, str]:
    document = read_yaml(text, file="")
    pack, lines = document.value["pack"], text.splitlines()
    starts = {name: document.key_place(("rules", name)).line for name in document.value.get("rules", {})}
    borders = sorted({*starts.values(), *_tops(document), len(lines) + 1})
    ends = dict(pairwise(borders))
    return {f"{pack}/{name}": _cut(lines[start - 1 : ends[start] - 1]) for name, start in starts.items()}


def _tops(document: Document) -> set[int]:
    return {document.key_place((key,)).line for key in document.value}


def _cut(lines: list[str]) -> str:
    """Without what stands between this rule and the next one: empty lines and comments about that."""
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines = lines[:-1]
    return textwrap.dedent("\n".join(lines))
