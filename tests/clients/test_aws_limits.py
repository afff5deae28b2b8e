"""AWS's limits on numbers, which hold only with `--aws-limits` (apigateway.md §2)."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

import api
from api import make_api, make_key
from gateway import Gateway

PLANS = 300
PLANS_A_KEY = 10
METHOD_THROTTLES_A_STAGE = 20


@pytest.fixture(scope="module")
def limited(start_gateway: Callable[..., Gateway]) -> Gateway:
    return start_gateway("--no-template", "--aws-limits")


@pytest.fixture(scope="module")
def limited_client(limited: Gateway) -> Any:
    return api.boto3_client(limited)


def is_refused_by_a_limit(call: Callable[[], Any]) -> None:
    with pytest.raises(ClientError) as refusal:
        call()
    response = refusal.value.response
    assert response["Error"]["Code"] == "LimitExceededException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert int(response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) > 0


def join_plans(client: Any, name: str, count: int) -> tuple[str, str]:
    """A key on as many plans, and one more plan."""
    key = make_key(client, name)["id"]
    for number in range(count):
        plan = client.create_usage_plan(name=f"{name}-{number}")["id"]
        client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    return key, client.create_usage_plan(name=name)["id"]


def test_a_key_has_at_most_10_plans(limited_client: Any, name: str) -> None:
    key, plan = join_plans(limited_client, name, PLANS_A_KEY)
    is_refused_by_a_limit(lambda: limited_client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY"))
    assert limited_client.get_usage_plan_keys(usagePlanId=plan)["items"] == []


def test_a_key_has_any_number_of_plans_without_the_limits(client: Any, name: str) -> None:
    key, plan = join_plans(client, name, PLANS_A_KEY)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert len(client.get_usage_plans(keyId=key)["items"]) == PLANS_A_KEY + 1


def api_with_methods(gateway: Gateway, client: Any, name: str, count: int) -> tuple[api.RestApi, list[str]]:
    """An API with as many methods, deployed, and their names in a plan."""
    made = make_api(gateway, client, name)
    for number in range(count):
        resource = client.create_resource(restApiId=made.id, parentId=made.root_id, pathPart=f"r{number}")["id"]
        where = made.where | {"resourceId": resource}
        client.put_method(**where, authorizationType="NONE")
        api.put_mock(client, where)
    made.deploy()
    return made, [f"/r{number}/GET" for number in range(count)]


def plan_with_throttles(client: Any, name: str, made: api.RestApi, methods: list[str]) -> Any:
    throttle = {"rateLimit": 1, "burstLimit": 1}
    stage = made.api_stage | {"throttle": dict.fromkeys(methods, throttle)}
    return client.create_usage_plan(name=name, throttle=throttle, apiStages=[stage])


def test_a_stage_of_a_plan_has_at_most_20_method_throttles(limited: Gateway, limited_client: Any, name: str) -> None:
    made, methods = api_with_methods(limited, limited_client, name, METHOD_THROTTLES_A_STAGE + 1)
    plan_with_throttles(limited_client, name, made, methods[:-1])
    is_refused_by_a_limit(lambda: plan_with_throttles(limited_client, name, made, methods))


def test_a_stage_of_a_plan_has_any_number_of_method_throttles_without_the_limits(
    gateway: Gateway, client: Any, name: str
) -> None:
    made, methods = api_with_methods(gateway, client, name, METHOD_THROTTLES_A_STAGE + 1)
    plan = plan_with_throttles(client, name, made, methods)
    assert plan["apiStages"][0]["throttle"].keys() == set(methods)


def test_there_are_at_most_300_plans(limited_client: Any, name: str) -> None:
    here = sum(len(page["items"]) for page in api.pages(limited_client.get_usage_plans, limit=500))
    for number in range(here, PLANS):
        limited_client.create_usage_plan(name=f"{name}-{number}")
    is_refused_by_a_limit(lambda: limited_client.create_usage_plan(name=name))
    assert len(limited_client.get_usage_plans(limit=500)["items"]) == PLANS
