"""Whether prices still come: freshness by each series' own calendar, and what is told of it, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.health import (
    Answer,
    Event,
    Freshness,
    Health,
    Reply,
    Seen,
    SeriesHealth,
    SourceHealth,
    dependants,
    fold,
    health_message,
)
from monitor.health.events import HELD as NOTHING_NEW
from monitor.health.events import down
from monitor.health.freshness import standing
from monitor.instruments import AssetKind, Instrument
from monitor.rules import FeedLimit, HealthLimits
from tests.support.made_up import CATALOGUE, instrument, sessions
from tests.support.rules import pack

NYS, LYC = CATALOGUE.instruments["nys"], CATALOGUE.instruments["lyc"]
TYPED = instrument("typed", kind=AssetKind.MANUAL, carry_days=5)
IMPORTED = instrument("imported", kind=AssetKind.MANUAL)
MANY = {name: instrument(name) for name in "abcde"}
DAYS = sessions(40)
"""Weekdays from Monday 2024-01-01 on."""
PRICES = Answer(reply=Reply.PRICES, outcome="ok")
LIMITED = Answer(reply=Reply.FAILED, outcome="rate limited", detail="Yahoo, X: 429")
LOST = Answer(reply=Reply.NOT_FOUND, outcome="not found", detail="no data")
SKIPPED = Answer(reply=Reply.NOT_ASKED, outcome="skipped", detail="left alone")


@dataclass
class Watch:
    """What is remembered of some series, and everything that was told."""

    limits: HealthLimits = field(default_factory=HealthLimits)
    health: Health = field(default_factory=lambda: Health(SourceHealth(source="Yahoo")))
    told: list[Event] = field(default_factory=list)

    def look(
        self,
        held: Mapping[str, Sequence[date]],
        now: datetime,
        answers: Mapping[str, Answer] | None = None,
        known: Mapping[str, Instrument] = MANY,
    ) -> list[str]:
        """One step; what was told in it."""
        seen = [
            Seen(
                instrument=known[name],
                last=days[-1] if days else None,
                held=tuple(days),
                answer=(answers or {}).get(name),
            )
            for name, days in held.items()
        ]
        self.health, events = fold(self.health, seen, limits=self.limits, now=now)
        self.told += events
        return [words(one) for one in events]

    def of(self, name: str) -> SeriesHealth:
        return self.health.series[name]


def words(event: Event) -> str:
    return f"{'resolved' if event.resolved else event.severity} {event.about}: {event.headline}"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def evening(day: date) -> datetime:
    """After the bar of a session is due: its settle time is 16:00 in New York."""
    return datetime(day.year, day.month, day.day, 23, tzinfo=UTC)


# --- freshness


@pytest.mark.parametrize(
    ("series", "last", "now", "freshness", "missing"),
    [
        pytest.param(NYS, "2020-03-12", "2020-03-13T16:59-04:00", "fresh", 0, id="minutes late"),
        pytest.param(NYS, "2020-03-12", "2020-03-13T17:00-04:00", "late", 1, id="an hour late"),
        pytest.param(NYS, "2020-03-12", "2020-03-15T12:00-04:00", "late", 1, id="a weekend adds nothing"),
        pytest.param(NYS, "2020-03-12", "2020-03-16T16:59-04:00", "late", 1, id="Monday, before the close"),
        pytest.param(NYS, "2020-03-12", "2020-03-16T17:00-04:00", "stale", 2, id="Friday and Monday"),
        pytest.param(NYS, "2020-03-13", "2020-03-16T12:00-04:00", "fresh", 0, id="Friday stands over Monday"),
        pytest.param(NYS, "2024-11-27", "2024-11-28T22:00-05:00", "fresh", 0, id="holiday"),
        pytest.param(NYS, "2024-11-27", "2024-11-29T13:59-05:00", "fresh", 0, id="before an early close"),
        pytest.param(NYS, "2024-11-27", "2024-11-29T14:00-05:00", "late", 1, id="after an early close"),
        pytest.param(NYS, "2026-03-05", "2026-03-06T21:59+00:00", "fresh", 0, id="New York, winter"),
        pytest.param(NYS, "2026-03-05", "2026-03-06T22:00+00:00", "late", 1, id="New York, winter, due"),
        pytest.param(NYS, "2026-03-05", "2026-03-09T20:59+00:00", "late", 1, id="New York, summer"),
        pytest.param(NYS, "2026-03-05", "2026-03-09T21:00+00:00", "stale", 2, id="New York, summer, due"),
        pytest.param(LYC, "2025-10-02", "2025-10-03T07:09+00:00", "fresh", 0, id="Sydney, winter"),
        pytest.param(LYC, "2025-10-02", "2025-10-03T07:10+00:00", "late", 1, id="Sydney, winter, due"),
        pytest.param(LYC, "2025-10-02", "2025-10-06T06:09+00:00", "late", 1, id="Sydney, summer"),
        pytest.param(LYC, "2025-10-02", "2025-10-06T06:10+00:00", "stale", 2, id="Sydney, summer, due"),
        pytest.param(NYS, "2020-03-12", "2020-03-25T17:00-04:00", "stale", 9, id="nine"),
        pytest.param(NYS, "2020-03-12", "2020-03-26T17:00-04:00", "dead", 10, id="ten"),
        pytest.param(TYPED, "2024-01-05", "2024-01-10T23:00-05:00", "fresh", 0, id="typed, five days old"),
        pytest.param(TYPED, "2024-01-05", "2024-01-11T00:00-05:00", "stale", 0, id="typed, six days old"),
        pytest.param(IMPORTED, "2024-01-05", "2024-01-09T23:00-05:00", "stale", 2, id="imported, no limit"),
        pytest.param(IMPORTED, None, "2024-03-05T23:00-05:00", "late", 0, id="never imported"),
        pytest.param(NYS, None, "2020-03-12T12:00-04:00", "late", 0, id="no bar yet"),
        pytest.param(NYS, None, "2020-03-16T17:00-04:00", "stale", 3, id="no bar in three sessions"),
    ],
)
def test_freshness_counts_settled_sessions_of_the_series_own_calendar(
    series: Instrument, last: str | None, now: str, freshness: str, missing: int
) -> None:
    held = date.fromisoformat(last) if last else None
    found = standing(series, held, watched=date(2020, 3, 12), limits=HealthLimits(), now=at(now))

    assert (found.freshness, len(found.missing)) == (freshness, missing)


@pytest.mark.parametrize(("missing", "freshness"), [(0, "stale"), (1, "late"), (3, "late")])
def test_a_limit_says_how_many_sessions_may_be_missing(missing: int, freshness: str) -> None:
    found = standing(
        NYS,
        date(2020, 3, 12),
        watched=date(2020, 3, 12),
        limits=HealthLimits(missing=missing),
        now=at("2020-03-13T18:00-04:00"),
    )

    assert found.freshness == freshness


def test_a_series_is_stale_since_the_bar_that_was_one_too_many_was_due() -> None:
    for now in ("2020-03-16T17:00-04:00", "2020-03-20T12:00-04:00"):
        found = standing(
            NYS, date(2020, 3, 12), watched=date(2020, 3, 12), limits=HealthLimits(), now=at(now)
        )
        assert found.since == at("2020-03-16T17:00-04:00")


def test_sydney_can_be_stale_while_new_york_is_fresh() -> None:
    watch, both = Watch(), {"nys": NYS, "lyc": LYC}
    held = {"nys": [date(2025, 10, 3)], "lyc": [date(2025, 10, 2)]}

    told = watch.look(held, at("2025-10-06T06:10+00:00"), known=both)

    assert told == ["warning lyc: stale, 2 sessions missing, the last bar is of 2025-10-02"]
    assert watch.of("nys").freshness is Freshness.FRESH


# --- what is told of one series


def test_a_late_bar_is_told_to_nobody() -> None:
    watch = Watch()

    assert watch.look({"a": DAYS[:10]}, evening(DAYS[10])) == []
    assert watch.of("a").freshness is Freshness.LATE


def test_stale_dead_and_the_recovery_are_told_once_each() -> None:
    watch = Watch()
    told = [watch.look({"a": DAYS[:10]}, evening(day)) for day in DAYS[9:25] for _ in range(2)]
    told.append(watch.look({"a": DAYS[:25]}, evening(DAYS[24])))

    assert [line for lines in told for line in lines] == [
        f"warning a: stale, 2 sessions missing, the last bar is of {DAYS[9]}",
        f"critical a: dead, 10 sessions missing, the last bar is of {DAYS[9]}",
        f"resolved a: prices again, up to {DAYS[24]}",
    ]
    assert watch.told[-1].detail == "15 sessions missing, 15 back-filled."
    assert watch.of("a").told is Freshness.FRESH


def test_a_series_that_was_never_looked_at_and_is_dead_is_told_once() -> None:
    watch = Watch()

    assert [line.partition(",")[0] for line in watch.look({"a": DAYS[:10]}, evening(DAYS[30]))] == [
        "critical a: dead"
    ]


def test_a_recovery_says_what_is_still_missing_and_that_is_no_second_gap() -> None:
    watch = Watch()
    watch.look({"a": DAYS[:10]}, evening(DAYS[12]))
    back = [*DAYS[:10], DAYS[11], DAYS[12]]

    told = watch.look({"a": back}, evening(DAYS[12]))
    later = watch.look({"a": DAYS[:13]}, evening(DAYS[12]))

    assert told == [f"resolved a: prices again, up to {DAYS[12]}"]
    assert watch.told[1].detail == f"3 sessions missing, 2 back-filled.\nStill missing: {DAYS[10]}."
    assert later == [f"resolved a: the gap is filled, {DAYS[10]}"]


def test_an_outage_that_is_filled_in_parts_recovers_once_with_all_it_missed() -> None:
    watch = Watch()
    watch.look({"a": DAYS[:10]}, evening(DAYS[20]))
    halfway = watch.look({"a": DAYS[:16]}, evening(DAYS[20]))
    watch.look({"a": DAYS[:21]}, evening(DAYS[20]))

    assert halfway == []
    assert watch.told[-1].detail == "11 sessions missing, 11 back-filled."


def test_a_gap_is_told_once_and_again_when_it_is_filled() -> None:
    watch = Watch()
    holed = [*DAYS[:9], DAYS[10]]
    watch.look({"a": DAYS[:9]}, evening(DAYS[8]))
    told = [watch.look({"a": holed}, evening(DAYS[10])) for _ in range(2)]
    filled = [watch.look({"a": DAYS[:11]}, evening(DAYS[10])) for _ in range(2)]

    assert told == [[f"info a: a gap, no bar of {DAYS[9]}"], []]
    assert filled == [[f"resolved a: the gap is filled, {DAYS[9]}"], []]


def test_gaps_that_history_has_at_the_first_look_and_those_that_grow_old_are_not_told() -> None:
    watch = Watch()
    holed = [*DAYS[:5], *DAYS[6:20]]

    assert watch.look({"a": holed}, evening(DAYS[19])) == []
    assert watch.of("a").gaps == (DAYS[5],)
    assert watch.look({"a": holed[5:]}, evening(DAYS[19])) == []
    assert watch.of("a").gaps == ()


def test_a_series_that_is_typed_in_has_an_age_and_no_gaps() -> None:
    watch, known = Watch(), {"typed": TYPED}
    weekly = [DAYS[0], DAYS[5]]
    watch.look({"typed": weekly}, evening(DAYS[6]), known=known)
    stale = watch.look({"typed": weekly}, evening(DAYS[12]), known=known)
    back = watch.look({"typed": [*weekly, DAYS[12]]}, evening(DAYS[12]), known=known)

    assert stale == [f"warning typed: stale, older than its limit, the last bar is of {DAYS[5]}"]
    assert back == [f"resolved typed: prices again, up to {DAYS[12]}"]


def test_a_series_that_was_not_asked_for_yet_is_not_told_as_stale() -> None:
    watch = Watch()

    assert watch.look({"a": DAYS[:10]}, evening(DAYS[12]), {"a": SKIPPED}) == []
    assert len(watch.look({"a": DAYS[:10]}, evening(DAYS[12]), {"a": LIMITED})) == 1
    assert "rate limited" not in watch.told[0].headline
    assert "Yahoo, X: 429" in watch.told[0].detail


# --- symbols that are not found


def not_found(hours: Sequence[int], *, others: int | None) -> list[str]:
    """What is told of answers `not found` at these hours, while another series has prices at one of them."""
    watch, start = Watch(), evening(DAYS[9])
    told: list[str] = []
    if others is not None and others < 0:
        watch.look({"a": DAYS[:10], "b": DAYS[:10]}, start + timedelta(hours=others), {"b": PRICES})
    for hour in hours:
        answers = {"a": LOST} | ({"b": PRICES} if hour == others else {})
        told += watch.look({"a": DAYS[:10], "b": DAYS[:10]}, start + timedelta(hours=hour), answers)
    return [line for line in told if "not found" in line]


@pytest.mark.parametrize(
    ("hours", "others", "told"),
    [
        pytest.param([0, 12, 24], 12, 1, id="three over a day"),
        pytest.param([0, 12, 23], 12, 0, id="less than a day"),
        pytest.param([0, 25], 0, 0, id="twice"),
        pytest.param([0, 12, 24], None, 0, id="nobody was answered"),
        pytest.param([0, 12, 24], -1, 0, id="nobody was answered since"),
        pytest.param([0, 12, 24, 25, 49, 73], 0, 1, id="told once"),
    ],
)
def test_a_symbol_is_told_as_not_found_after_three_answers_over_a_day_while_others_have_prices(
    hours: list[int], others: int | None, told: int
) -> None:
    assert len(not_found(hours, others=others)) == told


def test_prices_end_the_count_of_answers_without_a_symbol() -> None:
    watch, start = Watch(), evening(DAYS[9])
    for hour, answer in ((0, LOST), (12, LOST), (13, PRICES), (24, LOST), (36, LOST)):
        watch.look({"a": DAYS[:10]}, start + timedelta(hours=hour), {"a": answer})

    assert watch.of("a").not_found == 2
    assert not any("not found" in words(one) for one in watch.told)


def test_nobody_is_told_that_a_symbol_is_delisted() -> None:
    watch, start = Watch(), evening(DAYS[9])
    for hour in (0, 12, 25):
        watch.look({"a": DAYS[:10], "b": DAYS[:10]}, start + timedelta(hours=hour), {"a": LOST, "b": PRICES})

    (event,) = watch.told
    assert words(event) == "warning a: A not found since 2024-01-12 23:00 UTC"
    assert "delisted" not in event.headline + event.detail


# --- the source


def all_of(days: Sequence[date]) -> dict[str, Sequence[date]]:
    return dict.fromkeys(MANY, days)


def test_a_source_that_fails_for_most_is_one_incident_and_one_recovery() -> None:
    watch, failing = Watch(), dict.fromkeys(MANY, LIMITED)
    watch.look(all_of(DAYS[:10]), evening(DAYS[9]))
    told = [watch.look(all_of(DAYS[:10]), evening(day), failing) for day in DAYS[10:22]]
    told.append(watch.look(all_of(DAYS[:22]), evening(DAYS[21]), dict.fromkeys(MANY, PRICES)))
    told.append(watch.look(all_of(DAYS[:22]), evening(DAYS[21]), dict.fromkeys(MANY, PRICES)))

    assert [line for lines in told for line in lines] == [
        "warning Yahoo: no prices for most series, since 2024-01-15 23:00 UTC",
        "resolved Yahoo: prices again, after 2024-01-15 23:00 UTC",
    ]
    assert "rate limited: Yahoo, X: 429" in watch.told[0].detail
    assert watch.told[1].detail == "60 sessions missing, 60 back-filled."


def test_most_series_stale_at_once_is_one_incident_even_where_the_source_answers() -> None:
    watch, fine = Watch(), dict.fromkeys(MANY, PRICES)
    held = {**all_of(DAYS[:10]), "a": DAYS[:12], "b": DAYS[:12]}

    told = watch.look(held, evening(DAYS[11]), fine)
    again = watch.look(held, evening(DAYS[11]), fine)

    assert told == ["warning Yahoo: most series are stale, since 2024-01-16 23:00 UTC"]
    assert watch.told[0].waiting == ("c", "d", "e")
    assert again == []


def test_what_is_still_stale_when_the_source_is_back_is_named_there_and_recovers_by_itself() -> None:
    watch, fine = Watch(), dict.fromkeys(MANY, PRICES)
    watch.look(all_of(DAYS[:10]), evening(DAYS[11]), dict.fromkeys(MANY, LIMITED))
    told = watch.look({**all_of(DAYS[:12]), "e": DAYS[:10]}, evening(DAYS[11]), fine)
    last = watch.look(all_of(DAYS[:12]), evening(DAYS[11]), fine)

    assert [line.partition(",")[0] for line in told] == ["resolved Yahoo: prices again"]
    assert watch.told[1].detail == "8 sessions missing, 8 back-filled.\nStill stale: e."
    assert last == [f"resolved e: prices again, up to {DAYS[11]}"]


def test_what_was_told_before_an_incident_recovers_by_itself_and_is_not_counted_there() -> None:
    watch, fine = Watch(), dict.fromkeys(MANY, PRICES)
    watch.look({**all_of(DAYS[:12]), "a": DAYS[:10]}, evening(DAYS[11]), fine)
    watch.look({**all_of(DAYS[:12]), "a": DAYS[:10]}, evening(DAYS[13]), dict.fromkeys(MANY, LIMITED))
    told = watch.look(all_of(DAYS[:14]), evening(DAYS[13]), fine)

    assert [line.partition(",")[0] for line in told] == [
        "resolved Yahoo: prices again",
        "resolved a: prices again",
    ]
    assert watch.told[-2].detail == "8 sessions missing, 8 back-filled."


def test_two_series_are_told_one_by_one() -> None:
    watch = Watch()
    held = {"a": DAYS[:10], "b": DAYS[:10]}

    told = watch.look(held, evening(DAYS[11]), {"a": LIMITED, "b": LIMITED})

    assert [line.partition(",")[0] for line in told] == ["warning a: stale", "warning b: stale"]


@pytest.mark.parametrize(
    ("answers", "incident"),
    [
        pytest.param([LIMITED, LIMITED, LIMITED, SKIPPED, SKIPPED], True, id="the breaker opened"),
        pytest.param([SKIPPED] * 5, False, id="left alone"),
        pytest.param([PRICES, PRICES, PRICES, SKIPPED, SKIPPED], False, id="the budget is spent"),
        pytest.param([PRICES, PRICES, LIMITED, LIMITED, LIMITED], True, id="three of five"),
        pytest.param([PRICES, PRICES, PRICES, LIMITED, LIMITED], False, id="two of five"),
        pytest.param([LOST] * 5, False, id="not found"),
        pytest.param([LIMITED, LIMITED], False, id="two were asked"),
    ],
)
def test_an_incident_needs_failures_of_most_that_were_asked(answers: list[Answer], incident: bool) -> None:
    watch = Watch()
    watch.look(all_of(DAYS[:10]), evening(DAYS[9]), dict(zip(MANY, answers, strict=False)))

    assert (watch.health.source.since is not None) == incident


# --- quotes that stand still

FEED = HealthLimits(feed=FeedLimit(after=timedelta(minutes=30), clear=timedelta(minutes=10), series=2))
OPEN = {"nys": NYS, "two": instrument("two", "XNYS")}
THURSDAY = [date(2020, 3, 11)]


def quoted(minutes: int, now: datetime) -> Answer:
    """Prices whose newest quote is so old."""
    return Answer(reply=Reply.PRICES, outcome="ok", quote_at=now - timedelta(minutes=minutes))


def feed(watch: Watch, clock: str, **minutes: int) -> list[str]:
    now = at(clock)
    answers = {name: quoted(age, now) for name, age in minutes.items()}
    return watch.look(dict.fromkeys(OPEN, THURSDAY), now, answers, known=OPEN)


def test_quotes_that_stand_still_while_the_exchange_is_open_are_one_critical_event_until_they_keep_up() -> (
    None
):
    watch = Watch(limits=FEED)
    told = [
        feed(watch, "2020-03-12T10:30-04:00", nys=40, two=20),
        feed(watch, "2020-03-12T10:45-04:00", two=31),
        feed(watch, "2020-03-12T11:00-04:00", nys=45, two=45),
        feed(watch, "2020-03-12T11:15-04:00", nys=15, two=15),
        feed(watch, "2020-03-12T18:00-04:00", nys=120, two=120),
        feed(watch, "2020-03-13T11:30-04:00", nys=5),
        feed(watch, "2020-03-13T11:45-04:00", nys=5, two=5),
    ]

    assert told == [
        [],
        ["critical Yahoo: quotes over 30 minutes behind, 2 series, 2020-03-12 14:45 UTC"],
        [],
        [],
        [],
        ["resolved Yahoo: quotes keep up again, after 2020-03-12 14:45 UTC"],
        [],
    ]


@pytest.mark.parametrize(
    ("clock", "minutes"),
    [
        pytest.param("2020-03-12T09:45-04:00", 1000, id="just opened"),
        pytest.param("2020-03-12T18:00-04:00", 120, id="closed"),
        pytest.param("2020-03-14T12:00-04:00", 1200, id="weekend"),
    ],
)
def test_an_old_quote_is_no_news_before_a_newer_one_could_have_come(clock: str, minutes: int) -> None:
    watch = Watch(limits=FEED)
    feed(watch, clock, nys=minutes, two=minutes)

    assert watch.health.source.behind_since is None


def test_quotes_are_watched_only_where_a_pack_asks_for_it() -> None:
    watch = Watch()
    feed(watch, "2020-03-12T10:30-04:00", nys=400, two=400)

    assert watch.health.source.behind_since is None


# --- words and messages


def test_an_event_names_the_rules_that_wait_and_those_of_them_that_are_open() -> None:
    book = pack("high: {when: gold > 2}\nratio: {when: gold / silver > 90}\nother: {when: mp > 1}")

    found = dependants(book, ["gold"], {("p/ratio", None), ("p/other", None)})

    assert found.line == "Rules that wait: high, ratio.\nOpen alerts among them: ratio."


@pytest.mark.parametrize(
    ("outcome", "detail", "said"),
    [
        ("ok", "", "Last answer for GC=F: prices, none of them newer."),
        (
            "network",
            "GC=F: Could not connect to server.",
            "Last answer for GC=F: GC=F: Could not connect to server.",
        ),
        ("timeout", "", "Last answer for GC=F: timeout."),
        ("", "", NOTHING_NEW),
    ],
)
def test_what_was_answered_last_of_a_stale_series_is_one_sentence(
    outcome: str, detail: str, said: str
) -> None:
    series = SeriesHealth(
        instrument="gold",
        watched=DAYS[0],
        freshness=Freshness.STALE,
        missing=2,
        outcome=outcome,
        detail=detail,
    )

    assert down(series, "GC=F").detail.split("\n")[0] == said


def test_the_same_event_is_the_same_message_on_a_channel() -> None:
    watch = Watch()
    watch.look({"a": DAYS[:10]}, evening(DAYS[11]))
    (event,) = watch.told
    first, again, other = (health_message(channel, event) for channel in ("mail", "mail", "web"))

    assert first.title == f"WARNING a: stale, 2 sessions missing, the last bar is of {DAYS[9]}"
    assert first == again
    assert first.key != other.key


# --- whatever is seen

HELD = st.lists(st.booleans(), min_size=30, max_size=30)
"""Whether the bar of each session comes on its evening; what did not come is back-filled or not later."""
SPLITS = st.lists(st.sampled_from(["together", "apart", "reversed", "twice"]), min_size=30, max_size=30)


@given(st.fixed_dictionaries({"a": HELD, "b": HELD}), SPLITS, st.integers(5, 29))
def test_the_same_facts_tell_the_same_however_the_polls_are_split(
    came: dict[str, list[bool]], splits: list[str], filled: int
) -> None:
    whole, parts = Watch(), Watch()
    for number, split in enumerate(splits):
        now = evening(DAYS[number])
        held = {
            name: [
                DAYS[0],
                *(day for i, day in enumerate(DAYS[1 : number + 1], 1) if yes[i] or number >= filled >= i),
            ]
            for name, yes in came.items()
        }
        whole.look(held, now)
        names = sorted(held, reverse=split == "reversed")
        steps = [held] if split == "together" else [{name: held[name]} for name in names]
        for step in steps * (2 if split == "twice" else 1):
            parts.look(step, now)

    assert sorted(map(words, whole.told)) == sorted(map(words, parts.told))
    assert whole.health == parts.health
    keys = [health_message("mail", one).key for one in whole.told]
    assert len(keys) == len(set(keys))
