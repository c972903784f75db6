"""The report of a backtest as one page: it opens without network or scripts, on a phone, on paper, light and dark.

`pictures` draws, `words` and `tables` make what is read, `making` puts them into `page.html.j2`.
"""

from monitor.backtest.page.making import page

__all__ = ["page"]
