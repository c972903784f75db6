"""Templates of users: they show what a message says, in bounded time and space, and a fault never costs a message."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.alerts import Kind, Severity, Transition
from monitor.messages import (
    Entry,
    Form,
    Style,
    TemplateError,
    UserTemplate,
    compose,
    template_faults,
    template_notice,
)
from monitor.messages.samples import samples
from monitor.messages.templates import ABOUT_ALERT, ABOUT_MESSAGE, LONGEST, told
from tests.messages.contents import FULL
from tests.support.made_up import CATALOGUE, sessions
from tests.support.rules import rule

INSTANCE = rule("gold > 2")
SESSION = sessions(3)[2]
OPEN = Transition(
    id="1",
    rule="p/r",
    instance=None,
    kind=Kind.OPEN,
    level=Severity.WARNING,
    session=SESSION,
    at=datetime(2024, 1, 3, 21, tzinfo=UTC),
    values={"gold": 3.0},
)


def template(text: str, form: Form = Form.TEXT) -> UserTemplate:
    return UserTemplate(text, form, f"templates/message.{form}.j2")


def written(text: str, form: Form = Form.TEXT) -> str:
    return template(text, form)(told(FULL, form, picture=True))


def fault(text: str) -> str:
    (found,) = template_faults([template(text)])
    return str(found)


def test_a_template_can_show_all_that_a_message_says() -> None:
    about = "".join(f"{{{{ one.{name} }}}}|" for name in ABOUT_ALERT)
    names = "".join(f"{{{{ {name} }}}}|" for name in ABOUT_MESSAGE if name not in ("alerts", "legs"))
    text = (
        names + "{% for one in alerts %}" + about + "{% endfor %}{% for leg in legs %}{{ leg }}|{% endfor %}"
    )

    body = written(text)

    for item in FULL.alerts[0].items:
        assert item.text in body
    for part in (
        FULL.title,
        "Yahoo Finance",
        "9e3c7fd2",
        "precious/gsr-high",
        "2026-01-29",
        "open",
        "warning",
    ):
        assert part in body
    assert list(template_faults([template(text)])) == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{{ title }}\n{{ titel }}", 2, "'titel' is undefined"),
        ("{% for one in alerts %}\n{{ one.threshold }}\n{% endfor %}", 2, "no attribute 'threshold'"),
        ("{{ title", 1, "unexpected end of template"),
        ("\n\n{% if title %}", 3, "end of template"),
        ("{{ title|nosuch }}", 1, "No filter named 'nosuch'"),
        ("{{ title.upper() }}", 1, "call is not allowed"),
        ("{% set x = 1 %}", 1, "assign is not allowed"),
        ("{% include 'x' %}", 1, "include is not allowed"),
        ("{% import 'x' as y %}", 1, "import is not allowed"),
        ("{% extends 'x' %}", 1, "extends is not allowed"),
        ("{% macro m() %}{% endmacro %}", 1, "macro is not allowed"),
        ("{{ 9 ** 999999999 }}", 1, "pow is not allowed"),
        ("{{ 'a' * 999999999 }}", 1, "mul is not allowed"),
        ("{{ title.__class__ }}", 1, "access to attribute '__class__'"),
        ("{{ alerts[0].session + title }}", 1, "unsupported operand"),
        ("{{ alerts[99].rule }}", 1, "has no element 99"),
        (
            "{% for a in alerts %}{% for b in legs %}{% for c in legs %}{% endfor %}{% endfor %}{% endfor %}",
            1,
            "more than 2 loops",
        ),
    ],
)
def test_a_fault_is_told_with_its_file_and_line_before_it_is_needed(text: str, line: int, said: str) -> None:
    found = fault(text)

    assert found.startswith(f"templates/message.text.j2:{line}:")
    assert said in found


def test_a_template_is_tried_with_every_kind_of_message_there_is() -> None:
    for kind in (
        "open",
        "escalate",
        "resolve",
        "still_open",
        "remind",
        "retract",
        "reopen",
        "live",
        "withdraw",
    ):
        found = fault(
            "{% for one in alerts %}{% if one.kind == '" + kind + "' %}{{ nothing }}{% endif %}{% endfor %}"
        )
        assert "'nothing' is undefined" in found
    assert any(one.listed for one in samples())
    assert any(one.left_out for one in samples())
    assert any(len(one.alerts) > 1 for one in samples())


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in title %}{% for b in title %}" + "x" * 400 + "{% endfor %}{% endfor %}",
        "{{ 'x'|join('" + "y" * 1000 + "') }}{{ (title|join(title|join(title|join(title)))) }}",
        "{{ ('x' ~ title)|truncate(99999999999, True, '...' ) }}" * 2
        + "{{ title|join(title|join(title)) }}" * 900,
    ],
)
def test_a_template_that_writes_without_end_is_stopped_soon(text: str) -> None:
    begun = time.monotonic()

    with pytest.raises(TemplateError, match=f"more than {LONGEST:,} characters"):
        written(text)

    assert time.monotonic() - begun < 5


def test_words_of_a_rule_are_escaped_where_a_form_has_tags() -> None:
    assert written("{{ alerts[0].clear }}", Form.MAIL).startswith("gsr &lt; 85")
    assert written("{{ alerts[0].clear }}", Form.TEXT).startswith("gsr < 85")


def test_the_picture_of_a_mail_stands_where_the_template_says() -> None:
    assert written("above {{ picture }} below", Form.MAIL).startswith('above <p><img src="cid:')
    assert written("above {{ picture }}", Form.TEXT) == "above"


def composed(text: str, *, limit: int | None = None) -> tuple[str, str | None]:
    made = compose(
        "mail",
        [Entry(instance=INSTANCE, transition=OPEN)],
        catalogue=CATALOGUE,
        source="files",
        style=Style(template=template(text), limit=limit),
    )
    return made.body, made.fault


def test_a_template_that_fails_at_night_costs_no_message_and_says_why() -> None:
    # It passes every made-up message and fails at what a real one says, such as a name nobody thought of.
    text = "{% for one in alerts %}{% if one.rule == 'p/r' %}{{ one.nothing }}{% endif %}{% endfor %}ours"
    assert list(template_faults([template(text)])) == []

    body, why = composed(text)

    assert body == composed("{{ nothing }}")[0]
    assert "rule p/r, episode" in body
    assert why is not None
    assert "templates/message.text.j2:1:" in why
    assert composed("ours") == ("ours", None)


def test_the_news_of_a_failed_template_comes_once_a_day_on_each_channel() -> None:
    notices = [
        template_notice(channel, "message.text.j2:1: wrong", day)
        for channel in ("mail", "phone")
        for day in (SESSION, SESSION, sessions(4)[3])
    ]

    assert len({one.key for one in notices}) == 4
    assert notices[0].severity is Severity.WARNING
    assert "message.text.j2:1: wrong" in notices[0].body


def test_what_a_template_writes_keeps_to_the_space_of_the_channel() -> None:
    body, _ = composed("{% for leg in 'abcdefghijklmnopqrst' %}a line of text\n{% endfor %}", limit=160)

    assert len(body) <= 160 - len("WARNING r: gold 3 > 2, 2024-01-03") - 1
    assert body.endswith("a line of text\n…")


def test_the_template_in_the_readme_is_right() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```jinja\n(.*?)```", readme, flags=re.DOTALL)

    assert list(template_faults([template(text)])) == []
    assert written(text) == (
        "Gold-silver ratio 104.8: silver is cheap against gold\n"
        "clear at gsr < 85, -19.80 (-18.9 %) from here\n"
        + "\n".join(item.line for item in FULL.alerts[0].items[-2:])
        + "\nref 9e3c7fd2"
    )
