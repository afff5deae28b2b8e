"""Usage plans, their keys and what was used of them, as AWS behaves (apigateway.md §1.3)."""

import datetime
from typing import Any

import pytest

import api
from api import RestApi, add, eventually, ids, make_api, make_key, remove, replace
from gateway import Gateway

THROTTLE = {"rateLimit": 20.0, "burstLimit": 40}


@pytest.fixture
def users(client: Any, gateway: Gateway, name: str) -> RestApi:
    """An API whose `GET /users` requires a key."""
    return make_api(gateway, client, name, api_key_required=True)


@pytest.fixture
def plan(client: Any, users: RestApi, name: str) -> str:
    """A plan of the API's stage, with a throttle."""
    return client.create_usage_plan(name=name, apiStages=[users.api_stage], throttle=THROTTLE)["id"]


def update(client: Any, plan: str, *operations: dict[str, str]) -> dict[str, Any]:
    """What the update answers, which is what reading answers next."""
    updated = api.without_metadata(client.update_usage_plan(usagePlanId=plan, patchOperations=list(operations)))
    assert api.without_metadata(client.get_usage_plan(usagePlanId=plan)) == updated
    return updated


def today(days: int = 0) -> str:
    return str(datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days))


def test_a_plan_needs_nothing_but_a_name(client: Any, name: str) -> None:
    made = api.without_metadata(client.create_usage_plan(name=name))
    assert made == {"id": made["id"], "name": name, "apiStages": []}
    read = api.without_metadata(client.get_usage_plan(usagePlanId=made["id"]))
    assert read == made | {"tags": {}}


def test_all_that_is_given_is_kept(client: Any, users: RestApi, name: str) -> None:
    made = client.create_usage_plan(
        name=name,
        description="one",
        apiStages=[users.api_stage],
        throttle={"rateLimit": 2, "burstLimit": 1},
        quota={"limit": 10, "period": "DAY"},
        tags={"team": "blue"},
    )
    assert api.without_metadata(made) == {
        "id": made["id"],
        "name": name,
        "description": "one",
        "apiStages": [users.api_stage],
        "throttle": {"rateLimit": 2.0, "burstLimit": 1},
        "quota": {"limit": 10, "offset": 0, "period": "DAY"},
        "tags": {"team": "blue"},
    }


def test_a_rate_is_a_float_in_json(gateway: Gateway, plan: str) -> None:
    text = api.send(f"{gateway.admin_url}/usageplans/{plan}").body.replace(" ", "")
    assert '"rateLimit":20.0' in text
    assert '"burstLimit":40' in text


def test_a_burst_may_be_larger_or_smaller_than_the_rate(client: Any, name: str) -> None:
    for burst in (1, 1000):
        made = client.create_usage_plan(name=name, throttle={"rateLimit": 10, "burstLimit": burst})
        assert made["throttle"]["burstLimit"] == burst


def test_lists_are_without_tags(client: Any, name: str) -> None:
    made = client.create_usage_plan(name=name, tags={"team": "blue"})["id"]
    listed = [item for page in api.pages(client.get_usage_plans) for item in page["items"] if item["id"] == made]
    assert len(listed) == 1
    assert "tags" not in listed[0]


def test_the_plans_of_a_key_are_those_that_hold_it(client: Any, name: str) -> None:
    key = make_key(client, name)["id"]
    plans = [client.create_usage_plan(name=f"{name}-{number}")["id"] for number in range(3)]
    assert client.get_usage_plans(keyId=key)["items"] == []
    for plan in plans[:2]:
        client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert sorted(ids([client.get_usage_plans(keyId=key)])) == sorted(plans[:2])


@pytest.mark.parametrize("op", [add, replace])
def test_a_plan_without_limits_is_given_some(client: Any, name: str, op: Any) -> None:
    plan = client.create_usage_plan(name=name)["id"]
    updated = update(client, plan, op("/throttle/rateLimit", "1.5"), op("/throttle/burstLimit", "3"))
    assert updated["throttle"] == {"rateLimit": 1.5, "burstLimit": 3}
    updated = update(client, plan, op("/quota/limit", "100"), op("/quota/period", "WEEK"))
    assert updated["quota"] == {"limit": 100, "offset": 0, "period": "WEEK"}
    updated = update(client, plan, op("/quota/offset", "2"))
    assert updated["quota"] == {"limit": 100, "offset": 2, "period": "WEEK"}
    updated = update(client, plan, remove("/throttle"), remove("/quota"))
    assert updated.keys().isdisjoint({"throttle", "quota"})


def test_name_description_and_product_code_are_replaced(client: Any, name: str) -> None:
    plan = client.create_usage_plan(name=name)["id"]
    updated = update(client, plan, replace("/name", f"{name}-2"), replace("/description", "two"), add("/productCode", "p-1"))
    assert updated["name"] == f"{name}-2"
    assert updated["description"] == "two"
    assert updated["productCode"] == "p-1"
    assert update(client, plan, replace("/productCode", "p-2"))["productCode"] == "p-2"
    assert "productCode" not in update(client, plan, remove("/productCode"))


def test_stages_are_attached_and_detached(client: Any, users: RestApi, name: str) -> None:
    plan = client.create_usage_plan(name=name)["id"]
    assert update(client, plan, add("/apiStages", users.stage_key))["apiStages"] == [users.api_stage]
    assert update(client, plan, remove("/apiStages", users.stage_key))["apiStages"] == []


METHOD_PATHS = {
    "a double slash": "//users/GET",
    "an escaped slash": "/~1users/GET",
}


@pytest.mark.parametrize("path", METHOD_PATHS.values(), ids=METHOD_PATHS)
def test_a_method_throttle_is_set_and_removed(client: Any, users: RestApi, plan: str, path: str) -> None:
    of_method = f"/apiStages/{users.stage_key}/throttle{path}"
    updated = update(client, plan, replace(f"{of_method}/rateLimit", "0.5"), replace(f"{of_method}/burstLimit", "2"))
    assert updated["apiStages"] == [users.api_stage | {"throttle": {"/users/GET": {"rateLimit": 0.5, "burstLimit": 2}}}]
    assert update(client, plan, remove(of_method))["apiStages"] == [users.api_stage]


def test_the_method_of_the_root_has_two_slashes(client: Any, users: RestApi, plan: str) -> None:
    root = users.where | {"resourceId": users.root_id}
    client.put_method(**root, authorizationType="NONE", apiKeyRequired=True)
    api.put_mock(client, root)
    users.deploy()
    of_method = f"/apiStages/{users.stage_key}/throttle//GET"
    updated = update(client, plan, replace(f"{of_method}/rateLimit", "0.5"), replace(f"{of_method}/burstLimit", "2"))
    assert updated["apiStages"][0]["throttle"] == {"//GET": {"rateLimit": 0.5, "burstLimit": 2}}


def test_all_method_throttles_of_a_stage_are_set_and_removed(client: Any, users: RestApi, plan: str) -> None:
    of_stage = f"/apiStages/{users.stage_key}/throttle"
    updated = update(client, plan, replace(of_stage, '{"/users/GET":{"rateLimit":0.5,"burstLimit":2}}'))
    assert updated["apiStages"][0]["throttle"] == {"/users/GET": {"rateLimit": 0.5, "burstLimit": 2}}
    assert update(client, plan, remove(of_stage))["apiStages"] == [users.api_stage]


def test_a_method_throttle_takes_the_place_of_the_plans(client: Any, users: RestApi, plan: str, name: str) -> None:
    key = make_key(client, name, plan)["value"]
    of_method = f"/apiStages/{users.stage_key}/throttle//users/GET"
    update(client, plan, replace(f"{of_method}/rateLimit", "0.01"), replace(f"{of_method}/burstLimit", "1"))
    assert users.call(key).status == 200
    assert users.call(key).is_throttled


def test_a_raised_throttle_holds_once_the_wait_that_it_found_is_over(
    client: Any, users: RestApi, name: str
) -> None:
    low = {"rateLimit": 0.5, "burstLimit": 1}
    plan = client.create_usage_plan(name=name, apiStages=[users.api_stage], throttle=low)["id"]
    key = make_key(client, name, plan)["value"]
    assert users.call(key).status == 200
    assert users.call(key).is_throttled
    update(client, plan, replace("/throttle/rateLimit", "100"), replace("/throttle/burstLimit", "100"))
    assert eventually("the throttle is raised", lambda: all(users.call(key).status == 200 for _ in range(5)))

def test_a_raised_quota_counts_what_was_used(client: Any, users: RestApi, name: str) -> None:
    quota = {"limit": 1, "period": "MONTH"}
    plan = client.create_usage_plan(name=name, apiStages=[users.api_stage], quota=quota)["id"]
    key = make_key(client, name, plan)["value"]
    assert users.call(key).status == 200
    assert users.call(key).is_over_quota
    update(client, plan, replace("/quota/limit", "2"))
    assert eventually("the quota is raised", lambda: users.call(key).status == 200)
    assert users.call(key).is_over_quota


def test_two_keys_of_a_plan_have_limits_of_their_own(client: Any, users: RestApi, name: str) -> None:
    quota = {"limit": 1, "period": "MONTH"}
    plan = client.create_usage_plan(name=name, apiStages=[users.api_stage], quota=quota)["id"]
    first, second = (make_key(client, name, plan)["value"] for _ in range(2))
    assert users.call(first).status == 200
    assert users.call(first).is_over_quota
    assert users.call(second).status == 200


def test_a_method_that_requires_no_key_is_not_metered(client: Any, gateway: Gateway, name: str) -> None:
    made = make_api(gateway, client, name, api_key_required=False)
    quota = {"limit": 1, "period": "MONTH"}
    plan = client.create_usage_plan(name=name, apiStages=[made.api_stage], quota=quota)["id"]
    key = make_key(client, name, plan)["value"]
    assert [made.call(key).status for _ in range(3)] == [200] * 3


def test_a_plan_of_another_stage_does_not_admit(client: Any, users: RestApi, name: str) -> None:
    client.create_stage(restApiId=users.id, stageName="test", deploymentId=users.deployment_id)
    plan = client.create_usage_plan(name=name, apiStages=[users.api_stage | {"stage": "test"}])["id"]
    assert users.call(make_key(client, name, plan)["value"]).is_forbidden


def test_the_keys_of_a_plan_are_listed_newest_first_with_their_values(client: Any, plan: str, name: str) -> None:
    made = [make_key(client, f"{name}-{number}", plan) for number in range(3)]
    listed = client.get_usage_plan_keys(usagePlanId=plan)["items"]
    assert listed == [{"id": key["id"], "name": key["name"], "type": "API_KEY", "value": key["value"]} for key in reversed(made)]


def test_the_keys_of_a_plan_are_found_by_the_start_of_their_name(client: Any, plan: str, name: str) -> None:
    made = [make_key(client, f"{name}-{part}", plan)["id"] for part in ("Red", "Blue")]
    assert ids([client.get_usage_plan_keys(usagePlanId=plan, nameQuery=f"{name}-R")]) == made[:1]
    assert ids([client.get_usage_plan_keys(usagePlanId=plan, nameQuery=f"{name}-r")]) == []
    assert ids([client.get_usage_plan_keys(usagePlanId=plan, nameQuery="Red")]) == []


def test_the_keys_of_a_plan_page(client: Any, plan: str, name: str) -> None:
    made = [make_key(client, name, plan)["id"] for _ in range(5)]
    pages = list(api.pages(client.get_usage_plan_keys, usagePlanId=plan, limit=2))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert ids(pages) == made[::-1]


def test_the_keys_of_an_unknown_plan_are_none(client: Any) -> None:
    assert client.get_usage_plan_keys(usagePlanId="abcde0")["items"] == []


def test_a_key_that_joins_a_plan_is_answered_with_its_value(client: Any, plan: str, name: str) -> None:
    key = make_key(client, name)
    joined = client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert api.without_metadata(joined) == {"id": key["id"], "name": name, "type": "API_KEY", "value": key["value"]}


def test_a_key_that_has_left_a_plan_is_refused(client: Any, users: RestApi, plan: str, name: str) -> None:
    key = make_key(client, name, plan)
    assert users.call(key["value"]).status == 200
    client.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    assert eventually("the key has left", lambda: users.call(key["value"]).is_forbidden)
    assert client.get_usage_plan_keys(usagePlanId=plan)["items"] == []
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_usage_plan_key(usagePlanId=plan, keyId=key["id"])


def test_a_key_that_was_refused_is_admitted_once_it_has_a_plan(client: Any, users: RestApi, plan: str, name: str) -> None:
    key = make_key(client, name)
    assert users.call(key["value"]).is_forbidden
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert eventually("the key has joined", lambda: users.call(key["value"]).status == 200)


def test_a_deleted_stage_leaves_its_plans_for_good(client: Any, users: RestApi, plan: str) -> None:
    client.delete_stage(restApiId=users.id, stageName=users.stage)
    assert client.get_usage_plan(usagePlanId=plan)["apiStages"] == []
    users.deploy()
    assert client.get_usage_plan(usagePlanId=plan)["apiStages"] == []


def test_a_deleted_api_leaves_its_plans(client: Any, users: RestApi, plan: str) -> None:
    client.delete_rest_api(restApiId=users.id)
    assert client.get_usage_plan(usagePlanId=plan)["apiStages"] == []
    client.delete_usage_plan(usagePlanId=plan)


def test_a_plan_without_stages_is_deleted_with_its_keys(client: Any, users: RestApi, plan: str, name: str) -> None:
    key = make_key(client, name, plan)
    update(client, plan, remove("/apiStages", users.stage_key))
    client.delete_usage_plan(usagePlanId=plan)
    assert client.get_usage_plans(keyId=key["id"])["items"] == []
    assert client.get_api_key(apiKey=key["id"])["id"] == key["id"]
    assert users.call(key["value"]).is_forbidden


def test_usage_has_a_row_for_each_day_of_each_key(client: Any, users: RestApi, name: str) -> None:
    quota = {"limit": 100, "period": "MONTH"}
    plan = client.create_usage_plan(name=name, apiStages=[users.api_stage], quota=quota)["id"]
    keys = [make_key(client, name, plan) for _ in range(2)]
    assert [users.call(key["value"]).status for key in (keys[0], keys[0], keys[1])] == [200] * 3

    start, end = today(-3), today()
    usage = api.without_metadata(client.get_usage(usagePlanId=plan, startDate=start, endDate=end))
    assert usage.keys() == {"usagePlanId", "startDate", "endDate", "items"}
    assert (usage["usagePlanId"], usage["startDate"], usage["endDate"]) == (plan, start, end)
    assert usage["items"].keys() == {key["id"] for key in keys}
    for key, used in zip(keys, (2, 1), strict=True):
        rows = usage["items"][key["id"]]
        assert len(rows) == 4
        assert sum(row[0] for row in rows) == used
        assert rows[-1][1] == 100 - used

    one = client.get_usage(usagePlanId=plan, keyId=keys[1]["id"], startDate=start, endDate=end)
    assert one["items"] == {keys[1]["id"]: usage["items"][keys[1]["id"]]}


def test_a_refused_request_is_not_used(client: Any, users: RestApi, name: str) -> None:
    throttle, quota = {"rateLimit": 0.01, "burstLimit": 1}, {"limit": 10, "period": "MONTH"}
    stages = [users.api_stage]
    plan = client.create_usage_plan(name=name, apiStages=stages, throttle=throttle, quota=quota)["id"]
    key = make_key(client, name, plan)
    assert users.call(key["value"]).status == 200
    assert users.call(key["value"]).is_throttled
    rows = client.get_usage(usagePlanId=plan, startDate=today(-1), endDate=today())["items"][key["id"]]
    assert sum(row[0] for row in rows) == 1
    assert rows[-1][1] == 9


@pytest.mark.parametrize("remaining", [0, 5, 1000])
def test_what_remains_is_set_up_and_down(client: Any, users: RestApi, name: str, remaining: int) -> None:
    quota = {"limit": 100, "period": "MONTH"}
    plan = client.create_usage_plan(name=name, apiStages=[users.api_stage], quota=quota)["id"]
    key = make_key(client, name, plan)
    assert users.call(key["value"]).status == 200
    operations = [replace("/remaining", str(remaining))]
    updated = client.update_usage(usagePlanId=plan, keyId=key["id"], patchOperations=operations)
    assert updated["usagePlanId"] == plan
    usage = client.get_usage(usagePlanId=plan, startDate=today(-1), endDate=today())
    assert usage["items"][key["id"]][-1][1] == remaining
    if remaining == 0:
        assert users.call(key["value"]).is_over_quota
    # The plan's own limit stays.
    assert client.get_usage_plan(usagePlanId=plan)["quota"]["limit"] == 100


def test_the_account_has_usage_plans(client: Any) -> None:
    assert api.without_metadata(client.get_account()) == {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }
    updated = client.update_account(patchOperations=[add("/features", "UsagePlans")])
    assert updated["features"] == ["UsagePlans"]
