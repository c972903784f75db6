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
    "basket": pl.col("value").mean(),
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
        panels[node.legs].select("session", "at", pl.col(node.key).alias("value")) for node in group.members
    ).drop_nulls("value")
    enough = pl.col("known") >= max(1, -(-len(group.members) // 2))
    reduced = (
        answers.group_by("session")
        .agg(pl.col("at").max(), pl.len().alias("known"), _REDUCED[group.function])
        .filter(enough)
        .sort("session")
        .drop("known")
    )
    if group.function == "basket":
        reduced = reduced.with_columns((1 + pl.col("value")).cum_prod() * BASE)
    return reduced
