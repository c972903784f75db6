"""What each page and each address of the API reads: one function each, the same for people and programs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from monitor.health import Health
from monitor.ledger import Standpoint, account, standpoints
from monitor.nearness import Nearness
from monitor.overview.alerts import AccountRow, AlertRow, Filter, account_row, alert_rows, heard
from monitor.overview.attention import AcknowledgedRow, SilenceRow, acknowledged_rows, silence_rows
from monitor.overview.row import Row
from monitor.overview.rule import Pictured, read_rule, sparkline
from monitor.overview.rules import RuleRow, nearby, rule_rows
from monitor.overview.status import StatusView, read_status, readiness
from monitor.overview.told import MessageRow, message_row
from monitor.rules import InstanceKey
from monitor.status.queries import AlertsQuery, MessagesQuery
from monitor.status.site import Site
from monitor.wellbeing import current_health

LATELY = timedelta(days=90)


class AlertsView(Row):
    """What happened, the newest first, and the account of it."""

    since: str
    """The first session that is asked about."""
    alerts: tuple[AlertRow, ...]
    total: int
    """How many there are, of which these are the newest."""
    account: AccountRow


class MessagesView(Row):
    """The messages that were written last, the newest first."""

    outbox: dict[str, int]
    """How many messages stand where."""
    messages: tuple[MessageRow, ...]


class AttentionView(Row):
    """What people asked not to hear."""

    silences: tuple[SilenceRow, ...]
    acknowledged: tuple[AcknowledgedRow, ...]


class RulesView(Row):
    """The rules in force."""

    rules: tuple[RuleRow, ...]


class NoSuchRuleError(Exception):
    """No rule in force is called so."""


def see_status(site: Site) -> StatusView:
    """How everything is."""

    def read() -> StatusView:
        context, now = site.context(), site.now()
        points = standpoints(context.store, context.rulebook)
        near = _near(site, points)
        view = read_status(context, points, near, now=now, clock=site.clock, health=_health(site))
        return view.model_copy(update={"prices": site.prices})

    return site.recent.get("status", read)


def _health(site: Site) -> Health:
    """How every series is; most of what is shown asks for it."""

    def look() -> Health:
        health = current_health(site.context(), now=site.now())
        return replace(health, source=replace(health.source, source=site.prices))

    return site.recent.get("health", look)


def see_readiness(site: Site) -> list[str]:
    """Why what is told is not to be relied on."""

    def read() -> list[str]:
        return readiness(site.context(), now=site.now(), patience=site.patience, health=_health(site))

    return site.recent.get("ready", read)


def see_sparklines(site: Site, rows: Iterable[RuleRow]) -> Mapping[InstanceKey, tuple[float | None, ...]]:
    """The last values of some rules, as far as they are computed."""
    tracks = site.histories.tracks(site.context(), site.now())
    known = ((row, tracks.get((row.rule, row.instance))) for row in rows)
    return {
        (row.rule, row.instance): sparkline(track, row.session)
        for row, track in known
        if track is not None and row.session is not None
    }


def _near(site: Site, points: Iterable[Standpoint]) -> dict[InstanceKey, Nearness]:
    """How near each instance is to its trigger; worked out once for a history and a session."""
    tracks = site.histories.tracks(site.context(), site.now())
    memo = site.histories.near
    keys = {
        (one.instance.key, one.evaluation.session, one.level is not None): one
        for one in points
        if one.evaluation is not None and one.instance.key in tracks
    }
    missing = {one.instance.key: key for key, one in keys.items() if key not in memo}
    news = nearby([keys[key] for key in missing.values()], [tracks[name] for name in missing])
    memo |= {missing[name]: found for name, found in news.items()}
    return {one.instance.key: memo[key] for key, one in keys.items()}


def see_alerts(site: Site, asked: AlertsQuery) -> AlertsView:
    """What happened, and what became of telling it."""
    store = site.context().store
    since = asked.since or (site.now() - LATELY).date()
    recorded = heard(
        store.transitions(since=since),
        Filter(rule=asked.rule, severity=asked.severity, only_withheld=asked.withheld),
    )
    messages = store.messages_since(datetime.combine(since, time(), UTC))
    return AlertsView(
        since=str(since),
        alerts=tuple(alert_rows(recorded[: asked.limit], messages)),
        total=len(recorded),
        account=account_row(account(recorded, messages)),
    )


def see_messages(site: Site, asked: MessagesQuery) -> MessagesView:
    """What became of messages."""
    store = site.context().store
    return MessagesView(
        outbox={status.value: number for status, number in store.counts().outbox.items()},
        messages=tuple(message_row(store, row) for row in store.newest_messages(asked.limit)),
    )


def see_attention(site: Site) -> AttentionView:
    """Silences and acknowledgements."""
    context = site.context()
    store = context.store
    return AttentionView(
        silences=tuple(silence_rows(store, context.rulebook.instances, site.now())),
        acknowledged=tuple(acknowledged_rows(store.acknowledged())),
    )


def see_members(site: Site, rule: str) -> list[RuleRow]:
    """Every instance of a rule that is asked of a group; none where it is asked once."""
    if not any(one.rule.id == rule and one.member is not None for one in site.context().rulebook.instances):
        return []
    return [row for row in see_status(site).rules if row.rule == rule and row.instance is not None]


def see_rule(site: Site, rule: str, instance: str | None) -> Pictured:
    """One instance in full."""
    key = (rule, instance)
    if all(one.key != key for one in site.context().rulebook.instances):
        raise NoSuchRuleError
    return site.recent.get(key, lambda: _read_rule(site, rule, instance))


def _read_rule(site: Site, rule: str, instance: str | None) -> Pictured:
    context, now = site.context(), site.now()
    row, point = next(one for one in _found(site, rule) if one[0].instance == instance)
    track = site.histories.tracks(context, now).get(point.instance.key)
    return read_rule(context, point, row, track=track, text=site.texts().get(rule), now=now)


def _found(site: Site, rule: str) -> list[tuple[RuleRow, Standpoint]]:
    context = site.context()
    points = standpoints(context.store, context.rulebook, rule)
    if not points:
        raise NoSuchRuleError
    return list(zip(rule_rows(points, _health(site), _near(site, points)), points, strict=True))
