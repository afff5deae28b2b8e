"""The whole life of an API, a plan and a key, told with the AWS CLI alone."""

import datetime
import json
from pathlib import Path

import pytest

from api import FUNCTION_URI, AwsCli, Caller, until_not
from gateway import Gateway

# What the method answers when a request reaches the integration: the users function creates, the mock is told to.
ADMITTED = {"lambda": 201, "mock": 200}

CSV = """Name,Key,Description,Enabled,UsagePlanIds
{name}-1,{integration}ImportedKeyValue1,first,TRUE,{plan}
{name}-2,{integration}ImportedKeyValue2,second,TRUE,{plan}
{name}-3,{integration}ImportedKeyValue3,third,FALSE,
"""


@pytest.mark.parametrize("integration", ["lambda", "mock"])
def test_the_whole_story(aws: AwsCli, gateway: Gateway, name: str, tmp_path: Path, integration: str) -> None:
    admitted = ADMITTED[integration]

    api_id, where = make_api(aws, name, integration)
    deployments = [aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")["id"]]
    users = Caller(gateway, api_id)

    for address in users.addresses():
        assert users.call(address=address).status == admitted, address

    # A deployment is a snapshot: what is edited is not served before the next one.
    aws("update-method", *where, "--patch-operations", "op=replace,path=/apiKeyRequired,value=true")
    assert users.call().status == admitted
    deployments.append(aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")["id"])
    for address in users.addresses():
        assert users.call(address=address).is_forbidden, address

    plan_id = aws(
        *("create-usage-plan", "--name", name, "--api-stages", f"apiId={api_id},stage=dev"),
        *("--throttle", "rateLimit=0.01,burstLimit=2", "--quota", "limit=3,period=MONTH"),
    )["id"]
    key = aws("create-api-key", "--name", name, "--enabled")
    on_plan = ["--usage-plan-id", plan_id, "--key-id", key["id"]]
    aws("create-usage-plan-key", *on_plan, "--key-type", "API_KEY")

    # Two from the burst, none after it: the next token comes in 100 s.
    assert [users.call(key["value"]).status for _ in range(2)] == [admitted, admitted]
    assert users.call(key["value"]).is_throttled

    # The third and last of the quota, which counts only what was admitted.
    aws("update-usage-plan", "--usage-plan-id", plan_id, "--patch-operations", "op=remove,path=/throttle")
    third = until_not(lambda answer: answer.is_throttled, lambda: users.call(key["value"]))
    assert third.status == admitted
    assert users.call(key["value"]).is_over_quota

    assert usage(aws, plan_id, key["id"]) == {"used": 3, "remaining": 0}
    aws("update-usage", *on_plan, "--patch-operations", "op=replace,path=/remaining,value=10")
    topped_up = until_not(lambda answer: answer.is_over_quota, lambda: users.call(key["value"]))
    assert topped_up.status == admitted
    assert usage(aws, plan_id, key["id"]) == {"used": 4, "remaining": 9}

    aws("update-api-key", "--api-key", key["id"], "--patch-operations", "op=replace,path=/enabled,value=false")
    assert users.call(key["value"]).is_forbidden

    imported = import_keys(aws, tmp_path / "keys.csv", CSV.format(name=name, integration=integration, plan=plan_id))
    assert users.call(f"{integration}ImportedKeyValue1").status == admitted
    assert users.call(f"{integration}ImportedKeyValue3").is_forbidden

    all_lists_page(aws, api_id, plan_id)
    all_is_deleted(aws, users, where, deployments, plan_id, [key["id"], *imported])


def make_api(aws: AwsCli, name: str, integration: str) -> tuple[str, list[str]]:
    """An API with `POST /users`, not deployed, and the options that name its method."""
    api = aws("create-rest-api", "--name", name)
    of_api = ["--rest-api-id", api["id"]]
    resource = aws("create-resource", *of_api, "--parent-id", api["rootResourceId"], "--path-part", "users")
    where = [*of_api, "--resource-id", resource["id"], "--http-method", "POST"]
    aws("put-method", *where, "--authorization-type", "NONE")
    aws("put-method-response", *where, "--status-code", "200")
    if integration == "lambda":
        aws(
            *("put-integration", *where, "--type", "AWS_PROXY"),
            *("--integration-http-method", "POST", "--uri", FUNCTION_URI),
        )
    else:
        template = json.dumps({"application/json": '{"statusCode": 200}'})
        aws("put-integration", *where, "--type", "MOCK", "--request-templates", template)
    aws("put-integration-response", *where, "--status-code", "200", "--selection-pattern", "")
    return api["id"], where


def usage(aws: AwsCli, plan_id: str, key_id: str) -> dict[str, int]:
    """What a key has used of a plan today and yesterday, in case that midnight has just passed, and what remains."""
    today = datetime.datetime.now(datetime.UTC).date()
    days = ["--start-date", str(today - datetime.timedelta(days=1)), "--end-date", str(today)]
    answer = aws("get-usage", "--usage-plan-id", plan_id, *days)
    assert answer["usagePlanId"] == plan_id
    rows = answer["items"][key_id]
    return {"used": sum(used for used, _ in rows), "remaining": rows[-1][1]}


def import_keys(aws: AwsCli, file: Path, text: str) -> list[str]:
    """The ids of three keys from a file."""
    file.write_text(text)
    imported = aws("import-api-keys", "--format", "csv", "--fail-on-warnings", "--body", f"fileb://{file}")
    assert len(imported["ids"]) == 3
    assert imported.get("warnings", []) == []
    return imported["ids"]


def all_lists_page(aws: AwsCli, api_id: str, plan_id: str) -> None:
    """Every list is the same in pages of one item."""
    aws("create-rest-api", "--name", "another")
    of_api = ["--rest-api-id", api_id]
    for arguments in (
        ["get-rest-apis"],
        ["get-api-keys"],
        ["get-usage-plans"],
        ["get-usage-plan-keys", "--usage-plan-id", plan_id],
        ["get-resources", *of_api],
        ["get-deployments", *of_api],
    ):
        whole = aws(*arguments, "--page-size", "500")["items"]
        assert len(whole) > 1, arguments
        assert aws(*arguments, "--page-size", "1")["items"] == whole, arguments
        assert aws(*arguments, "--max-items", "1")["items"] == whole[:1], arguments


def all_is_deleted(aws: AwsCli, users: Caller, where: list[str], deployments: list[str], plan_id: str, keys: list[str]) -> None:
    """What the story has made goes away, one thing at a time."""
    of_api, of_plan = ["--rest-api-id", users.api_id], ["--usage-plan-id", plan_id]

    aws("delete-usage-plan-key", *of_plan, "--key-id", keys[0])
    held = aws("get-usage-plan-keys", *of_plan)["items"]
    assert sorted(key["id"] for key in held) == sorted(keys[1:3])
    for key in keys:
        aws("delete-api-key", "--api-key", key)
        assert "NotFoundException" in aws.refused("get-api-key", "--api-key", key)
    assert aws("get-usage-plan-keys", *of_plan)["items"] == []

    refusal = aws.refused("delete-usage-plan", *of_plan)
    assert "BadRequestException" in refusal
    assert f"{users.api_id}:dev" in refusal
    assert "BadRequestException" in aws.refused("delete-deployment", *of_api, "--deployment-id", deployments[1])
    aws("delete-stage", *of_api, "--stage-name", "dev")
    assert users.call().status == 403
    aws("delete-usage-plan", *of_plan)
    assert "NotFoundException" in aws.refused("get-usage-plan", *of_plan)

    for deployment in deployments:
        aws("delete-deployment", *of_api, "--deployment-id", deployment)
    assert aws("get-deployments", *of_api)["items"] == []
    aws("delete-integration-response", *where, "--status-code", "200")
    aws("delete-integration", *where)
    aws("delete-method-response", *where, "--status-code", "200")
    aws("delete-method", *where)
    aws("delete-resource", *where[:4])
    assert [resource["path"] for resource in aws("get-resources", *of_api)["items"]] == ["/"]
    aws("delete-rest-api", *of_api)
    assert users.api_id not in [api["id"] for api in aws("get-rest-apis")["items"]]
