"""The API: what it answers is what it says it answers, and the same as the terminal says."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from starlette.testclient import TestClient

from monitor.cycle import run_cycle
from monitor.gather import Context
from monitor.ledger import standpoints
from monitor.overview.history import history
from monitor.overview.rules import nearby
from monitor.overview.status import read_status
from monitor.packs import load_rulebook
from monitor.prices.sample import SampleSource
from monitor.status.api import ENDPOINTS, openapi
from monitor.status.app import make_app
from monitor.status.recent import Recent
from monitor.status.site import Site
from monitor.storage.store import open_store
from monitor.vitals import leave
from tests.status.conftest import FIRST, HOME, JUDGING, NOW
from tests.storage.examples import message
from tests.support.examples import TIMES

EXAMPLES = 15 * TIMES
"""Questions of each address."""

HERE = {"Host": "127.0.0.1"}
ANSWERS = {
    "/healthz": "AliveView",
    "/readyz": "ReadyView",
    "/api/v1/status": "StatusView",
    "/api/v1/rules": "RulesView",
    "/api/v1/rules/precious/gsr-high": "RuleView",
    "/api/v1/rules/own/gap/uuuu": "RuleView",
    "/api/v1/alerts?withheld=true&limit=3": "AlertsView",
    "/api/v1/messages?limit=2": "MessagesView",
    "/api/v1/attention": "AttentionView",
}


@pytest.mark.parametrize(("path", "model"), ANSWERS.items())
def test_an_answer_is_what_the_document_says(ask: TestClient, path: str, model: str) -> None:
    document = ask.get("/openapi.json").json()
    schema = {"$ref": f"#/components/schemas/{model}", "components": document["components"]}

    jsonschema.validate(ask.get(path).json(), schema)


def test_every_field_and_every_address_of_the_document_is_explained() -> None:
    document = openapi(secured=True)
    unsaid = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, said in schema.get("properties", {}).items()
        if not ({"description", "$ref", "type", "anyOf"} & set(said))
    ]

    assert not unsaid
    assert all(one["get"]["summary"] for one in document["paths"].values())
    assert document["openapi"] == "3.1.0"


def test_the_api_says_what_the_terminal_says(ask: TestClient, site: Site) -> None:
    context = site.context()
    points = standpoints(context.store, context.rulebook)
    near = nearby(points, history(context, NOW).values())
    said = read_status(context, points, near, now=NOW, clock=site.clock)

    assert ask.get("/api/v1/status").json() == json.loads(json.dumps(said.plain))


def test_what_is_asked_for_narrows_the_alerts(ask: TestClient) -> None:
    def found(query: str) -> Any:
        return ask.get(f"/api/v1/alerts?{query}").json()

    every = found("since=2020-01-01")
    assert every["total"] >= 3
    assert {one["level"] for one in found("severity=critical")["alerts"]} == {"critical"}
    assert {one["rule"] for one in found("rule=gsr-stress")["alerts"]} == {"precious/gsr-stress"}
    assert all(one["fate"].startswith("withheld") for one in found("withheld=true")["alerts"])
    assert len(found("limit=1")["alerts"]) == 1
    assert found("since=2030-01-01")["total"] == 0
    assert sum(every["account"]["withheld"].values()) > 0


def test_it_is_not_ready_while_a_series_is_stale_and_says_so(ask: TestClient) -> None:
    answer = ask.get("/readyz")

    assert answer.status_code == 503
    assert "the rules that need them wait" in " ".join(answer.json()["reasons"])


def test_it_is_ready_while_data_are_fresh_judged_and_delivered_and_no_longer(
    tmp_path: Path, site: Site
) -> None:
    now = FIRST + timedelta(minutes=5)
    with closing(open_store(str(tmp_path / "fresh.db"))) as store:
        rulebook = load_rulebook(["precious"], folder=Path())
        context = Context(store=store, source=SampleSource(), rulebook=rulebook)
        run_cycle(context, now=FIRST)

        def reasons(after: timedelta) -> list[str]:
            asked = replace(site, context=lambda: context, now=lambda: now + after, recent=Recent(0))
            answer = TestClient(make_app(asked), base_url=HOME).get("/readyz")
            assert answer.status_code == (503 if answer.json()["reasons"] else 200)
            return list(answer.json()["reasons"])

        assert reasons(timedelta()) == ["no daemon ever worked on this database"]
        leave(store, replace(JUDGING, up_to_date=False), now=now)
        assert reasons(timedelta()) == ["what is held was not judged yet"]
        leave(store, JUDGING, now=now)
        assert reasons(timedelta()) == []
        assert reasons(timedelta(minutes=6)) == ["no sign of life of a daemon since 2020-03-12 22:05 UTC"]
        store.enqueue([message()], now=now)
        leave(store, JUDGING, now=now + timedelta(hours=2))
        assert reasons(timedelta(hours=2)) == ["a message is owed since 2020-03-12 22:05 UTC"]


@pytest.fixture(scope="module")
def described(site: Site) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(site), headers=HERE)


RIGHT, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
QUESTIONS = [(one.path, RIGHT) for one in ENDPOINTS] + [
    (one.path, WRONG) for one in ENDPOINTS if one.query.model_fields
]


@pytest.mark.parametrize(("path", "mode"), QUESTIONS)
def test_whatever_is_asked_the_answer_is_one_that_the_document_knows(
    described: schemathesis.BaseSchema, path: str, mode: schemathesis.GenerationMode
) -> None:
    meant = [schemathesis.checks.not_a_server_error] if path == "/readyz" else []  # 503 is one of its answers

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=described[path]["GET"].as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        case.call_and_validate(headers=HERE, excluded_checks=meant)

    asked()
