import logging
import subprocess
import sys
import traceback

import pytest
from apprise import AppriseResult, AppriseResultStatus

from monitor.alerts import Severity
from monitor.delivery.channel import (
    Channel,
    NoAnswerError,
    _judge,
    apprise_channel,
    console_channel,
    url_faults,
    url_remarks,
)
from monitor.errors import DeliveryError
from tests.support.receivers import closed_port, mail_receiver, web_receiver

TITLE = "WARNING gsr-high: gsr 91.3 > 90"
BODY = "Gold-silver ratio 91.3: silver is cheap against gold\n<b> & ${HOME} \\n stay as they are"


def send(channel: Channel) -> None:
    channel.send(TITLE, BODY, Severity.WARNING)


def refused(url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(apprise_channel("one", url))
    return caught.value


def test_a_console_writes_a_paragraph() -> None:
    written: list[str] = []

    send(console_channel("here", written.append))

    assert written == [f"{TITLE}\n{BODY}\n\n"]


def test_a_console_that_is_gone_is_a_passing_failure() -> None:
    def broken(_text: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(DeliveryError, match="Broken pipe") as caught:
        send(console_channel("here", broken))

    assert not caught.value.permanent


def test_a_message_arrives_over_http_word_for_word() -> None:
    with web_receiver() as web:
        send(apprise_channel("web", web.url))

        (post,) = web.received
    assert (post.title, post.message, post.body["type"]) == (TITLE, BODY, "warning")


def test_a_message_arrives_by_mail_word_for_word() -> None:
    with mail_receiver() as mail:
        send(apprise_channel("mail", mail.url("bob@example.org")))

        (one,) = mail.received
    assert (one.subject, one.recipients) == (TITLE, ("bob@example.org",))
    assert one.text.strip() == BODY


def test_mails_are_not_held_back_by_apprise() -> None:
    with mail_receiver() as mail:
        channel = apprise_channel("mail", mail.url())
        for _ in range(3):  # 11 s with apprise's own throttling, beyond the next line's patience
            send(channel)

        assert mail.received.wait_for(3, seconds=5)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_for_good_is_permanent(status: int) -> None:
    with web_receiver(script=[status]) as web:
        error = refused(web.url)

    assert error.permanent
    assert f"error={status}" in str(error)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_server_in_trouble_is_a_passing_failure(status: int) -> None:
    with web_receiver(script=[status]) as web:
        error = refused(web.url)

    assert not error.permanent
    assert not isinstance(error, NoAnswerError)
    assert f"error={status}" in str(error)


@pytest.mark.parametrize("step", ["hang", "drop"])
def test_silence_after_the_message_left_says_that_it_may_have_arrived(step: str) -> None:
    with web_receiver(script=[step]) as web:  # type: ignore[list-item]
        error = refused(web.url)

    assert isinstance(error, NoAnswerError)
    assert not error.permanent


@pytest.mark.parametrize(
    ("status", "error", "permanent"),
    [
        (AppriseResultStatus.NOMATCH, DeliveryError, True),
        (AppriseResultStatus.FAILURE, DeliveryError, False),
        (AppriseResultStatus.PARTIAL, NoAnswerError, False),
        (AppriseResultStatus.TIMEOUT, NoAnswerError, False),
        (None, DeliveryError, True),
    ],
)
def test_what_apprise_does_not_call_a_success_is_none(
    status: AppriseResultStatus | None, error: type[DeliveryError], *, permanent: bool
) -> None:
    with pytest.raises(DeliveryError) as caught:
        _judge(None if status is None else AppriseResult(status), [], "json://example.org")

    assert (type(caught.value), caught.value.permanent) == (error, permanent)


@pytest.mark.parametrize("scheme", ["json", "mailto"])
def test_nobody_listening_is_a_passing_failure(scheme: str) -> None:
    error = refused(
        f"{scheme}://127.0.0.1:{closed_port()}/?from=a@example.org&to=b@example.org&mode=insecure"
    )

    assert not error.permanent
    assert not isinstance(error, NoAnswerError)
    assert "refused" in str(error)


def test_a_wrong_password_is_permanent_and_does_not_show() -> None:
    with mail_receiver(password="right") as mail:
        error = refused(mail.url(user="ann", password="s3cr3t-pass"))
        send(apprise_channel("mail", mail.url(user="ann", password="right")))

    assert error.permanent
    assert "535" in str(error)
    assert "s3cr3t-pass" not in str(error)


@pytest.mark.parametrize(
    ("reply", "permanent"), [("550 5.1.1 no such user", True), ("451 4.3.0 later", False)]
)
def test_a_mailbox_that_does_not_exist_is_told_from_one_that_is_busy(reply: str, *, permanent: bool) -> None:
    with mail_receiver(refuse=[reply]) as mail:
        error = refused(mail.url())

    assert error.permanent is permanent
    assert reply[4:] in str(error)


def test_no_secret_shows_in_an_error_its_causes_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("t0ken-in-path", "v4lue-in-query", "us3r-name", "p4ss-word")
    place = "us3r-name:p4ss-word@127.0.0.1:{port}/t0ken-in-path?rto=0.5&+X-Key=v4lue-in-query"
    with web_receiver(script=[503, "hang", 401]) as web:
        urls = [f"json://{place.format(port=web.port)}"] * 3
        errors = [refused(url) for url in (*urls, f"json://{place.format(port=closed_port())}")]

    told = [*("".join(traceback.format_exception(error)) for error in errors), caplog.text]

    assert not [secret for secret in secrets for text in told if secret in text]


@pytest.mark.parametrize("key", ["retry=3", "wait=2", "optional=yes", "tag=ops", "overflow=split"])
def test_what_the_outbox_does_itself_may_not_stand_in_a_url(key: str) -> None:
    (fault,) = url_faults(f"json://s3cr3t.example.org/t0ken?{key}")

    assert key.partition("=")[0] in fault
    assert "s3cr3t" not in fault
    assert "t0ken" not in fault


@pytest.mark.parametrize(
    "url",
    [
        "mailto://ann:s3cr3t@example.org/?to=bob@example.org,eve@example.org",
        "mailto://ann:s3cr3t@example.org/bob@example.org/eve@example.org",
        "mailto://ann:s3cr3t@example.org/?to=bob@example.org&cc=eve@example.org",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#metals/#ops",
    ],
)
def test_a_url_with_several_recipients_is_refused(url: str) -> None:
    (fault,) = url_faults(url)

    assert "2 recipients; make it one channel for each" in fault
    assert refused(url).permanent


@pytest.mark.parametrize(
    "url", ["nonsense", "json://", "what://s3cr3t-host/t0ken", "slack://s3cr3t/t0ken", ""]
)
def test_a_url_that_apprise_does_not_know_is_a_fault_without_its_secrets(url: str) -> None:
    (fault,) = url_faults(url)

    assert "apprise cannot use the URL" in fault
    assert "s3cr3t" not in fault
    assert "t0ken" not in fault


def test_a_good_url_has_no_fault() -> None:
    assert url_faults("mailto://ann:pw@example.org/?to=bob@example.org&cto=3&rto=3") == ()
    assert apprise_channel("mail", "MailTo://ann:pw@example.org").kind == "mailto"


def test_a_webhook_of_slack_is_told_to_show_no_charts() -> None:
    hook, bot = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops", "slack://xoxb-1-2-abcd/#ops"

    assert "shows no charts" in url_remarks(hook)[0]
    assert url_remarks(bot) == url_remarks("mailto://ann:pw@example.org") == ()


def test_apprise_is_imported_only_when_it_is_needed() -> None:
    look = "import sys; import monitor.delivery.outbox; print('apprise' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
