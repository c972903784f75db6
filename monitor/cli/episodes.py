"""What `backtest` tells of episodes and of the messages they made."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from monitor.cli.screen import paragraph, say, table
from monitor.overview.words import counted

if TYPE_CHECKING:
    import monitor.backtest
    from monitor.backtest import Backtest
    from monitor.backtest.attention import Attention, Load
    from monitor.policy import Decided

SHOWN_EPISODES = 12
SHOWN_STORMS = 3


def is_reported(one: "Decided") -> bool:
    """Whether people can hear of it."""
    from monitor.alerts import RECORDED_ONLY, Kind

    return one.transition.kind not in RECORDED_ONLY | {Kind.REMIND}


def show_episodes(done: "Backtest", source: str) -> None:
    """A row for each instance, its newest dates, and how much was told."""
    from monitor.backtest import episodes
    from monitor.backtest.run import span

    first, last = span(done.tracks)
    say(f"Prices: {source}, {first} to {last}")
    everything = episodes(done.decided)
    rows = [row for pack, keys in groupby(_keys(done), _pack) for row in _rows(pack, keys, everything, done)]
    table(("rule", "episodes", "told", "a year", "first", "last", "days open"), rows, right=(1, 2, 3, 6))
    for key in _keys(done):
        own = [e for e in everything if (e.rule, e.instance) == key]
        if own:
            _show_dates(_name(key), [(e.opened, e.resolved, e.told) for e in own])
    sent = sum(one.sent for one in done.decided)
    withheld = [one.withheld_by for one in done.decided if one.withheld_by and is_reported(one)]
    paragraph(
        f"{counted(len(everything), 'episode')} (days open: the median), {counted(sent, 'alert')} sent, "
        f"{len(withheld):,} withheld{_why(withheld)}.",
        hang="",
    )


def _why(withheld: Iterable[str]) -> str:
    """` by a cooldown`, or by whatever else can withhold an alert."""
    causes = sorted(set(withheld))
    return " by a cooldown" if causes in ([], ["cooldown"]) else f" ({', '.join(causes)})"


def _keys(done: "Backtest") -> list[tuple[str, str | None]]:
    return [instance.key for instance in done.rulebook.instances]


def _pack(key: tuple[str, str | None]) -> str:
    return key[0].partition("/")[0]


def _rows(
    pack: str,
    keys: Iterable[tuple[str, str | None]],
    everything: Sequence["monitor.backtest.Episode"],
    done: "Backtest",
) -> Iterator[tuple[object, ...]]:
    """A pack, its rules below it, and below each rule of a group its members."""
    yield (pack,)
    for rule, instances in groupby(keys, lambda key: key[0]):
        name = f"  {rule.partition('/')[2]}"
        for place, key in enumerate(instances):
            own = [e for e in everything if (e.rule, e.instance) == key]
            if key[1] is not None and not place:
                yield (name,)
            yield (name if key[1] is None else f"    {key[1]}", *_summary(key, own, done))


def _name(key: tuple[str, str | None]) -> str:
    return key[0] if key[1] is None else f"{key[0]} {key[1]}"


def _summary(
    key: tuple[str, str | None], own: Sequence["monitor.backtest.Episode"], done: "Backtest"
) -> tuple[object, ...]:
    from monitor.backtest.run import DAYS_A_YEAR

    closed = [(e.resolved - e.opened).days for e in own if e.resolved]
    length = f"{median(closed):g}" if closed else "-"
    rate = f"{len(own) / done.days[key] * DAYS_A_YEAR:.1f}" if own else "0"
    ends = (own[0].opened, own[-1].opened) if own else ("-", "-")
    return (len(own), sum(e.told for e in own), rate, *ends, length)


def _show_dates(name: str, dates: list[tuple[date, date | None, bool]]) -> None:
    """The newest episodes of one rule; an open that a cooldown withheld stands in brackets."""
    shown = dates[-SHOWN_EPISODES:]
    texts = [str(opened) if told else f"({opened})" for opened, _, told in shown]
    if shown[-1][1] is None:
        texts[-1] += " still open"
    more = f"{len(dates) - len(shown)} earlier, " if len(dates) > len(shown) else ""
    paragraph(f"{name}: {more}{', '.join(texts)}")


def show_attention(needed: "Attention") -> None:
    """How many messages each channel would have carried."""
    loads = "; ".join(map(_carried, needed.channels))
    paragraph(f"Messages, one for each channel and session: {loads}.", hang="  ")


def _carried(load: "Load") -> str:
    texts = [f"{load.channel} {load.a_month:.1f} a month"]
    if load.busiest is not None:
        texts.append(f"busiest {load.busiest[0]} with {load.busiest[1]}")
    if load.deferred:
        texts.append(f"{load.deferred} held back by quiet hours")
    if load.storms:
        days = ", ".join(f"{one.session} ({one.opens} opens)" for one in load.storms[-SHOWN_STORMS:])
        texts.append(f"{counted(len(load.storms), 'storm')}, the last on {days}")
    return ", ".join(texts)
