"""What plans limit beyond API Gateway, in tags that AWS's clients keep: further quotas, soft ones, and methods that count for several."""

import datetime
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import api
from api import Caller, RestApi, make_api, make_key
from gateway import ROOT, Gateway, environment

QUOTAS = "tollgate:quotas"
RESET = "tollgate:quota-reset"
COSTS = "tollgate:costs"


@pytest.fixture(scope="module")
def gateway(empty_gateway: Gateway) -> Gateway:
    """No template is needed: the APIs of these tests answer by themselves."""
    return empty_gateway


@pytest.fixture
def users(client: Any, gateway: Gateway, name: str) -> RestApi:
    """An API whose `GET /users` requires a key."""
    return make_api(gateway, client, name, api_key_required=True)


def tollgate(gateway: Gateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line against the management API of a gateway."""
    binary = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug/tollgate"
    command = [str(binary), "--url", gateway.admin_url, *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def caller(gateway: Gateway, users: RestApi) -> Caller:
    return Caller(gateway, users.id, method="GET")


def plan(client: Any, users: RestApi, name: str, **tags: str) -> str:
    return client.create_usage_plan(
        name=name, apiStages=[users.api_stage], tags={f"tollgate:{tag.replace('_', '-')}": text for tag, text in tags.items()}
    )["id"]


def further(gateway: Gateway, plan_id: str, key_id: str) -> Any:
    """What GetUsage has beyond AWS, which boto3 leaves out."""
    today = str(datetime.datetime.now(datetime.UTC).date())
    path = f"/usageplans/{plan_id}/usage?startDate={today}&endDate={today}&keyId={key_id}"
    return api.send(gateway.admin_url + path).json()["furtherQuotas"][key_id]


def test_each_quota_is_a_hard_limit_and_the_refusal_names_it(client: Any, gateway: Gateway, users: RestApi, name: str) -> None:
    plan_id = plan(client, users, name, quotas="50/week, 2/month")
    key = make_key(client, name, plan_id)
    call = caller(gateway, users)

    first = call.call(key["value"])
    assert first.status == 200
    assert '"quota-week";q=50;w=604800' in first.headers["ratelimit-policy"]
    assert '"quota-month";r=1;' in first.headers["ratelimit"]
    assert call.call(key["value"]).status == 200
    refused = call.call(key["value"])
    assert refused.is_over_quota
    assert '"quota-month";r=0;' in refused.headers["ratelimit"]
    assert f";t={refused.headers['retry-after']}" in refused.headers["ratelimit"].split(",")[1]
    used = [(quota["period"], quota["used"], quota["remaining"]) for quota in further(gateway, plan_id, key["id"])]
    assert used == [("week", 2, 48), ("month", 2, 0)]


def test_beyond_a_soft_quota_requests_pass_and_are_counted(client: Any, gateway: Gateway, users: RestApi, name: str) -> None:
    plan_id = plan(client, users, name, quotas="2/month soft")
    key = make_key(client, name, plan_id)
    call = caller(gateway, users)

    answers = [call.call(key["value"]) for _ in range(4)]
    assert [answer.status for answer in answers] == [200] * 4
    marks = [answer.headers.get("x-tollgate-overage") for answer in answers]
    assert marks == [None, None, '"quota-month";n=1', '"quota-month";n=2']
    [quota] = further(gateway, plan_id, key["id"])
    assert (quota["used"], quota["remaining"], quota["overage"]) == (4, 0, 2)


def test_a_method_may_count_for_several(client: Any, gateway: Gateway, users: RestApi, name: str) -> None:
    plan_id = plan(client, users, name, quotas="7/month", costs="GET /users=3")
    key = make_key(client, name, plan_id)
    call = caller(gateway, users)

    assert [call.call(key["value"]).status for _ in range(2)] == [200, 200]
    assert call.call(key["value"]).is_over_quota
    [quota] = further(gateway, plan_id, key["id"])
    assert quota["used"] == 6


def test_what_a_request_has_cost_is_charged_when_it_is_answered(client: Any, gateway: Gateway, users: RestApi, name: str) -> None:
    client.update_method_response(
        **users.where, statusCode="200", patchOperations=[api.add("/responseParameters/method.response.header.x-tollgate-cost", "false")]
    )
    client.update_integration_response(
        **users.where,
        statusCode="200",
        patchOperations=[api.add("/responseParameters/method.response.header.x-tollgate-cost", "'6'")],
    )
    users.deploy()
    plan_id = plan(client, users, name, quotas="10/month", overdraft="1")
    key = make_key(client, name, plan_id)
    call = caller(gateway, users)

    def used() -> int:
        [quota] = further(gateway, plan_id, key["id"])
        return quota["used"]

    first = call.call(key["value"])
    assert first.status == 200
    assert "x-tollgate-cost" not in first.headers
    assert used() == 6
    # The second leaves 3, and may take one more: the overdraft.
    assert call.call(key["value"]).status == 200
    assert used() == 11
    assert call.call(key["value"]).is_over_quota


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({QUOTAS: "100 a minute"}, "such as 100/minute"),
        ({QUOTAS: "1/day, 2/day"}, "one for each period"),
        ({QUOTAS: "1/minute, 1/hour, 1/day, 1/week, 1/month"}, "1 to 4"),
        ({QUOTAS: "1/day", "tollgate:shards": "4"}, "and not both"),
        ({RESET: "Europe/Berlin"}, "a zone such as +02:00"),
        ({COSTS: "POST reports=5"}, "such as POST /reports=5"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(client: Any, name: str, tags: dict[str, str], said: str) -> None:
    with pytest.raises(ClientError) as refused:
        client.create_usage_plan(name=name, tags=tags)
    assert refused.value.response["Error"]["Code"] == "BadRequestException"
    assert said in refused.value.response["Error"]["Message"]


def test_shards_and_further_quotas_exclude_each_other_also_one_after_the_other(client: Any, name: str) -> None:
    plan_id = client.create_usage_plan(name=name, tags={"tollgate:shards": "4"})["id"]
    arn = f"arn:aws:apigateway:us-east-1::/usageplans/{plan_id}"
    with pytest.raises(ClientError, match="and not both"):
        client.tag_resource(resourceArn=arn, tags={QUOTAS: "1/day"})
    client.untag_resource(resourceArn=arn, tagKeys=["tollgate:shards"])
    client.tag_resource(resourceArn=arn, tags={QUOTAS: "1/day"})


def test_the_command_line_sets_them_and_shows_what_is_used(client: Any, gateway: Gateway, users: RestApi, name: str) -> None:
    made = tollgate(
        gateway,
        *("plans", "create", name, "--json", "--stage", f"{users.id}:dev"),
        *("--quota", "20000/DAY", "--quota", "100/week", "--quota", "1/month soft"),
        *("--quota-reset", "15 06:00 +02:00", "--cost", "GET /users=2"),
    )
    assert made.returncode == 0, made.stderr
    document = json.loads(made.stdout)
    assert document["quota"] == {"limit": 20000, "period": "DAY", "offset": 0}
    assert document["tags"] == {
        QUOTAS: "100/week, 1/month soft",
        RESET: "15 sunday 06:00 +02:00",
        COSTS: "GET /users=2",
    }
    key = make_key(client, name, document["id"])
    assert caller(gateway, users).call(key["value"]).status == 200

    shown = tollgate(gateway, "plans", "show", document["id"])
    assert "100/week, 1/month soft; they begin 15 sunday 06:00 +02:00" in shown.stdout
    usage = json.loads(tollgate(gateway, "usage", key["id"], "--json").stdout)
    assert [(quota["period"], quota["used"], quota.get("overage")) for quota in usage["furtherQuotas"]] == [
        ("week", 2, None),
        ("month", 2, 1),
    ]
