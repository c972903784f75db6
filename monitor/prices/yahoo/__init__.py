"""Prices from Yahoo Finance: polite requests, and a reading of its replies that knows an unfinished bar.

`adapter` joins the parts: `pace` says when Yahoo may be asked, `session` asks through yfinance's cookie and browser
machinery, `failures` says what went wrong, `chart` reads a reply (`history` lets yfinance read it), `daily` makes
bars of it, `symbols` tells what a symbol is.
"""

from monitor.prices.yahoo.adapter import Way, YahooSource
from monitor.prices.yahoo.pace import Limits
from monitor.prices.yahoo.symbols import differences

__all__ = ["Limits", "Way", "YahooSource", "differences"]
