"""Keys in files, found and disabled with the command line, and refusals told as problem details."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api import AwsCli, Caller, until_not
from gateway import Gateway, environment, tollgate
from test_story_cli import make_api

FOUND = 1


def run(*arguments: str | Path, expected: int, text: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run([tollgate(), *arguments], env=environment(), input=text, capture_output=True, text=True)
    assert done.returncode == expected, done
    return done


def findings(*arguments: str | Path, expected: int = FOUND) -> list[dict[str, Any]]:
    return json.loads(run("keys", "scan", "--json", *arguments, expected=expected).stdout)["findings"]


@pytest.fixture
def key(gateway: Gateway, name: str) -> dict[str, Any]:
    """A native key, with its value."""
    return json.loads(run("keys", "create", name, "--json", "--url", gateway.admin_url, expected=0).stdout)


def test_a_leaked_key_is_found_and_disabled(gateway: Gateway, key: dict[str, Any], tmp_path: Path) -> None:
    value = key["value"]
    (tmp_path / "shop.env").write_text(f"# secrets\nAPI_KEY={value}\n")
    (tmp_path / "other.txt").write_text(value[:-1] + ("1" if value.endswith("0") else "0"))
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "ignored").write_text(value)

    done = run("keys", "scan", tmp_path, expected=FOUND)
    assert done.stdout.startswith(f"{tmp_path}/shop.env:2:9  tg_d_…{value[-4:]}")
    assert value not in done.stdout + done.stderr

    at = ["--url", gateway.admin_url]
    [found] = findings(tmp_path, "--known", *at)
    assert found["key"] == {"id": key["id"], "name": key["name"], "enabled": True}
    assert len(findings(tmp_path, "--no-ignore")) == 2

    [found] = findings(tmp_path, "--disable", *at)
    assert found["key"]["enabled"] is False
    assert json.loads(run("keys", "show", key["id"], "--json", *at, expected=0).stdout)["enabled"] is False
    assert "none of the values is live" in run("keys", "scan", tmp_path, "--disable", *at, expected=FOUND).stderr


def test_a_stream_is_scanned_and_nothing_found_is_done(key: dict[str, Any]) -> None:
    done = run("keys", "scan", "-", expected=FOUND, text=f"diff\n+key = {key['value']}")
    assert done.stdout.startswith("-:2:8  ")
    assert run("keys", "scan", "-", expected=0, text="tg_d_nothing here").stdout == ""
    assert "not read" in run("keys", "scan", "/nowhere/at/all", expected=2).stderr


@pytest.mark.parametrize("scanner", ["gitleaks", "trufflehog", "github"])
def test_other_scanners_get_a_pattern(scanner: str) -> None:
    assert "tg_[a-z]_[0-9A-Za-z]{36}" in run("keys", "patterns", "--format", scanner, expected=0).stdout


def test_a_client_that_asks_is_told_problems(aws: AwsCli, gateway: Gateway, name: str) -> None:
    api_id, where = make_api(aws, name, "mock")
    aws("update-method", *where, "--patch-operations", "op=replace,path=/apiKeyRequired,value=true")
    aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")
    plan = ["--throttle", "rateLimit=100,burstLimit=100", "--quota", "limit=1,period=MONTH"]
    plan_id = aws("create-usage-plan", "--name", name, "--api-stages", f"apiId={api_id},stage=dev", *plan)["id"]
    key = aws("create-api-key", "--name", name, "--enabled")
    aws("create-usage-plan-key", "--usage-plan-id", plan_id, "--key-id", key["id"], "--key-type", "API_KEY")
    users = Caller(gateway, api_id)
    admitted = until_not(lambda answer: answer.is_forbidden, lambda: users.call(key["value"]))
    assert admitted.status == 200

    usual = users.call(key["value"])
    assert usual.is_over_quota
    asked = users.call(key["value"], headers={"accept": "application/problem+json"})
    assert (asked.status, asked.headers["content-type"]) == (429, "application/problem+json")
    assert asked.json() == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Quota Exceeded",
        "status": 429,
        "detail": "Limit Exceeded",
        "violated-policies": ["quota"],
    }
    forbidden = users.call(headers={"accept": "application/problem+json"})
    assert forbidden.json() == {"type": "about:blank", "title": "Forbidden", "status": 403}
