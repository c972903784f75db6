from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ruletest.notation import Cell, NotationError, Series, read_series


def values(text: str) -> list[float | None]:
    return [cell.value for cell in read_series(text).cells]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20", [20]),
        ("20.5 1_680", [20.5, 1680]),
        ("20*3", [20, 20, 20]),
        ("20..26/4", [20, 22, 24, 26]),
        ("3..1/3", [3, 2, 1]),
        ("(20 21)*2 22", [20, 21, 20, 21, 22]),
        ("( 1*2 2..3/2 )*1", [1, 1, 2, 3]),
        ("20 _ 21 _*2", [20, None, 21, None, None]),
        ("-37.63", [-37.63]),
    ],
)
def test_one_token_per_column_or_for_several_that_are_alike(text: str, expected: list[float | None]) -> None:
    assert values(text) == expected


def test_a_ramp_reaches_both_ends_exactly() -> None:
    ramp = values("0.1..0.7/7")

    assert (ramp[0], ramp[-1], len(ramp)) == (0.1, 0.7, 7)
    assert ramp[3] == 0.4


def test_late_revised_provisional_and_failed_bars() -> None:
    assert read_series("~18 18@+2 18>19@+3 !").cells == (
        Cell(18, provisional=True),
        Cell(18, late=2),
        Cell(18, revised=19, after=3),
        Cell(failed=True),
    )


def test_what_stands_before_the_bar_sign_is_history() -> None:
    series = read_series("20*252 | 19 _")

    assert (len(series.cells), series.zero) == (254, 252)


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("20 20x3", 3, '"20x3" is no token of a series'),
        ("20*0", 0, "0 columns"),
        ("20*99999", 0, "99999 columns"),
        ("20..26/1", 0, "1 columns"),
        ("20@+0", 0, "at least @+1"),
        ("20@2", 0, "no token"),
        ("~20*3", 0, "no token"),
        ("20 (21 22", 3, "no token"),
        ("()*3", 0, "1 to 20,000 columns"),
        ("(20*9000 20*9000)*9", 0, "1 to 20,000 columns"),
        ("20*15000 20*15000", 0, "more than 20,000 columns"),
        ("20 | 21 | 22", 0, "stands once"),
        ("20*3 |", 0, "no column"),
        ("", 0, "no column"),
        ("nan inf", 0, '"nan" is no token'),
    ],
)
def test_a_fault_says_what_and_where(text: str, start: int, message: str) -> None:
    with pytest.raises(NotationError) as caught:
        read_series(text)

    assert caught.value.faults[0].start == start
    assert message in caught.value.faults[0].message


def test_every_fault_is_told() -> None:
    with pytest.raises(NotationError) as caught:
        read_series("x 20 y")

    assert [fault.start for fault in caught.value.faults] == [0, 5]


NUMBERS = st.decimals(min_value=-1000, max_value=100_000, places=3).map(float)
CELLS = st.one_of(
    st.just(Cell()),
    st.just(Cell(failed=True)),
    NUMBERS.map(Cell),
    NUMBERS.map(lambda v: Cell(v, provisional=True)),
    st.builds(lambda v, n: Cell(v, late=n), NUMBERS, st.integers(1, 9)),
    st.builds(lambda v, w, n: Cell(v, revised=w, after=n), NUMBERS, NUMBERS, st.integers(1, 9)),
)


def written(cell: Cell) -> str:
    if cell.value is None:
        return "!" if cell.failed else "_"
    value = plain(cell.value)
    if cell.revised is not None:
        return f"{value}>{plain(cell.revised)}@+{cell.after}"
    return f"~{value}" if cell.provisional else f"{value}@+{cell.late}" if cell.late else value


def plain(number: float) -> str:
    return format(Decimal(repr(number)), "f")


@given(st.lists(st.tuples(CELLS, st.integers(1, 4)), min_size=1, max_size=12), st.data())
def test_what_is_written_is_read_back(runs: list[tuple[Cell, int]], data: st.DataObject) -> None:
    tokens: list[str] = []
    cells: list[Cell] = []
    for cell, times in runs:
        repeats = cell.value is None or cell.is_plain
        tokens.append(f"{written(cell)}*{times}" if repeats else written(cell))
        cells += [cell] * (times if repeats else 1)
    cut = data.draw(st.integers(0, len(tokens) - 1))
    zero = len(read_series(" ".join(tokens[:cut])).cells) if cut else 0

    series = read_series(" ".join([*tokens[:cut], "|", *tokens[cut:]]))

    assert (series.cells, series.zero) == (tuple(cells), zero)


@given(st.text(alphabet="0123456789.*/_~@+>!|() -ex", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NotationError):
        assert isinstance(read_series(text), Series)
