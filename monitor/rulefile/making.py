"""A written rule -> a rule and its levels: what the pack's defaults and a member's override add to it."""

from collections.abc import Iterator
from typing import Any

from monitor.alerts import MAX_UNKNOWN_PENDING, Dwell
from monitor.rulefile.expressions import PackReader
from monitor.rulefile.model import RESET_PENDING, CloseAfterFile, LevelFile, PackFile, RuleFile, WindowFile
from monitor.rulefile.params import spelled
from monitor.rules import Level, OnFirst, Remind, Rule
from monitor.yamltext import Path


def effective(pack: PackFile, name: str, member: str | None) -> RuleFile:
    """A rule as it holds for one member: the pack's defaults, its own keys, the member's; labels add up."""
    written = pack.rules[name]
    changed: dict[str, Any] = {}
    labels: dict[str, str] = {}
    for part in (pack.defaults, written, written.overrides.get(member or "")):
        if part is not None:
            changed |= {key: getattr(part, key) for key in part.model_fields_set}
            labels |= part.labels
    return written.model_copy(update={**changed, "labels": labels})


def rule_of(pack: str, name: str, written: RuleFile) -> Rule:
    """What a rule is besides its conditions."""
    edge = written.mode == "edge"
    return Rule(
        pack=pack,
        name=name,
        for_each=written.for_each,
        cooldown=written.cooldown,
        edge=edge,
        remind=Remind() if edge else _remind(written),  # an edge is over when it is told
        live=written.judge == "live",
        inhibited_by=tuple(written.inhibited_by),
        expires=written.expires,
        on_first=written.on_first,
        labels=written.labels,
        say=written.say,
        study=written.study,
        note=written.note,
    )


def _remind(written: RuleFile) -> Remind:
    every = written.remind
    return Remind(
        every=every.every if every else None,
        max=every.max if every else None,
        new_extreme=written.remind_on_new_extreme,
    )


def levels_of(written: RuleFile, path: Path, pack: PackReader, member: str | None) -> Iterator[Level]:
    """The levels of a rule, lowest first; one without a ladder has one."""
    params = pack.params(str(path[1]))
    parts = [(written.severity, _only_level(written), path)]
    if written.levels is not None:
        parts = [(key, level, (*path, "levels", key)) for key, level in written.levels.items()]
    for severity, level, at in sorted(parts, key=lambda part: part[0].rank):
        when = pack.condition(at, "when", member)
        if when is None:
            msg = f"{at} was accepted without a condition"
            raise TypeError(msg)
        yield Level(
            severity=severity,
            when=when,
            clear_when=None if level.clear_when is None else pack.condition(at, "clear_when", member),
            dwell=_dwell(written, level),
            when_text=spelled(level.when, params),
            clear_text=None if level.clear_when is None else spelled(level.clear_when, params),
        )


def _only_level(written: RuleFile) -> LevelFile:
    return LevelFile.model_construct(
        when=written.when or "",
        for_=written.for_,
        clear_when=written.clear_when,
        clear_for=written.clear_for,
    )


def _dwell(written: RuleFile, level: LevelFile) -> Dwell:
    holds = level.for_ if "for_" in level.model_fields_set else written.for_
    clear_bars = level.clear_for if "clear_for" in level.model_fields_set else written.clear_for
    missing = written.on_missing
    return Dwell(
        bars=holds.bars if isinstance(holds, WindowFile) else holds,
        clear_bars=clear_bars,
        of=holds.of if isinstance(holds, WindowFile) else None,
        edge=written.mode == "edge" or written.on_first is OnFirst.WAIT_FOR_EDGE,
        max_unknown=0 if missing == RESET_PENDING else MAX_UNKNOWN_PENDING,
        close_after=missing.close_after if isinstance(missing, CloseAfterFile) else None,
    )
