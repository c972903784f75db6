"""What is said of the kinds of channels is true of the plugins apprise has for them."""

from typing import Any

import pytest

from monitor.messages import PLAIN, Form, style_of
from monitor.messages.styles import _STYLES

SCHEMES = sorted(_STYLES)


@pytest.fixture(scope="module")
def plugins() -> Any:
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager
    return manager()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_apprise_knows_every_kind_and_takes_as_much_as_we_write(plugins: Any, scheme: str) -> None:
    plugin, style = plugins[scheme.removesuffix(" bot")], _STYLES[scheme]

    most = plugin.body_maxlen  # of a few kinds it depends on the address
    assert style.limit is None or isinstance(most, property) or style.limit <= most
    assert plugin.attachment_support or not style.pictures


def test_what_needs_no_style_of_its_own_gets_plain_text_of_any_length() -> None:
    assert style_of("json") is PLAIN
    assert style_of("") is PLAIN
    assert (PLAIN.form, PLAIN.limit, PLAIN.pictures) == (Form.TEXT, None, False)


def test_telegram_takes_less_with_a_picture() -> None:
    style = style_of("tgram")

    assert (style.longest(picture=False), style.longest(picture=True)) == (4000, 1000)
    assert style_of("mailto").longest(picture=True) is None
