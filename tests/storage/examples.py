"""Small values that store tests are about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl

from monitor.alerts import AlertState, Kind, LevelState, Phase, Severity, Transition, transition_id
from monitor.bars import BARS, conform
from monitor.judge import Memory
from monitor.messages import Message, message_key
from monitor.policy import Decided, Told
from monitor.storage.records import Evaluation, Judged

DAY = date(2026, 1, 29)
SETTLED = datetime(2026, 1, 29, 18, 30, tzinfo=UTC)
NOW = datetime(2026, 1, 29, 22, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
RULE = "precious/gsr-high"


def bar(
    instrument: str = "silver", session: date = DAY, close: float | None = 30.0, **other: object
) -> pl.DataFrame:
    row = {
        "instrument": instrument,
        "interval": "1d",
        "session": session,
        "opened_at": None,
        "known_at": datetime(session.year, session.month, session.day, 18, 30, tzinfo=UTC),
        "open": 29.0,
        "high": 31.0,
        "low": 28.5,
        "close": close,
        "volume": 1000.0,
        "status": "final",
    }
    return conform(pl.DataFrame([row | other], schema=BARS))


def bars(*frames: pl.DataFrame) -> pl.DataFrame:
    return conform(pl.concat(frames))


def transition(kind: Kind = Kind.OPEN, session: date = DAY, instance: str | None = None) -> Transition:
    return Transition(
        id=transition_id(RULE, instance, Severity.WARNING, kind, session),
        rule=RULE,
        instance=instance,
        kind=kind,
        level=Severity.WARNING,
        session=session,
        at=SETTLED,
        episode=1,
        opened=session,
        values={"gsr": 91.25, "gsr_z": None},
        legs={"gold": {"value": 2737.5, "session": session, "known_at": SETTLED}},
    )


def message(*transitions: Transition, channel: str = "mail", title: str = "gsr-high opened") -> Message:
    ids = tuple(one.id for one in transitions)
    return Message(
        channel=channel,
        session=DAY,
        severity=Severity.WARNING,
        title=title,
        body="Gold-silver ratio 91.3",
        transitions=ids,
        key=message_key(channel, ids or (title,)),
    )


def memory(session: date = DAY, instance_hash: str = "v1") -> Memory:
    fresh = AlertState.fresh(2)
    levels = (
        LevelState(Phase.FIRING, armed=True),
        LevelState(Phase.PENDING, fires=2, recent=(True, False, True)),
    )
    state = replace(fresh, levels=levels, session=session, level=0, worst=0, opened=session, episode=1)
    return Memory(state, Told(last_open=session, level=Severity.WARNING), instance_hash)


def evaluation(session: date = DAY, instance: str | None = None, gsr: float | None = 91.25) -> Evaluation:
    return Evaluation(
        rule=RULE,
        instance=instance,
        session=session,
        at=SETTLED,
        verdicts=("fire", "band"),
        values={"gsr": gsr},
        legs={"gold": {"value": 2737.5, "session": session, "known_at": SETTLED}},
        phase="firing",
    )


def judged(*transitions: Transition, channels: tuple[str, ...] = ("mail",)) -> Judged:
    """A judged session in which all of the transitions are told on each channel."""
    return Judged(
        memories={(RULE, None): memory()},
        decided=[Decided(transition=one, sent=True, text="said") for one in transitions],
        messages=[message(*transitions, channel=channel) for channel in channels],
        evaluations=[evaluation()],
    )
