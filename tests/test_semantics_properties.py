"""What holds of every rule, whatever its keys: live is backtest, skipping is stepping, messages move no state."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, seed
from hypothesis import strategies as st

from monitor import catchup
from monitor.alerts import AlertState, Kind, Reason, advance_ladder
from monitor.engine import Track, observe, replay
from monitor.judge import Memories, Memory, judge
from monitor.policy import Decided
from monitor.rules import Rulebook
from monitor.storage.codec import from_plain, to_plain
from tests.support.examples import SEED, examples
from tests.support.made_up import made, sessions
from tests.support.rules import pack

DAYS = 30
FIRST = sessions(1)[0]

VALUES = st.lists(st.sampled_from([1.0, 1.0, 2.0, 3.0, 3.1, 4.0, None, None]), min_size=DAYS, max_size=DAYS)
MARKETS = st.fixed_dictionaries({"gold": VALUES, "silver": VALUES})
CUTS = st.lists(st.integers(0, DAYS - 1), max_size=6).map(sorted)
Market = dict[str, list[float | None]]

STATE_KEYS = st.fixed_dictionaries(
    {},
    optional={
        "for": st.sampled_from(["2 bars", "{bars: 2, of: 3}", "{bars: 3, of: 5}"]),
        "clear_for": st.sampled_from(["2 bars", "3 bars", "8 bars"]),
        "mode": st.just("edge"),
        "on_missing": st.sampled_from(["reset_pending", "{close_after: 1 bar}", "{close_after: 3 bars}"]),
        "expires": st.integers(0, 50).map(lambda days: str(FIRST + timedelta(days=days))),
        "on_first": st.just("wait_for_edge"),
    },
)
MESSAGE_KEYS = st.fixed_dictionaries(
    {},
    optional={
        "cooldown": st.sampled_from(["4 days", "9 days"]),
        "remind": st.sampled_from(["{every: 1 bar}", "{every: 2 bars, max: 2}", "{every: 3 bars}"]),
        "remind_on_new_extreme": st.sampled_from(["1%", "20%"]),
        "inhibited_by": st.sampled_from(["[feed]", "[feed, other]"]),
    },
)
GOES_ON = "goes-on: {when: slv > 2}\n"
FEED = "feed:\n  when: silver > 2\n  clear_for: 2 bars\nother:\n  when: silver < 1.5\n"


def a_rule(state: dict[str, str], message: dict[str, str], *, ladder: bool = False) -> str:
    """A rule with these keys; an edge has nothing to remind of."""
    keys = {**state, **message}
    if "mode" in keys:
        keys = {key: value for key, value in keys.items() if not key.startswith("remind")}
    own = "  when: gold > 2.5\n  clear_when: gold < 1.5\n"
    if ladder:
        keys = {key: value for key, value in keys.items() if key not in ("for", "clear_for")}
        own = (
            "  levels:\n    info: {when: gold > 1.5}\n    critical: {when: gold > 3, clear_when: gold < 2}\n"
        )
    return f"r:\n{own}" + "".join(f"  {key}: {value}\n" for key, value in keys.items())


RULES = st.builds(a_rule, STATE_KEYS, MESSAGE_KEYS, ladder=st.booleans())


def book_of(rule: str) -> Rulebook:
    return pack(rule + FEED)


def tracks_of(book: Rulebook, market: Market, upto: int = DAYS - 1) -> tuple[Track, ...]:
    return observe(book, made({name: values[: upto + 1] for name, values in market.items()}))


Judged = tuple[Memories, list[Decided]]
_JUDGED: dict[str, Judged] = {}


def life(test: Callable[..., None]) -> Callable[..., None]:
    """A test that is handed a rule and a market, the same ones as every other test of this kind."""
    return examples(80)(seed(SEED)(given(RULES, MARKETS)(test)))


def judged(rule: str, market: Market) -> Judged:
    """All of a life judged from its beginning, once for all tests that ask for it."""
    key = f"{rule}{market}"
    if key not in _JUDGED:
        _JUDGED[key] = judge(tracks_of(book_of(rule), market), {})
    return _JUDGED[key]


def stored(memories: Memories) -> dict[tuple[str, str | None], Memory]:
    """As it comes back from the database."""
    return {key: from_plain(Memory, to_plain(memory)) for key, memory in memories.items()}


def in_slices(book: Rulebook, market: Market, cuts: list[int]) -> Judged:
    """A life judged up to some days, one after the other, as a daemon does."""
    memories: Memories = {}
    said: list[Decided] = []
    for day in [*cuts, DAYS - 1]:
        memories, decided = judge(tracks_of(book, market, day), stored(memories))
        said += decided
    return each_by_itself((memories, said))


def each_by_itself(life: Judged) -> Judged:
    """A life told instance by instance: a session without a bar is judged with the next bar, when others are further on."""
    memories, said = life
    return memories, sorted(said, key=lambda one: (one.transition.rule, one.transition.instance or ""))


@examples(50)
@given(RULES, MARKETS, CUTS)
def test_live_is_backtest_for_any_slicing(rule: str, market: Market, cuts: list[int]) -> None:
    book = book_of(rule)

    assert in_slices(book, market, cuts) == each_by_itself(judge(tracks_of(book, market), {}))


@examples(50)
@given(RULES, MARKETS, CUTS, st.integers(1, DAYS))
def test_live_is_backtest_also_where_prices_stop(
    rule: str, market: Market, cuts: list[int], stop: int
) -> None:
    market = with_a_stop(market, stop)
    book = book_of(f"{rule}{GOES_ON}")

    assert in_slices(book, market, cuts) == each_by_itself(judge(tracks_of(book, market), {}))


def with_a_stop(market: Market, stop: int) -> Market:
    """The same where gold has no bar from a day on, and another series goes on to the end."""
    return {**market, "gold": [*market["gold"][:stop], *[None] * (DAYS - stop)], "slv": [1.0] * DAYS}


@examples(40)
@given(RULES, MARKETS, st.integers(0, DAYS - 1), CUTS)
def test_after_a_first_judgement_any_slicing_is_the_same(
    rule: str, market: Market, start: int, cuts: list[int]
) -> None:
    tracks = tracks_of(book_of(rule), market)
    histories = [track.cut(upto=sessions(DAYS)[start]) for track in tracks]
    begun, _ = catchup.seed([track for track in histories if len(track.sessions)])

    memories: Memories = begun
    said: list[Decided] = []
    for day in [*cuts, DAYS - 1]:
        memories, decided = judge(tracks, stored(memories), upto=sessions(DAYS)[day])
        said += decided

    assert (memories, said) == judge(tracks, begun)


@examples(50)
@given(RULES, MARKETS)
def test_skipping_idle_stretches_is_stepping_through_them(rule: str, market: Market) -> None:
    tracks = tracks_of(book_of(rule), market)

    states, transitions = replay(tracks, {})

    for track in tracks:
        state, stepped = step_by_step(track)
        own = [t for t in transitions if (t.rule, t.instance) == track.instance.key]
        assert [(t.session, t.kind, t.reason) for t in own] == stepped
        assert states[track.instance.key] == state


def step_by_step(track: Track) -> tuple[AlertState, list[tuple[date, Kind, Reason]]]:
    state, said = AlertState.fresh(len(track.instance.levels)), []
    for row, session in enumerate(track.sessions):
        verdicts = [track.verdict(level, row) for level in range(len(track.verdicts))]
        expires = track.instance.rule.expires
        state, changes = advance_ladder(state, session, verdicts, track.instance.dwells, expires=expires)
        said += [(session, change.kind, change.reason) for change in changes]
    return state, said


def states_of(found: Sequence[Decided], memories: Memories) -> tuple[list[str], AlertState]:
    about_messages = (Kind.REMIND, Kind.STILL_OPEN)
    ids = [
        one.transition.id
        for one in found
        if one.transition.rule == "p/r" and one.transition.kind not in about_messages
    ]
    return ids, memories["p/r", None].state


@examples(50)
@given(STATE_KEYS, MESSAGE_KEYS, st.booleans(), MARKETS)
def test_what_changes_messages_changes_no_state(
    state: dict[str, str], message: dict[str, str], ladder: bool, market: Market
) -> None:
    def run(keys: dict[str, str]) -> tuple[list[str], AlertState]:
        memories, found = judge(tracks_of(book_of(a_rule(state, keys, ladder=ladder)), market), {})
        return states_of(found, memories)

    assert run(message) == run({})


@life
def test_everything_is_sent_or_withheld_with_a_cause_and_nothing_twice(rule: str, market: Market) -> None:
    memories, found = judged(rule, market)

    assert len({one.transition.id for one in found}) == len(found)
    assert all(one.sent is (one.cause is None) for one in found)
    silent = sum(not one.sent and one.cause != "silent kind" for one in found)
    counted = sum(one.withheld for one in found) + sum(m.told.withheld for m in memories.values())
    assert silent == counted
    causes = {one.cause for one in found if not one.sent and one.cause != "silent kind"}
    told = {cause for one in found for cause in one.causes} | {
        c for m in memories.values() for c in m.told.causes
    }
    assert told == causes


@life
def test_people_never_hear_the_end_of_what_they_did_not_hear_of(rule: str, market: Market) -> None:
    _, found = judged(rule, market)
    own = [one.transition for one in found if one.sent and one.transition.rule == "p/r"]

    for episode in {one.episode for one in own}:
        kinds = [one.kind for one in own if one.episode == episode]
        assert kinds[0] in (Kind.OPEN, Kind.STILL_OPEN, Kind.ESCALATE)
        assert Kind.RESOLVE not in kinds[:-1]


@life
def test_a_reminder_is_of_an_open_episode_and_the_only_message_of_its_session(
    rule: str, market: Market
) -> None:
    _, found = judged(rule, market)
    own = [one for one in found if one.transition.rule == "p/r"]

    is_open = False
    for one in own:
        is_open = one.transition.kind is Kind.OPEN or (is_open and one.transition.kind is not Kind.RESOLVE)
        assert is_open or one.transition.kind is not Kind.REMIND
    heard = [one.transition for one in own if one.sent]
    assert all(
        before.session < later.session for before, later in pairwise(heard) if later.kind is Kind.REMIND
    )


@life
def test_nothing_happens_after_a_rule_has_expired(rule: str, market: Market) -> None:
    expires = book_of(rule).find("r")[0].rule.expires
    _, found = judged(rule, market)

    after = [
        one.transition
        for one in found
        if one.transition.rule == "p/r" and expires and one.transition.session >= expires
    ]
    assert {one.reason for one in after} <= {Reason.EXPIRED}
    assert len({one.session for one in after}) <= 1


def test_the_strategies_reach_every_reason_and_every_cause() -> None:
    reasons: set[str] = set()
    causes: set[str | None] = set()

    @life
    def look(rule: str, market: Market) -> None:
        for one in judged(rule, market)[1]:
            reasons.add(one.transition.reason)
            causes.add(one.cause)

    look()

    assert reasons == {"threshold", "expired", "stale_closed", "new_extreme"}
    assert causes == {
        None,
        "silent kind",
        "cooldown",
        "unknown",
        "inhibited by p/feed",
        "inhibited by p/other",
    }
