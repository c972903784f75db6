"""The settings file and the environment -> frozen Settings; also where user folders are.

The only reader of the environment.  A channel's address is a secret: settings name where it is (`env:NAME`,
`file:PATH`), and it is read when a message is to be sent, not before.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.digest import Schedule
from monitor.errors import Fault, FaultyFileError, UsageError
from monitor.instruments import Catalogue, read_catalogue
from monitor.packs import load_catalogue, load_rulebook, read_text, rule_texts, shown_path
from monitor.routefile import DigestFile, QuietHoursFile, RouteFile, route_faults, routing
from monitor.routing import Routing
from monitor.rules import Rulebook
from monitor.yamltext import read_yaml, validate

SETTINGS_FILE = "metalwatch.yml"
POLARS_THREADS = "POLARS_MAX_THREADS"
CONSOLE = "console"


def _reference(value: str) -> str:
    """An address is never written into settings, only where it is kept."""
    if value != CONSOLE and not value.startswith(("env:", "file:")):
        msg = "an address is a secret and does not belong here: write env:NAME or file:PATH (or console)"
        raise ValueError(msg)
    return value


Reference = Annotated[str, AfterValidator(_reference)]


def _without_password(value: str) -> str:
    """A database URL may stand in settings, but not its password."""
    if "://" in value and urlsplit(value).password:
        msg = "a password is a secret and does not belong here: write env:NAME or file:PATH, which holds the whole URL"
        raise ValueError(msg)
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class YahooSettings(_Strict):
    """How Yahoo is asked."""

    endpoint: str | None = None
    """Another base URL that all requests go to: a caching proxy, a test server."""
    requests_per_minute: int = Field(default=30, ge=1, le=600)
    path: Literal["chart", "history"] = "chart"
    """Our own reading of its replies, or yfinance's."""


class PriceSettings(_Strict):
    """Where prices come from."""

    source: Literal["yahoo", "files", "sample"] = "yahoo"
    folder: str | None = None
    """For `files`: a folder, a file or a mapping such as prices.yml."""
    yahoo: YahooSettings = YahooSettings()


class ChannelSettings(_Strict):
    """A channel with more to say than where its address is."""

    url: Reference
    quiet_hours: QuietHoursFile | None = None
    """When it is left alone."""
    rate: Annotated[str, Field(pattern=r"^[1-9]\d{0,5} per (minute|hour|day)$")] | None = None
    """So many messages at most; what is beyond waits."""
    delivery: Literal["at_least_once", "at_most_once"] = "at_least_once"
    """Whether a message that may have arrived is sent again."""


def _with_url(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


ChannelEntry = Annotated[ChannelSettings, BeforeValidator(_with_url)]
"""A reference alone is a channel with nothing more to say."""


class StatusSettings(_Strict):
    """Where the status page is served."""

    host: str = "127.0.0.1"
    """The address it listens on; beyond loopback it needs a token."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8480
    """0 takes any that is free."""
    token: Reference | None = None
    """Where the token is that readers show."""


class Settings(_Strict):
    """All settings; paths are relative to the file they stand in."""

    database: Annotated[str, AfterValidator(_without_password)] = ""
    """A path, a database URL without a password, or where such a URL is (`env:NAME`, `file:PATH`); empty means
    metalwatch.db in the user's data folder."""
    packs: tuple[str, ...] = ("precious",)
    """Names of packs that ship, or paths."""
    instruments: str | None = None
    """A file like `rules/instruments.yml` with instruments and groups of your own."""
    prices: PriceSettings = PriceSettings()
    channels: dict[str, ChannelEntry] = {CONSOLE: ChannelSettings(url=CONSOLE)}
    routes: tuple[RouteFile, ...] = ()
    """Who hears of what, the first match first; without any, every channel hears everything."""
    templates: str | None = None
    """A folder with your own words for messages: files called message.FORM.j2."""
    digests: tuple[DigestFile, ...] = ()
    """What happened in a day or a week, in one message."""
    notices: tuple[str, ...] = ()
    """Channels that are told when the daemon starts and stops."""
    heartbeat: Reference | None = None
    """Where the address is that is called while all is well: of a dead man's switch, a secret too."""
    status: StatusSettings | None = None
    """With it the daemon serves its status page."""
    poll: Annotated[int, Field(ge=1, le=1440)] = 15
    """Minutes between two looks at the source while a settled bar is missing."""


class Configuration(BaseModel):
    """Settings together with the folder they are relative to and the environment they were read in."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    folder: Path
    file: Path | None
    environment: Mapping[str, str]

    @property
    def database(self) -> str:
        """The database URL."""
        return self.database_of(self.settings.database or str(data_folder() / "metalwatch.db"), self.folder)

    def database_of(self, text: str, folder: Path) -> str:
        """The URL of a database that is named as in settings; a file may also be called `sqlite:PATH`."""
        if text.startswith(("env:", "file:")):
            text = self._secret(text, "database")
        if "://" in text:
            return text
        return f"sqlite:///{(folder / text.removeprefix('sqlite:')).resolve()}"

    @property
    def endpoint(self) -> str | None:
        """The base URL Yahoo is asked at, if not Yahoo's own."""
        return self.environment.get("METALWATCH_YAHOO_ENDPOINT") or self.settings.prices.yahoo.endpoint

    @property
    def cache(self) -> Path:
        """A folder of our own for the price source's cookies."""
        return Path(self.environment.get("METALWATCH_CACHE") or _user_folder("cache"))

    @property
    def catalogue(self) -> Catalogue:
        """The instruments that ship, and those of the settings."""
        shipped, own = load_catalogue(), self.settings.instruments
        if own is None:
            return shipped
        file = self.folder / own
        return read_catalogue(read_text(file), file=shown_path(file), base=shipped)

    @property
    def rulebook(self) -> Rulebook:
        """The rules of the settings, read anew."""
        return load_rulebook(self.settings.packs, folder=self.folder, catalogue=self.catalogue)

    @property
    def rule_texts(self) -> dict[str, str]:
        """Each rule as it stands in its pack, read anew."""
        return rule_texts(self.settings.packs, folder=self.folder)

    def unreached(self, rulebook: Rulebook) -> list[Fault]:
        """The routes that nothing of these rules ever takes."""
        if self.file is None or not self.settings.routes:
            return []
        document = read_yaml(read_text(self.file), file=shown_path(self.file))
        hint = "remove it, or move it before the one that takes its alerts"
        return [
            Fault(document.place(("routes", index)), "nothing ever takes this route", hint=hint)
            for index in self.routing.unreached(rulebook)
        ]

    @property
    def user(self) -> str:
        """Who types."""
        return self.environment.get("USER") or "unknown"

    @property
    def clock(self) -> str | None:
        """The clock setting of the environment, as `--clock` takes it."""
        return self.environment.get("METALWATCH_CLOCK")

    @property
    def notify_socket(self) -> str | None:
        """Where a service manager wants to hear of the process; see `monitor.watchdog`."""
        return self.environment.get("NOTIFY_SOCKET")

    @property
    def routing(self) -> Routing:
        """Who hears of what, and when not."""
        channels = self.settings.channels
        quiet = {name: one.quiet_hours for name, one in channels.items() if one.quiet_hours}
        return routing(self.settings.routes, list(channels), quiet)

    def address(self, channel: str) -> str:
        """The secret address of a channel; UsageError when it is not where settings say."""
        return self._secret(self.settings.channels[channel].url, f'channel "{channel}"')

    @property
    def heartbeat(self) -> str | None:
        """The secret address of the dead man's switch, if there is one."""
        reference = self.settings.heartbeat
        return None if reference is None else self._secret(reference, "heartbeat")

    @property
    def token(self) -> str | None:
        """The secret that readers of the status page show, if there is one."""
        status = self.settings.status
        if status is None or status.token is None:
            return None
        return self._secret(status.token, "status.token", of="token")

    @property
    def digests(self) -> tuple[Schedule, ...]:
        """When digests are due, and where they go."""
        return tuple(one.schedule() for one in self.settings.digests)

    def _secret(self, reference: str, what: str, *, of: str = "URL") -> str:
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = self.environment.get(name)
            if not value:
                msg = f"{what}: the environment variable {name} is not set; set it to the {of}"
                raise UsageError(msg)
            return value
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip()
        except OSError as error:
            msg = f"{what}: the file {name} cannot be read ({error.strerror}); it should hold the {of}"
            raise UsageError(msg) from None


def read_configuration(
    path: Path | None = None, environment: Mapping[str, str] | None = None
) -> Configuration:
    """The settings of a file, else of the working folder, else of the user's config folder, else the defaults."""
    environment = dict(os.environ) if environment is None else environment
    file = path or _settings_file(environment)
    if file is None:
        return Configuration(settings=Settings(), folder=Path.cwd(), file=None, environment=environment)
    document = read_yaml(read_text(file), file=str(file))
    settings = Settings() if document.value is None else validate(document, Settings)
    if faults := list(route_faults(settings, document)):
        raise FaultyFileError(faults)
    return Configuration(settings=settings, folder=file.resolve().parent, file=file, environment=environment)


def _settings_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("METALWATCH_SETTINGS")
    if named:
        return Path(named)
    candidates = (Path(SETTINGS_FILE), _user_folder("config") / SETTINGS_FILE)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def data_folder() -> Path:
    """Where the database is kept by default."""
    return _user_folder("data")


def _user_folder(kind: Literal["config", "data", "cache"]) -> Path:
    import platformdirs

    folders = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
    }
    return folders[kind]("metalwatch", appauthor=False)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Processes started meanwhile compute on one thread each: there are as many of them as cores."""
    before = os.environ.get(POLARS_THREADS)
    os.environ[POLARS_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[POLARS_THREADS]
        if before is not None:
            os.environ[POLARS_THREADS] = before
