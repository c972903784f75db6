"""What stands under deploy/ fits the program: settings are valid, secrets are wired, and tools that are there agree."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.config import read_configuration
from monitor.watchdog import LONGEST_PAUSE

DEPLOY = Path(__file__).parents[1] / "deploy"
UNIT = (DEPLOY / "systemd/metalwatch.service").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker/compose.yml").read_text())
DOCKERFILE = (DEPLOY / "docker/Dockerfile").read_text()


@pytest.mark.parametrize("folder", ["systemd", "docker"])
def test_the_example_settings_are_valid_and_hold_no_secret(folder: str) -> None:
    found = read_configuration(DEPLOY / folder / "metalwatch.yml", {})

    assert set(found.settings.channels) == {"console", "phone"}
    assert found.settings.status is not None
    assert found.rulebook.instances, "with the packs that ship alone a daemon starts"


def test_the_secrets_of_the_settings_are_those_that_the_unit_and_compose_provide() -> None:
    loaded = re.findall(r"^LoadCredential=(\w+):", UNIT, flags=re.MULTILINE)
    wanted = re.findall(
        r"file:/run/credentials/metalwatch\.service/(\w+)", (DEPLOY / "systemd/metalwatch.yml").read_text()
    )
    assert wanted == loaded

    mounted = COMPOSE["services"]["metalwatch"]["secrets"]
    named = re.findall(r"file:/run/secrets/(\w+)", (DEPLOY / "docker/metalwatch.yml").read_text())
    assert sorted(named) == sorted(mounted)
    assert set(mounted) < set(COMPOSE["secrets"])


def test_a_backup_finds_the_database_where_the_daemon_does() -> None:
    backup = (DEPLOY / "systemd/metalwatch-backup.service").read_text()
    (wanted,) = re.findall(r"^EnvironmentFile=.+$", UNIT, flags=re.MULTILINE)

    assert wanted in backup.splitlines()
    assert "--settings /etc/metalwatch/metalwatch.yml" in UNIT
    assert "--settings /etc/metalwatch/metalwatch.yml" in backup


def test_what_the_image_is_made_of_is_there_and_not_kept_from_it() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    kept = set(
        re.findall(r"^!(\S+)$", (DEPLOY / "docker/Dockerfile.dockerignore").read_text(), flags=re.MULTILINE)
    )

    assert names == kept
    assert [name for name in names if not (DEPLOY.parent / name).exists()] == []


@pytest.mark.parametrize("service", ["metalwatch", "standby"])
def test_a_container_writes_to_its_data_alone_and_has_no_rights(service: str) -> None:
    one = COMPOSE["services"][service]

    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert "USER 10001" in DOCKERFILE
    assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ()))


def test_the_health_check_asks_where_the_page_is() -> None:
    settings = read_configuration(DEPLOY / "docker/metalwatch.yml", {}).settings
    assert settings.status is not None

    assert f"http://127.0.0.1:{settings.status.port}/healthz" in DOCKERFILE


def test_the_unit_waits_for_signs_of_life_as_often_as_the_daemon_gives_them() -> None:
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", UNIT, flags=re.MULTILINE)

    assert 0 < int(minutes) * 60 < LONGEST_PAUSE
    assert "Type=notify" in UNIT


def test_systemd_finds_nothing_wrong_and_little_exposed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    program = tmp_path / "metalwatch"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = []
    for unit in sorted((DEPLOY / "systemd").glob("*.service")) + sorted((DEPLOY / "systemd").glob("*.timer")):
        text = unit.read_text().replace("/opt/metalwatch/bin/metalwatch", str(program))
        (tmp_path / unit.name).write_text(text)
        units.append(str(tmp_path / unit.name))

    verified = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    security = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", units[1]]
    exposed = subprocess.run(security, capture_output=True, text=True, check=False)

    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    assert exposed.returncode == 0, exposed.stdout
