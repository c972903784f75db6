from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.delivery.redact import HIDDEN, redact

PLANTED = {
    "mailto://ann:s3cr3t-pass@mail.example.org/?to=bob@example.org&from=ann@example.org": [
        "s3cr3t-pass",
        "bob@example.org",
        "mail.example.org",
    ],
    "mailtos://ann:p%40ss%2Fw%C3%B6rd@mail.example.org": [
        "p@ss/wörd",
        "p%40ss%2Fw%C3%B6rd",
        "P%40SS%2fW%C3%B6RD",
    ],
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#metals": [
        "T1JJ3T3L2",
        "A1BRTD4JD",
        "TIiajkdnlazkcOXrIdevi7FQ",
        "/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
    "tgram://123456789:abcdefg_hijklmnop/987654321/": ["123456789", "abcdefg_hijklmnop", "987654321"],
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": ["4174216298", "JHMHI8qBe7bk2ZwO5U711o3dV_js"],
    "json://u:pw@127.0.0.1:8080/hook/k3y?+X-Token=abc%20def&rto=2": [
        "k3y",
        "abc def",
        "abc%20def",
        "abc+def",
        "pw",
    ],
    "ntfy://tk_9f8e7d@ntfy.example.org/my-topic": ["tk_9f8e7d", "my-topic"],
}


@pytest.mark.parametrize("url", PLANTED)
def test_no_planted_secret_survives_in_any_form(url: str) -> None:
    text = f"Could not reach {url} nor {unquote(url)}: " + ", ".join(f"<{secret}>" for secret in PLANTED[url])

    shown = redact(text, url)

    assert not [secret for secret in PLANTED[url] if secret.lower() in shown.lower()]


def test_a_login_in_its_basic_form_is_hidden() -> None:
    assert (
        redact("Authorization: Basic YW5uOnM6Y3JldA==", "json://ann:s%3Acret@host")
        == f"Authorization: Basic {HIDDEN}"
    )


def test_a_reason_stays_readable() -> None:
    reason = "Failed to send JSON POST notification: Servers are overloaded., error=503."

    assert redact(reason, "json://ann:a@hooks.example.org/x?format=text&verify=no") == reason


def test_a_text_without_the_url_stays_as_it_is() -> None:
    assert redact("all quiet", "json://hooks.example.org/") == "all quiet"


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="/ \t"), min_size=4).filter(str.strip), st.text()
)
def test_a_password_never_shows(password: str, around: str) -> None:
    url = f"mailto://ann:{quote(password, safe='')}@example.org"

    assert password not in redact(f"{around}{password}{around}", url).replace(HIDDEN, "\0")
