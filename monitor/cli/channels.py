"""`channels test`: whether a message really arrives."""

from typing import Annotated

import typer

from monitor.cli.options import SettingsOption, configuration
from monitor.cli.running import _write
from monitor.cli.screen import note, say
from monitor.errors import DeliveryError, UsageError

app = typer.Typer(help="Where messages go.", no_args_is_help=True)


@app.callback()
def _channels() -> None:
    pass


@app.command("test")
def send_test(
    names: Annotated[list[str] | None, typer.Argument(metavar="CHANNEL", help="Channels; else all.")] = None,
    *,
    settings: SettingsOption = None,
) -> None:
    """Send a test message to channels."""
    from monitor.alerts import Severity
    from monitor.delivery.channel import CONSOLE, url_remarks
    from monitor.opening import open_channels
    from monitor.yamltext import did_you_mean

    found = configuration(settings)
    unknown = [name for name in names or [] if name not in found.settings.channels]
    if unknown:
        known = found.settings.channels
        raise UsageError(
            "\n".join(
                f'no channel "{n}"; {did_you_mean(n, known) or "channels: " + ", ".join(known)}'
                for n in unknown
            )
        )
    channels = open_channels(found, _write)
    failed: list[str] = []
    for name in names or list(channels):
        try:
            channels[name].send(
                "TEST metalwatch: this channel works", "Sent by `metalwatch channels test`.", Severity.INFO
            )
        except DeliveryError as error:
            failed.append(f'channel "{name}": {error}')
            continue
        say(f'channel "{name}": delivered')
        for remark in url_remarks(found.address(name)) if channels[name].kind != CONSOLE else ():
            say(f"  {remark}")
    for line in failed[:-1]:
        note(f"error: {line}")
    if failed:
        raise DeliveryError(failed[-1])
