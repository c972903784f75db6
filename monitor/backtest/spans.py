"""What a backtest was made of: the span and the gaps of each leg, and what says that two were made of the same.

Hashes are of values: the same prices give the same hash from whatever files, in whatever order of rows.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

import monitor
from monitor.bars import FIELDS, Status
from monitor.instruments import Instrument
from monitor.rules import Rulebook
from monitor.sessions import expected_sessions

SHOWN_DIGITS = 16
RANGE = ("open", "high", "low")
IT = "it"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSpan:
    """The bars of one instrument."""

    instrument: str
    source: str
    basis: str
    """What the series is, such as `Yahoo continuous futures`."""
    unit: str
    first: date | None
    last: date | None
    bars: int
    """Final ones; only these are judged."""
    missing: int
    """Expected sessions between the first and the last bar that have none."""
    extra: int
    """Bars on dates on which none was expected."""
    quarantined: int
    unpriced: int
    """Final bars whose close is no price above zero."""
    repaired: int
    """Bars whose open, high or low made no sense and were made unknown; in a series of closes alone, none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What has to be the same for the same bytes to come out."""

    command: str
    version: str
    rules: str
    data: str
    seed: int

    def __str__(self) -> str:
        made_of = f"version {self.version}, rules {self.rules}, data {self.data}, seed {self.seed}"
        return f"{self.command}  # {made_of}"


def studied(rulebook: Rulebook) -> frozenset[str]:
    """The instruments whose returns the rules ask for; not all of them need be legs."""
    found = (study_of_instance(one.rule.study, one.member) for one in rulebook.instances)
    return frozenset(study for study in found if study is not None)


def study_of_instance(study: str | None, member: str | None) -> str | None:
    """The instrument that a rule studies for one member."""
    return member if study == IT else study


def spans(
    rulebook: Rulebook, bars: pl.DataFrame, sources: Mapping[str, str], *, end: date | None = None
) -> tuple[LegSpan, ...]:
    """One row for each instrument that the rules read or study, in the order of the catalogue."""
    wanted = rulebook.instruments | studied(rulebook)
    held = bars if end is None else bars.filter(pl.col("session") <= end)
    parts = {str(key[0]): own for key, own in held.group_by("instrument")}
    return tuple(
        _span(one, parts.get(one.id, bars.clear()), sources.get(one.id, ""))
        for one in rulebook.catalogue.subset(wanted)
    )


def _span(instrument: Instrument, own: pl.DataFrame, source: str) -> LegSpan:
    final = own.filter(pl.col("status") == Status.FINAL).sort("session")
    sessions = final["session"]
    days = (sessions[0], sessions[-1]) if len(sessions) else None
    expected = expected_sessions(instrument, *days) if days else sessions
    rangeless = final.filter(pl.any_horizontal(pl.col(name).is_null() for name in RANGE)).height
    irregular = instrument.carry_days is not None
    return LegSpan(
        instrument=instrument.id,
        source=source,
        basis=instrument.basis or instrument.kind.value,
        unit=instrument.unit,
        first=days[0] if days else None,
        last=days[1] if days else None,
        bars=final.height,
        missing=0 if irregular else len(expected) - int(expected.is_in(own["session"].implode()).sum()),
        extra=0 if irregular else final.height - int(sessions.is_in(expected.implode()).sum()),
        quarantined=own.filter(pl.col("status") == Status.QUARANTINED).height,
        unpriced=final.filter(~(pl.col("close") > 0).fill_null(value=False)).height,
        repaired=0 if rangeless == final.height else rangeless,
    )


def data_hash(bars: pl.DataFrame, instruments: Iterable[str], *, end: date | None = None) -> str:
    """Of all values of these instruments up to a session: which session, which prices, how settled."""
    own = bars.filter(pl.col("instrument").is_in(sorted(instruments)))
    own = own.filter(pl.col("session") <= end) if end is not None else own
    own = own.sort("instrument", "session", "interval", "status", *FIELDS)
    made = hashlib.sha256()
    for name in ("instrument", "interval", "status"):
        made.update("\n".join(own[name].to_list()).encode() + b"\0")
    made.update(own["session"].to_physical().to_numpy().astype("<i8").tobytes())
    for name in FIELDS:
        values = own[name]
        made.update(np.packbits(values.is_null().to_numpy()).tobytes())
        made.update((values.fill_null(0.0).to_numpy() + 0.0).astype("<f8").tobytes())  # -0.0 is 0.0
    return made.hexdigest()[:SHOWN_DIGITS]


def rules_hash(rulebook: Rulebook) -> str:
    """Of everything about rules that a backtest depends on: conditions, what is told, what is studied."""
    lines = [
        f"{one.key}|{one.semantic_hash}|{[level.severity.value for level in one.levels]}|{one.rule.cooldown}|"
        f"{one.rule.edge}|{one.rule.remind}|{sorted(one.rule.inhibited_by)}|{one.rule.on_first}|{one.rule.study}"
        for one in rulebook.instances
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:SHOWN_DIGITS]


def reproduction(
    rulebook: Rulebook, bars: pl.DataFrame, *, command: str, seed: int, end: date | None = None
) -> Reproduction:
    """What to run, and what it must be run on, for the same bytes."""
    return Reproduction(
        command=command,
        version=monitor.__version__,
        rules=rules_hash(rulebook),
        data=data_hash(bars, rulebook.instruments | studied(rulebook), end=end),
        seed=seed,
    )
