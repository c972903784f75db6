"""Outcomes for machines: JSON and JUnit XML."""

from collections.abc import Iterable, Sequence
from html import escape

from monitor.ruletest.comparing import Difference
from monitor.ruletest.coverage import Coverage
from monitor.ruletest.files import shown
from monitor.ruletest.running import Divergence
from monitor.ruletest.suite import Outcome


def plain(outcomes: Sequence[Outcome], gaps: Coverage) -> dict[str, object]:
    """Everything a machine may ask of a run of rule tests."""
    return {
        "ok": all(one.passed for one in outcomes),
        "cases": [_case(one) for one in outcomes],
        "coverage": {
            "rules": gaps.rules,
            "untested": list(gaps.untested),
            "uncovered": [
                {"rule": one.rule, "level": one.level or None, "missing": list(one.missing)}
                for one in gaps.uncovered
            ],
        },
    }


def _case(one: Outcome) -> dict[str, object]:
    return {
        "file": shown(one.test.file),
        "line": one.case.place.line,
        "pack": one.test.pack,
        "case": one.case.name,
        "passed": one.passed,
        "differences": [
            {
                "bar": d.column,
                "session": one.case.timeline.session(d.column),
                "what": d.what,
                "of": d.subject,
                "expected": d.expected,
                "got": d.got,
            }
            for d in one.differences
        ],
        "variants": [
            {
                "variant": d.variant,
                "bar": one.case.timeline.column(d.session),
                "session": d.session,
                "straight": list(d.straight),
                "variant_tells": list(d.variant_tells),
            }
            for d in one.divergences
        ],
    }


def difference_line(one: Difference) -> str:
    """`bar 4, gsr-high: expected transition open warning, got nothing`."""
    got = one.got if one.got is None or "\n" not in one.got else f"\n{one.got}"
    return f"bar {one.column}, {one.subject}: expected {one.what} {one.expected or 'none'}, got {got or 'nothing'}"


def divergence_line(one: Divergence, column: int | None) -> str:
    """Which variant differs, and in which bar first."""
    tells = "; ".join(one.variant_tells) or "nothing"
    straight = "; ".join(one.straight) or "nothing"
    return f"{one.variant}: differs first at bar {column} ({one.session}): {tells}; straight: {straight}"


def lines_of(outcome: Outcome) -> list[str]:
    """Everything that is wrong with a case, a line each."""
    column = outcome.case.timeline.column
    return [
        *(difference_line(one) for one in outcome.differences),
        *(divergence_line(one, column(one.session)) for one in outcome.divergences),
    ]


def junit(outcomes: Iterable[Outcome]) -> str:
    """JUnit XML: a suite per file, a test case per case."""
    suites: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        suites.setdefault(shown(outcome.test.file), []).append(outcome)
    rows = ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>"]
    for file, own in suites.items():
        failures = sum(not one.passed for one in own)
        rows.append(f'  <testsuite name="{_safe(file)}" tests="{len(own)}" failures="{failures}" errors="0">')
        for one in own:
            rows.extend(_test_case(one, file))
        rows.append("  </testsuite>")
    return "\n".join([*rows, "</testsuites>", ""])


def _test_case(one: Outcome, file: str) -> list[str]:
    line = f'    <testcase classname="{_safe(one.test.pack)}" name="{_safe(one.case.name)}"'
    line += f' file="{_safe(file)}" line="{one.case.place.line}"'
    if one.passed:
        return [f"{line}/>"]
    lines = lines_of(one)
    failure = f'      <failure message="{_safe(lines[0])}">{_safe(chr(10).join(lines))}</failure>'
    return [f"{line}>", failure, "    </testcase>"]


def _safe(text: str) -> str:
    """Text that XML takes: without control characters."""
    return escape("".join(char for char in text if char >= " " or char in "\n\t"), quote=True)
