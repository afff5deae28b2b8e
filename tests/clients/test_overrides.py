"""Limits of one key: with the command line, with the AWS CLI, and as its requests meet them."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from api import AwsCli, Caller, Tollgate, until_not
from gateway import Gateway
from test_story_cli import make_api, usage


@pytest.fixture
def plan(aws: AwsCli, name: str) -> dict[str, str]:
    """A deployed API whose method requires a key, and a plan with two requests a month for it."""
    api_id, where = make_api(aws, name, "mock")
    aws("update-method", *where, "--patch-operations", "op=replace,path=/apiKeyRequired,value=true")
    aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")
    plan = aws(
        *("create-usage-plan", "--name", name, "--api-stages", f"apiId={api_id},stage=dev"),
        *("--quota", "limit=2,period=MONTH"),
    )
    return {"id": plan["id"], "name": name, "api": api_id}


def admitted(users: Caller, key: str) -> int:
    """How many requests pass before the quota is used up."""
    count = 0
    while not (answer := users.call(key)).is_over_quota:
        assert answer.status == 200, answer
        count += 1
    return count


def test_a_key_has_a_quota_and_a_burst_of_its_own(
    aws: AwsCli, tollgate: Tollgate, gateway: Gateway, name: str, plan: dict[str, str]
) -> None:
    users = Caller(gateway, plan["api"])
    usual = tollgate("keys", "create", f"{name}-usual", "--plan", name)
    own = tollgate("keys", "create", f"{name}-own", "--plan", name, "--quota", "5/MONTH")
    assert own["tags"] == {"tollgate:quota": "5/MONTH"}
    assert admitted(users, usual["value"]) == 2
    first = users.call(own["value"])
    assert "q=5;w=" in first.headers["ratelimit-policy"], first
    assert first.headers["ratelimit"].startswith('"quota";r=4;'), first
    assert admitted(users, own["value"]) == 4
    assert usage(aws, plan["id"], own["id"]) == {"used": 5, "remaining": 0}
    assert tollgate("usage", f"{name}-own")["days"][-1]["remaining"] == 0
    assert "own limits    quota=5/MONTH" in tollgate.text("keys", "show", f"{name}-own")

    # An operator leaves three of five, as with any key.
    on_plan = ["--usage-plan-id", plan["id"], "--key-id", own["id"]]
    aws("update-usage", *on_plan, "--patch-operations", "op=replace,path=/remaining,value=3")
    assert usage(aws, plan["id"], own["id"]) == {"used": 5, "remaining": 3}
    until_not(lambda answer: answer.is_over_quota, lambda: users.call(own["value"]))
    assert admitted(users, own["value"]) == 2

    # In one plan, and taken away again.
    tollgate("keys", "update", own["id"], "--quota", "9", "--in-plan", name)
    assert tollgate("keys", "show", own["id"])["tags"][f"tollgate:quota:{plan['id']}"] == "9"
    assert usage(aws, plan["id"], own["id"])["remaining"] == 4
    tollgate("keys", "update", own["id"], "--quota", "", "--in-plan", name)
    tollgate("keys", "update", own["id"], "--quota", "")
    assert "tags" not in tollgate("keys", "show", own["id"])


def test_what_cannot_be_a_limit_is_refused_with_what_to_write(aws: AwsCli, tollgate: Tollgate, name: str) -> None:
    key = aws("create-api-key", "--name", name, "--enabled")
    arn = f"arn:aws:apigateway:us-east-1::/apikeys/{key['id']}"
    said = aws.refused("tag-resource", "--resource-arn", arn, "--tags", "tollgate:quota=5000/YEAR")
    assert "Invalid value of tag tollgate:quota specified, must be a whole number of requests" in said
    said = aws.refused("create-api-key", "--name", name, "--tags", "tollgate:rate=fast")
    assert "must be a number of requests a second, 0 or more" in said
    said = tollgate.refused("keys", "update", name, "--burst", "1.5")
    assert "--burst 1.5 cannot be used" in said
    said = tollgate.refused("keys", "update", name, "--name", name, "--in-plan", "Bronze")
    assert "none of them is given" in said


def test_a_top_up_lasts_until_its_end_and_is_never_counted_twice(
    aws: AwsCli, tollgate: Tollgate, gateway: Gateway, name: str, plan: dict[str, str]
) -> None:
    users = Caller(gateway, plan["api"])
    key = tollgate("keys", "create", name, "--plan", name)
    assert admitted(users, key["value"]) == 2
    said = tollgate.text("usage", "top-up", name, name, "+3", "--name", "invoice-7")
    assert "added the top-up invoice-7" in said and "3 remain" in said, said
    said = tollgate.text("usage", "top-up", name, name, "+3", "--name", "invoice-7")
    assert "replaced the top-up invoice-7" in said and "3 remain" in said, said
    until_not(lambda answer: answer.is_over_quota, lambda: users.call(key["value"]))
    assert admitted(users, key["value"]) == 2
    assert usage(aws, plan["id"], key["id"]) == {"used": 5, "remaining": 0}

    # One that has ended adds nothing.
    now = datetime.datetime.now(datetime.UTC)
    span = [(now + datetime.timedelta(seconds=seconds)).isoformat() for seconds in (-120, -60)]
    arn = f"arn:aws:apigateway:us-east-1::/apikeys/{key['id']}"
    tags = json.dumps({"tollgate:top-up:ended": f"100 {span[0]}/{span[1]}"})
    aws("tag-resource", "--resource-arn", arn, "--tags", tags)
    assert usage(aws, plan["id"], key["id"])["remaining"] == 0
    document = tollgate("usage", "top-up", name, name, "+1")
    assert document["remaining"] == 1
    assert document["until"].endswith("-01T00:00:00Z")

    assert "has passed already" in tollgate.refused("usage", "top-up", name, name, "+1", "--until", "2020-01-01")
    assert "such as +500" in tollgate.refused("usage", "top-up", name, name, "+0")


def test_a_template_may_declare_them(start_gateway: Any, tmp_path: Path) -> None:
    text = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: Bronze
      Quota: {Limit: 2, Period: DAY}
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties:
      Name: joe
      Enabled: true
      Tags: [{Key: "tollgate:quota", Value: "QUOTA"}]
  Joins:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}
"""
    template = tmp_path / "template.yaml"
    template.write_text(text.replace("QUOTA", "7/DAY"))
    gateway = start_gateway("--template", str(template))
    assert Tollgate(gateway)("usage", "joe")["days"][-1]["remaining"] == 7
    template.write_text(text.replace("QUOTA", "7/YEAR"))
    with pytest.raises(RuntimeError, match="must be a whole number of requests"):
        start_gateway("--template", str(template))
