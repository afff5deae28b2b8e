"""Coming from API Gateway and leaving again, between two gateways: each speaks to the other as API Gateway would."""

import csv
import datetime
import io
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import api
import migration
from gateway import Gateway


@pytest.fixture
def start() -> Iterator[Callable[..., Gateway]]:
    """Starts gateways that end with the test."""
    started: list[Gateway] = []

    def start_one(template: Path = migration.STAGES) -> Gateway:
        started.append(Gateway("--template", str(template)))
        return started[-1]

    yield start_one
    for gateway in started:
        gateway.stop()


@pytest.fixture
def source(start: Callable[..., Gateway]) -> Gateway:
    """What stands for API Gateway: no keys and plans on it yet."""
    return start()


@pytest.fixture
def target(start: Callable[..., Gateway]) -> Gateway:
    return start()


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def remaining(client: Any, plan: str, key: str) -> int:
    """What is left today of a key's quota."""
    usage = client.get_usage(usagePlanId=plan, keyId=key, startDate=today(), endDate=today())
    return usage["items"][key][-1][1]


def use(client: Any, plan: str, key: str, left: int) -> None:
    client.update_usage(usagePlanId=plan, keyId=key, patchOperations=[api.replace("/remaining", str(left))])


def fill(client: Any) -> dict[str, str]:
    """Plans and keys of every kind. Answers their ids by name."""
    bronze = client.create_usage_plan(
        name="Bronze",
        description="for a start",
        throttle={"rateLimit": 5.5, "burstLimit": 10},
        quota={"limit": 1000, "period": "MONTH", "offset": 3},
        apiStages=[{"apiId": "shop", "stage": "prod", "throttle": {"/users/{id}/GET": {"rateLimit": 1, "burstLimit": 2}}}],
        tags={"team": "red", "tollgate:lease": "off"},
    )["id"]
    client.update_usage_plan(
        usagePlanId=bronze,
        patchOperations=[
            api.replace("/productCode", "market"),
            api.replace("/apiStages/shop:prod/throttle/*/*/rateLimit", "3"),
            api.replace("/apiStages/shop:prod/throttle/*/*/burstLimit", "4"),
        ],
    )
    free = client.create_usage_plan(name="Free", apiStages=[{"apiId": "blog", "stage": "dev"}])["id"]
    keys = {
        "used": api.make_key(client, "used", bronze, customerId="c-1", description="in use", tags={"tier": "1"}),
        "new": api.make_key(client, "new", bronze),
        "topped up": api.make_key(client, "topped up", bronze),
        "free": api.make_key(client, "free", free, tags={"tollgate:expires-at": "2040-01-01T00:00:00Z"}),
        "alone": client.create_api_key(name="alone", enabled=False, value="a-value-of-our-own-choice"),
    }
    client.create_usage_plan_key(usagePlanId=free, keyId=keys["used"]["id"], keyType="API_KEY")
    use(client, bronze, keys["used"]["id"], 400)
    use(client, bronze, keys["topped up"]["id"], 1500)
    return {"Bronze": bronze, "Free": free} | {name: key["id"] for name, key in keys.items()}


def test_everything_comes_along_and_a_second_import_finds_nothing_to_do(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    ids = fill(there)
    arguments = migration.importing(source, target.admin_url)

    planned = migration.done(*arguments, "--dry-run")
    assert planned["dryRun"] is True
    assert planned["plans"] == {"created": 2, "changed": 0, "unchanged": 0}
    assert planned["keys"] == {"created": 5, "changed": 0, "unchanged": 0}
    steps = {step["name"]: step for step in planned["steps"]}
    assert steps["used"]["remaining"] == [{"plan": "Bronze", "requests": 400, "of": 1000}]
    assert sorted(steps["used"]["joins"]) == ["Bronze", "Free"]
    assert migration.held(here) == {"plans": {}, "keys": {}}

    report = migration.done(*arguments)
    assert report["keys"] == {"created": 5, "changed": 0, "unchanged": 0}
    assert (report["joined"], report["remainingSet"], report["problems"]) == (5, 2, [])
    assert migration.held(here) == migration.held(there)
    left = {name: remaining(here, ids["Bronze"], ids[name]) for name in ("used", "new", "topped up")}
    assert left == {"used": 400, "new": 1000, "topped up": 1500}

    again = migration.done(*arguments)
    assert again["plans"] == {"created": 0, "changed": 0, "unchanged": 2}
    assert again["keys"] == {"created": 0, "changed": 0, "unchanged": 5}
    assert (again["joined"], again["remainingSet"]) == (0, 0)


def test_what_has_changed_is_told_and_only_that_is_changed(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    ids = fill(there)
    arguments = migration.importing(source, target.admin_url)
    migration.done(*arguments)

    there.update_usage_plan(usagePlanId=ids["Bronze"], patchOperations=[api.replace("/quota/limit", "2000")])
    there.update_api_key(apiKey=ids["free"], patchOperations=[api.replace("/enabled", "false")])
    use(there, ids["Bronze"], ids["used"], 90)
    # What is used up here stays used up, and what an operator has disabled stays disabled.
    use(here, ids["Bronze"], ids["topped up"], 7)
    here.update_api_key(apiKey=ids["new"], patchOperations=[api.replace("/enabled", "false")])
    here.update_usage_plan(usagePlanId=ids["Free"], patchOperations=[api.add("/apiStages", "news:test")])

    shown = migration.run(*arguments, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        f"~ plan Bronze ({ids['Bronze']})",
        "    quota: 1000/MONTH + 3 d -> 2000/MONTH + 3 d",
        *sorted(
            [
                f"~ key free ({ids['free']}), becomes disabled",
                f"~ key used ({ids['used']}), 90 of 2000 left in Bronze",
            ],
            key=lambda line: line.split("(")[1],
        ),
        "2 plans: 0 to create, 1 to change, 1 as they are",
        "5 keys: 0 to create, 2 to change, 3 as they are",
        "associations: 0 to make; quotas with usage to carry over: 1",
    ]
    colored = migration.run(*arguments, "--dry-run", "--color", "always")
    assert "\x1b[" in colored.stdout

    migration.done(*arguments)
    keys = migration.held(here)["keys"]
    assert [keys[ids[name]]["enabled"] for name in ("free", "new", "used")] == [False, False, True]
    assert remaining(here, ids["Bronze"], ids["used"]) == 90
    assert remaining(here, ids["Bronze"], ids["topped up"]) <= 1007
    stages = here.get_usage_plan(usagePlanId=ids["Free"])["apiStages"]
    assert {stage["apiId"] for stage in stages} == {"blog", "news"}


@pytest.mark.parametrize("loses_answer", [False, True])
def test_an_import_that_breaks_off_after_every_single_change_ends_as_one_that_does_not(
    source: Gateway, target: Gateway, loses_answer: bool
) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    ids = fill(there)
    breaks = 0
    while True:
        broken = migration.Breaking(target, changes=1, loses_answer=loses_answer)
        ended = migration.run(*migration.importing(source, broken.url))
        broken.stop()
        nobody_has_more_than_there(there, here, ids)
        if not broken.has_broken:
            assert ended.returncode == 0, ended.stderr
            break
        breaks += 1
        assert ended.returncode in (1, 2), ended.stdout
        assert breaks < 100
    assert breaks > 5
    assert migration.held(here) == migration.held(there)
    left = {name: remaining(here, ids["Bronze"], ids[name]) for name in ("used", "new", "topped up")}
    assert left == {"used": 400, "new": 1000, "topped up": 1500}


def nobody_has_more_than_there(there: Any, here: Any, ids: dict[str, str]) -> None:
    """No key that may be used has more left of its quota than in the source, not even while an import is broken off."""
    for key in migration.listed(here.get_usage_plan_keys, usagePlanId=ids["Bronze"]):
        if here.get_api_key(apiKey=key["id"])["enabled"]:
            there_left = remaining(there, ids["Bronze"], key["id"])
            assert remaining(here, ids["Bronze"], key["id"]) <= there_left, key["name"]


def test_a_killed_import_goes_on(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    plans = [there.create_usage_plan(name=f"plan-{number}", quota={"limit": 100, "period": "DAY"})["id"] for number in range(6)]
    rows = [f"key-{number:03},valueOfKeyNumber{number:05},,true,{plans[number % 6]}" for number in range(300)]
    there.import_api_keys(format="csv", body="\n".join(["name,key,description,enabled,usageplanIds", *rows]).encode())
    killed = migration.killed_when(
        migration.importing(source, target.admin_url), lambda: len(migration.listed(here.get_api_keys)) >= 20
    )
    report = migration.done(*migration.importing(source, target.admin_url))
    assert report["problems"] == []
    if killed:
        assert report["keys"]["unchanged"] >= 19
    assert migration.held(here) == migration.held(there)


def test_stages_get_other_names_or_are_left_out(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    ids = fill(there)
    migration.done(
        *migration.importing(source, target.admin_url), "--map-stage", "shop:prod=blog:dev", "--map-stage", "blog:dev="
    )
    [stage] = here.get_usage_plan(usagePlanId=ids["Bronze"])["apiStages"]
    assert (stage["apiId"], stage["stage"]) == ("blog", "dev")
    assert set(stage["throttle"]) == {"/users/{id}/GET", "*/*"}
    assert here.get_usage_plan(usagePlanId=ids["Free"])["apiStages"] == []
    refused = migration.run(*migration.importing(source, target.admin_url), "--map-stage", "shop")
    assert refused.returncode == 2
    assert "a1b2c3d4e5:prod=users:prod" in refused.stderr


def test_a_table_is_written_without_a_management_api(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    fill(there)
    migration.done(
        *("import", "--from-api-gateway", "--api-gateway-url", source.admin_url, "--requests-per-second", "10000"),
        *("--endpoint-url", target.dynamodb_url),
    )
    assert migration.held(here) == migration.held(there)


def test_a_key_whose_value_is_not_kept_is_told(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    api.make_key(there, "kept")
    migration.done("keys", "create", "hidden", "--no-keep-value", "--endpoint-url", source.dynamodb_url)
    ended = migration.run(*migration.importing(source, target.admin_url), "--json")
    assert ended.returncode == 1
    [problem] = json.loads(ended.stdout)["problems"]
    assert (problem["name"], problem["message"]) == ("hidden", "its value cannot be read")
    assert [key["name"] for key in migration.listed(here.get_api_keys)] == ["kept"]


def test_ids_are_chosen_by_a_tag_and_stay(target: Gateway) -> None:
    client = api.boto3_client(target)
    key = client.create_api_key(name="k", tags={"tollgate:id": "mykey00001", "tollgate:created-at": "2020-02-03T04:05:06Z"})
    assert key["id"] == "mykey00001"
    assert key["createdDate"].isoformat().startswith("2020-02-03")
    plan = client.create_usage_plan(name="p", tags={"tollgate:id": "plan01"})
    assert plan["id"] == "plan01"
    with pytest.raises(client.exceptions.ConflictException):
        client.create_api_key(name="again", tags={"tollgate:id": "mykey00001"})
    with pytest.raises(client.exceptions.BadRequestException, match="stays"):
        client.tag_resource(
            resourceArn="arn:aws:apigateway:us-east-1::/apikeys/mykey00001", tags={"tollgate:id": "another"}
        )
    with pytest.raises(client.exceptions.BadRequestException, match="letters, digits"):
        client.create_usage_plan(name="p", tags={"tollgate:id": "a/b"})


def test_the_way_back_brings_everything_and_a_third_gateway_gets_the_same_ids(
    start: Callable[..., Gateway], source: Gateway, target: Gateway
) -> None:
    tollgate, aws = api.boto3_client(source), api.boto3_client(target)
    ids = fill(tollgate)
    report = migration.done(*migration.leaving(source, target))
    assert (report["plans"]["created"], report["keys"]["created"], report["joined"]) == (2, 5, 5)
    assert migration.held(aws) == migration.held(tollgate)
    assert remaining(aws, ids["Bronze"], ids["used"]) == 400
    third = start()
    migration.done(*migration.importing(target, third.admin_url))
    assert migration.held(api.boto3_client(third)) == migration.held(tollgate)


def test_a_template_has_what_api_gateway_needs_and_the_rest_beside_it(source: Gateway, tmp_path: Path) -> None:
    client = api.boto3_client(source)
    ids = fill(client)
    exported = tmp_path / "template.json"
    export = ["export", "--url", source.admin_url, "--format", "cloudformation"]
    ended = migration.run(*export, "--values", "--output", str(exported))
    assert ended.returncode == 0, ended.stderr
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    resources = json.loads(exported.read_text())["Resources"]
    types = [resource["Type"].removeprefix("AWS::ApiGateway::") for resource in resources.values()]
    assert {kind: types.count(kind) for kind in types} == {"UsagePlan": 2, "ApiKey": 5, "UsagePlanKey": 5}
    plan = resources[f"Plan{ids['Bronze']}"]
    assert plan["Properties"]["Quota"] == {"Limit": 1000, "Period": "MONTH", "Offset": 3}
    assert plan["Properties"]["Tags"] == [{"Key": "team", "Value": "red"}]
    assert plan["Metadata"]["Tollgate"]["Tags"] == {"tollgate:lease": "off"}
    key = resources[f"Key{ids['alone']}"]["Properties"]
    assert (key["Value"], key["Enabled"]) == ("a-value-of-our-own-choice", False)
    association = resources[f"Plan{ids['Free']}Key{ids['free']}"]["Properties"]
    assert association == {
        "KeyId": {"Ref": f"Key{ids['free']}"},
        "KeyType": "API_KEY",
        "UsagePlanId": {"Ref": f"Plan{ids['Free']}"},
    }
    without = migration.done(*export)
    assert "a-value-of-our-own-choice" not in json.dumps(without)


def test_a_template_of_an_export_makes_the_same_plans_here(
    source: Gateway, start: Callable[..., Gateway], tmp_path: Path
) -> None:
    client = api.boto3_client(source)
    plan = client.create_usage_plan(name="Bronze", throttle={"rateLimit": 5, "burstLimit": 10})["id"]
    key = api.make_key(client, "joe", plan, value="a-value-of-our-own-choice")
    exported = tmp_path / "template.json"
    export = ["export", "--url", source.admin_url, "--format", "cloudformation", "--values"]
    migration.run(*export, "--output", str(exported))
    deployed = api.boto3_client(start(exported))
    [made] = migration.listed(deployed.get_usage_plans)
    assert (made["name"], made["throttle"]) == ("Bronze", {"rateLimit": 5.0, "burstLimit": 10})
    [member] = migration.listed(deployed.get_usage_plan_keys, usagePlanId=made["id"])
    assert (member["name"], member["value"]) == (key["name"], key["value"])


def test_a_list_of_keys_can_be_imported_again(source: Gateway, target: Gateway) -> None:
    there, here = api.boto3_client(source), api.boto3_client(target)
    ids = fill(there)
    refused = migration.run("export", "--url", source.admin_url, "--format", "csv")
    assert refused.returncode == 2
    assert "--values" in refused.stderr
    ended = migration.run("export", "--url", source.admin_url, "--format", "csv", "--values")
    assert ended.returncode == 0, ended.stderr
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(ended.stdout))}
    assert set(rows["used"]["usageplanIds"].split(",")) == {ids["Bronze"], ids["Free"]}
    assert rows["alone"]["enabled"] == "false"
    for name in ("Bronze", "Free"):
        here.create_usage_plan(name=name, tags={"tollgate:id": ids[name]})
    made = here.import_api_keys(format="csv", body=ended.stdout.encode(), failOnWarnings=True)
    assert len(made["ids"]) == 5
    assert len(migration.listed(here.get_usage_plan_keys, usagePlanId=ids["Bronze"])) == 3


def test_the_definition_of_a_stage_is_exported(source: Gateway) -> None:
    client = api.boto3_client(source)
    made = api.make_api(source, client, "shop", api_key_required=True)
    document = migration.done("export", "--url", source.admin_url, "--format", "openapi", "--api", made.stage_key)
    method = document["paths"]["/users"]["get"]
    assert method["security"] == [{"api_key": []}]
    assert document["components"]["securitySchemes"]["api_key"] == {"type": "apiKey", "name": "x-api-key", "in": "header"}
    assert "x-amazon-apigateway-integration" in method
    assert migration.run("export", "--url", source.admin_url, "--format", "openapi").returncode == 2
    unknown = migration.run("export", "--url", source.admin_url, "--format", "openapi", "--api", "none:dev")
    assert unknown.returncode == 1


def test_everything_that_is_known_is_exported_as_json(source: Gateway) -> None:
    client = api.boto3_client(source)
    ids = fill(client)
    document = migration.done("export", "--endpoint-url", source.dynamodb_url, "--format", "json")
    keys = {key["name"]: key for key in document["keys"]}
    assert set(keys["used"]["usagePlanIds"]) == {ids["Bronze"], ids["Free"]}
    assert "value" not in keys["used"]
    plans = {plan["name"]: plan for plan in document["plans"]}
    assert plans["Bronze"]["productCode"] == "market"


def test_the_console_has_the_files_without_values(source: Gateway) -> None:
    client = api.boto3_client(source)
    ids = fill(client)
    page = f"{source.admin_url}/console/plans"
    api.eventually("the page has the links", lambda: "/console/plans/export/json" in api.send(page).body)
    exported = api.send(f"{source.admin_url}/console/plans/export/json")
    assert exported.headers["content-disposition"] == 'attachment; filename="plans.json"'
    assert {plan["id"] for plan in exported.json()["plans"]} == {ids["Bronze"], ids["Free"]}
    template = api.send(f"{source.admin_url}/console/plans/export/cloudformation").json()
    assert len(template["Resources"]) == 12
    assert "a-value-of-our-own-choice" not in exported.body + json.dumps(template)
    assert api.send(f"{source.admin_url}/console/plans/export/xml").status == 404
