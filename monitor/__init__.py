"""Metalwatch: questions about metal prices, asked after every session and of all of history by one engine."""

__version__ = "0.1.0"
