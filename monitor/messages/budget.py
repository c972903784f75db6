"""A message within the space that a channel has: whole items go, the least important of the quietest alert first."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from monitor.messages.content import Alert, Content, Item, Rank
from monitor.messages.styles import Style
from monitor.messages.writing import write

LEAST_WORDS = 40
"""Words that have fewer characters left than these say nothing any more."""
CUT = "…"
TERSE = 200
"""In so little space the ref has to be enough."""


def fitted(content: Content, style: Style, *, picture: bool = False) -> str:
    """The body with as much of what the message says as there is space for."""
    limit = style.longest(picture=picture)
    if limit is None:
        return write(content, style.form, picture=picture)
    room, body = limit - len(content.title) - 1, ""
    content = replace(content, terse=limit <= TERSE)
    for less in chain([content], _shorter(content)):
        body = write(less, style.form, picture=picture)
        if len(body) <= room:
            return body
        cut = _cut(less, len(body) - room)
        if cut is not None:
            return write(cut, style.form, picture=picture)
    return within(body, room)


def within(text: str, room: int) -> str:
    """As many whole lines as there is space for; of a single one its beginning."""
    if len(text) <= room:
        return text
    kept = text[: max(room - len(CUT) - 1, 0)].rpartition("\n")[0]
    return f"{kept}\n{CUT}" if kept else text[: max(room - len(CUT), 0)] + CUT


def _shorter(content: Content) -> Iterator[Content]:
    """The content with one thing less each time, until the headline of the loudest alert is left."""
    for position in reversed(range(len(content.alerts))):
        for item in sorted(content.alerts[position].items, key=lambda one: one.rank, reverse=True):
            content = _without(content, position, item)
            yield content
    while len(content.alerts) > 1:
        content = replace(content, alerts=content.alerts[:-1], left_out=content.left_out + 1)
        yield content


def _without(content: Content, position: int, item: Item) -> Content:
    alert = content.alerts[position]
    left = replace(alert, items=tuple(one for one in alert.items if one is not item))
    return _with(content, position, left)


def _with(content: Content, position: int, alert: Alert) -> Content:
    return replace(content, alerts=(*content.alerts[:position], alert, *content.alerts[position + 1 :]))


def _cut(content: Content, excess: int) -> Content | None:
    """The words of the only alert cut short, where they are all that is left of it and still say something."""
    alert = content.alerts[0]
    if len(content.alerts) > 1 or [item.rank for item in alert.items] != [Rank.WORDS]:
        return None
    words = alert.items[0]
    left = len(words.text) - excess - len(CUT)
    if left < LEAST_WORDS:
        return None
    short = replace(words, text=words.text[:left].rstrip() + CUT)
    return _with(content, 0, replace(alert, items=(short,)))
