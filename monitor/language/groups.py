"""Functions of groups: what the members of a group say in each session, as one number.

A member counts in a session if its own expression is known there.  A session in which fewer than half of the
members are known has no value, so that one market's holiday, or a young listing, decides nothing.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from monitor.language.nodes import LegName, OverGroup

BASE = 100.0
"""A basket begins here."""

_REDUCED = {
    "share": pl.col("value").cast(pl.Float64).mean(),
    "count": pl.col("value").cast(pl.Float64).sum(),
    "mean_of": pl.col("value").mean(),
    "median_of": pl.col("value").median(),
    "min_of": pl.col("value").min(),
    "max_of": pl.col("value").max(),
    "basket": pl.col("value").sum(),
}

Panels = Mapping[frozenset[LegName], pl.DataFrame]


def with_groups(wide: pl.DataFrame, groups: Iterable[OverGroup], panels: Panels) -> pl.DataFrame:
    """Legs side by side with one more leg for each function of a group; `panels` hold their members."""
    for group in groups:
        name = group.name
        one = _reduced(group, panels).rename({"at": f"{name}.known_at", "value": group.key})
        wide = wide.join(one, on="session", how="full", coalesce=True)
    return wide.sort("session")


def _reduced(group: OverGroup, panels: Panels) -> pl.DataFrame:
    """Columns `session`, `at` and `value`, for the sessions in which at least half of the members are known."""
    answers = pl.concat(
        panels[node.legs].select(
            "session", "at", pl.col(node.key).alias("value"), pl.lit(member).alias("member")
        )
        for member, node in enumerate(group.members)
    ).drop_nulls("value")
    reduced = (
        answers.group_by("session")
        .agg(pl.col("at").max(), pl.len().alias("known"), _REDUCED[group.function])
        .sort("session")
    )
    enough = pl.col("known") >= max(1, -(-len(group.members) // 2))
    if group.function == "basket":
        reduced = _chained(reduced.filter(enough.cum_sum() > 0), answers)
    return reduced.filter(enough).select("session", "at", "value")


def _chained(changes: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """An index of the sums of its members' changes: each of those that have begun weighs the same.

    One that has no bar has not moved, and moves when it is back.  Sessions in which too few are known move the index
    too, though it is unknown in them: nothing that a member did is lost but across holes that no metric spans.
    """
    begun = answers.group_by("member").agg(pl.col("session").min()).sort("session")
    weights = begun.select("session", pl.int_range(1, pl.len() + 1).alias("begun"))
    moves = changes.join_asof(weights, on="session", check_sortedness=False)
    return moves.with_columns(value=BASE * (pl.col("value") / pl.col("begun") + 1).cum_prod())
