"""The memory of an alert: the table of states and observations, and what holds of every sequence of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.alerts import (
    AlertState,
    Change,
    Dwell,
    Kind,
    LevelState,
    Phase,
    Severity,
    Verdict,
    advance,
    advance_ladder,
    is_idle,
    transition_id,
)

LETTERS = {
    "F": Verdict.FIRE,
    "C": Verdict.CLEAR,
    "b": Verdict.BAND,
    "k": Verdict.BAND_KEEPING_CLEARS,
    "?": Verdict.UNKNOWN,
}
DAY = date(2024, 1, 1)


def run(observed: str, dwell: Dwell | None = None, state: LevelState | None = None) -> tuple[LevelState, str]:
    """The state after these observations and what was recorded: P(ending) D(ropped) O(pen) R(esolve) or `.`."""
    level, recorded = state or LevelState(), ""
    for letter in observed:
        level, kind = advance(level, LETTERS[letter], dwell or Dwell())
        recorded += "." if kind is None else kind[0].upper()
    return level, recorded


THREE = Dwell(bars=3, clear_bars=2)
PENDING = LevelState(Phase.PENDING, fires=1)
ALMOST = LevelState(Phase.PENDING, fires=2)
WAITED = LevelState(Phase.PENDING, fires=1, unknowns=2)
OK = LevelState()
FIRING = LevelState(Phase.FIRING)
RECOVERING = LevelState(Phase.RECOVERING, clears=1)


@pytest.mark.parametrize(
    ("state", "letter", "dwell", "after", "kind"),
    [
        (OK, "F", Dwell(), FIRING, Kind.OPEN),
        (OK, "F", THREE, PENDING, Kind.PENDING),
        (OK, "C", THREE, OK, None),
        (OK, "b", THREE, OK, None),
        (OK, "k", THREE, OK, None),
        (OK, "?", THREE, OK, None),
        (PENDING, "F", THREE, ALMOST, None),
        (ALMOST, "F", THREE, FIRING, Kind.OPEN),
        (ALMOST, "C", THREE, OK, Kind.DROPPED),
        (ALMOST, "b", THREE, OK, Kind.DROPPED),
        (ALMOST, "k", THREE, OK, Kind.DROPPED),
        (PENDING, "?", THREE, replace(PENDING, unknowns=1), None),
        (replace(PENDING, unknowns=1), "?", THREE, WAITED, None),
        (WAITED, "?", THREE, OK, Kind.DROPPED),
        (WAITED, "F", THREE, ALMOST, None),
        (FIRING, "C", Dwell(), OK, Kind.RESOLVE),
        (FIRING, "C", THREE, RECOVERING, None),
        (FIRING, "F", THREE, FIRING, None),
        (FIRING, "b", THREE, FIRING, None),
        (FIRING, "k", THREE, FIRING, None),
        (FIRING, "?", THREE, FIRING, None),
        (RECOVERING, "F", THREE, FIRING, None),
        (RECOVERING, "b", THREE, FIRING, None),
        (RECOVERING, "k", THREE, replace(FIRING, clears=1), None),
        (RECOVERING, "C", THREE, OK, Kind.RESOLVE),
        (RECOVERING, "C", Dwell(clear_bars=3), replace(RECOVERING, clears=2), None),
        (RECOVERING, "?", THREE, RECOVERING, None),
    ],
)
def test_the_table_of_states_and_observations(
    state: LevelState, letter: str, dwell: Dwell, after: LevelState, kind: Kind | None
) -> None:
    assert advance(state, LETTERS[letter], dwell) == (after, kind)


@pytest.mark.parametrize(
    ("observed", "recorded"),
    [
        ("FFFCC", "P.O.R"),
        ("FFCFFF", "P.DP.O"),
        ("FFbFFF", "P.DP.O"),
        ("FF?F", "P..O"),
        ("FF??F", "P...O"),
        ("FF???F", "P...DP"),
        ("F?F?F", "P...O"),
        ("F??F??F", "P.....O"),
        ("FFFCFCC", "P.O...R"),
        ("FFFCbCC", "P.O...R"),
        ("FFFC?C", "P.O..R"),
        ("FFFCkC", "P.O..R"),
        ("FFF?????C?C", "P.O.......R"),
        ("FFFCCFFF", "P.O.RP.O"),
    ],
)
def test_counters_run_over_unknown_and_start_again_after_the_opposite(observed: str, recorded: str) -> None:
    assert run(observed, THREE)[1] == recorded


@pytest.mark.parametrize(
    ("observed", "recorded"),
    [
        ("FFF", "P.O"),
        ("FCFCF", "P...O"),
        ("FbFbF", "P...O"),
        ("FCCFCF", "P....."),
        ("FCCFCFF", "P.....O"),
        ("FCCCC", "P...."),
        ("FCCCCC", "P....D"),
        ("FFCCCF", "P....."),
        ("FFCCCFF", "P......"),
        ("F?F?F", "P...O"),
        ("FF???F", "P...DP"),
        ("FFFCF", "P.ORP"),
    ],
)
def test_so_many_of_so_many_known_bars_are_enough_to_open(observed: str, recorded: str) -> None:
    assert run(observed, Dwell(bars=3, of=5))[1] == recorded


def test_so_many_of_so_many_open_on_a_firing_bar_only() -> None:
    _, recorded = run("FFCbF", Dwell(bars=3, of=5))

    assert recorded == "P...O"


@pytest.mark.parametrize(
    ("observed", "recorded"),
    [
        ("FFF", "..."),
        ("?F", ".."),
        ("CF", ".O"),
        ("bF", ".O"),
        ("kF", ".O"),
        ("FFCF", "...O"),
        ("F??F", "...."),
        ("CFCF", ".ORO"),
        ("C?F", "..O"),
        ("CF?F", ".O.."),
    ],
)
def test_an_edge_needs_a_known_observation_without_fire_first(observed: str, recorded: str) -> None:
    assert run(observed, Dwell(edge=True))[1] == recorded


def ladder(
    levels: Sequence[str], dwells: Sequence[Dwell] | None = None, state: AlertState | None = None
) -> tuple[AlertState, list[list[tuple[str, int]]]]:
    """The state after the columns of these observations (one text per level), and the changes of each bar."""
    alert = state or AlertState.fresh(len(levels))
    recorded = []
    for number, column in enumerate(zip(*levels, strict=True)):
        day = (alert.session or DAY) + timedelta(days=1) if state else DAY + timedelta(days=number)
        alert, changes = advance_ladder(
            alert, day, [LETTERS[letter] for letter in column], dwells or [Dwell()] * len(levels)
        )
        recorded.append([(change.kind.value, change.level) for change in changes])
    return alert, recorded


def test_an_episode_opens_at_the_highest_level_that_fires() -> None:
    alert, recorded = ladder(["F", "F", "C"])

    assert recorded == [[("open", 1)]]
    assert (alert.level, alert.worst, alert.opened, alert.episode) == (1, 1, DAY, 1)


def test_an_episode_escalates_only_to_a_level_worse_than_any_before() -> None:
    alert, recorded = ladder(["FFFFFC", "CFCFCC", "CCCCCC"])

    assert recorded == [
        [("open", 0)],
        [("escalate", 1)],
        [("deescalate", 0)],
        [],
        [("deescalate", 0)],
        [("resolve", 1)],
    ]
    assert (alert.level, alert.worst, alert.opened, alert.episode) == (None, None, None, 1)


def test_escalating_goes_up_to_the_highest_level() -> None:
    _, recorded = ladder(["FFFF", "CFFF", "CCFF"])

    assert recorded == [[("open", 0)], [("escalate", 1)], [("escalate", 2)], []]


def test_a_lower_level_that_resolves_while_a_higher_one_is_open_ends_nothing() -> None:
    _, recorded = ladder(["FCCC", "FFFC"])

    assert recorded == [[("open", 1)], [], [], [("resolve", 1)]]


def test_an_episode_goes_on_when_a_higher_level_takes_over_from_a_lower_one() -> None:
    _, recorded = ladder(["FCC", "CFC"])

    assert recorded == [[("open", 0)], [("escalate", 1)], [("resolve", 1)]]


def test_there_is_one_resolve_for_all_levels_and_the_next_open_is_another_episode() -> None:
    alert, recorded = ladder(["FFCF", "FFCC"])

    assert recorded == [[("open", 1)], [], [("resolve", 1)], [("open", 0)]]
    assert alert.episode == 2
    assert alert.opened == DAY + timedelta(days=3)


def test_each_level_waits_for_itself() -> None:
    _, recorded = ladder(["FFFF", "CFFF"], [Dwell(bars=3), Dwell(bars=2)])

    assert recorded == [[("pending", 0)], [("pending", 1)], [("open", 1)], []]


def test_an_observation_at_or_before_the_last_session_is_ignored() -> None:
    alert, _ = ladder(["F"])

    for day in (DAY, DAY - timedelta(days=1)):
        assert advance_ladder(alert, day, [Verdict.CLEAR], [Dwell()]) == (alert, ())


def test_the_phase_of_an_instance_is_that_of_its_highest_open_level() -> None:
    assert AlertState.fresh(2).phase is Phase.OK
    assert ladder(["F", "C"], [Dwell(bars=2), Dwell()])[0].phase is Phase.PENDING
    assert ladder(["FC", "CC"], [Dwell(clear_bars=2), Dwell()])[0].phase is Phase.RECOVERING
    assert ladder(["FC", "FF"], [Dwell(clear_bars=2), Dwell()])[0].phase is Phase.FIRING


def test_severities_are_ordered() -> None:
    assert [severity.rank for severity in (Severity.INFO, Severity.WARNING, Severity.CRITICAL)] == [0, 1, 2]


def test_a_transition_has_the_same_id_whoever_computes_it_and_another_for_anything_else() -> None:
    known = transition_id("p/r", "mp", "warning", "open", DAY)
    others = {
        transition_id("p/s", "mp", "warning", "open", DAY),
        transition_id("p/r", None, "warning", "open", DAY),
        transition_id("p/r", "mp", "critical", "open", DAY),
        transition_id("p/r", "mp", "warning", "resolve", DAY),
        transition_id("p/r", "mp", "warning", "open", DAY + timedelta(days=1)),
        transition_id("p/r", "mp", "warning", "open", DAY, 1),
    }

    assert known == "63c1a6203752402c"
    assert len({known, *others}) == 7


# --- properties of every sequence --------------------------------------------------------------------------------

observations = st.text("FFFCCCbk?", max_size=40)
dwells = st.builds(Dwell, bars=st.integers(1, 4), clear_bars=st.integers(1, 3))
any_dwells = st.one_of(
    dwells,
    st.builds(Dwell, bars=st.integers(1, 3), clear_bars=st.integers(1, 3), of=st.integers(3, 6)),
    st.builds(Dwell, bars=st.integers(1, 3), clear_bars=st.integers(1, 3), edge=st.just(True)),
)


def reference(observed: str, dwell: Dwell) -> str:
    """The machine once more, worked out at each bar from the whole past instead of from a memory."""
    recorded = ""
    is_open, pending, since = False, False, 0  # `since`: the first bar that counts
    for now in range(len(observed)):
        past = observed[since : now + 1]
        known = past.replace("?", "")
        letter = observed[now]
        said = "."
        if is_open:
            clears = len(known.replace("k", "")) - len(known.replace("k", "").rstrip("C"))
            if letter == "C" and clears >= dwell.clear_bars:
                is_open, since, said = False, now + 1, "R"
        else:
            fires = len(known) - len(known.rstrip("F"))
            unknowns = len(past) - len(past.rstrip("?"))
            if letter == "F" and fires >= dwell.bars:
                is_open, pending, since, said = True, False, now + 1, "O"
            elif letter == "F":
                said = "." if pending else "P"
                pending = True
            elif pending and (letter != "?" or unknowns > 2):
                pending, since, said = False, now + 1, "D"
        recorded += said
    return recorded


@given(observations, dwells)
@example("FF???F", Dwell(bars=2))
def test_the_machine_does_what_its_definition_says(observed: str, dwell: Dwell) -> None:
    assert run(observed, dwell)[1] == reference(observed, dwell)


@given(observations, any_dwells, st.integers(0, 40))
def test_p1_stopping_and_going_on_changes_nothing(observed: str, dwell: Dwell, cut: int) -> None:
    half, first = run(observed[:cut], dwell)
    whole, second = run(observed[cut:], dwell, half)

    assert (whole, first + second) == run(observed, dwell)


columns = st.lists(st.tuples(*[st.sampled_from("FFCCbk?")] * 3), max_size=25)


def feed(
    state: AlertState, bars: Iterable[tuple[int, tuple[str, ...]]], dwell: Sequence[Dwell]
) -> tuple[AlertState, list[tuple[date, Change]]]:
    said = []
    for number, letters in bars:
        day = DAY + timedelta(days=number)
        state, changes = advance_ladder(state, day, [LETTERS[letter] for letter in letters], dwell)
        said += [(day, change) for change in changes]
    return state, said


@given(columns, st.lists(any_dwells, min_size=3, max_size=3), st.integers(0, 25))
def test_p2_seeing_any_end_again_says_nothing(
    bars: list[tuple[str, ...]], dwell: list[Dwell], start: int
) -> None:
    numbered = list(enumerate(bars))
    state, _ = feed(AlertState.fresh(3), numbered, dwell)

    assert feed(state, numbered[start:], dwell) == (state, [])


@given(columns, st.lists(any_dwells, min_size=3, max_size=3))
def test_p3_opens_and_resolves_alternate_and_each_open_is_another_episode(
    bars: list[tuple[str, ...]], dwell: list[Dwell]
) -> None:
    state, said = feed(AlertState.fresh(3), enumerate(bars), dwell)

    kinds = [change.kind for _, change in said if change.kind in (Kind.OPEN, Kind.RESOLVE)]
    assert kinds == [Kind.OPEN, Kind.RESOLVE] * (len(kinds) // 2) + [Kind.OPEN] * (len(kinds) % 2)
    assert state.episode == kinds.count(Kind.OPEN)
    assert (state.level is not None) is (len(kinds) % 2 == 1)


@given(observations, dwells)
def test_p4_p5_what_opens_has_fired_and_what_resolves_has_cleared_for_long_enough(
    observed: str, dwell: Dwell
) -> None:
    _, recorded = run(observed, dwell)

    for now, said in enumerate(recorded):
        known = observed[: now + 1].replace("?", "")
        if said == "O":
            assert known.endswith("F" * dwell.bars)
        if said == "R":
            assert known.replace("k", "").endswith("C" * dwell.clear_bars)


@given(observations, any_dwells)
def test_p6_unknown_neither_opens_nor_resolves(observed: str, dwell: Dwell) -> None:
    _, recorded = run(observed, dwell)

    assert {said for letter, said in zip(observed, recorded, strict=True) if letter == "?"} <= {".", "D"}


@given(observations, any_dwells, st.text("bk", max_size=10))
def test_p7_values_in_the_dead_band_neither_open_nor_resolve(observed: str, dwell: Dwell, band: str) -> None:
    state, _ = run(observed, dwell)

    after, recorded = run(band, dwell, state)

    assert set(recorded) <= {".", "D"}
    assert after.phase.is_open is state.phase.is_open


@given(st.text("FFFCCCb", max_size=40), dwells)
def test_p8_waiting_longer_never_opens_more_often(observed: str, dwell: Dwell) -> None:
    opens = run(observed, dwell)[1].count("O")

    assert run(observed, replace(dwell, bars=dwell.bars + 1))[1].count("O") <= opens
    assert run(observed, replace(dwell, clear_bars=dwell.clear_bars + 1))[1].count("O") <= opens


def classes(values: Sequence[float], fire: float, clear: float) -> str:
    return "".join("F" if value > fire else "C" if value < clear else "b" for value in values)


def open_bars(values: Sequence[float], fire: float, clear: float, dwell: Dwell) -> list[bool]:
    state, found = LevelState(), []
    for letter in classes(values, fire, clear):
        state, _ = advance(state, LETTERS[letter], dwell)
        found.append(state.phase.is_open)
    return found


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), max_size=30), dwells)
def test_p15_raising_every_value_never_closes_what_was_open(
    raised: list[tuple[int, int]], dwell: Dwell
) -> None:
    low = open_bars([value for value, _ in raised], 12, 8, dwell)
    high = open_bars([value + more for value, more in raised], 12, 8, dwell)

    assert all(above or not below for below, above in zip(low, high, strict=True))


@given(st.lists(st.integers(0, 20), max_size=30), dwells)
def test_p15_a_higher_level_open_means_the_lower_one_is_open(values: list[int], dwell: Dwell) -> None:
    lower = open_bars(values, 10, 6, dwell)
    higher = open_bars(values, 14, 8, dwell)

    assert all(low or not high for low, high in zip(lower, higher, strict=True))


@given(columns, st.lists(any_dwells, min_size=3, max_size=3))
def test_p15_an_episode_escalates_less_often_than_it_has_levels(
    bars: list[tuple[str, ...]], dwell: list[Dwell]
) -> None:
    _, said = feed(AlertState.fresh(3), enumerate(bars), dwell)

    episode: list[Change] = []
    for _, change in said:
        episode = [change] if change.kind is Kind.OPEN else [*episode, change]
        worst = [c.level for c in episode if c.kind in (Kind.OPEN, Kind.ESCALATE)]
        assert worst == sorted(set(worst))


@given(observations, any_dwells)
def test_what_is_idle_changes_by_its_one_verdict_only(observed: str, dwell: Dwell) -> None:
    state, _ = run(observed, dwell)
    waits_for = is_idle(state, dwell)

    if waits_for is not None:
        assert all(
            advance(state, verdict, dwell) == (state, None) for verdict in Verdict if verdict is not waits_for
        )
        assert advance(state, waits_for, dwell)[0] != state


def test_a_quiet_and_an_open_level_are_idle_and_what_counts_is_not() -> None:
    assert is_idle(OK, THREE) is Verdict.FIRE
    assert is_idle(FIRING, THREE) is Verdict.CLEAR
    assert is_idle(PENDING, THREE) is None
    assert is_idle(RECOVERING, THREE) is None
    assert is_idle(replace(FIRING, clears=1), THREE) is None
    assert is_idle(OK, Dwell(edge=True)) is None
    assert is_idle(replace(OK, armed=True), Dwell(edge=True)) is Verdict.FIRE
