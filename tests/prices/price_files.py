"""What was read of a price file, in the words of a test."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from monitor.errors import FaultyFileError
from monitor.prices.files import Prices

Write = Callable[..., Path]
Read = Callable[..., Prices]


def closes(prices: Prices) -> dict[str, float]:
    return dict(zip(prices.frame["session"].cast(pl.String), prices.frame["close"], strict=True))


def faults_of(read: Read, text: str, name: str = "spy.csv") -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read(text, name)
    return [str(fault).split("/")[-1] for fault in caught.value.faults]
