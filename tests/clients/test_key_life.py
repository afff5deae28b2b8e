"""A key's life beyond API Gateway: several values, expiry, scopes, notes for handlers, last use (PLANS.md)."""

import datetime
import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

import api
from api import Caller, RestApi, add, eventually, make_api, make_key, put_mock, remove, replace
from gateway import ROOT, Gateway, environment

VALUES = "/tollgate:values"
OVERLAP = "/tollgate:overlap"


def arn(key_id: str) -> str:
    return f"arn:aws:apigateway:{api.REGION}::/apikeys/{key_id}"


def status_tags(client: Any, key_id: str) -> dict[str, str]:
    return client.get_tags(resourceArn=f"{arn(key_id)}/status")["tags"]


def instant(seconds_from_now: float) -> str:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds_from_now)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_until(text: str) -> float:
    return (datetime.datetime.fromisoformat(text) - datetime.datetime.now(datetime.UTC)).total_seconds()


def refused(operation: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as error:
        operation(**parameters)
    assert error.value.response["Error"]["Code"] == "BadRequestException"
    return error.value.response["Error"]["Message"]


@pytest.fixture
def users(gateway: Gateway, client: Any, name: str) -> RestApi:
    """An API whose `GET /users` requires a key."""
    return make_api(gateway, client, name, api_key_required=True)


@pytest.fixture
def plan_id(client: Any, users: RestApi, name: str) -> str:
    made = client.create_usage_plan(name=name, apiStages=[users.api_stage], quota={"limit": 1000, "period": "DAY"})
    return made["id"]


def tollgate(gateway: Gateway, *arguments: str) -> Any:
    """`tollgate …` through the management API, read as JSON."""
    binary = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug/tollgate"
    done = subprocess.run(
        [binary, *arguments, "--url", gateway.admin_url, "--json"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=api.REQUEST_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_rotated_key_has_two_values_for_the_overlap(client: Any, users: RestApi, plan_id: str, name: str) -> None:
    key = make_key(client, name, plan_id)
    assert users.call(key["value"]).status == 200
    rotated = client.update_api_key(
        apiKey=key["id"], patchOperations=[add(VALUES, ""), replace(OVERLAP, "12h")]
    )
    assert rotated["id"] == key["id"]
    assert rotated["value"] != key["value"]
    for value in (key["value"], rotated["value"]):
        assert users.call(value).status == 200
    # One key: one meter, one value that is revealed.
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    usage = client.get_usage(usagePlanId=plan_id, keyId=key["id"], startDate=day, endDate=day)
    assert usage["items"][key["id"]][0][1] <= 997
    kept = client.get_api_key(apiKey=key["id"], includeValue=True)
    assert kept["value"] == rotated["value"]
    tags = status_tags(client, key["id"])
    assert tags["tollgate:value:2"] == "current"
    assert 12 * 3600 - 60 < seconds_until(tags["tollgate:value:1"]) <= 12 * 3600
    # The key itself shows no tag that nobody has set.
    assert client.get_api_key(apiKey=key["id"])["tags"] == {}


def test_the_overlap_is_seven_days_unless_it_is_said(client: Any, name: str) -> None:
    key = make_key(client, name)
    client.update_api_key(apiKey=key["id"], patchOperations=[add(VALUES, "")])
    left = seconds_until(status_tags(client, key["id"])["tollgate:value:1"])
    assert 7 * 86_400 - 60 < left <= 7 * 86_400


def test_a_value_that_leaked_ends_at_once(client: Any, users: RestApi, plan_id: str, name: str) -> None:
    key = make_key(client, name, plan_id)
    assert users.call(key["value"]).status == 200
    operations = [add(VALUES, ""), replace(OVERLAP, "now")]
    new = client.update_api_key(apiKey=key["id"], patchOperations=operations)["value"]
    # What the gateway has charged in advance is for a second.
    eventually("the value before is refused", lambda: users.call(key["value"]).is_forbidden)
    assert users.call(new).status == 200
    assert users.call(key["value"]).is_forbidden


def test_an_overlap_is_ended_when_the_client_has_changed_over(
    client: Any, users: RestApi, plan_id: str, name: str
) -> None:
    key = make_key(client, name, plan_id)
    chosen = f"{name}-chosen-value-of-its-own".replace("_", "-")
    rotated = client.update_api_key(apiKey=key["id"], patchOperations=[add(VALUES, chosen)])
    assert rotated["value"] == chosen
    assert users.call(key["value"]).status == 200
    ended = client.update_api_key(apiKey=key["id"], patchOperations=[remove(VALUES)])
    assert "value" not in ended
    eventually("the value before is refused", lambda: users.call(key["value"]).is_forbidden)
    assert users.call(chosen).status == 200


def test_what_is_no_rotation_is_refused(client: Any, name: str) -> None:
    key, other = make_key(client, name), make_key(client, f"{name}-other")
    update = client.update_api_key
    assert "7d" in refused(update, apiKey=key["id"], patchOperations=[replace(OVERLAP, "soon")])
    assert "20 characters" in refused(update, apiKey=key["id"], patchOperations=[add(VALUES, "short")])
    with pytest.raises(ClientError) as taken:
        update(apiKey=key["id"], patchOperations=[add(VALUES, other["value"])])
    assert taken.value.response["Error"]["Code"] == "ConflictException"
    # As on AWS, the value itself cannot be replaced.
    assert "/value" in refused(update, apiKey=key["id"], patchOperations=[replace("/value", "x" * 20)])


def test_a_deleted_key_takes_all_its_values_along(client: Any, users: RestApi, plan_id: str, name: str) -> None:
    key = make_key(client, name, plan_id)
    new = client.update_api_key(apiKey=key["id"], patchOperations=[add(VALUES, "")])["value"]
    client.delete_api_key(apiKey=key["id"])
    for value in (key["value"], new):
        eventually("it is refused", lambda value=value: users.call(value).is_forbidden)
        # Nothing is left of it: another key can have it.
        assert client.create_api_key(name=name, value=value)["value"] == value


def test_an_expiry_is_set_changed_and_taken_away(client: Any, users: RestApi, plan_id: str, name: str) -> None:
    key = make_key(client, name, plan_id)
    assert users.call(key["value"]).status == 200
    tag = "tollgate:expires-at"
    client.tag_resource(resourceArn=arn(key["id"]), tags={tag: instant(-1)})
    eventually("an expired key is refused", lambda: users.call(key["value"]).is_forbidden)
    client.tag_resource(resourceArn=arn(key["id"]), tags={tag: instant(3600)})
    eventually("it works on", lambda: users.call(key["value"]).status == 200)
    client.tag_resource(resourceArn=arn(key["id"]), tags={tag: instant(-1)})
    eventually("it is refused again", lambda: users.call(key["value"]).is_forbidden)
    client.untag_resource(resourceArn=arn(key["id"]), tagKeys=[tag])
    eventually("it never expires", lambda: users.call(key["value"]).status == 200)
    assert tag in refused(client.tag_resource, resourceArn=arn(key["id"]), tags={tag: "soon"})


def test_scopes_restrict_a_key_to_methods(
    gateway: Gateway, client: Any, users: RestApi, plan_id: str, name: str
) -> None:
    where = users.where | {"httpMethod": "POST"}
    client.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
    put_mock(client, where)
    reports = client.create_resource(restApiId=users.id, parentId=users.root_id, pathPart="reports")["id"]
    report = client.create_resource(restApiId=users.id, parentId=reports, pathPart="{reportId}")["id"]
    where = users.where | {"resourceId": report}
    client.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
    put_mock(client, where)
    users.deploy()

    tag = "tollgate:scopes"
    key = make_key(client, name, plan_id, tags={tag: "GET /users, * /reports/{id}"})
    value = key["value"]

    def call(method: str, path: str) -> api.Answer:
        return Caller(gateway, users.id, path=path, method=method).call(value)

    assert call("GET", "/users").status == 200
    assert call("GET", "/reports/7").status == 200
    assert call("POST", "/users").is_forbidden
    eventually("the log says why", lambda: 'decision="out_of_scope"' in gateway.output())
    client.tag_resource(resourceArn=arn(key["id"]), tags={tag: "POST /users"})
    eventually("a scope that was taken away is refused", lambda: call("GET", "/users").is_forbidden)
    assert call("POST", "/users").status == 200
    client.untag_resource(resourceArn=arn(key["id"]), tagKeys=[tag])
    eventually("without scopes all is open", lambda: call("GET", "/users").status == 200)
    tagging = client.tag_resource
    assert "write for example `GET " in refused(tagging, resourceArn=arn(key["id"]), tags={tag: "users"})


def test_notes_of_a_key_reach_what_answers(client: Any, users: RestApi, plan_id: str, name: str) -> None:
    body = '{"tenant":"$context.authorizer.meta_tenant","key":"$context.identity.apiKeyId"}'
    api.put_mock_body(client, users.where, body)
    users.deploy()
    key = make_key(client, name, plan_id, tags={"tollgate:meta:tenant": "acme", "team": "blue"})
    assert users.call(key["value"]).json() == {"tenant": "acme", "key": key["id"]}
    without = make_key(client, f"{name}-2", plan_id)
    assert users.call(without["value"]).json() == {"tenant": "", "key": without["id"]}
    tags = {f"tollgate:meta:n{number}": "x" for number in range(16)}
    assert "16" in refused(client.tag_resource, resourceArn=arn(key["id"]), tags=tags)
    odd = {"tollgate:meta:a-b": "x"}
    assert "underscores" in refused(client.tag_resource, resourceArn=arn(key["id"]), tags=odd)


def test_the_last_use_is_known_to_the_minute(client: Any, users: RestApi, plan_id: str, name: str) -> None:
    key = make_key(client, name, plan_id)
    assert "tollgate:last-used-at" not in status_tags(client, key["id"])
    assert users.call(key["value"]).status == 200
    last = seconds_until(status_tags(client, key["id"])["tollgate:last-used-at"])
    assert -api.PATIENCE_S - 60 < last <= 0
    assert status_tags(client, key["id"])["tollgate:last-used-at"].endswith(":00Z")
    assert "status" in refused(client.tag_resource, resourceArn=f"{arn(key['id'])}/status", tags={"a": "b"})


def test_the_command_line_has_names_for_all_of_it(
    gateway: Gateway, client: Any, users: RestApi, plan_id: str, name: str
) -> None:
    made = tollgate(
        gateway, "keys", "create", name, "--plan", plan_id, "--scopes", "GET /users", "--meta", "tenant=acme"
    )
    assert made["tags"] == {"tollgate:meta:tenant": "acme", "tollgate:scopes": "GET /users"}
    assert users.call(made["value"]).status == 200
    shown = tollgate(gateway, "keys", "show", made["id"])
    assert seconds_until(shown["lastUsed"]) <= 0
    assert "values" not in shown

    rotated = tollgate(gateway, "keys", "rotate", made["id"], "--overlap", "1h")
    assert seconds_until(rotated["formerValuesUntil"]) > 3500
    assert users.call(rotated["value"]).status == 200
    assert users.call(made["value"]).status == 200
    shown = tollgate(gateway, "keys", "show", made["id"], "--reveal")
    assert shown["value"] == rotated["value"]
    assert [value["number"] for value in shown["values"]] == [2, 1]
    tollgate(gateway, "keys", "rotate", made["id"], "--finish")
    eventually("the value before is refused", lambda: users.call(made["value"]).is_forbidden)
    leaked = tollgate(gateway, "keys", "rotate", made["id"], "--now")
    eventually("the leaked value is refused", lambda: users.call(rotated["value"]).is_forbidden)

    tollgate(gateway, "keys", "update", made["id"], "--expires-at", instant(-1), "--scopes", "", "--meta", "tenant=")
    assert client.get_api_key(apiKey=made["id"])["tags"].keys() == {"tollgate:expires-at"}
    eventually("an expired key is refused", lambda: users.call(leaked["value"]).is_forbidden)
    tollgate(gateway, "keys", "update", made["id"], "--expires-at", "never")
    eventually("it works on", lambda: users.call(leaked["value"]).status == 200)
    listed = {key["id"]: key for key in tollgate(gateway, "keys", "list", "--all")}
    assert seconds_until(listed[made["id"]]["lastUsed"]) <= 0
