"""The space of a channel: whole things go, the least important of the quietest first, and what is left still fits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.messages import Form, Style
from monitor.messages.budget import CUT, TERSE, fitted, within
from monitor.messages.content import Alert, Content, Item, Rank
from monitor.messages.writing import write
from tests.messages.contents import FULL, contents


def shown(limit: int, content: Content = FULL, form: Form = Form.TEXT) -> str:
    return fitted(content, Style(form=form, limit=limit))


@given(contents(), st.integers(80, 1500), st.sampled_from(Form))
def test_title_and_body_fit_whatever_the_limit_is(content: Content, limit: int, form: Form) -> None:
    room = limit - len(content.title) - 1

    assert len(shown(limit, content, form)) <= room


@given(contents())
def test_with_space_enough_nothing_goes(content: Content) -> None:
    whole = write(content, Form.TEXT)
    enough = len(content.title) + 1 + len(whole)

    assert shown(max(enough, TERSE + 1), content) == whole


def test_items_go_as_a_whole_the_least_important_first() -> None:
    ranks = [item.rank for item in FULL.alerts[0].items]
    gone: list[set[Rank]] = []
    for limit in range(900, 150, -10):
        body = shown(limit)
        gone.append({item.rank for item in FULL.alerts[0].items if item.text not in body})
        assert CUT not in body or gone[-1] == {*ranks}

    for rank_set in gone:
        assert all(rank in rank_set for lost in rank_set for rank in ranks if rank > lost)
    assert gone[0] == set()
    assert {Rank.EVIDENCE} in gone
    assert {*Rank} - {Rank.WORDS} in gone


def test_the_quieter_alert_loses_all_it_has_before_the_loudest_loses_anything() -> None:
    quiet = replace(FULL.alerts[0], headline="INFO quiet", items=(Item(Rank.WORDS, "", "quiet words"),))
    both = replace(FULL, alerts=(FULL.alerts[0], quiet))
    whole = len(FULL.title) + 1 + len(write(both, Form.TEXT))

    body = shown(whole - 1, both)

    assert "quiet words" not in body
    assert "INFO quiet" in body
    assert all(item.text in body for item in FULL.alerts[0].items)


def test_alerts_that_find_no_space_are_counted() -> None:
    many = replace(FULL, alerts=tuple(_brief(number) for number in range(30)), listed=True)

    body = shown(400, many)

    kept = body.count("WARNING rule-")
    assert 0 < kept < 30
    assert f"and {30 - kept} more: metalwatch alerts" in body
    assert "WARNING rule-0:" in body
    assert f"metalwatch explain {many.ref}" in body


def _brief(number: int) -> Alert:
    return replace(FULL.alerts[0], headline=f"WARNING rule-{number}: gsr 104.8 > 90", items=())


def test_the_words_of_the_only_alert_are_cut_where_they_still_say_something() -> None:
    wordy = replace(FULL.alerts[0], items=(Item(Rank.WORDS, "", "word " * 80),))

    body = shown(200, replace(FULL, alerts=(wordy,)))

    assert body.startswith("word word")
    assert CUT in body
    assert body.endswith(f"ref {FULL.ref}")


def test_a_text_message_still_carries_the_ref() -> None:
    body = shown(160)

    assert len(FULL.title) + 1 + len(body) <= 160
    assert body.splitlines()[-1] == f"Yahoo Finance | ref {FULL.ref}"
    assert body.startswith("Gold-silver ratio 104.8: silver is cheap against gold\n")


@pytest.mark.parametrize(
    ("room", "expected"),
    [(100, "one\ntwo two\nthree"), (14, f"one\ntwo two\n{CUT}"), (9, f"one\n{CUT}"), (3, f"on{CUT}")],
)
def test_a_text_of_somebody_else_is_cut_between_lines(room: int, expected: str) -> None:
    assert within("one\ntwo two\nthree", room) == expected


def test_a_picture_may_have_a_limit_of_its_own() -> None:
    style = Style(limit=4000, with_picture=300, pictures=True)

    assert "evidence" in fitted(FULL, style)
    assert "evidence" not in fitted(FULL, style, picture=True)
