import pytest

from monitor.delivery.heartbeat import beat
from monitor.errors import DeliveryError
from tests.support.receivers import closed_port, web_receiver


def test_a_heartbeat_is_one_call_of_the_address() -> None:
    with web_receiver() as web:
        beat(web.address)

    assert [post.path for post in web.received] == ["/ping/s3cret"]


def test_a_heartbeat_that_is_refused_says_so_without_the_address() -> None:
    with (
        web_receiver(script=[503]) as web,
        pytest.raises(DeliveryError, match=r"not taken \(503\)") as caught,
    ):
        beat(web.address)

    assert "s3cret" not in str(caught.value)


def test_a_heartbeat_that_nobody_hears_says_so_without_the_address() -> None:
    with pytest.raises(DeliveryError, match="ConnectionRefusedError") as caught:
        beat(f"http://127.0.0.1:{closed_port()}/s3cret")

    assert "s3cret" not in str(caught.value)


def test_an_address_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(DeliveryError, match="no http:// or https:// URL"):
        beat("file:///etc/hostname")
