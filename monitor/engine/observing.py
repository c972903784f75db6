"""Bars -> the observations of every instance: metrics joined by session, each session classed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

import polars as pl

from monitor.alerts import Verdict
from monitor.bars import UTC, side_by_side
from monitor.engine.replaying import opens
from monitor.engine.track import Track, Verdicts
from monitor.instruments import Catalogue
from monitor.language import Fired, Node, condition, derived, evaluate, price_legs
from monitor.rules import Instance, InstanceKey, Level, Rulebook
from monitor.sessions import expected_sessions

CARRY = 1
"""A rule of several metrics uses one that has no bar in a session as of so many sessions before."""


def observe(rulebook: Rulebook, bars: pl.DataFrame) -> tuple[Track, ...]:
    """The observations of every instance over all sessions of a bar frame of completed bars.

    Rules that ask whether another fired come after it, and see it as one more leg.
    """
    catalogue = rulebook.catalogue
    legs = {leg for i in rulebook.instances for node in _nodes(i) for leg in price_legs(node)}
    carried = {i.id: i.carry_days for i in catalogue.instruments.values() if i.carry_days is not None}
    wide = side_by_side(bars, legs, carried=carried)
    tracks: dict[InstanceKey, Track] = {}
    for stage in _stages(rulebook.instances):
        wide = _with_fired(wide, stage, tracks)
        nodes = [node for instance in stage for node in _nodes(instance)]
        panels = evaluate(nodes, wide, missing=_missing_before(catalogue))
        tracks |= {instance.key: _track(instance, panels, wide, catalogue) for instance in stage}
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
    for key, one in asked.items():
        answers = [_opened(track) for track in tracks.values() if _is_asked(one, track.instance.key)]
        empty = pl.DataFrame(schema={"session": pl.Date, "at": UTC, "value": pl.Boolean})
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


def _missing_before(catalogue: Catalogue) -> Callable[[frozenset[str], pl.Series], pl.Series]:
    def count(instruments: frozenset[str], held: pl.Series) -> pl.Series:
        expected = _expected(instruments, catalogue, held[0], held[-1])
        position = expected.search_sorted(held, side="left").cast(pl.Int64)
        return (position.diff() - 1).fill_null(0).clip(lower_bound=0)

    return count


def _expected(instruments: frozenset[str], catalogue: Catalogue, start: date, end: date) -> pl.Series:
    """The sessions in which every one of these instruments should have a bar."""
    common: pl.Series | None = None
    due = (catalogue.instruments[name] for name in sorted(instruments) if name in catalogue.instruments)
    for instrument in due:
        if instrument.carry_days is not None:
            continue
        own = expected_sessions(instrument, start, end)
        common = own if common is None else common.filter(common.is_in(own.implode()))
    return pl.Series("session", [], dtype=pl.Date) if common is None else common


def _track(
    instance: Instance,
    panels: Mapping[frozenset[tuple[str, str]], pl.DataFrame],
    wide: pl.DataFrame,
    catalogue: Catalogue,
) -> Track:
    steps = _steps(instance, panels, catalogue)
    for node in instance.shown.values():
        if node.key not in steps.columns:
            steps = steps.join(
                panels[node.legs].select("session", node.key), on="session", how="left", maintain_order="left"
            )
    verdicts = tuple(verdicts_of(level, steps) for level in instance.levels)
    return Track(instance, steps, verdicts, wide)


def _steps(
    instance: Instance, panels: Mapping[frozenset[tuple[str, str]], pl.DataFrame], catalogue: Catalogue
) -> pl.DataFrame:
    """The sessions of one instance with its metrics joined: those with a bar, and expected ones without."""
    keys_of: dict[frozenset[tuple[str, str]], list[str]] = {}
    for node in instance.inputs:
        keys_of.setdefault(node.legs, []).append(node.key)
    own = {legs: panels[legs].select("session", "at", *dict.fromkeys(keys)) for legs, keys in keys_of.items()}
    have = pl.concat([panel.select("session") for panel in own.values()]).unique().sort("session")
    if have.is_empty():
        return _held_back(_join(have, own), list(own), [])
    groups = _groups(instance)
    span = have["session"][0], have["session"][-1]
    expected = [_due(_names(legs), groups, catalogue, *span) for legs in own]
    every = (
        pl.concat([have, *(pl.DataFrame({"session": series}) for series in expected)])
        .unique()
        .sort("session")
    )
    joined = _join(every, own)
    return _held_back(joined, list(own), expected)


Groups = Mapping[str, tuple[frozenset[str], ...]]
"""Legs that stand for a function of a group: the instruments of each of its members."""


def _groups(instance: Instance) -> Groups:
    found = (group for node in instance.inputs for group in derived(node).values())
    return {
        group.name: tuple(frozenset(name for name, _ in price_legs(member)) for member in group.members)
        for group in found
    }


def _due(names: frozenset[str], groups: Groups, catalogue: Catalogue, start: date, end: date) -> pl.Series:
    """The sessions in which a metric should have a value: those of all its instruments, and of a group those of
    at least half of its members.
    """
    priced = frozenset(name for name in names if name in catalogue.instruments)
    common = _expected(priced, catalogue, start, end) if priced else None
    for members in (groups[name] for name in sorted(names) if name in groups):
        every = pl.concat(_expected(one, catalogue, start, end).rename("session") for one in members)
        counted = every.to_frame().group_by("session").len()
        own = counted.filter(pl.col("len") * 2 >= len(members))["session"].sort()
        common = own if common is None else common.filter(common.is_in(own.implode()))
    return pl.Series("session", [], dtype=pl.Date) if common is None else common


def _names(legs: frozenset[tuple[str, str]]) -> frozenset[str]:
    return frozenset(instrument for instrument, _ in legs)


def _join(every: pl.DataFrame, own: Mapping[frozenset[tuple[str, str]], pl.DataFrame]) -> pl.DataFrame:
    """Metrics side by side; one that has no bar in a session where another has is carried for `CARRY` sessions."""
    joined = every
    present: list[str] = []
    for number, panel in enumerate(own.values()):
        present.append(f"at {number}")
        joined = joined.join(
            panel.rename({"at": present[-1]}), on="session", how="left", maintain_order="left"
        )
    some = pl.any_horizontal(pl.col(name).is_not_null() for name in present)
    for name, panel in zip(present, own.values(), strict=True):
        columns = [name, *(c for c in panel.columns if c not in ("session", "at"))]
        carried = some & pl.col(name).is_null()
        moved = [pl.when(carried).then(pl.col(c).shift(CARRY)).otherwise(pl.col(c)).alias(c) for c in columns]
        fresh = pl.col(name).is_not_null().alias(f"has {name}")
        joined = joined.with_columns(fresh, *moved)
    return joined.with_columns(pl.max_horizontal(present).alias("at")).drop(present)


def _held_back(
    joined: pl.DataFrame, legs: list[frozenset[tuple[str, str]]], expected: list[pl.Series]
) -> pl.DataFrame:
    """Without the newest session while a metric that is due in it has no bar yet: it is judged when it has, or
    when a later session exists.
    """
    flags = [f"has at {number}" for number in range(len(legs))]
    if joined.is_empty():
        return joined.drop(flags)
    last = joined.row(-1, named=True)
    due = (sessions[-1] if len(sessions) else None for sessions in expected)
    waiting = any(day == last["session"] and not last[flag] for day, flag in zip(due, flags, strict=True))
    kept = joined.drop(flags)
    kept = kept[:-1] if waiting else kept
    first, final = pl.col("at").is_not_null().arg_max(), pl.col("at").is_not_null().reverse().arg_max()
    bounds = kept.select(first.alias("first"), final.alias("final")).row(0) if kept.height else (0, 0)
    judged = kept[bounds[0] or 0 : kept.height - (bounds[1] or 0)]
    return judged.with_columns(pl.col("at").cast(UTC).fill_null(strategy="backward"))


def verdicts_of(level: Level, steps: pl.DataFrame) -> Verdicts:
    """The class of each session: fire, clear, band or unknown; `steps` are a track's metrics by their keys."""
    fire = condition(level.when)
    clear = ~fire if level.clear_when is None else condition(level.clear_when)
    known = (
        pl.when(fire)
        .then(int(Verdict.FIRE))
        .when(clear)
        .then(int(Verdict.CLEAR))
        .when(clear.is_null())
        .then(int(Verdict.BAND_KEEPING_CLEARS))
        .otherwise(int(Verdict.BAND))
    )
    classed = pl.when(fire.is_not_null()).then(known).otherwise(int(Verdict.UNKNOWN))
    return steps.select(classed.cast(pl.Int8).alias("verdict"))["verdict"].to_numpy()
