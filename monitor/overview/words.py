"""Words that several screens share."""


def counted(number: int, what: str) -> str:
    """`1 message`, `12,784 messages`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")
