"""The page for Prometheus: what is measured, read anew at each scrape.  README lists the names."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

import monitor
from monitor.health import Freshness
from monitor.overview.data import SeriesRow
from monitor.overview.rules import RuleRow
from monitor.status.site import Site
from monitor.status.views import see_readiness, see_status
from monitor.storage.records import Counts, Owed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("ok", "pending", "firing", "recovering", "not judged")


def scrape(site: Site) -> bytes:
    """All measures, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Measures(site))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Measures(Collector):
    """What is measured of a site."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def describe(self) -> Iterator[Metric]:
        """Nothing is read before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        site, context, now = self.site, self.site.context(), self.site.now()
        view, ready = see_status(site), not see_readiness(site)
        yield InfoMetricFamily("metalwatch", "The version that runs.", {"version": monitor.__version__})
        yield _gauge("ready", "1 where data are fresh, judged, and messages leave.", "", [((), ready)])
        yield from _rules(view.rules)
        yield from _series(view.data)
        yield from _stored(context.store.counts(), now)
        if view.heartbeat:
            silent = (now - datetime.fromisoformat(view.heartbeat)).total_seconds()
            text = "Seconds since the last sign of life of a daemon."
            yield _gauge("heartbeat_age_seconds", text, "", [((), silent)])


def _gauge(name: str, text: str, labels: str, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(f"metalwatch_{name}", text, labels=labels.split())
    for key, value in samples:
        family.add_metric(key, float(value))
    return family


def _rules(rows: Iterable[RuleRow]) -> Iterator[Metric]:
    keyed = [((row.rule, row.instance or ""), row) for row in rows]
    yield _gauge(
        "rule_value",
        "What a rule compares, in its last session.",
        "rule instance metric",
        (((*key, row.metric), row.value) for key, row in keyed if row.value is not None),
    )
    yield _gauge(
        "rule_distance_ratio",
        "From there to what it waits for, as a part of that.",
        "rule instance",
        ((key, row.closeness) for key, row in keyed if row.closeness is not None),
    )
    yield _gauge(
        "rule_state",
        "1 at the state of a rule.",
        "rule instance state",
        (((*key, state), state == row.state) for key, row in keyed for state in STATES),
    )
    yield _gauge(
        "alert_open",
        "1 for each alert that is open.",
        "rule instance severity",
        (((*key, row.level.value), 1.0) for key, row in keyed if row.level is not None),
    )


def _series(rows: Iterable[SeriesRow]) -> Iterator[Metric]:
    kept = list(rows)
    yield _gauge(
        "series_age_seconds",
        "Seconds since the last session that is held of a series had settled.",
        "series",
        (((row.series,), row.age_hours * 3600) for row in kept if row.age_hours is not None),
    )
    yield _gauge(
        "series_missing_sessions",
        "Settled sessions that a series lacks at its end.",
        "series",
        (((row.series,), row.missing) for row in kept),
    )
    yield _gauge(
        "series_freshness",
        "1 at how fresh a series is.",
        "series freshness",
        (((row.series, one.value), one is row.freshness) for row in kept for one in Freshness),
    )


def _stored(counts: Counts, now: datetime) -> Iterator[Metric]:
    waited = 0.0 if counts.oldest_owed is None else (now - counts.oldest_owed).total_seconds()
    yield _gauge(
        "messages",
        "Messages by where they stand.",
        "status",
        (((s.value,), counts.outbox.get(s, 0)) for s in Owed),
    )
    yield _gauge(
        "oldest_owed_seconds", "Seconds that the oldest owed message has waited.", "", [((), waited)]
    )
    yield _gauge(
        "transitions",
        "Transitions by what was decided: sent, or why not.",
        "decision",
        (((cause,), number) for cause, number in sorted(counts.decisions.items())),
    )
    yield _gauge("bar_versions", "Bar versions that are held.", "", [((), counts.bars)])
