"""Bars -> the observations of every instance: metrics joined by session, each session classed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice

import polars as pl

from monitor.bars import UTC, side_by_side
from monitor.engine.classing import verdicts_of
from monitor.engine.due import Asked, Due
from monitor.engine.joining import Joining
from monitor.engine.replaying import opens
from monitor.engine.track import Track
from monitor.language import (
    Fired,
    LegName,
    Node,
    evaluate_together,
)
from monitor.rules import Instance, InstanceKey, Rulebook


def observe(rulebook: Rulebook, bars: pl.DataFrame, *, complete: datetime | None = None) -> tuple[Track, ...]:
    """The observations of every instance over all sessions of a bar frame of completed bars.

    Rules that ask whether another fired come after it, and see it as one more leg.  Prices that stopped are missing in
    the sessions that were settled at `complete`: by default when the newest of all bars was known.
    """
    return observe_legs(rulebook, legs_of(rulebook, bars), complete=lambda: complete or complete_at(bars))


def complete_at(bars: pl.DataFrame) -> datetime | None:
    """The instant at which the newest bar was known: what was settled then, and is not there, is missing."""
    newest = bars["known_at"].max()
    return newest if isinstance(newest, datetime) else None


def legs_of(rulebook: Rulebook, bars: pl.DataFrame) -> pl.DataFrame:
    """All that a rulebook reads of a bar frame, side by side by session."""
    legs = frozenset[LegName]().union(*(instance.legs for instance in rulebook.instances))
    listed = rulebook.catalogue.instruments.values()
    carried = {one.id: one.carry_days for one in listed if one.carry_days is not None}
    return side_by_side(bars, legs, carried=carried)


def observe_legs(
    rulebook: Rulebook, wide: pl.DataFrame, *, complete: Callable[[], datetime | None] = lambda: None
) -> tuple[Track, ...]:
    """As `observe`, of legs that are side by side already."""
    due = Due(rulebook.catalogue, complete)
    tracks: dict[InstanceKey, Track] = {}
    for stage in _stages(rulebook.instances):
        wide = _with_fired(wide, stage, tracks, due)
        tracks |= _tracks(stage, wide, due)
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
    wide: pl.DataFrame, stage: Iterable[Instance], tracks: Mapping[InstanceKey, Track], due: Due
) -> pl.DataFrame:
    """Legs side by side with one more leg for each rule that is asked about; it is due when what that reads is."""
    asked = {key: one for instance in stage for key, one in instance.fired.items()}
    if not asked:
        return wide
    for key, one in asked.items():
        own = [track for track in tracks.values() if _is_asked(one, track.instance.key)]
        if own:
            due.asked[one.name] = _asked(own, wide, due)
        empty = pl.DataFrame(schema={"session": wide.schema["session"], "at": UTC, "value": pl.Boolean})
        column = (
            pl.concat([empty, *map(_opened, own)])
            .drop_nulls("value")
            .group_by("session")
            .agg(pl.col("at").max(), pl.col("value").any())
            .rename({"at": f"{one.name}.known_at", "value": key})
        )
        wide = wide.join(column, on="session", how="full", coalesce=True)
    return wide.sort("session")


def _is_asked(one: Fired, key: InstanceKey) -> bool:
    return key[0] == one.rule and one.member in (None, key[1])


def _asked(tracks: Sequence[Track], wide: pl.DataFrame, due: Due) -> Asked:
    """A rule by its instances, which are judged already."""
    members = tuple(_read_by(track.instance, due) for track in tracks)
    known = [pl.col(f"{name}.known_at").is_not_null() for name in frozenset().union(*members)]
    there = wide.filter(pl.any_horizontal(known))["session"]
    judged = [track.sessions[-1] for track in tracks if len(track.sessions)]
    further = there.filter(there > max(judged)) if judged else there
    return Asked(members, min(further, default=None))


def _read_by(instance: Instance, due: Due) -> frozenset[str]:
    """The instruments whose prices decide about an instance, also through the rules it asks about."""
    asked = (due.asked[one.name].members for one in instance.fired.values())
    return instance.priced.union(*chain(*asked))


def _opened(track: Track) -> pl.DataFrame:
    """In which of its sessions an instance opened; unknown where all its levels are."""
    opened = pl.col("session").is_in(opens(track))
    return track.frame.select(
        "session", "at", pl.when(opened | pl.lit(pl.Series(track.known))).then(opened).alias("value")
    )


def _tracks(stage: Iterable[Instance], wide: pl.DataFrame, due: Due) -> dict[InstanceKey, Track]:
    """The tracks of instances; those that have the same sessions are classed together."""
    nodes = [node for instance in stage for node in _nodes(instance)]
    joining = Joining(evaluate_together(nodes, wide, missing=due.missing_before), due)
    tracks: dict[InstanceKey, Track] = {}
    for steps in joining.steps(stage):
        levels = [level for one in steps.instances for level in one.levels]
        classed = iter(verdicts_of(levels, steps.compared, len(steps.sessions)))
        for one, instants in zip(steps.instances, steps.instants, strict=True):
            verdicts = tuple(islice(classed, len(one.levels)))
            tracks[one.key] = Track(one, steps.sessions, instants, steps.metrics, verdicts, wide)
    return tracks
