"""Typed expressions and legs side by side -> values: one row per session in which all legs have a bar.

1. `evaluate` puts expressions together whose legs have their bars in the same sessions, and keeps those sessions.
2. `compute` works them out in stages: what a function takes becomes a column, then the function does, so
   that each key is computed once however many rules use it.  What to compute is planned once (`plan`).
3. A function whose argument is unknown inside its history sees the known bars only (`_over_known`).
4. A value whose look-back spans a hole of the series is unknown (`_masked`).
5. Arithmetic over what is computed waits until somebody asks for it (`_WithLater`): conditions do not (`blocks`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import polars as pl

from monitor.language.arithmetic import columns_under, is_arithmetic
from monitor.language.compute import compute
from monitor.language.computed import Computed
from monitor.language.groups import with_groups
from monitor.language.nodes import LegName, Node, OverGroup, derived

Legs = frozenset[LegName]
Missing = Callable[[frozenset[str], pl.Series], pl.Series]
"""Instruments and the sessions held -> how many expected sessions are missing before each of them."""

_ALWAYS = frozenset[str]()

LONGEST_HOLE = 10
"""A window that spans more missing sessions in a row than this is unknown."""
_CERTAINLY_SHORT = 11
"""Two sessions at most so many days apart cannot have more than `LONGEST_HOLE` sessions between them."""


_KNOWN_AT = ".known_at"


@dataclass(frozen=True, eq=False)
class Known:
    """From when on all of some legs were known: worked out for those about whom somebody asks."""

    rows: pl.DataFrame
    _found: dict[Legs, pl.Series] = field(default_factory=dict)

    def of(self, legs: Legs) -> pl.Series:
        """The instants; a constant needs no bar and has none."""
        if legs not in self._found:
            self._found[legs] = self._latest(self._of(legs)).alias("at")
        return self._found[legs]

    def always(self, legs: Legs) -> bool:
        """Whether there is an instant in every session."""
        return any(name in self._always for name, _ in legs) or not self.of(legs).null_count()

    @cached_property
    def _always(self) -> set[str]:
        """The instruments that have one in every session."""
        known = (column for column in self.rows.iter_columns() if column.name.endswith(_KNOWN_AT))
        return {column.name.removesuffix(_KNOWN_AT) for column in known if not column.null_count()}

    def _of(self, legs: Legs) -> list[pl.Series]:
        return [
            self._columns[f"{instrument}{_KNOWN_AT}"] for instrument in {instrument for instrument, _ in legs}
        ]

    def _latest(self, each: Sequence[pl.Series]) -> pl.Series:
        if not each:
            return pl.Series([None] * self.rows.height)
        return each[0] if len(each) == 1 else pl.select(pl.max_horizontal(each)).to_series()

    @cached_property
    def _columns(self) -> dict[str, pl.Series]:
        return {column.name: column for column in self.rows.iter_columns()}


@dataclass(frozen=True, eq=False)
class Together:
    """The values of expressions whose legs have their bars in the same sessions."""

    sessions: pl.Series
    known: Known
    columns: Computed
    """What was computed, by the keys of expressions: all, but for arithmetic that `blocks` can do with these."""
    values: Mapping[str, pl.Series]
    """The values of all expressions, by their keys; arithmetic is computed when somebody asks for it."""
    keys: Mapping[Legs, tuple[str, ...]]

    def panel(self, legs: Legs) -> pl.DataFrame:
        """The values of all expressions that read these legs."""
        return pl.DataFrame(
            [self.sessions, self.known.of(legs), *(self.values[key] for key in self.keys[legs])]
        )


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

    def of(self, legs: Legs) -> frozenset[str]:
        """One column of each sort that has to be known where these legs are; none if they always are."""
        return _ALWAYS.union(*(self._torn[leg] for leg in self._torn.keys() & legs))

    @cached_property
    def _torn(self) -> dict[LegName, frozenset[str]]:
        """Legs that have gaps, each with the first that has the same ones."""
        alike: dict[bytes, str] = {}
        found: dict[LegName, frozenset[str]] = {}
        for column in self.wide.iter_columns():
            if column.null_count():
                instrument, _, field = column.name.rpartition(".")
                gaps = column.is_null().to_numpy().tobytes()
                found[instrument, field] = frozenset({alike.setdefault(gaps, column.name)})
        return found


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
    held = Computed(rows)
    sessions, known_at = rows["session"], Known(rows)
    if not _without_holes(sessions):
        columns = compute(held, nodes)
        masked = _masked(nodes, columns, sessions, missing)
        known = Computed(pl.DataFrame([masked.get(node.key, columns[node.key]) for node in nodes]))
        return Together(sessions, known_at, known, known, keys)
    now, later = _now_and_later(nodes)
    columns = compute(held, now)
    torn = tuple(node for node in later if any(columns.column(key).gaps for key in _under(node)))
    there = frozenset(node.key for node in now)
    columns = compute(columns, torn, there)
    values = _WithLater(columns, lambda: compute(columns, later, there))
    return Together(sessions, known_at, columns, values, keys)


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


@dataclass(frozen=True, eq=False)
class _WithLater(Mapping[str, pl.Series]):
    """Columns, and others that are computed all at once when one of them is asked for."""

    columns: Computed
    ask: Callable[[], Computed]

    def __getitem__(self, key: str) -> pl.Series:
        return self.columns[key] if key in self.columns else self._later[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._later)

    def __len__(self) -> int:
        return len(self._later)

    @cached_property
    def _later(self) -> Computed:
        return self.ask()


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
