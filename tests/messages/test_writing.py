"""The forms of a message: whatever the words are, each form shows the same of them, and none reads them as its own marks."""

import re
from html import unescape

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from monitor.messages import PICTURE, Form, joined, noted
from monitor.messages.content import Content, Rank
from monitor.messages.writing import write
from tests.messages.contents import FULL, contents

MARKED = (Form.MARKDOWN, Form.TAGS, Form.MAIL)
"""Forms in which any text can be written; Slack has no escape for its own marks."""


def seen(body: str, form: Form) -> str:
    """What a reader sees, without marks and spaces."""
    if form is Form.MARKDOWN:
        body = MarkdownIt().render(body)
    if form is not Form.TEXT:
        body = unescape(re.sub(r"<[^>]*>", "", body))
    return re.sub(r"[\s•\u200b]", "", body)


def plain(content: Content) -> str:
    return seen(write(content, Form.TEXT), Form.TEXT)


@given(contents())
def test_markdown_and_telegram_show_what_plain_text_shows_whatever_the_words_are(content: Content) -> None:
    for form in (Form.MARKDOWN, Form.TAGS):
        assert seen(write(content, form), form) == plain(content)


@given(contents())
def test_a_mail_shows_what_plain_text_shows_and_the_headline_above_it(content: Content) -> None:
    # The headline of the first alert is the title elsewhere; a mail shows it inside, where its colour is.
    above = "" if content.listed else re.sub(r"\s", "", content.alerts[0].headline)

    assert seen(write(content, Form.MAIL), Form.MAIL) == above + plain(content)


def test_slack_is_written_with_its_own_marks_and_nothing_is_escaped_before_apprise_does() -> None:
    body = write(FULL, Form.SLACK)

    assert "*clear at* gsr < 85" in body
    assert "• *gold* 5,318 USD/ozt" in body
    assert "`metalwatch explain 9e3c7fd2`" in body
    assert "\\" not in body
    assert "&lt;" not in body


@pytest.mark.parametrize("form", Form)
def test_every_form_tells_all_items_in_the_order_of_their_weight_and_the_legs_last(form: Form) -> None:
    body = write(FULL, form)

    shown = seen(body, form)
    places = [
        shown.index(re.sub(r"\s", "", item.text)) for item in sorted(FULL.alerts[0].items, key=_as_told)
    ]
    assert places == sorted(places)
    assert shown.replace("`", "").endswith("YahooFinance|ref9e3c7fd2:metalwatchexplain9e3c7fd2")


def _as_told(item: object) -> tuple[bool, int]:
    rank = item.rank  # type: ignore[attr-defined]
    return rank is Rank.LEG, rank


@pytest.mark.parametrize("form", MARKED)
def test_the_source_does_not_become_a_part_of_the_last_leg(form: Form) -> None:
    rendered = (
        MarkdownIt().render(write(FULL, form)) if form is Form.MARKDOWN else write(FULL, form)
    ).replace("\n", "")

    assert not re.search(r"<li>(?:(?!</li>).)*Yahoo Finance \|", rendered)


def test_a_leg_of_several_alerts_is_told_once() -> None:
    twice = Content(title="t", alerts=(FULL.alerts[0], FULL.alerts[0]), source="files", ref="9e3c7fd2")

    assert write(twice, Form.TEXT).count("gold 5,318 USD/ozt") == 1


def test_a_mail_has_a_place_for_its_picture_only_when_there_is_one() -> None:
    assert write(FULL, Form.MAIL, picture=True).count(PICTURE) == 1
    assert "<img" not in write(FULL, Form.MAIL)


def test_the_colour_of_a_mail_is_that_of_its_severity_and_green_when_it_is_over() -> None:
    from monitor.messages.samples import samples

    resolved = next(one for one in samples() if one.alerts[0].kind == "resolve")

    assert "#bf8700" in write(FULL, Form.MAIL)
    assert "#1a7f37" in write(resolved, Form.MAIL)
    assert "#bf8700" not in write(resolved, Form.MAIL)


@pytest.mark.parametrize("form", Form)
def test_a_note_stands_at_the_end(form: Form) -> None:
    body = noted(write(FULL, form), form, "possible <repeat>" if form in (Form.TEXT, Form.MAIL) else "repeat")

    assert seen(body, form).endswith("repeat>" if form in (Form.TEXT, Form.MAIL) else "repeat")


def test_messages_of_several_forms_are_joined_in_the_one_that_has_marks() -> None:
    body, form = joined(
        "2 messages", [("A < B", "plain & short", Form.TEXT), ("C", write(FULL, Form.MAIL), Form.MAIL)]
    )

    assert form is Form.MAIL
    assert "<p><b>A &lt; B</b></p>" in body
    assert "<p>plain &amp; short</p>" in body
    assert body.index("2 messages") < body.index("A &lt; B") < body.index("Gold-silver ratio")


def test_a_number_and_its_percent_sign_stay_on_one_line_except_in_text_that_may_be_a_text_message() -> None:
    for form in Form:
        assert ("(-18.9 %)" in write(FULL, form)) is (form is Form.TEXT)
        assert ("(-18.9\u00a0%)" in write(FULL, form)) is (form is not Form.TEXT)
