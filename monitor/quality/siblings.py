"""Instruments that answer to the same news, so that one can confirm what another did.

A family is one metal in its forms: the future, the funds that hold it, the funds of its miners and, of copper, its
largest miner; each of them confirms the others.  A fund of miners stands in the family of each metal that its
holdings dig.  Other companies are confirmed by the funds that hold them, but do not confirm: they jump on news of
their own.
"""

from datetime import date

import polars as pl

FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"gold", "gld", "iau", "phys", "gdx", "gdxj"}),
    frozenset({"silver", "slv", "sivr", "pslv", "sil", "silj", "gdx"}),
    frozenset({"copper", "cper", "copx", "fcx", "lme_copper"}),
    frozenset({"platinum", "pplt"}),
    frozenset({"palladium", "pall"}),
    frozenset({"spy", "sp500"}),
)
"""Ids of `rules/instruments.yml`; an id that a catalogue does not have confirms nothing and does no harm."""

FUNDS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"nem", "nst", "evn"}), frozenset({"gdx", "gdxj"})),
    (frozenset({"hl", "cde"}), frozenset({"sil", "silj", "silver", "slv"})),
    (frozenset({"sfr", "tmq"}), frozenset({"copx", "copper"})),
    (frozenset({"mp", "usar", "lyc", "ilu", "aru"}), frozenset({"remx"})),
    (frozenset({"alb", "lac", "pls", "ltr", "minres", "igo"}), frozenset({"lit"})),
    (frozenset({"uuuu", "pdn", "boe", "bmn"}), frozenset({"ura"})),
)
"""Companies, and the funds that confirm them."""


def siblings(instrument: str) -> frozenset[str]:
    """The ids of the instruments that can confirm a move of this one."""
    families = [family for family in FAMILIES if instrument in family]
    funds = [confirming for companies, confirming in FUNDS if instrument in companies]
    return frozenset[str]().union(*families, *funds) - {instrument}


class Closes:
    """Closes by instrument and session; a series is turned into a table when it is first asked for."""

    def __init__(self, bars: pl.DataFrame) -> None:
        self._bars = bars
        self._tables: dict[str, dict[date, float]] = {}

    def at(self, instrument: str, session: date) -> float | None:
        """The close of this instrument in this session."""
        if instrument not in self._tables:
            own = self._bars.filter((pl.col("instrument") == instrument) & (pl.col("close") > 0))
            self._tables[instrument] = dict(own.select("session", "close").iter_rows())
        return self._tables[instrument].get(session)
