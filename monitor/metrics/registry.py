"""What a function of the rule language is: its parameters, look-back, convention and what works it out.

A function is pure and causal: it sees the bars up to and including the one it is asked for.  It is handed
only bars on which all its inputs are known, so a missing bar never blanks a window; what it returns as NaN or
infinity becomes null outside.  See `metrics` for the catalogue.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, get_type_hints

import polars as pl


class Takes(StrEnum):
    """What an argument must be."""

    SERIES = "a series of numbers"
    YESNO = "a condition"
    WINDOW = "a whole number of bars, at least 1"
    NUMBER = "a number"
    INSTRUMENT = "an instrument"


Series = Annotated[pl.Expr, Takes.SERIES]
Array = Annotated[Any, Takes.SERIES]
"""A series of numbers as a row of a plain array, below others: shape (series, bars); see `windows`."""
YesNo = Annotated[pl.Expr, Takes.YESNO]
Window = Annotated[int, Takes.WINDOW]
Number = Annotated[float, Takes.NUMBER]
OfInstrument = Annotated[pl.Expr, Takes.INSTRUMENT]
"""A field of an instrument; several of them in a row are fields of the same instrument."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument as a user writes it."""

    name: str
    takes: Takes
    required: bool = True
    default: float | None = None
    least: int = 1
    """The smallest window that makes sense."""


Params = Mapping[str, float | None]

ALL_HISTORY = 1_000_000
"""The warm-up of a function that may need every bar since the first held."""


def bars(params: Params, name: str = "n") -> int:
    """A window among a call's parameters, as a number of bars."""
    return int(params[name] or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of the rule language; see `metric` for what the texts say."""

    name: str
    parameters: tuple[Parameter, ...]
    fields: tuple[str, ...]
    """The fields an instrument argument stands for."""
    yesno: bool
    look_back: Callable[[Params], int]
    warm_up: Callable[[Params], int]
    build: Callable[..., Any]
    formula: str
    convention: str
    unit: str
    bounds: tuple[float | None, float | None]
    source: str
    summary: str
    unknown: str = ""
    """When a value is unknown, beyond what holds of every function."""
    arithmetic: bool = False
    """Whether `build` takes plain arrays (`rows.Rows`) as well as expressions."""
    of_rows: bool = False
    """Whether `build` takes rows of a plain array (`Array`) and no expressions: see `by_rows`."""

    @property
    def signature(self) -> str:
        """The function as a user writes it: `zscore(x, n)`."""
        shown = [
            p.name if p.required else f"{p.name}={'all' if p.default is None else f'{p.default:g}'}"
            for p in self.parameters
        ]
        return f"{self.name}({', '.join(shown)})"


def metric(  # noqa: PLR0913 - an entry says all of it
    *,
    formula: str,
    look_back: Callable[[Params], int],
    convention: str = "",
    unit: str = "1",
    source: str = "",
    warm_up: Callable[[Params], int] = lambda _: 0,
    bounds: tuple[float | None, float | None] = (None, None),
    fields: tuple[str, ...] = (),
    least: int = 1,
    unknown: str = "",
    arithmetic: bool = False,
    of_rows: bool = False,
) -> Callable[[Callable[..., Any]], Function]:
    """Make a catalogue entry of an expression builder.

    `formula`, `convention` and `unknown` are read by people; `unit` is `same` (as its first series), `1` (a
    number), `%` (a fraction that people read in per cent), `percent` (a number in per cent), `percentile` or
    `yes/no`; `look_back` gives the bars needed, this one included; `warm_up` the further bars until a recursive
    metric forgets where history starts; `bounds` the values it can take; `fields` what an instrument argument
    stands for; `least` the smallest window; `arithmetic` says that the builder asks for nothing but `+ - * /`,
    `shift` and `parts.known_where`, so that plain arrays will do; `of_rows` that it takes nothing but plain arrays and
    gives the values of the bars for which the look-back is complete.
    """

    def entry(build: Callable[..., Any]) -> Function:
        return Function(
            name=build.__name__.rstrip("_"),
            parameters=_parameters(build, least),
            fields=fields,
            yesno=unit == "yes/no",
            look_back=look_back,
            warm_up=warm_up,
            build=build,
            formula=formula,
            convention=convention,
            unit=unit,
            bounds=bounds,
            source=source,
            summary=(inspect.getdoc(build) or "").splitlines()[0],
            unknown=unknown,
            arithmetic=arithmetic,
            of_rows=of_rows,
        )

    return entry


def _parameters(build: Callable[..., Any], least: int) -> tuple[Parameter, ...]:
    hints = get_type_hints(build, include_extras=True)
    found: list[Parameter] = []
    for name, parameter in inspect.signature(build).parameters.items():
        takes = _takes(hints[name])
        if takes is Takes.INSTRUMENT:
            if not found or found[-1].takes is not Takes.INSTRUMENT:
                found.append(Parameter("instrument", takes))
            continue
        required = parameter.default is inspect.Parameter.empty
        found.append(Parameter(name, takes, required, None if required else parameter.default, least))
    return tuple(found)


def _takes(hint: object) -> Takes:
    """The annotation of a parameter, also of an optional one."""
    for one in (hint, *getattr(hint, "__args__", ())):
        for note in getattr(one, "__metadata__", ()):
            if isinstance(note, Takes):
                return note
    msg = f"a metric's parameter must be annotated with what it takes, not {hint!r}"
    raise TypeError(msg)
