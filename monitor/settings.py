"""What a settings file may say: the keys, what each takes, and what is wrong whatever the machine."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from monitor.errors import hidden, shown
from monitor.routefile import DigestFile, QuietHoursFile, RouteFile
from monitor.rulefile.model import NAME

CONSOLE = "console"
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")
"""Kinds of databases, as their URLs begin."""
PASSWORD = re.compile(r"[^/].*:.*@|:.*@|.*[?&](ssl)?password=", re.IGNORECASE)
"""In the rest of such a URL: behind the user, or among the options."""


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def exposed(host: str) -> str:
    """What is wrong with a page that others could look at."""
    return (
        f"{hidden(host)} can be reached from other machines; set status.token to env:NAME or file:PATH, "
        "or listen on 127.0.0.1"
    )


def _is_reference(value: str) -> bool:
    kind, _, name = value.partition(":")
    return kind in ("env", "file") and bool(name) and "://" not in name


def _reference(value: str) -> str:
    """A secret is never written into settings, only where it is kept."""
    if not _is_reference(value):
        raise ValueError("this is a secret and does not belong here: write env:NAME or file:PATH")
    return value


def _address(value: str) -> str:
    """An address of a channel is a secret, but for the console."""
    if value != CONSOLE and not _is_reference(value):
        msg = "an address is a secret and does not belong here: write env:NAME or file:PATH (or console)"
        raise ValueError(msg)
    return value


Reference = Annotated[str, AfterValidator(_reference)]


def _database(value: str) -> str:
    """A URL of a database that can be opened may stand in settings, but not its password."""
    kind, is_url, rest = value.partition("://")
    if not is_url:
        return value
    if PASSWORD.match(rest):
        msg = "a password is a secret and does not belong here: write env:NAME or file:PATH, which holds the whole URL"
        raise ValueError(msg)
    if kind not in DATABASES or (kind == "sqlite" and rest and not rest.startswith("/")):
        raise ValueError(
            f"expected a path, sqlite:///PATH or postgresql://USER@HOST/NAME; got {shown(value)}"
        )
    return value


def _rate(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,5} per (minute|hour|day)", value):
        raise ValueError(f'expected a rate such as "20 per hour" (or minute, day); got {shown(value)}')
    return value


def _path(value: str) -> str:
    if "://" in value:
        raise ValueError(f"expected a file or a folder; got {shown(value)}")
    return value


def _endpoint(value: str) -> str:
    if not re.match("https?://.", value):
        raise ValueError(f"expected an address of http or https; got {shown(value)}")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(NAME, value):
        raise ValueError(
            "the name of a channel begins with a small letter, then come small letters, digits, - and _"
        )
    return value


PathText = Annotated[str, AfterValidator(_path)]
ChannelName = Annotated[str, AfterValidator(_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class YahooSettings(_Strict):
    """How Yahoo is asked."""

    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    """Another base URL that all requests go to: a caching proxy, a test server."""
    requests_per_minute: int = Field(default=30, ge=1, le=600)
    path: Literal["chart", "history"] = "chart"
    """Our own reading of its replies, or yfinance's."""


class PriceSettings(_Strict):
    """Where prices come from."""

    source: Literal["yahoo", "files", "sample"] = "yahoo"
    folder: PathText | None = None
    """For `files`: a folder, a file or a mapping such as prices.yml."""
    yahoo: YahooSettings = YahooSettings()

    @model_validator(mode="after")
    def _with_folder(self) -> Self:
        if self.source == "files" and self.folder is None:
            raise ValueError("the source is files, so `folder:` must say where they are")
        return self


class ChannelSettings(_Strict):
    """A channel with more to say than where its address is."""

    url: Annotated[str, AfterValidator(_address)]
    quiet_hours: QuietHoursFile | None = None
    """When it is left alone."""
    rate: Annotated[str, AfterValidator(_rate)] | None = None
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

    @model_validator(mode="after")
    def _not_open_to_all(self) -> Self:
        if self.token is None and not is_loopback(self.host):
            raise ValueError(exposed(self.host))
        return self


class Settings(_Strict):
    """All settings; paths are relative to the file they stand in."""

    database: Annotated[str, AfterValidator(_database)] = ""
    """A path, a database URL without a password, or where such a URL is (`env:NAME`, `file:PATH`); empty means
    metalwatch.db in the user's data folder."""
    packs: tuple[PathText, ...] = ("precious",)
    """Names of packs that ship, or paths."""
    instruments: PathText | None = None
    """A file like `rules/instruments.yml` with instruments and groups of your own."""
    prices: PriceSettings = PriceSettings()
    channels: dict[ChannelName, ChannelEntry] = {CONSOLE: ChannelSettings(url=CONSOLE)}
    routes: tuple[RouteFile, ...] = ()
    """Who hears of what, the first match first; without any, every channel hears everything."""
    templates: PathText | None = None
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
