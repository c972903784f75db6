"""How a message leaves: channels, when to try again, and the loop that empties the outbox.

What is said, to whom and whether at all is decided before; what is owed lies in the store.
"""
