"""The user's own words for messages: a Jinja template that can show what a message says, and nothing else.

A template may show values, ask about them and loop over them.  It cannot call, assign or include anything, loops stand
in one another at most two deep, and what it writes is bounded, so that none can hang or fill the memory.
"""

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING

from monitor.errors import Fault, MonitorError, Place
from monitor.messages.content import Alert, Content, Rank
from monitor.messages.samples import samples
from monitor.messages.styles import Form
from monitor.messages.writing import PICTURE

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from jinja2.nodes import Node

LONGEST = 50_000
"""Characters a template may write."""
DEEPEST = 2
"""Loops that may stand in one another."""
ABOUT_MESSAGE = ("title", "alerts", "legs", "more", "source", "ref", "picture")
ABOUT_ALERT = (
    *("headline", "kind", "severity", "rule", "instrument", "session"),
    *("words", "notes", "clear", "history", "before", "about", "evidence", "legs"),
)
FILTERS = (
    *("capitalize", "d", "default", "e", "escape", "first", "join"),
    *("last", "length", "lower", "safe", "trim", "truncate", "upper"),
)
_MARKED_UP = (Form.TAGS, Form.MAIL)
_MAY_STAND = frozenset({
    *("Template", "Output", "TemplateData", "For", "If", "Name", "Const", "Getattr", "Getitem", "Filter", "Test"),
    *("Compare", "Operand", "And", "Or", "Not", "CondExpr", "Concat", "Add", "Sub", "Neg", "Slice", "List", "Tuple"),
    "Keyword",
})  # fmt: skip


class TemplateError(MonitorError):
    """A template could not be used; `fault` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class UserTemplate:
    """The text of a template, the form it is for, and what its file is called."""

    text: str
    form: Form
    file: str

    def __call__(self, told: Mapping[str, object]) -> str:
        """The body of a message."""
        template, written = _compiled(self), ""
        from jinja2 import TemplateError as JinjaError

        try:
            for part in template.generate(told):
                written += part
                if len(written) > LONGEST:
                    raise self.error(0, f"it writes more than {LONGEST:,} characters", "write less")
        except (JinjaError, TypeError, ValueError, LookupError) as error:
            raise self.error(_line(error.__traceback__), str(error), _available()) from None
        return written.strip()

    def error(self, line: int, what: str, hint: str) -> TemplateError:
        return TemplateError(Fault(Place(self.file, max(line, 1), 1), what, hint=hint))


def template_faults(templates: Iterable[UserTemplate]) -> Iterator[Fault]:
    """What is wrong with templates: each is given a message of every kind; the first fault of each is told."""
    for template in templates:
        try:
            for content, picture in itertools.product(samples(), (False, True)):
                template(told(content, template.form, picture=picture))
        except TemplateError as error:
            yield error.fault


def told(content: Content, form: Form, *, picture: bool) -> dict[str, object]:
    """What a template is given; what there is nothing to say of is empty."""
    from markupsafe import Markup

    return {
        "title": content.title,
        "alerts": [_told_alert(alert) for alert in content.alerts],
        "legs": [leg.line for leg in content.legs],
        "more": content.more,
        "source": content.source,
        "ref": content.ref,
        "picture": Markup(PICTURE) if picture and form is Form.MAIL else "",  # noqa: S704 - a text of ours
    }


def _told_alert(alert: Alert) -> SimpleNamespace:
    """Not a dictionary, of which `clear` would be a method."""
    one = {
        name: next((item.text for item in alert.of(rank)), "")
        for name, rank in (
            ("words", Rank.WORDS),
            ("clear", Rank.CLEAR),
            ("history", Rank.HISTORY),
            ("before", Rank.BEFORE),
            ("about", Rank.RULE),
            ("evidence", Rank.EVIDENCE),
        )
    }
    return SimpleNamespace(
        **one,
        headline=alert.headline,
        kind=alert.kind.value,
        severity=alert.severity.value,
        rule=alert.rule,
        instrument=alert.instrument or "",
        session=alert.session,
        notes=[item.text for item in alert.of(Rank.NOTE)],
        legs=[item.line for item in alert.of(Rank.LEG)],
    )


@functools.lru_cache(maxsize=32)
def _compiled(template: UserTemplate) -> "Template":
    from jinja2 import TemplateSyntaxError

    environment = _environment(escapes=template.form in _MARKED_UP)
    try:
        _refuse(template, environment.parse(template.text), depth=0)
        return environment.from_string(template.text)
    except TemplateSyntaxError as error:
        hint = f"there are the filters {', '.join(FILTERS)}"
        raise template.error(error.lineno, error.message or "not understood", hint) from None


def _environment(*, escapes: bool) -> "Environment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=escapes, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    known = {name: environment.filters[name] for name in FILTERS}
    environment.filters = {**known, "join": _join}
    return environment


def _join(values: Iterable[object], between: str = "") -> str:
    """As Jinja's, with an end: each join could square the length of a text."""
    parts = [str(value) for value in values]
    if len(parts) * len(between) + sum(map(len, parts)) > LONGEST:
        msg = f"a join writes more than {LONGEST:,} characters"
        raise ValueError(msg)
    return between.join(parts)


def _refuse(template: UserTemplate, node: "Node", *, depth: int) -> None:
    """Refuse what a template may not do, here and below."""
    kind = type(node).__name__
    if kind not in _MAY_STAND:
        hint = "a template shows values, asks `if` and loops with `for`; it has filters, but no calls"
        raise template.error(node.lineno, f"{kind.lower()} is not allowed here", hint)
    if kind == "For":
        depth += 1
        if depth > DEEPEST or getattr(node, "recursive", False):
            raise template.error(
                node.lineno, f"more than {DEEPEST} loops stand in one another", "take a loop out"
            )
    for child in node.iter_child_nodes():
        _refuse(template, child, depth=depth)


def _line(traceback: TracebackType | None) -> int:
    """The line of the template in which it failed."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _available() -> str:
    return f"there are {', '.join(ABOUT_MESSAGE)}; of each of the alerts {', '.join(ABOUT_ALERT)}"
