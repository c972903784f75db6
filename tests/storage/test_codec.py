import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import AlertState, LevelState, Severity
from monitor.policy import Ongoing, Told
from monitor.storage.codec import dumps, from_plain, loads, to_plain

levels = st.lists(st.from_type(LevelState), max_size=3).map(tuple)
states = st.builds(AlertState, levels=levels)
instants = st.datetimes(timezones=st.just(UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.none()
ongoing = st.builds(Ongoing, farthest=numbers)
leg = st.fixed_dictionaries({"value": numbers, "session": st.dates(), "known_at": instants})


@given(states)
def test_a_state_survives_being_stored(state: AlertState) -> None:
    assert from_plain(AlertState, loads(dumps(to_plain(state)))) == state


@given(st.builds(Told, ongoing=st.none() | ongoing))
def test_what_people_heard_survives_being_stored(told: Told) -> None:
    assert from_plain(Told, loads(dumps(to_plain(told)))) == told


@given(st.dictionaries(st.text(), leg), st.dictionaries(st.text(), numbers))
def test_numbers_and_legs_survive_to_the_last_bit(legs: dict[str, object], values: dict[str, object]) -> None:
    assert loads(dumps(legs)) == legs
    assert loads(dumps(values)) == values


def test_a_field_added_since_takes_its_default_and_one_removed_is_left_out() -> None:
    stored = {"last_open": "2026-01-29", "level": "warning", "gone": 3}

    assert from_plain(Told, stored) == Told(last_open=date(2026, 1, 29), level=Severity.WARNING)


def test_a_date_is_not_an_instant() -> None:
    kept = {"session": date(2026, 1, 29), "at": datetime(2026, 1, 29, 18, 30, tzinfo=UTC)}

    assert loads(dumps(kept)) == kept
    assert type(loads(dumps(kept))["session"]) is date


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps({"gsr": value})


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot be stored"):
        dumps({"gsr": object()})
