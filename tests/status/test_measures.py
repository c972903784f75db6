"""What Prometheus reads: true, documented, and drawn by the board that ships."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture(scope="module")
def samples(ask: TestClient) -> dict[Sample, float]:
    answer = ask.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: dict[Sample, float], name: str, **labels: str) -> float:
    return samples[f"metalwatch_{name}", frozenset(labels.items())]


def test_what_is_measured_is_what_the_pages_say(samples: dict[Sample, float], ask: TestClient) -> None:
    said = ask.get("/api/v1/status").json()
    stress = next(row for row in said["rules"] if row["rule"] == "precious/gsr-stress")
    key = {"rule": "precious/gsr-stress", "instance": ""}

    assert value(samples, "rule_value", **key, metric="gsr") == pytest.approx(stress["value"])
    assert value(samples, "rule_state", **key, state="firing") == 1
    assert value(samples, "rule_state", **key, state="ok") == 0
    assert value(samples, "alert_open", **key, severity="critical") == 1
    assert value(samples, "messages", status="dead") == said["outbox"]["dead"] == 1
    assert value(samples, "messages", status="pending") == said["outbox"]["pending"]
    assert value(samples, "series_freshness", series="gold", freshness="fresh") == 1
    assert value(samples, "series_missing_sessions", series="gold") == 0
    assert value(samples, "transitions", decision="silence 1") == 1
    assert value(samples, "ready") == 0
    assert value(samples, "heartbeat_age_seconds") == 60


def test_every_measure_is_in_the_readme_and_no_other(samples: dict[Sample, float]) -> None:
    named = set(re.findall(r"^\| `(metalwatch_\w+)", README, flags=re.MULTILINE))

    assert named == {name for name, _ in samples if name.startswith("metalwatch_")}


def test_the_board_draws_only_what_is_measured(samples: dict[Sample, float]) -> None:
    board = json.loads((ROOT / "deploy/grafana/metalwatch.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for text in asked for name in re.findall(r"\b(?:metalwatch|process)_\w+", text)}

    assert names
    assert names <= {name for name, _ in samples}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert "http" not in json.dumps(board), "a board names no machine"
