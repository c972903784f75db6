"""The words of a transition, with the numbers that made it, and the message that carries several of them.

Nothing here decides whether something is sent, and nothing gives advice.
"""

from monitor.messages.message import Entry, Message, compose, compose_away, compose_closed, message_key
from monitor.messages.words import TITLE_LENGTH, closed_words, headline, leg_line, say, words

__all__ = [
    "TITLE_LENGTH",
    "Entry",
    "Message",
    "closed_words",
    "compose",
    "compose_away",
    "compose_closed",
    "headline",
    "leg_line",
    "message_key",
    "say",
    "words",
]
