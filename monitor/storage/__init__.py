"""What survives: bar versions, alert states, transitions, evaluations, and the messages still owed.

`store.open_store` is the door; `records` are the values that go in and come out.  One file of SQLite by
default, PostgreSQL by URL.  This folder decides nothing about prices, alerts or messages.
"""
