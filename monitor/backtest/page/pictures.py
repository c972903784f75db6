"""The pictures of one rule: what it studies above what it compares, its last two years, and what followed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from monitor.background import PICTURED, drawing
from monitor.backtest.fan import Placed, fans_of
from monitor.backtest.forward import Study, study_of
from monitor.backtest.report import Report
from monitor.backtest.spans import study_of_instance
from monitor.backtest.values import Evidence
from monitor.charts import Drawing, Flag, Timeline, fan_chart, inline, timeline_chart
from monitor.engine import Track, episodes
from monitor.eventfile import Event
from monitor.language import bounds_of, written

WIDE, NARROW, FAN = 1000, 370, 430
"""Pixels: across a screen or paper, across a phone, half a screen."""
MOST_INSTANCES = 6
"""So many instruments of a group are drawn, those with most episodes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture for broad and for narrow screens, and what it shows in words."""

    title: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class Fan:
    """What followed, and what its own lines are."""

    picture: str
    own: str


class Painter:
    """Draws for one report; what several rules study is read once."""

    def __init__(self, report: Report, events: Mapping[int, Event]) -> None:
        self.report, self.events = report, events
        self._studies: dict[str, Study] = {}

    def timelines(self, one: Evidence) -> Iterator[Picture]:
        """All of history and the last two years, for the instruments with most episodes."""
        for track in self._drawn(one):
            shown = self.timeline(track)
            if shown is None:
                continue
            of = f" of {track.instance.member}" if track.instance.member else ""
            yield _picture(f"All sessions{of}", shown)
            sessions = shown.price.frame["session"]
            if len(sessions) > PICTURED:
                yield _picture(f"The last {PICTURED} sessions{of}", shown.since(sessions[-PICTURED]))

    def undrawn(self, one: Evidence) -> int:
        """So many instruments more were judged than are drawn."""
        return max(len(self._judged(one)) - MOST_INSTANCES, 0)

    def fan(self, one: Evidence) -> Fan | None:
        """What followed beside what follows any session; None where nothing did."""
        fans = fans_of(
            [found for track in self._judged(one) if (found := self._placed(track, one)) is not None]
        )
        if not fans.own or not fans.any:
            return None
        shaded = ["shaded: the middle half"] if fans.shaded else []
        thin = ["thin: each of them"] if fans.ways else []
        own = ", ".join(["median after an episode", *shaded, *thin])
        return Fan(inline(fan_chart(fans, width=FAN)), own)

    def _judged(self, one: Evidence) -> list[Track]:
        tracks = self.report.done.tracks
        return [track for track in tracks if track.instance.rule.id == one.rule and len(track.sessions)]

    def _drawn(self, one: Evidence) -> list[Track]:
        counts = Counter(episode.instance for episode in one.episodes)
        ordered = sorted(self._judged(one), key=lambda track: -counts[track.instance.member])
        return ordered[:MOST_INSTANCES]

    def timeline(self, track: Track) -> Timeline | None:
        """What it studies above what it compares; None where no price is held."""
        instance = track.instance
        studied = study_of_instance(instance.rule.study, instance.member)
        names = [studied, instance.member, *sorted(instance.instruments)]
        name = next((n for n in names if n is not None and self._prices(n).height), None)
        if name is None:
            return None
        spans = tuple(episodes(track))
        start = self.report.done.start
        price = Drawing(title=name, unit=self._unit(name), frame=self._prices(name), episodes=spans)
        level = instance.levels[0]
        bounds = bounds_of(level.when)
        metric = drawing(track, level, bounds[0]) if bounds else None
        if metric is not None:
            metric = replace(metric, title=written(bounds[0][0]))
        shown = Timeline(price=price, metric=metric, flags=self._flags({name, *instance.instruments}))
        return shown if start is None else shown.since(start)

    def _flags(self, instruments: set[str]) -> tuple[Flag, ...]:
        return tuple(
            Flag(event.date, number)
            for number, event in self.events.items()
            if any(map(event.touches, instruments))
        )

    def _unit(self, name: str) -> str:
        known = self.report.done.rulebook.catalogue.instruments.get(name)
        return "" if known is None else known.unit

    def _prices(self, name: str) -> pl.DataFrame:
        study = self._study(name)
        return pl.DataFrame({"session": study.sessions, "value": study.closes}).with_columns(
            pl.col("session").cast(pl.Date), pl.col("value").fill_nan(None)
        )

    def _study(self, name: str) -> Study:
        if name not in self._studies:
            done = self.report.done
            self._studies[name] = study_of(self.report.bars, name, done.rulebook.catalogue, end=done.end)
        return self._studies[name]

    def _placed(self, track: Track, one: Evidence) -> Placed | None:
        instance, start = track.instance, self.report.done.start
        name = study_of_instance(instance.rule.study, instance.member)
        if name is None or not len(self._study(name).sessions):
            return None
        study = self._study(name)
        opened = [episode.opened for episode in one.episodes if episode.instance == instance.member]
        first: date = max(filter(None, (track.sessions[0], start)))
        low, high = study.rows_of([first, track.sessions[-1]])
        every = np.arange(max(int(low), 0), int(high) + 1, dtype=np.int64)
        return study, study.rows_of(opened), every


def _picture(title: str, shown: Timeline) -> Picture:
    wide, narrow = (inline(timeline_chart(shown, width=width)) for width in (WIDE, NARROW))
    return Picture(title, wide, narrow)


def listed(events: Sequence[Event], report: Report) -> dict[int, Event]:
    """The events within the span that touch what the rules read or study, numbered for the pictures."""
    read = {leg.instrument for leg in report.legs}
    days = [day for leg in report.legs for day in (leg.first, leg.last) if day]
    if not days:
        return {}
    first, last = report.done.start or min(days), max(days)
    inside = [one for one in events if first <= one.date <= last and any(map(one.touches, read))]
    return dict(enumerate(inside, 1))
