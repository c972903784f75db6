"""Instruments that answer to the same news, so that one can confirm what another did.

A family is one metal in its forms: the future, the funds that hold it, the funds of its miners and, of copper, its
largest miner; each of them confirms the others.  A fund of miners stands in the family of each metal that its
holdings dig.  Other companies are confirmed by the funds that hold them, but do not confirm: they jump on news of
their own.
"""

from collections.abc import Callable
from datetime import date

import polars as pl

from monitor import bars

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("gold", "gld", "iau", "phys", "gdx", "gdxj"),
    ("silver", "slv", "sivr", "pslv", "sil", "silj", "gdx"),
    ("copper", "cper", "copx", "fcx", "lme_copper"),
    ("platinum", "pplt"),
    ("palladium", "pall"),
    ("spy", "sp500"),
)
"""Ids of `rules/instruments.yml`, the closest kin first; an id that a catalogue does not have does no harm."""

FUNDS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("nem", "nst", "evn"), ("gdx", "gdxj")),
    (("hl", "cde"), ("sil", "silj", "silver", "slv")),
    (("sfr", "tmq"), ("copx", "copper")),
    (("mp", "usar", "lyc", "ilu", "aru"), ("remx",)),
    (("alb", "lac", "pls", "ltr", "minres", "igo"), ("lit",)),
    (("uuuu", "pdn", "boe", "bmn"), ("ura",)),
)
"""Companies, and the funds that confirm them."""


def siblings(instrument: str) -> tuple[str, ...]:
    """The ids of the instruments that can confirm a move of this one, the closest first."""
    families = [family for family in FAMILIES if instrument in family]
    funds = [confirming for companies, confirming in FUNDS if instrument in companies]
    found = dict.fromkeys(name for group in (*families, *funds) for name in group)
    return tuple(name for name in found if name != instrument)


Elsewhere = Callable[[str], pl.DataFrame]
"""The bars of an instrument that are not at hand, by its id; they are asked for when a move has to be confirmed."""


def nowhere(_instrument: str) -> pl.DataFrame:
    """No other bars."""
    return bars.empty()


class Closes:
    """Closes by instrument and session; a series is turned into a table when it is first asked for."""

    def __init__(self, at_hand: pl.DataFrame, elsewhere: Elsewhere = nowhere) -> None:
        self._at_hand = at_hand
        self._elsewhere = elsewhere
        self._tables: dict[str, dict[date, float]] = {}

    def at(self, instrument: str, session: date) -> float | None:
        """The close of this instrument in this session."""
        if instrument not in self._tables:
            own = self._at_hand.filter(pl.col("instrument") == instrument)
            own = self._elsewhere(instrument) if own.is_empty() else own
            priced = own.filter(pl.col("close") > 0).select("session", "close")
            self._tables[instrument] = dict(priced.iter_rows())
        return self._tables[instrument].get(session)
