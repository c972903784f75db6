from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from monitor.alerts import Phase
from monitor.engine import Track, observe
from monitor.judge import Memory, judge
from monitor.policy import Decided
from monitor.rules import InstanceKey, Rulebook
from monitor.ruletest.running import Engine, Run
from monitor.ruletest.suite import run_case
from tests.ruletest.written import HEAD, case, outcome, read, told

HOLDS = """\
rules: [high]
series:
  gold: "1680 1820*2 _ 1810 1760 1640*2"
  silver: "20*8"
events:
  - {at: 2, do: restart}
expect:
  states: {2: {high: pending 2/3}, 3: {high: pending 2/3}, 4: {high: firing}, 5: {high: firing}}
  transitions:
    - {at: 4, kind: open, rule: high, level: warning}
    - {at: 6, kind: resolve, rule: high}
  messages:
    - {at: 4, channel: console, kinds: [open], contains: ["90.5"], not_contains: [RESOLVED]}
    - {at: 6, channel: console, kinds: [resolve]}
"""


def test_a_gap_holds_and_every_variant_tells_the_same(tmp_path: Path) -> None:
    assert outcome(tmp_path, HOLDS).passed


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("{at: 4, kind: open,", "{at: 5, kind: open,", "5 high: open warning / None"),
        ("    - {at: 6, kind: resolve, rule: high}\n", "", "6 high: None / resolve warning"),
        (
            "{at: 4, kind: open,",
            "{at: 4, kind: open, reason: late_data,",
            "4 high: open warning late_data / None",
        ),
        ("2: {high: pending 2/3}", "2: {high: pending 1/3}", "2 high: pending 1/3 / pending 2/3"),
        ("4: {high: firing}", "4: {high: ok}", "4 high: ok / firing"),
        ("channel: console, kinds: [resolve]", "channel: phone, kinds: [resolve]", "4 phone: None / open"),
        ("    - {at: 6, channel: console, kinds: [resolve]}\n", "", "6 console: None / resolve"),
    ],
)
def test_what_is_not_as_expected_is_told(tmp_path: Path, old: str, new: str, difference: str) -> None:
    body = HOLDS.replace(old, new, 1)
    assert body != HOLDS

    found = outcome(tmp_path, body)

    assert not found.passed
    assert difference in told(found)


def test_words_that_a_message_lacks_are_told_with_the_message(tmp_path: Path) -> None:
    found = outcome(tmp_path, HOLDS.replace('["90.5"]', '["99.9"]'))

    assert found.differences[0].expected == 'contains "99.9"'
    assert "high" in (found.differences[0].got or "")


def test_prices_that_stop_are_missing_in_the_columns_that_follow(tmp_path: Path) -> None:
    rules = "rules:\n  high: {when: gold > 90, on_missing: {close_after: 2 bars}}\n"
    expected = "{at: 1, kind: open, rule: high}, {at: 3, kind: resolve, rule: high}"
    body = f'series: {{gold: "80 91 _ _ _ _"}}\nexpect: {{transitions: [{expected}]}}\n'

    found = outcome(tmp_path, body, pack=f"pack: metals\nabout: made up\n{rules}")

    assert found.passed, told(found)


def test_pending_and_dropped_count_only_when_they_are_listed(tmp_path: Path) -> None:
    body = 'rules: [high]\nseries: {gold: "1820*2 1700", silver: "20*3"}\nexpect: {transitions: [%s]}\n'

    assert outcome(tmp_path, body % "").passed
    assert outcome(tmp_path, body % "{at: 2, kind: dropped, rule: high}").passed
    assert told(
        outcome(tmp_path, body % "{at: 0, kind: pending, rule: high}, {at: 1, kind: dropped, rule: high}")
    )


def test_transitions_of_rules_that_are_not_listed_are_ignored(tmp_path: Path) -> None:
    body = 'rules: [low]\nseries: {gold: "1820*3", silver: "20*3"}\nexpect: {}\n'

    assert outcome(tmp_path, body).passed
    assert not outcome(tmp_path, body.replace("rules: [low]\n", "")).passed


def test_a_member_of_a_group_is_named_behind_its_rule(tmp_path: Path) -> None:
    body = """\
series:
  mp: "10 10 13 13"
  mp.open: "10 10 12.5 13"
  mp.volume: "100 100 500 100"
expect:
  states: {2: {jump mp: firing}, 3: {jump mp: ok}}
  transitions:
    - {at: 2, kind: open, rule: jump mp}
    - {at: 3, kind: resolve, rule: jump mp}
"""
    assert outcome(tmp_path, body).passed


def test_a_ladder_is_asked_level_by_level_or_as_a_whole(tmp_path: Path) -> None:
    body = """\
rules: [low]
series: {gold: "1200 980 690 820 1200", silver: "20*5"}
expect:
  states: {1: {low: firing, low/critical: ok}, 2: {low/critical: firing}, 3: {low/critical: ok, low: firing}}
  transitions:
    - {at: 1, kind: open, rule: low, level: warning}
    - {at: 2, kind: escalate, rule: low, level: critical}
    - {at: 4, kind: resolve, rule: low, level: critical}
"""
    assert outcome(tmp_path, body).passed


def test_history_is_judged_before_column_0(tmp_path: Path) -> None:
    body = """\
rules: [high]
series: {gold: "1820*5 | 1820 1640", silver: "20*5 | 20 20"}
expect:
  states: {-1: {high: firing}}
  transitions:
    - {at: -3, kind: open, rule: high}
    - {at: 1, kind: resolve, rule: high}
  messages:
    - {at: 1, channel: console, kinds: [resolve]}
"""
    assert outcome(tmp_path, body).passed


def test_a_provisional_bar_and_a_failed_provider_are_no_bars_of_a_close_rule(tmp_path: Path) -> None:
    body = 'rules: [high]\nseries: {gold: "1820*2 ~1820 ! 1640", silver: "20*5"}\nexpect: {}\n'

    found = outcome(tmp_path, body)

    assert found.passed
    assert found.run.tracks[0].sessions.len() == 5


def test_late_and_revised_bars_arrive_in_their_column(tmp_path: Path) -> None:
    body = 'rules: [high]\nseries: {gold: "10 20@+2 30>31@+1 40", silver: "20*4"}\nexpect: {}\n'
    timeline = read(tmp_path, HEAD + case(body)).cases[0].timeline

    known = [timeline.known(column).filter(instrument="gold")["close"].to_list() for column in range(4)]

    assert known == [[10], [10], [10, 30], [10, 20, 31, 40]]
    revised = timeline.everything.filter(instrument="gold", close=31.0)
    assert revised["known_at"].dt.date().to_list() == [timeline.session(3)]
    assert not timeline.steady


def test_a_late_case_runs_in_all_variants_but_catch_up(tmp_path: Path) -> None:
    body = 'rules: [high]\nseries: {gold: "1820 1820@+1 1820*3", silver: "20*5"}\nexpect: {}\n'

    assert outcome(tmp_path, body).divergences == ()


def test_a_channel_that_is_down_is_told_when_it_is_back(tmp_path: Path) -> None:
    body = """\
rules: [high]
series: {gold: "1820*6", silver: "20*6"}
events:
  - {at: 2, do: channel_down, channel: slack, bars: 2}
  - {at: 3, do: restart}
expect:
  transitions: [{at: 2, kind: open, rule: high}]
  messages:
    - {at: 2, channel: console, kinds: [open]}
    - {at: 4, channel: slack, kinds: [open], contains: [WARNING high]}
"""
    assert outcome(tmp_path, body).passed
    assert told(outcome(tmp_path, body.replace("{at: 4, channel: slack", "{at: 2, channel: slack"))) == [
        "2 slack: open / None",
        "4 slack: None / open",
    ]


SILENCED = """\
rules: [high]
series: {gold: "1680 1820*7", silver: "20*8"}
events:
  - {at: 3, do: silence, rule: "hi*", bars: 2}
expect:
  transitions: [{at: 3, kind: open, rule: high}, {at: 5, kind: still_open, rule: high}]
  messages:
    - {at: 5, channel: console, kinds: [still_open], contains: [silence 1]}
"""


@pytest.mark.parametrize(
    "outage", ["", "  - {at: 7, do: channel_down, channel: console}\n"], ids=["straight", "delivered"]
)
def test_what_is_silenced_is_told_as_still_open_when_the_silence_is_over(tmp_path: Path, outage: str) -> None:
    body = SILENCED.replace("expect:", f"{outage}expect:")

    assert told(outcome(tmp_path, body)) == []
    assert outcome(tmp_path, body).passed
    assert told(outcome(tmp_path, body.replace("at: 3, do", "at: 4, do"))) == [
        "3 console: None / open",
        "5 high: still_open / None",
        "5 console: still_open / None",
    ]


def test_a_silence_beyond_the_last_column_hides_to_the_end_and_only_the_rules_it_names(
    tmp_path: Path,
) -> None:
    pack = "pack: metals\nabout: made up\nrules:\n  high: {when: gold > 90}\n  low: {when: gold > 80}\n"
    body = """\
series: {gold: "70 95 95"}
events: [{at: 1, do: silence, rule: high, bars: 9}]
expect:
  transitions: [{at: 1, kind: open, rule: high}, {at: 1, kind: open, rule: low}]
  messages: [{at: 1, channel: console, kinds: [open], not_contains: [high]}]
"""
    assert told(outcome(tmp_path, body, pack=pack)) == []


# --- variants find what is broken


def variants(folder: Path, engine: Engine, body: str = HOLDS) -> dict[str, date]:
    test = read(folder, HEAD + case(body))
    found = run_case(test, test.cases[0], engine)
    return {one.variant: one.session for one in found.divergences}


STEADY = """\
rules: [high]
series: {gold: "1680*3 1820*3 1640 1640*3", silver: "20*10"}
expect: {}
"""


def peeking(rulebook: Rulebook, bars: pl.DataFrame, **how: Any) -> list[Track]:
    """An engine in which every session is judged by the next one's values."""
    return [
        replace(track, verdicts=tuple(np.append(v[1:], v[-1:]) for v in track.verdicts))
        for track in observe(rulebook, bars, **how)
    ]


def forgetful(*args: Any, **kwargs: Any) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """Half of its memory is not in what it hands back, so a restart loses it."""
    tracks, memories = args
    cut = {
        key: memory
        if isinstance(memory.rule_hash, Kept)
        else Memory(replace_pending(memory), memory.told, "")
        for key, memory in memories.items()
    }
    after, decided = judge(tracks, cut, **kwargs)
    return {key: replace(one, rule_hash=Kept(one.rule_hash)) for key, one in after.items()}, decided


class Kept(str):
    """A text that loses its class on its way through the database."""

    __slots__ = ()


def replace_pending(memory: Memory) -> Any:
    levels = tuple(replace(lv, fires=0) if lv.phase is Phase.PENDING else lv for lv in memory.state.levels)
    return replace(memory.state, levels=levels)


def last_only(*args: Any, **kwargs: Any) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    """Of several missed sessions only the newest is told of."""
    after, decided = judge(*args, **kwargs)
    newest = max((one.transition.session for one in decided), default=None)
    return after, [one for one in decided if one.transition.session == newest]


def test_looking_ahead_is_found_where_the_future_is_poisoned(tmp_path: Path) -> None:
    assert "future poisoned" in variants(tmp_path, Engine(observe=peeking), STEADY)
    assert "future poisoned" in variants(tmp_path, Engine(observe=peeking))


def test_a_memory_that_is_not_stored_is_found_by_restarts(tmp_path: Path) -> None:
    assert list(variants(tmp_path, Engine(judge=forgetful), STEADY)) == ["restarted after every bar"]


def test_a_catch_up_that_forgets_is_found_and_its_first_bar_named(tmp_path: Path) -> None:
    found = variants(tmp_path, Engine(judge=last_only), STEADY)

    assert found["all bars at the end"] == date(2024, 1, 5)


def test_a_sound_engine_diverges_nowhere(tmp_path: Path) -> None:
    assert variants(tmp_path, Engine(), STEADY) == {}


def test_judging_keeps_what_it_observed(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(rulebook: Rulebook, bars: pl.DataFrame, **how: Any) -> tuple[Track, ...]:
        calls.append(bars.height)
        return observe(rulebook, bars, **how)

    test = read(tmp_path, HEAD + case(STEADY))
    found = run_case(test, test.cases[0], Engine(observe=counted))

    assert isinstance(found.run, Run)
    assert len(calls) <= 8
