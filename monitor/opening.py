"""What settings name, opened: the price source, the channels and the database."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.config import Configuration
from monitor.errors import MonitorError, UsageError
from monitor.messages import Form, Style, UserTemplate, style_of
from monitor.packs import read_text
from monitor.rulefile import read_rulebook
from monitor.rules import Rulebook
from monitor.settings import CONSOLE

if TYPE_CHECKING:  # they bring the database, and `check` opens none
    from monitor.delivery.channel import Channel
    from monitor.delivery.outbox import Terms
    from monitor.gather import Context
    from monitor.prices.source import PriceSource
    from monitor.storage.store import Store


def open_source(configuration: Configuration) -> "PriceSource":
    """The price source that settings name."""
    prices = configuration.settings.prices
    if prices.source == "sample":
        from monitor.prices.sample import SampleSource

        return SampleSource()
    if prices.source == "files":
        from monitor.prices.files import FileSource

        return FileSource(configuration.folder / (prices.folder or ""), configuration.catalogue)
    from monitor.prices.yahoo import Limits, YahooSource

    limits = Limits(per_minute=prices.yahoo.requests_per_minute)
    return YahooSource(
        endpoint=configuration.endpoint,
        cache_folder=configuration.cache,
        limits=limits,
        path=prices.yahoo.path,
    )


def open_channels(configuration: Configuration, write: Callable[[str], object]) -> dict[str, "Channel"]:
    """Every channel of the settings; UsageError lists all whose address is missing or unusable."""
    from monitor.delivery.channel import apprise_channel, console_channel, url_faults

    channels: dict[str, Channel] = {}
    faults: list[str] = []
    for name, channel in configuration.settings.channels.items():
        if channel.url == CONSOLE:
            channels[name] = console_channel(name, write)
            continue
        try:
            url = configuration.address(name)
        except UsageError as error:
            faults.append(str(error))
            continue
        faults.extend(f'channel "{name}": {fault}' for fault in url_faults(url))
        channels[name] = apprise_channel(name, url)
    if faults:
        raise UsageError("\n".join(faults))
    return channels


SPANS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def terms_of(configuration: Configuration) -> dict[str, "Terms"]:
    """How each channel may be sent to."""
    from monitor.delivery.outbox import Terms

    found: dict[str, Terms] = {}
    quiet = configuration.routing.quiet
    for name, one in configuration.settings.channels.items():
        rate = None
        if one.rate is not None:
            count, _, span = one.rate.split(" ")
            rate = (int(count), SPANS[span])
        once = one.delivery == "at_most_once"
        found[name] = Terms(rate=rate, at_most_once=once, quiet=quiet.get(name))
    return found


def make_context(
    configuration: Configuration, store: "Store", source: "PriceSource", rulebook: Rulebook | None = None
) -> "Context":
    """What cycles share, with some rules, else with those of the packs of the settings."""
    from monitor.gather import Context

    return Context(
        store=store,
        source=source,
        rulebook=configuration.rulebook if rulebook is None else rulebook,
        routing=configuration.routing,
        styles=channel_styles(configuration),
    )


def last_good(configuration: Configuration, store: "Store") -> Rulebook | None:
    """The rules that were judged by last, where those of the settings are faulty; None where these can be read.

    Where nothing was judged yet, or those cannot be read any more either, the fault is raised.
    """
    try:
        configuration.rulebook  # noqa: B018 - it is read
    except MonitorError as fault:
        packs = next((one.packs for one in reversed(store.judgings()) if one.packs), None)
        if not packs:
            raise
        try:
            return read_rulebook(packs, configuration.catalogue)
        except MonitorError:
            raise fault from None
    return None


def channel_styles(configuration: Configuration) -> dict[str, Style]:
    """How each channel is written to: as its kind wants it, or with the user's template for that form."""
    templates = {template.form: template for template in open_templates(configuration)}
    styles = {name: style_of(_kind(configuration, name)) for name in configuration.settings.channels}
    return {name: replace(style, template=templates.get(style.form)) for name, style in styles.items()}


def _kind(configuration: Configuration, channel: str) -> str:
    """The scheme of a channel's address, and whether it is a bot of Slack, which takes pictures."""
    if configuration.settings.channels[channel].url == CONSOLE:
        return CONSOLE
    try:
        kind, _, rest = configuration.address(channel).partition("://")
    except UsageError:
        return ""  # whoever sends to it says what is wrong
    return f"{kind.lower()} bot" if "xoxb-" in rest else kind.lower()


def open_templates(configuration: Configuration) -> list[UserTemplate]:
    """The user's own templates: files called message.FORM.j2 in the folder that settings name."""
    named = configuration.settings.templates
    if named is None:
        return []
    folder = configuration.folder / named
    if not folder.is_dir():
        msg = f"templates: there is no folder {folder}; make it, or take the key out"
        raise UsageError(msg)
    known = {f"message.{form}.j2": form for form in Form}
    files = sorted(folder.glob("*.j2"))
    if wrong := [file.name for file in files if file.name not in known]:
        msg = f"templates: expected files called {', '.join(known)}; got {', '.join(wrong)}"
        raise UsageError(msg)
    return [UserTemplate(read_text(file), known[file.name], f"{named}/{file.name}") for file in files]


@contextmanager
def opened(configuration: Configuration, *, claim: bool = True) -> Iterator[tuple["Store", "PriceSource"]]:
    """The database and the price source, closed at the end; without `claim` nothing will be fetched."""
    from monitor.gather import keep_apart
    from monitor.storage.store import open_store

    with closing(open_store(configuration.database)) as store, closing(open_source(configuration)) as source:
        keep_apart(store, source, claim=claim)
        yield store, source
