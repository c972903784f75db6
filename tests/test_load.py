"""A day of minute bars in small: the path that `python -m tests.benchmarks.load` takes with a thousand rules."""

from contextlib import closing
from pathlib import Path

import pytest

from monitor.alerts import Kind
from monitor.storage.store import open_store
from tests.benchmarks.load import replay, write_files

SHARES, RULES, MINUTES = 8, 48, 4


@pytest.mark.parametrize(("history", "ends"), [(70, Kind.OPEN), (110, Kind.WITHDRAW)])
def test_a_day_of_minutes_is_told_live_and_settled_by_its_close_and_leaves_one_bar_a_session(
    tmp_path: Path, history: int, ends: Kind
) -> None:
    write_files(tmp_path, instruments=SHARES, rules=RULES, live=RULES)

    lines = list(replay(tmp_path, history, MINUTES, 0))

    with closing(open_store(str(tmp_path / "load.db"))) as store:
        bars, versions, recorded = store.bars(), store.bar_versions(), store.transitions()
    told = [one.transition for one in recorded]
    live = sorted(one.rule for one in told if one.kind is Kind.LIVE)
    assert live
    assert live == sorted(one.rule for one in told if one.kind is ends)
    assert bars.height == SHARES * (history + 1)
    assert (
        versions.height <= bars.height + 2 * SHARES
    )  # today's last look before it settled, and its settling
    assert f"{MINUTES} polls, {MINUTES * SHARES} bars" in "\n".join(lines)
