"""The whole life of an API, a plan and a key, told with boto3 alone."""

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from api import FUNCTION_URI, Caller, ids, pages, put_mock, remove, replace, until_not
from gateway import Gateway

# What the method answers when a request reaches the integration: the users function creates, the mock is told to.
ADMITTED = {"lambda": 201, "mock": 200}

CSV = """name,key,description,enabled,usageplanIds
{name}-1,{integration}Boto3ImportedKeyValue1,first,true,{plan}
{name}-2,{integration}Boto3ImportedKeyValue2,second,true,"{plan}"
{name}-3,{integration}Boto3ImportedKeyValue3,third,false,
"""


@pytest.mark.parametrize("integration", ["lambda", "mock"])
def test_the_whole_story(client: Any, gateway: Gateway, name: str, integration: str) -> None:
    admitted = ADMITTED[integration]

    where = make_api(client, name, integration)
    api_id = where["restApiId"]
    deployments = [client.create_deployment(restApiId=api_id, stageName="dev")["id"]]
    users = Caller(gateway, api_id)

    for address in users.addresses():
        assert users.call(address=address).status == admitted, address

    # A deployment is a snapshot: what is edited is not served before the next one.
    client.update_method(**where, patchOperations=[replace("/apiKeyRequired", "true")])
    assert users.call().status == admitted
    deployments.append(client.create_deployment(restApiId=api_id, stageName="dev")["id"])
    for address in users.addresses():
        assert users.call(address=address).is_forbidden, address

    plan_id = client.create_usage_plan(
        name=name,
        apiStages=[{"apiId": api_id, "stage": "dev"}],
        throttle={"rateLimit": 0.01, "burstLimit": 2},
        quota={"limit": 3, "period": "MONTH"},
    )["id"]
    key = client.create_api_key(name=name, enabled=True)
    client.create_usage_plan_key(usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")

    # Two from the burst, none after it: the next token comes in 100 s.
    assert [users.call(key["value"]).status for _ in range(2)] == [admitted, admitted]
    assert users.call(key["value"]).is_throttled

    # The third and last of the quota, which counts only what was admitted.
    client.update_usage_plan(usagePlanId=plan_id, patchOperations=[remove("/throttle")])
    third = until_not(lambda answer: answer.is_throttled, lambda: users.call(key["value"]))
    assert third.status == admitted
    assert users.call(key["value"]).is_over_quota

    assert usage(client, plan_id, key["id"]) == {"used": 3, "remaining": 0}
    topping_up = [replace("/remaining", "10")]
    updated = client.update_usage(usagePlanId=plan_id, keyId=key["id"], patchOperations=topping_up)
    assert updated["usagePlanId"] == plan_id
    topped_up = until_not(lambda answer: answer.is_over_quota, lambda: users.call(key["value"]))
    assert topped_up.status == admitted
    assert usage(client, plan_id, key["id"]) == {"used": 4, "remaining": 9}

    client.update_api_key(apiKey=key["id"], patchOperations=[replace("/enabled", "false")])
    assert users.call(key["value"]).is_forbidden

    text = CSV.format(name=name, integration=integration, plan=plan_id)
    imported = client.import_api_keys(format="csv", failOnWarnings=True, body=text.encode())["ids"]
    assert len(imported) == 3
    assert users.call(f"{integration}Boto3ImportedKeyValue1").status == admitted
    assert users.call(f"{integration}Boto3ImportedKeyValue3").is_forbidden

    client.create_rest_api(name="another")
    all_lists_page(client, api_id, plan_id)
    all_is_deleted(client, users, where, deployments, plan_id, [key["id"], *imported])


def make_api(client: Any, name: str, integration: str) -> dict[str, str]:
    """An API with `POST /users`, not deployed, and the parameters that name its method."""
    api = client.create_rest_api(name=name)
    resource = client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="users")
    where = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "POST"}
    client.put_method(**where, authorizationType="NONE")
    if integration == "lambda":
        client.put_method_response(**where, statusCode="200")
        client.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=FUNCTION_URI)
        client.put_integration_response(**where, statusCode="200")
    else:
        put_mock(client, where)
    return where


def usage(client: Any, plan_id: str, key_id: str) -> dict[str, int]:
    """What a key has used of a plan today and yesterday, in case that midnight has just passed, and what remains."""
    today = datetime.datetime.now(datetime.UTC).date()
    yesterday = today - datetime.timedelta(days=1)
    answer = client.get_usage(usagePlanId=plan_id, keyId=key_id, startDate=str(yesterday), endDate=str(today))
    assert answer["usagePlanId"] == plan_id
    rows = answer["items"][key_id]
    return {"used": sum(used for used, _ in rows), "remaining": rows[-1][1]}


def all_lists_page(client: Any, api_id: str, plan_id: str) -> None:
    """Every list is the same in pages of one item."""
    for operation, parameters in (
        (client.get_rest_apis, {}),
        (client.get_api_keys, {}),
        (client.get_usage_plans, {}),
        (client.get_usage_plan_keys, {"usagePlanId": plan_id}),
        (client.get_resources, {"restApiId": api_id}),
        (client.get_deployments, {"restApiId": api_id}),
    ):
        whole = operation(**parameters, limit=500)
        assert len(whole["items"]) > 1
        assert "position" not in whole
        single = list(pages(operation, **parameters, limit=1))
        assert [len(page["items"]) for page in single] == [1] * len(whole["items"])
        assert ids(single) == ids([whole])

    today = str(datetime.datetime.now(datetime.UTC).date())
    days = {"usagePlanId": plan_id, "startDate": today, "endDate": today}
    whole = client.get_usage(**days)
    single = list(pages(client.get_usage, **days, limit=1))
    assert all(len(page["items"]) == 1 for page in single)
    assert sorted(key for page in single for key in page["items"]) == sorted(whole["items"])


def all_is_deleted(
    client: Any, users: Caller, where: dict[str, str], deployments: list[str], plan_id: str, keys: list[str]
) -> None:
    """What the story has made goes away, one thing at a time."""
    api_id = users.api_id

    client.delete_usage_plan_key(usagePlanId=plan_id, keyId=keys[0])
    assert sorted(ids([client.get_usage_plan_keys(usagePlanId=plan_id)])) == sorted(keys[1:3])
    for key in keys:
        client.delete_api_key(apiKey=key)
        with pytest.raises(client.exceptions.NotFoundException):
            client.get_api_key(apiKey=key)
    assert client.get_usage_plan_keys(usagePlanId=plan_id)["items"] == []

    with pytest.raises(client.exceptions.BadRequestException) as refusal:
        client.delete_usage_plan(usagePlanId=plan_id)
    assert f"{api_id}:dev" in str(refusal.value)
    with pytest.raises(client.exceptions.BadRequestException):
        client.delete_deployment(restApiId=api_id, deploymentId=deployments[1])
    client.delete_stage(restApiId=api_id, stageName="dev")
    assert users.call().status == 403
    client.delete_usage_plan(usagePlanId=plan_id)
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_usage_plan(usagePlanId=plan_id)

    for deployment in deployments:
        client.delete_deployment(restApiId=api_id, deploymentId=deployment)
    assert client.get_deployments(restApiId=api_id)["items"] == []
    client.delete_integration_response(**where, statusCode="200")
    client.delete_integration(**where)
    client.delete_method_response(**where, statusCode="200")
    client.delete_method(**where)
    client.delete_resource(restApiId=api_id, resourceId=where["resourceId"])
    assert [resource["path"] for resource in client.get_resources(restApiId=api_id)["items"]] == ["/"]
    client.delete_rest_api(restApiId=api_id)
    with pytest.raises(ClientError, match="Invalid API identifier specified"):
        client.get_rest_api(restApiId=api_id)
