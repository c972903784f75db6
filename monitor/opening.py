"""What settings name, opened: the price source, the channels, the database, and the lock beside it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from monitor.config import CONSOLE, Configuration
from monitor.delivery.channel import Channel, apprise_channel, console_channel, url_faults
from monitor.errors import StorageError, UsageError
from monitor.gather import Context, keep_apart
from monitor.prices.source import PriceSource
from monitor.storage.store import Store, open_store


def open_source(configuration: Configuration) -> PriceSource:
    """The price source that settings name."""
    prices = configuration.settings.prices
    if prices.source == "sample":
        from monitor.prices.sample import SampleSource

        return SampleSource()
    if prices.source == "files":
        from monitor.prices.files import FileSource

        if prices.folder is None:
            msg = "prices.source is files, but prices.folder names none; set prices.folder"
            raise UsageError(msg)
        return FileSource(configuration.folder / prices.folder, configuration.catalogue)
    from monitor.prices.yahoo import Limits, YahooSource

    limits = Limits(per_minute=prices.yahoo.requests_per_minute)
    return YahooSource(
        endpoint=configuration.endpoint,
        cache_folder=configuration.cache,
        limits=limits,
        path=prices.yahoo.path,
    )


def open_channels(configuration: Configuration, write: Callable[[str], object]) -> dict[str, Channel]:
    """Every channel of the settings; UsageError lists all whose address is missing or unusable."""
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


def make_context(configuration: Configuration, store: Store, source: PriceSource) -> Context:
    """What cycles share, with the rulebook read from the packs of the settings."""
    rulebook = configuration.rulebook
    return Context(store=store, source=source, rulebook=rulebook, routing=configuration.routing)


@contextmanager
def opened(configuration: Configuration, *, claim: bool = True) -> Iterator[tuple[Store, PriceSource]]:
    """The database and the price source, closed at the end; without `claim` nothing will be fetched."""
    with closing(open_store(configuration.database)) as store, closing(open_source(configuration)) as source:
        keep_apart(store, source, claim=claim)
        yield store, source


@contextmanager
def only_one(store: Store) -> Iterator[None]:
    """Hold the lock beside the database: two daemons on one file would judge twice."""
    database = store.engine.url.database if store.engine.dialect.name == "sqlite" else None
    if not database or database == ":memory:":
        yield
        return
    path = Path(f"{database}.lock")
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            msg = f"another metalwatch is running on {database}; stop it, or use another database"
            raise StorageError(msg) from None
        yield
