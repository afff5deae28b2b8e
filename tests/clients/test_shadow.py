"""Plans in shadow mode, as operators switch it on and off, and as requests meet it."""

from api import AwsCli, Caller, Tollgate, send, until_not
from gateway import Gateway
from test_story_cli import make_api, usage


def test_a_plan_refuses_nothing_in_shadow_mode_and_tells_what_it_would(
    aws: AwsCli, tollgate: Tollgate, gateway: Gateway, name: str
) -> None:
    api_id, where = make_api(aws, name, "mock")
    aws("update-method", *where, "--patch-operations", "op=replace,path=/apiKeyRequired,value=true")
    aws("create-deployment", "--rest-api-id", api_id, "--stage-name", "dev")
    limits = ["--quota", "2/MONTH", "--stage", f"{api_id}:dev"]
    plan = tollgate("plans", "create", name, *limits, "--shadow")
    assert plan["tags"] == {"tollgate:mode": "shadow"}
    assert aws("get-usage-plan", "--usage-plan-id", plan["id"])["tags"] == plan["tags"]
    key = tollgate("keys", "create", name, "--plan", name)
    users = Caller(gateway, api_id)

    answers = [users.call(key["value"]) for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 5
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0", "r=0", "r=0"]
    # A key that opens nothing is refused all the same.
    assert users.call("no-key-has-this-value").is_forbidden

    # Days count what was admitted. Of the quota, nothing is left.
    assert usage(aws, plan["id"], key["id"]) == {"used": 5, "remaining": 0}
    page = send(f"{gateway.admin_url}/console/plans/{plan['id']}").body
    assert "Shadow mode: nothing is refused." in page
    live = send(f"{gateway.admin_url}/console/usage/live").body
    assert "Admitted in shadow mode, would exceed the quota" in live

    tollgate("plans", "update", name, "--enforce")
    assert "tags" not in tollgate("plans", "show", name)
    refused = until_not(lambda answer: answer.status == 200, lambda: users.call(key["value"]))
    assert refused.is_over_quota

    shadowed = tollgate("plans", "update", name, "--shadow-stage", f"{api_id}:dev", "--shadow-stage", f"{api_id}:beta")
    assert shadowed["tags"] == {"tollgate:shadow-stages": f"{api_id}:dev {api_id}:beta"}
    assert until_not(lambda answer: answer.is_over_quota, lambda: users.call(key["value"])).status == 200


def test_a_mode_that_is_none_is_refused(aws: AwsCli, tollgate: Tollgate, name: str) -> None:
    said = aws.refused("create-usage-plan", "--name", name, "--tags", "tollgate:mode=off")
    assert "Invalid value of tag tollgate:mode specified, must be enforce or shadow" in said
    said = tollgate.refused("plans", "create", name, "--tag", "tollgate:shadow-stages=dev")
    assert "must be stages with spaces between them, such as users:dev orders:beta" in said
