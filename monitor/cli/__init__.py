"""The command line: thin commands over the daemon, the backtest and the store."""

from monitor.cli.app import main

__all__ = ["main"]
