"""`tollgate explain`, asked of a running gateway as an operator asks it."""

import json
import subprocess
from typing import Any

from api import AwsCli, Caller
from gateway import Gateway, environment, tollgate
from test_story_cli import make_api


def explain(gateway: Gateway, *arguments: str, key: str | None = None) -> dict[str, Any]:
    """What the command says as JSON. The value of a key goes to its standard input."""
    given = ["--key", "-"] if key else []
    done = subprocess.run(
        [tollgate(), "explain", "--url", gateway.admin_url, "--json", *arguments, *given],
        env=environment(),
        input=key or "",
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_an_explanation_is_what_then_happens_and_charges_nothing(aws: AwsCli, gateway: Gateway, name: str) -> None:
    api_id, where = make_api(aws, name, "mock")
    aws("update-method", *where, "--patch-operations", "op=replace,path=/apiKeyRequired,value=true")
    aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")
    plan_id = aws(
        *("create-usage-plan", "--name", name, "--api-stages", f"apiId={api_id},stage=dev"),
        *("--throttle", "rateLimit=0.01,burstLimit=1"),
    )["id"]
    key = aws("create-api-key", "--name", name, "--enabled")
    request = ["POST", "/users", "--api", name]

    before = explain(gateway, *request, key=key["value"])
    assert before["verdict"] == "refused"
    assert before["executionLog"][0].endswith("No Usage Plan found for key and API Stage")

    aws("create-usage-plan-key", "--usage-plan-id", plan_id, "--key-id", key["id"], "--key-type", "API_KEY")
    for _ in range(3):
        passes = explain(gateway, *request, key=key["value"])
        assert passes["verdict"] == "passes", passes
        assert passes == explain(gateway, *request, "--key-id", key["id"])
    users = Caller(gateway, api_id)
    assert users.call(key["value"]).status == 200

    throttled = explain(gateway, *request, key=key["value"])
    assert throttled["answer"]["status"] == 429
    assert f"Key throttle limit exceeded for Usage Plan ID {plan_id}" in throttled["executionLog"][0]
    assert throttled["executionLog"][0].endswith("Limit: 0.01 Burst: 1")
    assert users.call(key["value"]).is_throttled
    assert key["value"] not in json.dumps(throttled)


def test_a_path_that_is_not_there_is_explained(gateway: Gateway, aws: AwsCli, name: str) -> None:
    api_id, _ = make_api(aws, name, "mock")
    aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")
    document = explain(gateway, "GET", "/nowhere", "--api", api_id)
    assert document["answer"]["status"] == 403
    assert document["steps"][-1]["words"].startswith("No resource with a method has this path")
    assert document["executionLog"] == []
