"""Who may look, and what every answer tells browsers not to do."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from monitor.errors import UsageError
from monitor.settings import is_loopback
from monitor.status.guard import check_exposure, cookie_of
from tests.status.conftest import TOKEN

Stranger = Callable[..., TestClient]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "metals.example"])
def test_beyond_loopback_nothing_listens_without_a_token(host: str) -> None:
    with pytest.raises(UsageError, match=r"can be reached from other machines; set status"):
        check_exposure(host, None)
    check_exposure(host, TOKEN)


def test_a_token_that_can_be_guessed_is_refused_and_not_told() -> None:
    with pytest.raises(UsageError, match="expected at least 16 signs; got 6") as refused:
        check_exposure("127.0.0.1", "hunter")
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    check_exposure(host, None)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8480", "127.0.0.1.evil.example", "", "192.168.1.7:8480"]
)
def test_without_a_token_another_name_for_this_machine_is_refused(ask: TestClient, host: str) -> None:
    answer = ask.get("/", headers={"Host": host})

    assert answer.status_code == 421
    assert "Rules" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8480", "127.0.0.1", "[::1]:8480", "[::1]"])
def test_this_machine_may_be_called_by_its_own_names(ask: TestClient, host: str) -> None:
    assert ask.get("/healthz", headers={"Host": host}).status_code == 200


def test_without_the_token_a_person_is_sent_to_the_form_and_a_program_is_told(stranger: Stranger) -> None:
    for path in ("/", "/alerts", "/rules/precious/gsr-high"):
        answer = stranger().get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    for path in ("/api/v1/status", "/metrics", "/readyz", "/openapi.json"):
        answer = stranger().get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert stranger().get("/healthz").json() == {
        "alive": True,
        "clock": "set clock, from 2020-03-12 22:00 UTC",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Cookie": "metalwatch=wrong"},
        {"Cookie": f"metalwatch={TOKEN}"},
        {"Cookie": "metalwatch="},
    ],
)
def test_a_wrong_token_is_no_token(stranger: Stranger, headers: dict[str, str]) -> None:
    assert stranger(**headers).get("/api/v1/status").status_code == 401


def test_the_token_opens_everything(stranger: Stranger) -> None:
    known = stranger(Authorization=f"Bearer {TOKEN}")

    assert known.get("/").status_code == 200
    assert "Log out" in known.get("/").text
    assert known.get("/api/v1/status").status_code == 200


def test_the_form_leaves_a_cookie_that_is_not_the_token(stranger: Stranger) -> None:
    person = stranger()
    assert 'type="password"' in person.get("/login").text

    refused = person.post("/login", data={"token": "a wrong guess, long enough"})
    assert refused.status_code == 401
    assert "That is not the token." in refused.text
    assert "a wrong guess" not in refused.text
    assert person.post("/login", content=b"token=" + b"x" * 10_000).status_code == 401

    taken = person.post("/login", data={"token": TOKEN})
    cookie = taken.headers["set-cookie"]
    assert (taken.status_code, taken.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert "Secure" not in cookie
    assert person.get("/").status_code == 200

    gone = person.post("/logout")
    assert gone.status_code == 303
    assert person.get("/").status_code == 303


def test_behind_a_proxy_with_tls_the_cookie_stays_there(stranger: Stranger) -> None:
    person = stranger(**{"X-Forwarded-Proto": "https"})
    assert "Secure" in person.post("/login", data={"token": TOKEN}).headers["set-cookie"]


def test_the_cookie_of_another_token_is_refused(stranger: Stranger) -> None:
    old = cookie_of("the token of last year")
    assert stranger(Cookie=f"metalwatch={old}").get("/api/v1/status").status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/alerts?limit=0", "/api/v1/status", "/healthz", "/metrics"]
)
def test_every_answer_has_the_headers(ask: TestClient, path: str) -> None:
    headers = ask.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
