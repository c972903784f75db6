"""Bars -> the observations of every instance: metrics joined by session, each session classed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import polars as pl

from monitor.alerts import Verdict
from monitor.bars import UTC, side_by_side
from monitor.engine.due import Due
from monitor.engine.joining import Joining
from monitor.engine.replaying import opens
from monitor.engine.track import Track, Verdicts
from monitor.language import (
    Fired,
    LegName,
    Node,
    condition,
    evaluate_together,
    inputs,
    is_known_with_inputs,
    unknown_inside,
)
from monitor.rules import Instance, InstanceKey, Level, Rulebook


def observe(rulebook: Rulebook, bars: pl.DataFrame) -> tuple[Track, ...]:
    """The observations of every instance over all sessions of a bar frame of completed bars.

    Rules that ask whether another fired come after it, and see it as one more leg.
    """
    return observe_legs(rulebook, legs_of(rulebook, bars))


def legs_of(rulebook: Rulebook, bars: pl.DataFrame) -> pl.DataFrame:
    """All that a rulebook reads of a bar frame, side by side by session."""
    legs = frozenset[LegName]().union(*(instance.legs for instance in rulebook.instances))
    listed = rulebook.catalogue.instruments.values()
    carried = {one.id: one.carry_days for one in listed if one.carry_days is not None}
    return side_by_side(bars, legs, carried=carried)


def observe_legs(rulebook: Rulebook, wide: pl.DataFrame) -> tuple[Track, ...]:
    """As `observe`, of legs that are side by side already."""
    due = Due(rulebook.catalogue)
    tracks: dict[InstanceKey, Track] = {}
    for stage in _stages(rulebook.instances):
        wide = _with_fired(wide, stage, tracks)
        nodes = [node for instance in stage for node in _nodes(instance)]
        joining = Joining(evaluate_together(nodes, wide, missing=due.missing_before), due)
        tracks |= _tracks(stage, joining, wide)
    return tuple(tracks[instance.key] for instance in rulebook.instances)


def _nodes(instance: Instance) -> tuple[Node, ...]:
    return (*instance.inputs, *instance.shown.values())


def _stages(instances: Iterable[Instance]) -> Iterator[tuple[Instance, ...]]:
    """Instances in the order in which they can be judged: each after those whose firing it asks about."""
    waiting = {instance.key: instance for instance in instances}
    while waiting:
        asked = {rule for rule, _ in waiting}
        ready = [i for i in waiting.values() if not any(f.rule in asked for f in i.fired.values())]
        stage = tuple(ready or waiting.values())  # a circle is refused when rules are read
        for instance in stage:
            del waiting[instance.key]
        yield stage


def _with_fired(
    wide: pl.DataFrame, stage: Iterable[Instance], tracks: Mapping[InstanceKey, Track]
) -> pl.DataFrame:
    """Legs side by side with one more leg for each rule that is asked about."""
    asked = {key: one for instance in stage for key, one in instance.fired.items()}
    if not asked:
        return wide
    for key, one in asked.items():
        answers = [_opened(track) for track in tracks.values() if _is_asked(one, track.instance.key)]
        empty = pl.DataFrame(schema={"session": wide.schema["session"], "at": UTC, "value": pl.Boolean})
        column = (
            pl.concat([empty, *answers])
            .group_by("session")
            .agg(pl.col("at").max(), pl.col("value").any())
            .rename({"at": f"{one.name}.known_at", "value": key})
        )
        wide = wide.join(column, on="session", how="full", coalesce=True)
    return wide.sort("session")


def _is_asked(one: Fired, key: InstanceKey) -> bool:
    return key[0] == one.rule and one.member in (None, key[1])


def _opened(track: Track) -> pl.DataFrame:
    """In which of its sessions an instance opened; in an unknown one it did not."""
    return track.frame.select("session", "at", pl.col("session").is_in(opens(track)).alias("value"))


def _tracks(stage: Iterable[Instance], joining: Joining, wide: pl.DataFrame) -> dict[InstanceKey, Track]:
    """The tracks of instances; those that have the same sessions are classed in one query."""
    steps = {instance.key: joining.steps(instance) for instance in stage}
    classed: dict[InstanceKey, tuple[Verdicts, ...]] = {}
    together: dict[int, list[Instance]] = {}
    for instance in stage:
        own, place = steps[instance.key]
        if place is None:
            classed[instance.key] = tuple(_classed(instance.levels, pl.DataFrame(own)))
        else:
            together.setdefault(place, []).append(instance)
    for instances in together.values():
        columns = {one.name: one for i in instances for one in steps[i.key][0][2:]}
        levels = [level for instance in instances for level in instance.levels]
        found = iter(_classed(levels, pl.DataFrame(list(columns.values()))))
        classed |= {i.key: tuple(next(found) for _ in i.levels) for i in instances}
    return {i.key: Track(i, steps[i.key][0], classed[i.key], wide) for i in stage}


def verdicts_of(level: Level, steps: pl.DataFrame) -> Verdicts:
    """The class of each session: fire, clear, band or unknown; `steps` are a track's metrics by their keys."""
    return _classed([level], steps)[0]


def _classed(levels: Sequence[Level], steps: pl.DataFrame) -> list[Verdicts]:
    unknown = _unknown_in_front(steps)
    fronts = [_front(level, unknown) for level in levels]
    found = steps.select(
        _class(level, known=front is not None).alias(str(number))
        for number, (level, front) in enumerate(zip(levels, fronts, strict=True))
    )
    classed: list[Verdicts] = []
    for column, front in zip(found.iter_columns(), fronts, strict=True):
        verdicts = column.to_numpy(writable=bool(front))
        if front:
            verdicts[:front] = Verdict.UNKNOWN
        classed.append(verdicts)
    return classed


def _unknown_in_front(steps: pl.DataFrame) -> dict[str, int]:
    """How many sessions are unknown before the first known one, of the metrics that are known ever after."""
    return {one.name: one.null_count() for one in steps.iter_columns() if not unknown_inside(one)}


def _front(level: Level, unknown: Mapping[str, int]) -> int | None:
    """In how many sessions a level is unknown, if these are the first ones and its classes are plain ever after."""
    when, clear_when = _asked(level.when), _asked(level.clear_when or level.when)
    if not when or not clear_when or not {*when, *clear_when} <= unknown.keys():
        return None
    front = max(unknown[key] for key in when)
    return front if front == max(unknown[key] for key in clear_when) else None


@lru_cache(maxsize=4096)
def _asked(node: Node) -> tuple[str, ...]:
    """The metrics without which a condition is unknown; none if it may be known without one of them."""
    return tuple(metric.key for metric in inputs(node)) if is_known_with_inputs(node) else ()


@lru_cache(maxsize=4096)
def _class(level: Level, *, known: bool) -> pl.Expr:
    """The class of each session; to ask what is unknown costs more than all else, and `known` leaves it out."""
    fire = condition(level.when)
    fires = pl.when(fire).then(_IS[Verdict.FIRE])
    if known:
        if level.clear_when is None:
            return fires.otherwise(_IS[Verdict.CLEAR])
        return fires.when(condition(level.clear_when)).then(_IS[Verdict.CLEAR]).otherwise(_IS[Verdict.BAND])
    classed = fires.when(fire.is_null()).then(_IS[Verdict.UNKNOWN])
    if level.clear_when is None:
        return classed.otherwise(_IS[Verdict.CLEAR])
    clear = condition(level.clear_when)
    cleared = classed.when(clear).then(_IS[Verdict.CLEAR])
    return cleared.when(clear.is_null()).then(_IS[Verdict.BAND_KEEPING_CLEARS]).otherwise(_IS[Verdict.BAND])


_IS = {verdict: pl.lit(int(verdict), dtype=pl.Int8) for verdict in Verdict}
