"""Tables for people: 80 columns, and names that can be copied."""

import pytest

from monitor.cli.screen import table


@pytest.mark.parametrize(("name", "whole"), [("  nem-new-high", True), ("  a-rule-" + "name" * 20, False)])
def test_a_table_that_is_too_wide_breaks_other_columns_before_names(
    name: str, whole: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = (
        name,
        "1,253.50",
        "< sma(ipo, 20) * 0.9",
        "+129.6 points",
        "60.2",
        "13 %",
        "in 2026-11-02",
    )

    table(("rule", "value", "waits for", "distance", "days", "often", "state"), [cells], right=range(1, 6))

    lines = capsys.readouterr().out.splitlines()
    assert any(f"{name} " in line for line in lines) is whole
    assert max(map(len, lines)) <= 80
