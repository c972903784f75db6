"""Live rules on a real database: told once before the close, confirmed or withdrawn by it."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl
import pytest

from monitor.alerts import Severity
from monitor.cycle import judge_new, preview
from monitor.gather import Context
from monitor.live import basis
from monitor.prices.sample import SampleSource
from monitor.routing import Match, everything
from monitor.storage.store import Store, open_store
from tests.support.made_up import made, sessions
from tests.support.rules import pack

DAYS = sessions(10)
LADDER = """
high:
  judge: live
  levels:
    warning: {when: gold > 2}
    critical: {when: gold > 4}
"""
RATIO = "dear: {when: gold / silver > 2, judge: live, confirm: close}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'live.db'}")
    yield opened
    opened.close()


class Market:
    """Gold, and perhaps silver, session by session."""

    def __init__(self, store: Store, rules: str = "high: {when: gold > 2, judge: live}") -> None:
        self.store = store
        self.context = Context(store, SampleSource(), pack(rules), routing=everything(["mail"]))
        self.closes: dict[str, list[float | None]] = {}

    def close(self, **closes: float) -> None:
        """A session ends, and is judged."""
        for name, value in closes.items():
            self.closes.setdefault(name, []).append(value)
        day = len(next(iter(self.closes.values()))) - 1
        self.store.add_bars(made(self.closes), seen_at=self._at(day, 23), source="made up")
        judge_new(self.context, now=self._at(day, 23))

    def quote(self, hour: int = 18, **quotes: float | tuple[float, str]) -> None:
        """Prices of the session that goes on, or of another status, and a look at them."""
        day = len(next(iter(self.closes.values())))
        now = self._at(day, hour)
        for name, quote in quotes.items():
            value, status = quote if isinstance(quote, tuple) else (quote, "partial")
            bar = made({name: [*self.closes[name], value]}).tail(1)
            marked = bar.with_columns(
                pl.lit(status).alias("status"), pl.lit(now).cast(pl.Datetime("us", "UTC")).alias("known_at")
            )
            self.store.add_bars(marked, seen_at=now, source="made up")
        preview(self.context, now=now)

    def told(self) -> list[str]:
        return [row.title.partition(":")[0] for row in self.store.outbox_rows()]

    def _at(self, day: int, hour: int) -> datetime:
        return datetime.combine(DAYS[day], time(hour), UTC)


def test_a_live_price_is_told_once_and_confirmed_by_the_close(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.quote(15, gold=3.0)
    market.quote(16, gold=3.5)
    market.close(gold=3.2)

    assert market.told() == ["LIVE WARNING high", "CONFIRMED WARNING high"]
    assert store.lives() == {}


def test_a_live_price_that_the_close_does_not_confirm_is_withdrawn_once(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.quote(gold=3.0)
    market.close(gold=1.5)
    market.close(gold=1.4)

    assert market.told() == ["LIVE WARNING high", "WITHDRAWN high"]


def test_a_rule_that_is_judged_at_the_close_sees_no_live_price(store: Store) -> None:
    market = Market(store, "high: {when: gold > 2}")
    market.close(gold=1.0)
    market.quote(gold=3.0)

    assert market.told() == []


def test_what_was_told_live_survives_a_restart(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.quote(15, gold=3.0)
    again = Market(store)
    again.closes = market.closes
    again.quote(16, gold=3.1)
    again.close(gold=1.0)

    assert again.told() == ["LIVE WARNING high", "WITHDRAWN high"]


def test_a_louder_level_is_told_live_as_well(store: Store) -> None:
    market = Market(store, LADDER)
    market.close(gold=1.0)
    market.quote(15, gold=3.0)
    market.quote(16, gold=5.0)
    market.quote(17, gold=3.0)
    market.close(gold=5.5)

    assert market.told() == ["LIVE WARNING high", "LIVE CRITICAL high", "CONFIRMED CRITICAL high"]


def test_a_live_quote_is_never_compared_with_a_settled_close(store: Store) -> None:
    market = Market(store, RATIO)
    market.close(gold=1.0, silver=1.0)
    market.quote(gold=3.0, silver=(1.0, "final"))

    assert market.told() == []


def test_a_quote_alone_says_nothing_while_the_other_leg_has_none(store: Store) -> None:
    market = Market(store, RATIO)
    market.close(gold=1.0, silver=1.0)
    market.quote(gold=3.0)
    market.quote(19, silver=1.0)

    assert market.told() == ["LIVE WARNING dear"]


def test_a_quarantined_quote_says_nothing(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.quote(gold=(30.0, "quarantined"))

    assert market.told() == []


def test_nothing_is_told_live_while_the_exchange_is_closed(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.quote(22, gold=3.0)

    assert market.told() == []


def test_an_alert_that_is_open_already_is_not_told_live(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.close(gold=3.0)
    market.quote(gold=3.5)

    assert market.told() == ["WARNING high"]


def test_the_days_of_a_hold_count_the_session_that_goes_on(store: Store) -> None:
    market = Market(store, "high: {when: gold > 2, for: 2 bars, judge: live}")
    market.close(gold=1.0)
    market.quote(gold=3.0)
    market.close(gold=3.0)
    market.quote(gold=3.0)

    assert market.told() == ["LIVE WARNING high"]


def test_a_silence_and_a_cooldown_hide_what_is_live_too(store: Store) -> None:
    market = Market(store, "high: {when: gold > 2, judge: live, cooldown: 9 days}")
    market.close(gold=1.0)
    market.close(gold=3.0)
    market.close(gold=1.0)
    market.quote(gold=3.0)
    cooling = market.told()
    since = datetime(2024, 1, 1, tzinfo=UTC)
    other = Market(store, "low: {when: gold < 0.5, judge: live}")
    other.closes = market.closes
    judge_new(other.context, now=datetime.combine(DAYS[2], time(23), UTC))
    store.add_silence(Match(rule=("low",)), reason="x", author="ann", since=since, until=None)
    before = len(other.told())
    store.add_silence(
        Match(severity=frozenset({Severity.WARNING})),
        reason="x",
        author="ann",
        since=since,
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    other.quote(19, gold=0.4)

    assert cooling == ["WARNING high", "RESOLVED high"]
    assert len(other.told()) == before


def test_the_withdrawal_of_what_is_silenced_is_not_told_either(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    market.quote(gold=3.0)
    store.add_silence(
        Match(rule=("high",)),
        reason="x",
        author="ann",
        since=datetime.combine(DAYS[1], time(19), UTC),
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    market.close(gold=1.0)

    assert market.told() == ["LIVE WARNING high"]
    assert store.transitions()[0].cause == "silence 1"


def test_a_rule_that_is_open_inhibits_what_is_live_too(store: Store) -> None:
    market = Market(
        store, "open: {when: gold > 2}\nhigh: {when: gold > 2.5, judge: live, inhibited_by: [open]}"
    )
    market.close(gold=2.2)
    market.quote(gold=3.0)

    assert market.told() == ["WARNING open"]


def test_a_preview_changes_no_state(store: Store) -> None:
    market = Market(store)
    market.close(gold=1.0)
    before = store.memories()
    market.quote(gold=3.0)

    assert store.memories() == before


def test_the_basis_is_the_median_of_live_quotes_over_their_settlements() -> None:
    def version(day: int, number: int, close: float, status: str) -> dict[str, object]:
        return {"session": DAYS[day], "version": number, "close": close, "status": status}

    rows = [
        *(version(0, 1, 101.0, "partial"), version(0, 2, 102.0, "partial"), version(0, 3, 100.0, "final")),
        *(version(1, 1, 101.0, "partial"), version(1, 2, 100.0, "final")),
        version(2, 1, 150.0, "partial"),
    ]

    assert basis(pl.DataFrame(rows)) == "basis +1.50% to the settlement, median of 2 sessions"
    assert basis(pl.DataFrame(rows[-1:])) is None
