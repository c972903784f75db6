"""What people are told: the words of a transition, and the message that carries several of them.

`words` has the sentences, `content` the items, `writing` the forms, `budget` the space a channel has, `templates` the
words of users.  Nothing here decides whether something is sent, and nothing gives advice.
"""

from monitor.messages.content import LATELY, Background, Entry
from monitor.messages.message import (
    Message,
    compose,
    compose_away,
    compose_closed,
    message_key,
    template_notice,
)
from monitor.messages.styles import PLAIN, Form, Style, style_of
from monitor.messages.templates import TemplateError, UserTemplate, template_faults
from monitor.messages.words import (
    aged,
    closed_words,
    headline,
    leg_line,
    say,
    unit_of,
    words,
)
from monitor.messages.writing import PICTURE, PICTURE_NAME, joined, noted

__all__ = [
    "LATELY",
    "PICTURE",
    "PICTURE_NAME",
    "PLAIN",
    "Background",
    "Entry",
    "Form",
    "Message",
    "Style",
    "TemplateError",
    "UserTemplate",
    "aged",
    "closed_words",
    "compose",
    "compose_away",
    "compose_closed",
    "headline",
    "joined",
    "leg_line",
    "message_key",
    "noted",
    "say",
    "style_of",
    "template_faults",
    "template_notice",
    "unit_of",
    "words",
]
