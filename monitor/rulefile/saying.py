"""The words of a rule's message (`say`): the names in their braces, and what is wrong with them."""

import re
import string
from collections.abc import Iterator

from monitor.language import NEEDS_MEMBER, NEEDS_PARAM, NO_MEMBER, NO_PARAM, Scope
from monitor.yamltext import did_you_mean

LONG_NUMBER = re.compile(r"\d{3}")
SUCH_AS = "such as {name:.1f}, {name:.0%}"


def say_fields(text: str) -> list[tuple[str, str]]:
    """The names in a `say` text with their formats; ValueError when its braces do not match."""
    return [
        (name, f"!{conversion}{spec}" if conversion else spec or "")
        for _, name, spec, conversion in string.Formatter().parse(text)
        if name is not None
    ]


def say_faults(text: object, scope: Scope) -> Iterator[tuple[str, str | None]]:
    """What is wrong with the words of a rule, each with what would be right; of what is no text others tell."""
    if not isinstance(text, str):
        return
    try:
        fields = say_fields(text)
    except ValueError as error:
        yield f"the braces do not match: {error}", "a name stands in {name:.1f}"
        return
    known = (*scope.metrics, *scope.catalogue.instruments, "it")
    for name, spec in fields:
        if name not in known:
            hint = did_you_mean(name, known) or "a name of `metrics:` or of an instrument stands in braces"
            yield f'the message names an unknown metric "{name}"', hint
        elif scope.metrics.get(name) is NEEDS_MEMBER:
            yield f'{NO_MEMBER}, and the metric "{name}" uses it', "add `for_each: <group>` to the rule"
        elif scope.metrics.get(name) is NEEDS_PARAM:
            yield f'{NO_PARAM}, and the metric "{name}" uses it', "declare it under `params` of this rule"
        elif not _formats(name, spec):
            yield f'"{name}" cannot be printed as "{spec}"', SUCH_AS


def _formats(name: str, spec: str) -> bool:
    """Whether a value can be printed so, and in less than a hundred characters."""
    if LONG_NUMBER.search(spec):
        return False
    try:
        format("" if name == "it" else 1.5, spec)
    except ValueError:
        return False
    return "{" not in spec
