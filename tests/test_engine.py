"""One engine: what is observed is the same in slices and at once, and nothing but known bars moves an alert."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import bars
from monitor.alerts import AlertState, Dwell, Kind, LevelState, Transition, Verdict, advance, advance_ladder
from monitor.catchup import seed
from monitor.engine import Track, classing, episodes, legs_of, observe, observe_legs, opens, replay
from monitor.engine.runs import episodes_of
from monitor.instruments import Catalogue
from monitor.judge import Memories, judge
from monitor.metrics import threads
from monitor.policy import Decided
from monitor.rules import Instance, Rulebook
from monitor.sessions import calendar_sessions
from tests.support.examples import examples
from tests.support.made_up import CATALOGUE, Values, instrument, made, sessions
from tests.support.rules import pack, rule

BOOK = pack(
    """\
ratio:
  when: gsr > 2.2
  for: 2 bars
  clear_when: gsr < 1.8
  clear_for: 2 bars
  cooldown: 9 days
  say: "ratio {gsr:.2f}"
ladder:
  levels:
    info: {when: gsr > 1.6, clear_when: gsr < 1.2}
    warning: {when: gsr > 2.2, for: 2 bars, clear_when: gsr < 1.8}
    critical: {when: gsr > 3}
  cooldown: 6 days
fall:
  when: dd <= -20% and not (mp > 3)
  clear_when: dd > -5%
mover:
  for_each: pair
  when: rise > 30%
  cooldown: 4 days
score:
  when: zscore(gold, 5) > 1 or silver < 1
  for: 2 bars
after:
  when: fired(fall) and slv > 1
lately:
  when: sessions_since(fired(mover)) < 3 and gold > 1
""",
    metrics="gsr: gold / silver\ndd: drawdown(silver, 5)\nrise: change(it, 1)",
)

LEVELS: st.SearchStrategy[float | None] = st.sampled_from([1.0, 1.5, 2.0, 2.5, 3.0, 4.0, None])
DAYS = 24
MARKETS = st.fixed_dictionaries(
    {name: st.lists(LEVELS, min_size=DAYS, max_size=DAYS) for name in ("gold", "silver", "mp", "slv")}
)
CUTS = st.lists(st.integers(0, DAYS - 1), max_size=5).map(sorted)


def frame_of(market: Mapping[str, Values]) -> pl.DataFrame:
    return made(market, days=sessions(DAYS))


def alone_of(instance: Instance) -> Rulebook:
    """One instance, after those it asks about."""
    asked = {one.rule for one in instance.fired.values()}
    others = tuple(one for one in BOOK.instances if one.rule.id in asked)
    return replace(BOOK, instances=(*others, instance))


def cut(frame: pl.DataFrame, upto: date) -> pl.DataFrame:
    return frame.filter(pl.col("session") <= upto)


def in_order(said: Sequence[Decided]) -> list[Decided]:
    """By session, and there by rule: one that waits for another comes later than those that do not."""
    return sorted(
        said, key=lambda one: (one.transition.session, one.transition.rule, one.transition.instance or "")
    )


def at_once(book: Rulebook, frame: pl.DataFrame) -> tuple[Memories, list[Decided]]:
    return judge(observe(book, frame), {})


@examples(25)
@given(MARKETS, CUTS)
def test_judging_in_slices_is_judging_at_once(market: dict[str, list[float | None]], cuts: list[int]) -> None:
    tracks = observe(BOOK, frame_of(market))
    memories: Memories = {}
    said: list[Decided] = []
    for day in cuts:
        memories, decided = judge(tracks, memories, upto=sessions(DAYS)[day])
        said += decided
    memories, decided = judge(tracks, memories)

    assert (memories, said + decided) == judge(tracks, {})


@examples(25)
@given(MARKETS, CUTS)
def test_live_is_backtest(market: dict[str, list[float | None]], cuts: list[int]) -> None:
    """At each cut everything is computed anew from the bars that existed then, and only memory is carried."""
    frame = frame_of(market)
    memories: Memories = {}
    said: list[Decided] = []
    for day in [*cuts, DAYS - 1]:
        memories, decided = judge(observe(BOOK, cut(frame, sessions(DAYS)[day])), memories)
        said += decided

    assert (memories, in_order(said)) == (at_once(BOOK, frame)[0], in_order(at_once(BOOK, frame)[1]))


@examples(15)
@given(MARKETS, st.integers(0, DAYS - 1))
def test_seeing_the_same_bars_again_changes_nothing(
    market: dict[str, list[float | None]], start: int
) -> None:
    frame = frame_of(market)
    memories, _ = at_once(BOOK, frame)
    again = frame.filter(pl.col("session") >= sessions(DAYS)[start])

    assert judge(observe(BOOK, frame), memories) == (memories, [])
    assert judge(observe(BOOK, again), memories)[1] == []


@examples(15)
@given(MARKETS, st.integers(0, DAYS - 1), st.sampled_from([0.1, 10.0, 0.0, None]))
def test_poisoning_the_future_changes_nothing_of_the_past(
    market: dict[str, list[float | None]], day: int, factor: float | None
) -> None:
    poisoned = {
        name: [
            value
            if row <= day or value is None or (factor is None and name != "gold")
            else (value * factor if factor else factor)
            for row, value in enumerate(values)
        ]
        for name, values in market.items()
    }
    last = sessions(DAYS)[day]

    _, plain = at_once(BOOK, frame_of(market))
    _, other = at_once(BOOK, frame_of(poisoned))

    assert [one for one in other if one.transition.session <= last] == [
        one for one in plain if one.transition.session <= last
    ]


@examples(25)
@given(MARKETS)
def test_opens_and_resolves_alternate_whatever_is_missing(market: dict[str, list[float | None]]) -> None:
    tracks = observe(BOOK, frame_of(market))
    _, transitions = replay(tracks, {})

    for track in tracks:
        own = [t for t in transitions if (t.rule, t.instance) == track.instance.key]
        turns = [t for t in own if t.kind in (Kind.OPEN, Kind.RESOLVE)]
        assert [t.kind for t in turns[::2]] == [Kind.OPEN] * len(turns[::2])
        assert [t.kind for t in turns[1::2]] == [Kind.RESOLVE] * len(turns[1::2])
        assert [t.episode for t in turns[::2]] == list(range(1, len(turns[::2]) + 1))
        assert len({t.id for t in own}) == len(own)
        for opened, resolved in pairwise(turns):
            if resolved.kind is Kind.RESOLVE:
                assert (resolved.opened, resolved.episode) == (opened.session, opened.episode)


@examples(25)
@given(MARKETS)
def test_an_unknown_session_never_opens_escalates_or_resolves(market: dict[str, list[float | None]]) -> None:
    tracks = observe(BOOK, frame_of(market))
    _, transitions = replay(tracks, {})

    for track in tracks:
        rows = {session: row for row, session in enumerate(track.sessions)}
        for t in transitions:
            if (t.rule, t.instance) == track.instance.key:
                seen = {track.verdict(level, rows[t.session]) for level in range(len(track.verdicts))}
                assert t.kind is Kind.DROPPED or seen - {Verdict.UNKNOWN}


@examples(25)
@given(MARKETS)
def test_skipping_idle_stretches_is_stepping_through_them(market: dict[str, list[float | None]]) -> None:
    tracks = observe(BOOK, frame_of(market))

    states, transitions = replay(tracks, {})

    stepped: list[tuple[str, str | None, date, str, int]] = []
    for track in tracks:
        state, changes = step_by_step(track)
        assert state == states[track.instance.key]
        stepped += changes
    skipped = [(t.rule, t.instance, t.session, t.kind.value, level_index(t, tracks)) for t in transitions]
    assert sorted(skipped, key=str) == sorted(stepped, key=str)


def step_by_step(track: Track) -> tuple[AlertState, list[tuple[str, str | None, date, str, int]]]:
    state, said = AlertState.fresh(len(track.instance.levels)), []
    for row, session in enumerate(track.sessions):
        verdicts = [track.verdict(level, row) for level in range(len(track.verdicts))]
        state, changes = advance_ladder(state, session, verdicts, track.instance.dwells)
        said += [(*track.instance.key, session, change.kind.value, change.level) for change in changes]
    return state, said


def level_index(transition: Transition, tracks: Sequence[Track]) -> int:
    track = next(t for t in tracks if t.instance.key == (transition.rule, transition.instance))
    return [level.severity for level in track.instance.levels].index(transition.level)


def test_the_strategies_reach_every_kind_of_transition() -> None:
    kinds: set[Kind] = set()

    @examples(50)
    @given(MARKETS)
    def look(market: dict[str, list[float | None]]) -> None:
        kinds.update(one.transition.kind for one in at_once(BOOK, frame_of(market))[1])

    look()

    assert kinds >= {Kind.PENDING, Kind.DROPPED, Kind.OPEN, Kind.ESCALATE, Kind.DEESCALATE, Kind.RESOLVE}


@examples(25)
@given(MARKETS)
def test_rules_observed_together_are_observed_as_each_alone(market: dict[str, list[float | None]]) -> None:
    frame = frame_of(market)

    for track in observe(BOOK, frame):
        *_, alone = observe(alone_of(track.instance), frame)
        assert alone.frame.equals(track.frame)
        assert [one.tolist() for one in alone.verdicts] == [one.tolist() for one in track.verdicts]


DWELLS = st.builds(
    Dwell,
    bars=st.integers(1, 4),
    clear_bars=st.integers(1, 3),
    edge=st.booleans(),
    max_unknown=st.integers(0, 3),
)


@examples(400)
@given(st.lists(st.sampled_from(Verdict), max_size=60), DWELLS)
def test_episodes_found_by_runs_are_those_of_one_step_after_another(
    seen: list[Verdict], dwell: Dwell
) -> None:
    level, recorded = LevelState(), list[Kind | None]()
    for verdict in seen:
        level, kind = advance(level, verdict, dwell)
        recorded.append(kind)

    opened, resolved = episodes_of(np.array(seen, np.int8), dwell)

    assert opened.tolist() == [row for row, kind in enumerate(recorded) if kind is Kind.OPEN]
    assert resolved.tolist() == [row for row, kind in enumerate(recorded) if kind is Kind.RESOLVE]


@examples(25)
@given(MARKETS)
def test_the_episodes_of_history_are_those_that_replay_records(market: dict[str, list[float | None]]) -> None:
    tracks = observe(BOOK, frame_of(market))
    _, transitions = replay(tracks, {})

    for track in tracks:
        own = [one for one in transitions if (one.rule, one.instance) == track.instance.key]
        assert opens(track) == [one.session for one in own if one.kind is Kind.OPEN]
        assert [end for _, end in episodes(track) if end] == [
            one.session for one in own if one.kind is Kind.RESOLVE
        ]


# --- by example ----------------------------------------------------------------------------------------------------


def track_of(
    instance: Instance, frame: pl.DataFrame, catalogue: Catalogue = CATALOGUE
) -> tuple[Track, list[tuple[str, date]]]:
    """The observations of one rule, and its transitions as kind and session."""
    (track,) = observe(Rulebook(instances=(instance,), catalogue=catalogue), frame)
    _, transitions = replay([track], {})
    return track, [(t.kind.value, t.session) for t in transitions]


def letters(track: Track) -> str:
    """The classes of the first level: F(ire) C(lear) b(and) k(eeping clears) or ?."""
    return "".join("?FCbk"[verdict] for verdict in track.verdicts[0])


def test_a_session_is_classed_by_when_and_clear_when() -> None:
    frame = made({"gold": [5.0, 3.0, 2.0, 1.0, 4.0]})

    assert letters(track_of(rule("gold > 3", "gold < 2"), frame)[0]) == "FbbCF"
    assert letters(track_of(rule("gold > 3"), frame)[0]) == "FCCCF"
    assert letters(track_of(rule("gold > 3", "gold > 0"), frame)[0]) == "FCCCF"


def test_what_is_not_firing_and_may_be_clear_is_a_band_that_keeps_clears() -> None:
    frame = made({"gold": [5.0, 1.0, 1.0], "silver": [1.0, 0.0, 1.0]})

    track, _ = track_of(rule("gold > 3", "gold / silver < 2"), frame)

    assert letters(track) == "FkC"


def test_sessions_before_a_metric_is_known_are_unknown_unless_the_rest_of_the_condition_answers() -> None:
    frame = made({"gold": [1.0, 1.0, 9.0, 9.0], "silver": [5.0, 5.0, 1.0, 5.0]})
    known_late = "sma(gold, 2) > 4"

    assert letters(track_of(rule(known_late), frame)[0]) == "?CFF"
    assert letters(track_of(rule(known_late, "sma(gold, 3) < 4"), frame)[0]) == "?kFF"
    assert letters(track_of(rule(f"not ({known_late})"), frame)[0]) == "?FCC"
    assert letters(track_of(rule(f"{known_late} or silver > 4"), frame)[0]) == "FFFF"
    assert letters(track_of(rule(f"{known_late} and silver < 4"), frame)[0]) == "CCFC"


def test_a_missing_bar_neither_fires_nor_resolves() -> None:
    days = sessions(6)
    low, high = rule("gold < 2"), rule("gold > 2")

    frame = made({"gold": [1.0, None, 1.0, None, 3.0, 3.0]})
    assert letters(track_of(low, frame)[0]) == "F?F?CC"
    assert track_of(low, frame)[1] == [("open", days[0]), ("resolve", days[4])]
    assert track_of(high, frame)[1] == [("open", days[4])]


def test_a_missing_bar_does_not_reset_the_count_of_bars() -> None:
    days = sessions(4)

    _, said = track_of(rule("gold > 2", bars=3), made({"gold": [3.0, 3.0, None, 3.0]}))

    assert said == [("pending", days[0]), ("open", days[3])]


@examples(25)
@given(MARKETS)
def test_a_long_history_is_judged_as_a_short_one_though_by_two_threads(market: Mapping[str, Values]) -> None:
    wide = legs_of(BOOK, made(market))
    together = observe_legs(BOOK, wide)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threads, "LONG", 1)
        apart = observe_legs(BOOK, wide)

    assert [told(track) for track in apart] == [told(track) for track in together]


@examples(25)
@given(MARKETS)
def test_levels_of_the_same_metrics_are_judged_together_as_each_by_itself(
    market: Mapping[str, Values],
) -> None:
    wide = legs_of(BOOK, made(market))
    alone = [observe_legs(alone_of(one), wide)[-1] for one in BOOK.instances]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(classing, "AT_ONCE", 7)  # sessions; a history is long where more than that
        together = observe_legs(BOOK, wide)

    assert [told(track) for track in together] == [told(track) for track in alone]


def told(track: Track) -> tuple[object, ...]:
    return track.instance.key, track.frame.rows(), [level.tolist() for level in track.verdicts]


def test_weekends_satisfy_nothing() -> None:
    days = sessions(6)  # Monday to Friday, and Monday

    _, said = track_of(rule("gold > 2", bars=3), made({"gold": [1.0, 1.0, 1.0, 1.0, 3.0, 3.0]}))

    assert said == [("pending", days[4])]


def test_a_warm_up_is_unknown_and_opens_nothing() -> None:
    frame = made({"gold": [1.0, 2.0, 3.0, 4.0]})

    track, said = track_of(rule("sma(gold, 3) > 0"), frame)

    assert letters(track) == "??FF"
    assert said == [("open", sessions(3)[2])]


def test_a_holiday_changes_nothing_but_the_dates() -> None:
    values = [1.0, 1.5, 3.0, 3.2, 2.0, 1.0, 1.2, 4.0, 4.0, 1.0]
    ten = sessions(11)
    plain = instrument("gold")
    holiday = instrument("gold", missing=frozenset({ten[3]}))
    book = ("change(gold, 2) > 50%", None)

    _, without = track_of(rule(*book, bars=2), made({"gold": values}, days=ten), Catalogue({"gold": plain}))
    closed = [day for day in ten if day != ten[3]]
    _, with_one = track_of(
        rule(*book, bars=2), made({"gold": values}, days=closed), Catalogue({"gold": holiday})
    )

    moved = dict(zip(ten, closed, strict=False))
    assert [(kind, moved[day]) for kind, day in without] == with_one
    assert ("open", ten[3]) in without


def test_scaling_both_legs_leaves_a_ratio_rule_as_it_was() -> None:
    gold, silver = [2.0, 5.0, 5.0, 2.0], [1.0, 2.0, 2.0, 2.0]
    one = rule("gold / silver > 2.2", "gold / silver < 1.5", bars=2)

    _, plain = track_of(one, made({"gold": gold, "silver": silver}))
    _, scaled = track_of(one, made({"gold": [v * 8 for v in gold], "silver": [v * 8 for v in silver]}))

    assert plain == scaled != []


def test_scaling_a_series_leaves_its_drawdown_rule_as_it_was() -> None:
    gold = [10.0, 12.0, 9.0, 8.0, 12.0]
    one = rule("drawdown(gold, 3) <= -20%", "drawdown(gold, 3) > -5%")

    _, plain = track_of(one, made({"gold": gold}))
    _, scaled = track_of(one, made({"gold": [v * 4 for v in gold]}))

    assert plain == scaled != []


# --- two calendars -------------------------------------------------------------------------------------------------

BOTH = rule("lyc > 2 and nys > 2", "lyc < 2 or nys < 2")
WEEK = [date(2024, 1, day) for day in (22, 23, 24, 25, 26)]  # Sydney is closed on Friday the 26th
NEXT = [date(2024, 1, 29), date(2024, 1, 30)]


def two(lyc: Mapping[date, float], nys: Mapping[date, float]) -> pl.DataFrame:
    parts = [
        made({name: [*values.values()]}, days=[*values])
        for name, values in (("lyc", lyc), ("nys", nys))
        if values
    ]
    return pl.concat(parts)


def on(days: Sequence[date], value: float = 3.0) -> dict[date, float]:
    return dict.fromkeys(days, value)


def test_a_rule_over_two_calendars_uses_the_last_session_of_a_market_that_is_closed() -> None:
    track, said = track_of(BOTH, two(on(WEEK[:4]), on(WEEK[:3], 1.0) | on(WEEK[3:])))

    assert track.sessions.to_list() == WEEK
    assert letters(track) == "CCCFF"
    assert track.legs(4)["lyc.close"]["session"] == WEEK[3]
    assert said == [("open", WEEK[3])]


def test_it_uses_it_for_one_session_only() -> None:
    track, _ = track_of(BOTH, two(on(WEEK[:3]), on([*WEEK, *NEXT])))

    # Sydney had no bar on Thursday, when one was due, and was closed on Friday; then came Monday and Tuesday.
    assert track.sessions.to_list() == [*WEEK, NEXT[0]]
    assert letters(track) == "FFFF??"


def test_the_newest_session_waits_for_a_market_that_is_due() -> None:
    nys = on(WEEK[:4])

    early, _ = track_of(BOTH, two(on(WEEK[:3]), nys))
    late, _ = track_of(BOTH, two(on(WEEK[:4]), nys))

    assert early.sessions.to_list() == WEEK[:3]
    assert late.sessions.to_list() == WEEK[:4]


def test_the_newest_session_does_not_wait_for_a_market_that_is_closed() -> None:
    track, _ = track_of(BOTH, two(on(WEEK[:4]), on(WEEK)))

    assert track.sessions.to_list() == WEEK


def test_a_session_that_waited_is_judged_when_a_later_one_exists() -> None:
    track, _ = track_of(BOTH, two(on([*WEEK[:2], WEEK[3]]), on(WEEK[:4])))

    assert track.sessions.to_list() == WEEK[:4]
    assert letters(track) == "FFFF"
    assert track.legs(2)["lyc.close"]["session"] == WEEK[1]


def test_what_is_known_of_a_session_is_known_when_its_last_market_is() -> None:
    track, _ = track_of(BOTH, two(on(WEEK[:4]), on(WEEK)))
    nys = made({"nys": [3.0]}, days=[WEEK[0]])["known_at"][0]

    assert track.frame["at"][0] == nys


ASKING = pack("first: {when: lyc > 2}\nsecond: {when: fired(first) and nys > 2}", catalogue=CATALOGUE)


def second_of(frame: pl.DataFrame) -> Track:
    """The observations of a rule of New York that asks about one of Sydney."""
    return observe(ASKING, frame)[1]


def test_what_opened_in_one_session_did_not_open_in_the_next_one_where_its_market_is_closed() -> None:
    track = second_of(two(on(WEEK[:3], 1.0) | on(WEEK[3:4]), on([*WEEK, NEXT[0]])))

    assert track.sessions.to_list() == WEEK  # on Monday Sydney is due
    assert letters(track) == "CCCFC"


def test_the_newest_session_waits_for_the_prices_of_a_rule_that_it_asks_about() -> None:
    sydney = on(WEEK[:2], 1.0) | on(WEEK[2:3])

    early = second_of(two(sydney, on(WEEK[:4])))
    late = second_of(two(sydney | on(WEEK[3:4]), on(WEEK[:4])))

    assert (early.sessions.to_list(), letters(early)) == (WEEK[:3], "CCF")
    assert (late.sessions.to_list(), letters(late)) == (WEEK[:4], "CCFC")


def test_whether_a_rule_opened_is_unknown_where_its_prices_stopped() -> None:
    track = second_of(two(on(WEEK[:1], 1.0) | on(WEEK[1:2]), on(WEEK)))

    assert track.sessions.to_list() == WEEK
    assert letters(track) == "CF??C"  # Sydney is closed on Friday


JANUARY = calendar_sessions("XNYS", date(2024, 1, 2), date(2024, 2, 2)).to_list()
SYDNEY = calendar_sessions("XASX", date(2024, 1, 2), date(2024, 2, 2)).to_list()
PRICES: st.SearchStrategy[float | None] = st.sampled_from([1.0, 3.0, 3.0, None])


@examples(25)
@given(
    st.lists(PRICES, min_size=len(SYDNEY), max_size=len(SYDNEY)),
    st.lists(PRICES, min_size=len(JANUARY), max_size=len(JANUARY)),
    st.lists(st.sampled_from(JANUARY), max_size=5).map(sorted),
)
def test_live_is_backtest_over_two_calendars_too(
    lyc: list[float | None], nys: list[float | None], cuts: list[date]
) -> None:
    frame = pl.concat([made({"lyc": lyc}, days=SYDNEY), made({"nys": nys}, days=JANUARY)])
    book = Rulebook(instances=(BOTH, *ASKING.instances), catalogue=CATALOGUE)
    memories: Memories = {}
    said: list[Decided] = []
    for day in [*cuts, JANUARY[-1]]:
        memories, decided = judge(observe(book, cut(frame, day)), memories)
        said += decided

    assert (memories, in_order(said)) == (at_once(book, frame)[0], in_order(at_once(book, frame)[1]))


# --- what is there and what is not ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "instance",
    [
        rule("gold > 2"),
        rule("gold > 2 and silver > 2"),
        rule("crosses_above(gold, 2) and crosses_above(silver, 2)"),
        rule("up and not down", metrics={"up": "gold > 2", "down": "silver > 2"}),
    ],
)
def test_without_bars_nothing_is_observed_and_nothing_fails(instance: Instance) -> None:
    track, said = track_of(instance, bars.empty())

    assert len(track.sessions) == 0
    assert said == []
    assert judge([track], {})[1] == []
    assert seed([track])[1] == []


def test_a_leg_without_any_bars_is_unknown_and_delays_by_one_session() -> None:
    track, said = track_of(rule("gold > 2 or silver > 2"), made({"gold": [1.0, 3.0, 3.0]}))

    assert letters(track) == "?F"
    assert said == [("open", sessions(3)[1])]


def test_what_settles_a_condition_alone_settles_it_without_the_other_leg() -> None:
    frame = made({"gold": [1.0, 3.0, 3.0], "silver": [1.0, None, 1.0]})

    track, _ = track_of(rule("gold > 2 or silver > 2"), frame)

    assert letters(track) == "CFF"


def test_a_transition_carries_the_numbers_and_legs_of_its_session() -> None:
    frame = made({"gold": [6.0, 9.0], "silver": [3.0, 3.0]})
    book = pack(
        "high: {when: gsr > 2.5, say: 'silver {silver:.0f}, limit {limit:.1f}'}",
        metrics="gsr: gold / silver\nlimit: 2.5",
    )

    _, (opened,) = replay(observe(book, frame), {})

    assert opened.values == {"gsr": 3.0, "silver": 3.0, "limit": 2.5}
    assert opened.at == frame["known_at"][1]
    assert opened.legs == {
        name: {"value": value, "session": sessions(2)[1], "known_at": frame["known_at"][1]}
        for name, value in {"gold.close": 9.0, "silver.close": 3.0}.items()
    }


def test_the_first_judgement_says_once_what_is_firing_now() -> None:
    frame = made({"gold": [3.0, 1.0, 3.0, 3.0, 3.0]})
    days = sessions(5)
    tracks = observe(Rulebook(instances=(rule("gold > 2"),), catalogue=CATALOGUE), frame)

    memories, (told,) = seed(tracks)

    assert (told.transition.kind, told.transition.session, told.transition.opened) == (
        Kind.OPEN,
        days[4],
        days[2],
    )
    assert told.transition.reason.value == "already_true"
    assert told.transition.episode == 2
    assert judge(tracks, memories)[1] == []


def test_the_first_judgement_is_silent_where_nothing_fires() -> None:
    tracks = observe(Rulebook(instances=(rule("gold > 2"),), catalogue=CATALOGUE), made({"gold": [3.0, 1.0]}))

    memories, said = seed(tracks)

    assert said == []
    assert memories["p/r", None].state.episode == 1


def test_states_go_on_where_they_were_left() -> None:
    instance = rule("gold > 2", bars=2)
    tracks = observe(Rulebook(instances=(instance,), catalogue=CATALOGUE), made({"gold": [3.0, 3.0, 1.0]}))
    states, first = replay([tracks[0].cut(upto=sessions(3)[0])], {})

    _, second = replay(tracks, states)

    assert [t.kind for t in (*first, *second)] == [Kind.PENDING, Kind.OPEN, Kind.RESOLVE]


def test_a_cut_leaves_out_the_session_it_comes_after_and_keeps_the_one_it_goes_up_to() -> None:
    track, _ = track_of(rule("gold > 2"), made({"gold": [3.0, 1.0, 3.0, 1.0]}))
    days = sessions(4)

    part = track.cut(after=days[0], upto=days[2])

    assert part.sessions.to_list() == [*days[1:3]]
    assert letters(part) == "CF"
    assert track.cut(after=days[3]).sessions.to_list() == []
