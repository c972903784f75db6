"""Prices from Yahoo Finance: polite requests, and a reading of its replies that knows an unfinished bar.

`adapter` joins four parts: `pace` says when Yahoo may be asked, `session` asks through yfinance's cookie and browser
machinery, `chart` reads a reply, `daily` makes bars of it.
"""

from monitor.prices.yahoo.adapter import YahooSource

__all__ = ["YahooSource"]
