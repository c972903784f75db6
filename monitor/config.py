"""The settings file and the environment -> a Configuration; also where user folders are.

The only reader of the environment.  A channel's address is a secret: settings name where it is (`env:NAME`,
`file:PATH`), and it is read when a message is to be sent, not before.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from monitor.digest import Schedule
from monitor.errors import Fault, FaultyFileError, UsageError
from monitor.instruments import Catalogue, read_catalogue
from monitor.packs import load_catalogue, load_rulebook, read_text, rule_texts, shown_path
from monitor.routefile import route_faults, routing
from monitor.routing import Routing
from monitor.rules import Rulebook
from monitor.settings import Settings
from monitor.validating import validate
from monitor.yamltext import read_yaml

SETTINGS_FILE = "metalwatch.yml"
POLARS_THREADS = "POLARS_MAX_THREADS"


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
