"""What several commands take: dates, and spans of them."""

from datetime import date

import pytest
import typer

from monitor.cli.options import a_day, check_span
from monitor.errors import UsageError


def test_a_date_is_read_and_what_is_none_is_told_with_one_that_is() -> None:
    assert a_day("2020-03-12") == date(2020, 3, 12)
    with pytest.raises(typer.BadParameter, match="expected a date such as 2020-03-12; got 'yesterday'"):
        a_day("yesterday")


def test_a_span_may_be_open_or_one_day_but_not_end_before_it_begins() -> None:
    for start, end in ((None, None), (date(2020, 1, 1), None), (date(2020, 1, 1), date(2020, 1, 1))):
        check_span(start, end)
    with pytest.raises(UsageError, match="ends on 2019-12-31, before it begins on 2020-01-01"):
        check_span(date(2020, 1, 1), date(2019, 12, 31))
