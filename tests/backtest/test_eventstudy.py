"""Event study: abnormal returns as a plain least-squares fit gives them, day 0 by the clock, random dates as near to each other."""

import json
import math
import random
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from monitor.backtest.abnormal import ESTIMATION, GAP, WINDOWS, abnormal
from monitor.backtest.cases import Why
from monitor.backtest.chance import PLACEMENTS
from monitor.backtest.eventstudy import HEADLINE, Studied, sentence, study_events
from monitor.backtest.placebos import placebo_of
from monitor.cli.app import app_of
from monitor.eventfile import Event
from tests.support.made_up import CATALOGUE, made, sessions

T = TypeVar("T")
COUNT = 400
AT = 250
"""The session of the event."""


def walk(seed: int, *, beta: float = 0.0, of: Sequence[float] = ()) -> list[float]:
    dice, level, values = random.Random(seed), 100.0, []
    for row in range(COUNT):
        shared = beta * math.log(of[row] / of[row - 1]) if of and row else 0.0
        level *= math.exp(dice.gauss(0.0002, 0.01) + shared)
        values.append(level)
    return values


def study(
    days: Sequence[date], closes: dict[str, list[float]], *, of: str = "silver", market: str | None = None
) -> Studied:
    events = [Event(date=day, title="news", instruments=(of,)) for day in days]
    return study_events(events, [(of,)] * len(events), made(closes), CATALOGUE, market=market)


def by_hand(own: Sequence[float], market: Sequence[float], window: tuple[int, int]) -> float:
    """The abnormal return around AT, by numpy's own fit."""
    r, m = (np.diff(np.log(values)) for values in (own, market))  # r[i] is the return of session i + 1
    before = slice(AT - GAP - ESTIMATION, AT - GAP)
    slope, level = np.polyfit(m[before], r[before], 1)
    inside = slice(AT - 1 + window[0], AT + window[1])
    return float(np.expm1((r[inside] - level - slope * m[inside]).sum()))


def chances(done: Studied) -> list[tuple[float, float]]:
    """Of each window, the two-sided p and the share of random dates that did as well."""
    return [(one.placebo.p, one.placebo.beaten) for one in done.windows if one.placebo is not None]


def test_against_a_market_it_is_what_a_least_squares_fit_leaves() -> None:
    gold = walk(1)
    silver = walk(2, beta=1.5, of=gold)

    done = study([sessions(COUNT)[AT]], {"gold": gold, "silver": silver}, market="gold")

    assert done.cases[0].returns == pytest.approx(tuple(by_hand(silver, gold, one) for one in WINDOWS))
    assert done.cases[0].day == sessions(COUNT)[AT]


def test_without_a_market_the_usual_is_its_own_mean_before_the_event() -> None:
    steady = [100 * 1.001**row for row in range(COUNT)]
    jumped = [value * (1.1 if row >= AT else 1.0) for row, value in enumerate(steady)]

    done = study([sessions(COUNT)[AT]], {"silver": jumped})

    assert done.cases[0].returns == pytest.approx((0.0, 0.1, 0.1, 0.1, 0.1), abs=1e-9)


def test_day_0_of_sydney_is_the_session_after_that_of_new_york() -> None:
    days = sessions(COUNT, "XASX")
    frame = made({"lyc": walk(3)})
    own = abnormal(frame, CATALOGUE.instruments["lyc"], CATALOGUE)
    here = abnormal(made({"silver": walk(3)}), CATALOGUE.instruments["silver"], CATALOGUE)

    assert [own.sessions[int(row)] for row in own.rows_of(pl.Series(days[200:203]))] == list(days[201:204])
    assert here.rows_of(pl.Series(sessions(COUNT)[200:203])).tolist() == [200, 201, 202]


def test_too_little_history_on_either_side_and_a_close_that_is_no_price_are_unknown() -> None:
    closes: list[float] = walk(4)
    closes[AT + 3] = -1.0
    first, last = ESTIMATION + GAP, COUNT - 1
    days = sessions(COUNT)

    done = study([days[first - 1], days[first], days[AT], days[last]], {"silver": closes})

    known = [[value is not None for value in case.returns] for case in done.cases]
    assert known == [
        [False] * 5,
        [True] * 5,
        [True, True, True, False, False],
        [True, True, False, False, False],
    ]
    assert [one.unknown for one in done.windows] == [1, 1, 2, 3, 3]


def test_an_event_beyond_history_or_without_prices_is_told_as_unknown() -> None:
    done = study([date(2030, 1, 1)], {"silver": walk(5)})
    empty = study([date(2030, 1, 1)], {"gold": walk(5)})

    assert done.cases[0].day is None
    assert empty.cases[0].instruments == ()
    assert "no event has a known return of silver" in sentence(done, "silver")
    assert [one.placebo for one in empty.windows] == [None] * 5


def test_a_jump_at_every_event_is_hardly_luck_and_quiet_dates_may_be() -> None:
    days = sessions(COUNT)
    jumps = range(150, 380, 22)
    closes = [value * math.prod(1.08 for at in jumps if row >= at) for row, value in enumerate(walk(6))]

    loud = study([days[at] for at in jumps], {"silver": closes})
    quiet = study([days[at + 7] for at in jumps], {"silver": walk(6)})

    assert loud.windows[1].placebo is not None
    assert quiet.windows[1].placebo is not None
    assert loud.windows[1].placebo.p < 0.01
    assert quiet.windows[1].placebo.p > 0.05
    assert "(two-sided p = 0.004): hardly luck" in sentence(loud, "silver")
    assert loud.windows[1].spread is not None


def test_the_same_study_again_is_the_same_and_the_actual_dates_are_among_the_draws() -> None:
    days = [sessions(COUNT)[at] for at in (160, 240, 320)]
    one, other = (study(days, {"silver": walk(7)}) for _ in range(2))

    assert one == other
    assert all(p >= 1 / PLACEMENTS for p, _ in chances(one))


def test_ten_copies_of_an_event_are_as_likely_as_the_one_event() -> None:
    day = sessions(COUNT)[AT]

    one, ten = (study([day] * copies, {"silver": walk(11)}) for copies in (1, 10))

    assert len(chances(one)) == len(WINDOWS)
    assert chances(ten) == chances(one)


def test_one_day_told_of_two_instruments_that_move_alike_is_as_likely_as_told_of_one() -> None:
    day, closes = sessions(COUNT)[AT], {"gold": walk(12), "silver": walk(12)}
    events = [Event(date=day, title="news", instruments=(name,)) for name in closes]

    both = study_events(events, [one.instruments for one in events], made(closes), CATALOGUE)

    assert chances(both) == chances(study([day], closes))


def test_instruments_with_other_histories_are_moved_to_the_same_dates() -> None:
    day, closes = sessions(COUNT)[AT], walk(12)
    late = made({"gold": closes[90:]}, days=sessions(COUNT)[90:])
    bars = pl.concat([made({"silver": closes}), late])
    events = [Event(date=day, title="news", instruments=(name,)) for name in ("gold", "silver")]

    alone = study_events(events[:1], [("gold",)], bars, CATALOGUE)
    both = study_events(events, [("gold",), ("silver",)], bars, CATALOGUE)

    assert chances(both) == chances(alone)


@pytest.mark.parametrize("window", range(len(WINDOWS)))
def test_of_events_in_a_row_no_more_than_one_in_twenty_places_is_hardly_luck(window: int) -> None:
    days, own = (
        sessions(COUNT),
        abnormal(made({"silver": walk(13)}), CATALOGUE.instruments["silver"], CATALOGUE),
    )
    places = range(ESTIMATION + GAP, COUNT - 30)

    found = [placebo_of(window, days[at : at + 5], [(own,)] * 5) for at in places]

    assert sum(one.p < 0.05 for one in found) <= 0.05 * (COUNT - ESTIMATION - GAP)


def test_an_instrument_that_was_not_there_yet_at_the_event_before_is_moved_alone() -> None:
    days = sessions(COUNT)
    late = made({"gold": walk(15)[100:]}, days=days[100:])  # its first known return is around row 230
    bars = pl.concat([made({"silver": walk(14)}), late])
    events = [
        Event(date=days[at], title="news", instruments=(name,))
        for at, name in ((225, "silver"), (235, "gold"))
    ]

    done = study_events(events, [one.instruments for one in events], bars, CATALOGUE)

    assert [one.figures.count for one in done.windows] == [2] * len(WINDOWS)
    assert all(1 / PLACEMENTS <= p <= 1 for p, _ in chances(done))


def test_events_near_each_other_are_told_and_count_for_less() -> None:
    days = sessions(COUNT)
    near = study([days[200], days[205], days[300]], {"silver": walk(8)})
    single = study([days[200]], {"silver": walk(8)})

    assert [case.overlaps for case in near.cases] == [True, True, False]
    assert 2 < near.effective < 3
    assert single.windows[1].spread is None


def test_an_anecdote_is_never_hardly_luck_and_neither_are_ten_copies_of_one_event() -> None:
    days, jumps = sessions(COUNT), (180, 230, 280)
    closes = {"silver": [v * math.prod(1.3 for at in jumps if row >= at) for row, v in enumerate(walk(6))]}

    three = study([days[at] for at in jumps], closes)
    copies = study([days[jumps[0]]] * 10, closes)

    assert max(chances(done)[HEADLINE][0] for done in (three, copies)) < 0.05
    assert sentence(three, "silver").startswith("3 events, an anecdote: silver +")
    assert sentence(copies, "silver").startswith("10 events worth 1.0, an anecdote: silver +")
    for done in (three, copies):
        assert sentence(done, "silver").endswith("too few to rule out luck.")


def test_only_measured_events_count_for_what_they_are_worth() -> None:
    days = sessions(COUNT)
    early, late = [days[at] for at in (5, 50, 100)], date(2030, 1, 1)

    done = study([*early, days[AT], late], {"silver": walk(8)})
    near = study([days[ESTIMATION], days[ESTIMATION + GAP]], {"silver": walk(8)})
    ending = study([days[200], days[COUNT - 1]], {"silver": walk(8)})

    assert [one.effective for one in done.windows] == [1.0] * len(WINDOWS)
    assert done.effective == 1.0
    assert [case.overlaps for case in near.cases] == [False, False]
    assert [(one.figures.count, one.effective) for one in ending.windows[1:3]] == [(2, 2.0), (1, 1.0)]


def test_only_the_instruments_that_were_measured_are_named() -> None:
    days, names = sessions(COUNT), ("mp", "silver", "gold", "slv")
    parts = {"mp": (0, 400), "silver": (200, 400), "gold": (0, AT + 10)}  # slv has no prices
    bars = pl.concat(
        made({name: walk(16)[first:last]}, days=days[first:last]) for name, (first, last) in parts.items()
    )
    event = Event(date=days[AT], title="news", instruments=names)

    case = study_events([event], [names], bars, CATALOGUE).cases[0]

    assert (case.instruments, case.partly, case.unmeasured) == (("mp", "gold"), ("gold",), ("silver", "slv"))
    assert case.returns[4] == study([days[AT]], {"mp": walk(16)}, of="mp").cases[0].returns[4]


def test_an_event_without_a_return_has_no_day_and_says_why() -> None:
    days = sessions(COUNT)
    when = (date(1990, 1, 1), days[50], days[AT], date(2030, 1, 1))

    cases = study(when, {"silver": walk(17)}).cases
    without = study([days[AT]], {"gold": walk(17)}).cases[0]
    itself = study([days[AT]], {"silver": walk(17)}, market="silver").cases[0]

    assert [case.day for case in cases] == [None, None, days[AT], None]
    assert [case.why for case in cases] == [Why.BEFORE, Why.HISTORY, None, Why.AFTER]
    assert [(case.day, case.why) for case in (without, itself)] == [(None, Why.PRICES), (None, Why.MARKET)]


def test_a_study_that_is_ended_early_leaves_instruments_out_and_says_so() -> None:
    def first_only(items: Sequence[T], _what: str) -> Iterable[T]:
        return items[:1]

    event = Event(date=sessions(COUNT)[AT], title="news", instruments=("gold", "silver"))
    frame = made({"gold": walk(9), "silver": walk(10)})

    done = study_events([event], [("gold", "silver")], frame, CATALOGUE, watch=first_only)

    assert done.unfinished == "silver was not measured and left out"
    assert done.cases[0].instruments == ("gold",)


class Asked:
    """The command, asked about one event over a folder of prices."""

    def __init__(self, folder: Path, entry: str, bars: pl.DataFrame) -> None:
        self.folder, self.file = folder, folder / "events.yml"
        self.file.write_text(f"events:\n  - {{date: {sessions(COUNT)[AT]}, title: news, {entry}}}\n")
        for (name,), own in bars.group_by("instrument"):
            own.select(pl.col("session").alias("date"), "close").write_csv(folder / f"{name}.csv")

    def __call__(self, *arguments: str) -> str:
        """What it prints without line ends, or its error."""
        asked = ["events", str(self.file), "--prices", str(self.folder), *arguments]
        done = CliRunner().invoke(app_of(), asked)
        return " ".join(done.stdout.split()) if done.exit_code == 0 else str(done.exception)


def test_the_command_tells_a_table_a_sentence_and_what_is_wrong(tmp_path: Path) -> None:
    told = Asked(tmp_path, "instruments: [silver]", made({"gold": walk(9), "silver": walk(10)}))

    assert "1 event, an anecdote: what they touched" in told().replace("What", "what")
    assert '"estimation"' in told("--json", "--market", "gold")
    assert "none of 1 event touches gold" in told("--of", "gold")
    assert 'no event has the tag "policy"; tags: none' in told("--tag", "policy")
    assert "is a group; --market takes one instrument" in told("--market", "metals")
    assert "no prices of the market copper" in told("--market", "copper")


def test_the_command_says_which_instruments_an_event_was_measured_without(tmp_path: Path) -> None:
    late = made({"silver": walk(10)[200:]}, days=sessions(COUNT)[200:])
    told = Asked(tmp_path, "instruments: [gold, silver]", pl.concat([made({"gold": walk(9)}), late]))

    event = json.loads(told("--json"))["events"][0]

    assert "news (without silver)" in told()
    assert (event["instruments"], event["partly"], event["unmeasured"]) == (["gold"], [], ["silver"])
    assert (event["day"], event["why"]) == (str(sessions(COUNT)[AT]), None)


def test_the_command_refuses_to_measure_a_market_against_itself(tmp_path: Path) -> None:
    told = Asked(tmp_path, "instruments: [silver]", made({"gold": walk(9), "silver": walk(10)}))
    refused = "silver cannot be measured against itself; name another --market, or another --of"

    assert told("--market", "silver", "--of", "silver") == refused
    assert told("--market", "silver").startswith(refused)
