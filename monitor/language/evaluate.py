"""Typed expressions and legs side by side -> values: one row per session in which all legs have a bar.

1. `evaluate` puts expressions together whose legs have their bars in the same sessions, and keeps those sessions.
2. `_compute` works them out in stages: what a function takes becomes a column, then the function does, so
   that each key is computed once however many rules use it.  What to compute is planned once (`_plan`).
3. A function whose argument is unknown inside its history sees the known bars only (`_over_known`).
4. A value whose look-back spans a hole of the series is unknown (`_masked`).
5. Arithmetic over what is computed waits until somebody asks for it (`_WithLater`): conditions do not (`blocks`).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import polars as pl

from monitor.language.arithmetic import columns_under, is_arithmetic
from monitor.language.columns import expression, finite
from monitor.language.groups import with_groups
from monitor.language.nodes import Apply, LegName, Node, OverGroup, derived

Legs = frozenset[LegName]
Missing = Callable[[frozenset[str], pl.Series], pl.Series]
"""Instruments and the sessions held -> how many expected sessions are missing before each of them."""

LONGEST_HOLE = 10
"""A window that spans more missing sessions in a row than this is unknown."""
_CERTAINLY_SHORT = 11
"""Two sessions at most so many days apart cannot have more than `LONGEST_HOLE` sessions between them."""


@dataclass(frozen=True, eq=False)
class Together:
    """The values of expressions whose legs have their bars in the same sessions."""

    sessions: pl.Series
    known: Mapping[Legs, pl.Series]
    """The instants from which all of some legs were known."""
    columns: Mapping[str, pl.Series]
    """What was computed, by the keys of expressions: all, but for arithmetic that `blocks` can do with these."""
    values: Mapping[str, pl.Series]
    """The values of all expressions, by their keys; arithmetic is computed when somebody asks for it."""
    keys: Mapping[Legs, tuple[str, ...]]

    def panel(self, legs: Legs) -> pl.DataFrame:
        """The values of all expressions that read these legs."""
        return pl.DataFrame([self.sessions, self.known[legs], *(self.values[key] for key in self.keys[legs])])


def evaluate(nodes: Iterable[Node], wide: pl.DataFrame, *, missing: Missing) -> dict[Legs, pl.DataFrame]:
    """Values of expressions, by the legs they read.

    `wide` is `bars.side_by_side` of all their legs.  Each frame has the columns `session`, `at` (the instant
    from which all its legs were known) and one named by the key of each expression; unknown is null.
    """
    together = evaluate_together(nodes, wide, missing=missing)
    return {legs: one.panel(legs) for one in together for legs in one.keys}


def evaluate_together(nodes: Iterable[Node], wide: pl.DataFrame, *, missing: Missing) -> list[Together]:
    """As `evaluate`, those together that have the same sessions."""
    wanted = {node.key: node for node in nodes}
    wide = _with_groups(tuple(wanted.values()), wide, missing)
    together: dict[frozenset[str], list[Node]] = {}
    present = _Present(wide)
    for node in wanted.values():
        together.setdefault(present.of(node.legs), []).append(node)
    return [
        _group(wide.drop_nulls(list(needed)) if needed else wide, tuple(group), missing)
        for needed, group in together.items()
    ]


@dataclass(frozen=True)
class _Present:
    """In which sessions legs have their bars."""

    wide: pl.DataFrame
    _alike: dict[bytes, str] = field(default_factory=dict)
    _known: dict[LegName, frozenset[str]] = field(default_factory=dict)

    def of(self, legs: Legs) -> frozenset[str]:
        """One column of each sort that has to be known where these legs are; none if they always are."""
        return frozenset[str]().union(*(self._of(leg) for leg in legs))

    def _of(self, leg: LegName) -> frozenset[str]:
        if leg not in self._known:
            column = self.wide[f"{leg[0]}.{leg[1]}"]
            gaps = column.is_null().to_numpy().tobytes() if column.null_count() else None
            self._known[leg] = frozenset({self._alike.setdefault(gaps, column.name)} if gaps else ())
        return self._known[leg]


def _with_groups(nodes: tuple[Node, ...], wide: pl.DataFrame, missing: Missing) -> pl.DataFrame:
    """Functions of groups come first: their members on their own sessions, then their results beside the legs."""
    groups = _groups_in(nodes)
    if not groups:
        return wide
    panels = evaluate([member for group in groups for member in group.members], wide, missing=missing)
    return with_groups(wide, groups, panels)


@lru_cache(maxsize=32)
def _groups_in(nodes: tuple[Node, ...]) -> tuple[OverGroup, ...]:
    return tuple({key: group for node in nodes for key, group in derived(node).items()}.values())


def _group(rows: pl.DataFrame, nodes: tuple[Node, ...], missing: Missing) -> Together:
    """The values of expressions over the sessions in which all their legs have a bar."""
    keys: dict[Legs, tuple[str, ...]] = {}
    for node in nodes:
        keys[node.legs] = (*keys.get(node.legs, ()), node.key)
    if not _without_holes(rows["session"]):
        columns = _columns(_compute(rows, nodes))
        known = {node.key: columns[node.key] for node in nodes}
        known |= _masked(nodes, known, rows["session"], missing)
        return Together(rows["session"], _known_at(rows, keys), known, known, keys)
    now, later = _now_and_later(nodes)
    rows = _compute(rows, now)
    torn = tuple(node for node in later if any(unknown_inside(rows[key]) for key in _under(node)))
    there = frozenset(node.key for node in now)
    columns = _columns(_compute(rows, torn, there))
    values = _WithLater(columns, lambda: _columns(_compute(rows, later, there)))
    return Together(rows["session"], _known_at(rows, keys), columns, values, keys)


@lru_cache(maxsize=32)
def _now_and_later(nodes: tuple[Node, ...]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """What has to be computed, and what blocks can work out of it."""
    later = {node.key: node for node in nodes if is_arithmetic(node)}
    under = {one.key: one for node in later.values() for one in columns_under(node)}
    now = under | {node.key: node for node in nodes if node.key not in later}
    return tuple(now.values()), tuple(node for node in later.values() if node.key not in now)


@lru_cache(maxsize=4096)
def _under(node: Node) -> tuple[str, ...]:
    return tuple(one.key for one in columns_under(node))


def _columns(rows: pl.DataFrame) -> dict[str, pl.Series]:
    return {column.name: column for column in rows.iter_columns()}


@dataclass(frozen=True, eq=False)
class _WithLater(Mapping[str, pl.Series]):
    """Columns, and others that are computed all at once when one of them is asked for."""

    columns: dict[str, pl.Series]
    compute: Callable[[], dict[str, pl.Series]]

    def __getitem__(self, key: str) -> pl.Series:
        return self.columns[key] if key in self.columns else self._later[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns | self._later)

    def __len__(self) -> int:
        return len(self.columns | self._later)

    @cached_property
    def _later(self) -> dict[str, pl.Series]:
        return self.compute()


def _known_at(rows: pl.DataFrame, every: Iterable[Legs]) -> dict[Legs, pl.Series]:
    """The instants from which all of some legs were known; a constant needs no bar and has none."""
    found: dict[Legs, pl.Series] = {}
    latest: list[pl.Expr] = []
    for legs in every:
        first, *others = [rows[name] for name in _known_names(legs)] or [pl.Series([None] * rows.height)]
        found[legs] = first
        if not all(other.equals(first) for other in others):  # as they mostly are
            latest.append(pl.max_horizontal(_known_names(legs)).alias(str(len(found) - 1)))
    if latest:
        each = list(found)
        found |= {each[int(series.name)]: series for series in rows.select(latest).iter_columns()}
    return {legs: series.alias("at") for legs, series in found.items()}


def _known_names(legs: Legs) -> list[str]:
    return sorted({f"{instrument}.known_at" for instrument, _ in legs})


@dataclass(frozen=True)
class _Stage:
    """What functions take, by its key, and the functions that stand on as many others."""

    arguments: tuple[tuple[Node, pl.Expr], ...]
    parts: tuple[tuple[Apply, pl.Expr], ...] = ()


@lru_cache(maxsize=32)
def _plan(nodes: tuple[Node, ...], there: frozenset[str]) -> tuple[_Stage, ...]:
    """The stages in which expressions are worked out, each key once; legs are there before, and what else is said."""
    stages: dict[int, dict[str, Apply]] = {}
    for node in nodes:
        for part in _functions(node, there):
            stages.setdefault(_depth(part), {})[part.key] = part
    have = {f"{instrument}.{name}" for node in nodes for instrument, name in node.legs} | there
    planned: list[_Stage] = []
    for _, stage in sorted(stages.items()):
        arguments = {operand.key: operand for part in stage.values() for operand in part.operands}
        taken = _new(arguments, have)
        planned.append(_Stage(taken, tuple((part, _built(part)) for part in stage.values())))
        have |= stage.keys()
    last = _new({node.key: node for node in nodes}, have)
    return (*planned, _Stage(last))


def _functions(node: Node, there: frozenset[str]) -> Iterator[Apply]:
    """The functions in a node that are not worked out yet, operands first."""
    if node.key in there:
        return
    for operand in node.operands:
        yield from _functions(operand, there)
    if isinstance(node, Apply):
        yield node


def _new(nodes: Mapping[str, Node], have: set[str]) -> tuple[tuple[Node, pl.Expr], ...]:
    """The expressions of nodes that have no column yet, which then have one."""
    new = {key: node for key, node in nodes.items() if key not in have}
    made = tuple((node, expression(node, frozenset(have)).alias(key)) for key, node in new.items())
    have |= new.keys()
    return made


def _compute(
    rows: pl.DataFrame, nodes: tuple[Node, ...], there: frozenset[str] = frozenset()
) -> pl.DataFrame:
    """The rows with a column for each node, and for what it is made of; some may be there already."""
    for stage in _plan(nodes, there):
        rows = _with_finite(rows, stage.arguments)
        whole: list[tuple[Apply, pl.Expr]] = []
        unknown = {
            key: unknown_inside(rows[key]) for key in {o.key for p, _ in stage.parts for o in p.operands}
        }
        for part, value in stage.parts:
            if any(unknown[operand.key] for operand in part.operands):
                rows = _over_known(rows, part, value)
            else:
                whole.append((part, value))
        rows = _with_finite(rows, whole)
    return rows


def _with_finite(rows: pl.DataFrame, made: Sequence[tuple[Node, pl.Expr]]) -> pl.DataFrame:
    """The rows with new columns: unknown instead of NaN or infinity."""
    if not made:
        return rows
    rows = rows.with_columns(value for _, value in made)
    numbers = (column for column in rows.get_columns()[-len(made) :] if column.dtype.is_float())
    # A sum that is no finite number is cheap to see; where every value is finite nothing has to be replaced.
    odd = [column.name for column in numbers if not math.isfinite(column.sum())]
    return rows.with_columns(finite(pl.col(key)) for key in odd) if odd else rows


def _depth(node: Node) -> int:
    """How many functions stand on top of each other here."""
    inner = max((_depth(operand) for operand in node.operands), default=0)
    return inner + 1 if isinstance(node, Apply) else inner


def _built(part: Apply) -> pl.Expr:
    arguments = [pl.col(operand.key) for operand in part.operands]
    return part.function.build(*arguments, **_params(part)).alias(part.key)


def _params(part: Apply) -> dict[str, float | None]:
    return dict(part.params)


def unknown_inside(values: pl.Series) -> bool:
    """Whether a value after the first known one is null."""
    return values.slice(values.null_count()).null_count() > 0  # if all stand in front, none is left


def _over_known(panel: pl.DataFrame, part: Apply, value: pl.Expr) -> pl.DataFrame:
    """The function over the bars on which its arguments are known; unknown on the others."""
    keys = list(dict.fromkeys(operand.key for operand in part.operands))
    numbered = panel.select(keys).with_row_index("row").drop_nulls(keys)
    computed = _with_finite(numbered, [(part, value)]).select("row", part.key)
    rows = pl.DataFrame({"row": pl.Series(range(len(panel)), dtype=pl.UInt32)})
    return panel.with_columns(rows.join(computed, on="row", how="left", maintain_order="left")[part.key])


def _without_holes(sessions: pl.Series) -> bool:
    """Whether two sessions in a row are never far apart; steps that are no dates follow no calendar."""
    if sessions.dtype != pl.Date:
        return True
    import numpy as np

    apart = np.diff(sessions.to_numpy())
    return bool((apart <= np.timedelta64(_CERTAINLY_SHORT, "D")).all())


def _masked(
    nodes: Iterable[Node], values: Mapping[str, pl.Series], sessions: pl.Series, missing: Missing
) -> dict[str, pl.Series]:
    """The values that look back, unknown where they look across a hole of their legs."""
    looking: dict[Legs, list[Node]] = {}
    for node in nodes:
        if node.look_back > 1:
            looking.setdefault(node.legs, []).append(node)
    found: dict[str, pl.Series] = {}
    for legs, own in looking.items():
        instruments = frozenset(instrument for instrument, _ in legs)
        hole = (missing(instruments, sessions) > LONGEST_HOLE).cast(pl.Int8)
        panel = pl.DataFrame([values[node.key] for node in own])
        found |= panel.select(_whole(node, hole) for node in own).to_dict()
    return found


def _whole(node: Node, hole: pl.Series) -> pl.Expr:
    spans = hole.rolling_max(node.look_back - 1, min_samples=1).cast(pl.Boolean)
    return pl.when(~pl.lit(spans)).then(pl.col(node.key)).alias(node.key)
