"""What Terraform's AWS provider sends, in its order: patches of several operations, and the reads that follow them."""

from typing import Any

import pytest

import api
from api import RestApi, add, make_api, make_key, remove, replace
from gateway import Gateway


@pytest.fixture
def users(client: Any, gateway: Gateway, name: str) -> RestApi:
    """An API with `GET /users`, which requires a key."""
    return make_api(gateway, client, name, api_key_required=True)


def arn(path: str) -> str:
    return f"arn:aws:apigateway:{api.REGION}::{path}"


def update_plan(client: Any, plan: str, *operations: dict[str, str]) -> dict[str, Any]:
    """Updates and reads back, as every update of the provider does."""
    client.update_usage_plan(usagePlanId=plan, patchOperations=list(operations))
    return api.without_metadata(client.get_usage_plan(usagePlanId=plan))


def update_stage(client: Any, users: RestApi, *operations: dict[str, str]) -> dict[str, Any]:
    client.update_stage(restApiId=users.id, stageName=users.stage, patchOperations=list(operations))
    return api.without_metadata(client.get_stage(restApiId=users.id, stageName=users.stage))


class TestUsagePlan:
    """`aws_api_gateway_usage_plan`."""

    def test_is_created_whole_and_the_product_code_is_added(self, client: Any, users: RestApi, name: str) -> None:
        throttle = {"/users/GET": {"rateLimit": 1.5, "burstLimit": 3}}
        plan = client.create_usage_plan(
            name=name,
            description="one",
            apiStages=[users.api_stage | {"throttle": throttle}],
            throttle={"rateLimit": 10, "burstLimit": 5},
            quota={"limit": 20, "offset": 2, "period": "WEEK"},
            tags={"team": "blue"},
        )["id"]
        read = update_plan(client, plan, add("/productCode", "MYCODE"))
        assert read == {
            "id": plan,
            "name": name,
            "description": "one",
            "productCode": "MYCODE",
            "apiStages": [users.api_stage | {"throttle": throttle}],
            "throttle": {"rateLimit": 10.0, "burstLimit": 5},
            "quota": {"limit": 20, "offset": 2, "period": "WEEK"},
            "tags": {"team": "blue"},
        }

    def test_texts_are_replaced_and_the_product_code_removed(self, client: Any, name: str) -> None:
        plan = client.create_usage_plan(name=name)["id"]
        read = update_plan(
            client, plan, replace("/name", f"{name}-2"), replace("/description", "two"), replace("/productCode", "MYCODE")
        )
        assert (read["name"], read["description"], read["productCode"]) == (f"{name}-2", "two", "MYCODE")
        assert "productCode" not in update_plan(client, plan, remove("/productCode"))

    @pytest.mark.parametrize("op", [add, replace])
    def test_limits_are_set_in_one_patch(self, client: Any, name: str, op: Any) -> None:
        plan = client.create_usage_plan(name=name)["id"]
        read = update_plan(
            client,
            plan,
            op("/throttle/rateLimit", "10"),
            op("/throttle/burstLimit", "5"),
            op("/quota/limit", "1000"),
            op("/quota/offset", "6"),
            op("/quota/period", "WEEK"),
        )
        assert read["throttle"] == {"rateLimit": 10.0, "burstLimit": 5}
        assert read["quota"] == {"limit": 1000, "offset": 6, "period": "WEEK"}
        read = update_plan(client, plan, remove("/throttle"), remove("/quota"))
        assert read.keys().isdisjoint({"throttle", "quota"})

    def test_a_period_may_change_after_its_offset_in_the_same_patch(self, client: Any, name: str) -> None:
        plan = client.create_usage_plan(name=name, quota={"limit": 1, "offset": 0, "period": "DAY"})["id"]
        changes = [replace("/quota/limit", "1"), replace("/quota/offset", "27"), replace("/quota/period", "MONTH")]
        assert update_plan(client, plan, *changes)["quota"] == {"limit": 1, "offset": 27, "period": "MONTH"}

    def test_stages_are_all_removed_and_then_added(self, client: Any, users: RestApi, name: str) -> None:
        client.create_stage(restApiId=users.id, stageName="test", deploymentId=users.deployment_id)
        test_stage = users.api_stage | {"stage": "test"}
        plan = client.create_usage_plan(
            name=name, apiStages=[users.api_stage, test_stage], throttle={"rateLimit": 9, "burstLimit": 9}
        )["id"]
        of_dev, of_test = f"/apiStages/{users.stage_key}/throttle", f"/apiStages/{users.id}:test/throttle"
        read = update_plan(
            client,
            plan,
            remove("/apiStages", users.stage_key),
            remove("/apiStages", f"{users.id}:test"),
            add("/apiStages", users.stage_key),
            replace(f"{of_dev}//users/GET/rateLimit", "5"),
            replace(f"{of_dev}//users/GET/burstLimit", "3"),
            add("/apiStages", f"{users.id}:test"),
            replace(f"{of_test}//users/GET/rateLimit", "0"),
            replace(f"{of_test}//users/GET/burstLimit", "0"),
        )
        throttles = {stage["stage"]: stage.get("throttle") for stage in read["apiStages"]}
        assert throttles == {
            "dev": {"/users/GET": {"rateLimit": 5.0, "burstLimit": 3}},
            "test": {"/users/GET": {"rateLimit": 0.0, "burstLimit": 0}},
        }
        # Added again without them, the stage has no method throttles any more.
        read = update_plan(client, plan, remove("/apiStages", users.stage_key), add("/apiStages", users.stage_key))
        assert users.api_stage in read["apiStages"]

    def test_keys_stay_on_a_plan_whose_stages_are_removed_and_added(self, client: Any, users: RestApi, name: str) -> None:
        plan = client.create_usage_plan(name=name, apiStages=[users.api_stage])["id"]
        key = make_key(client, name, plan)
        update_plan(client, plan, remove("/apiStages", users.stage_key), add("/apiStages", users.stage_key))
        assert users.call(key["value"]).status == 200

    def test_is_destroyed_after_its_stages_are_detached(self, client: Any, users: RestApi, name: str) -> None:
        plan = client.create_usage_plan(name=name, apiStages=[users.api_stage])["id"]
        key = make_key(client, name, plan)["id"]
        assert client.get_usage_plan_key(usagePlanId=plan, keyId=key)["name"] == name
        client.delete_usage_plan_key(usagePlanId=plan, keyId=key)
        update_plan(client, plan, remove("/apiStages", users.stage_key))
        client.delete_usage_plan(usagePlanId=plan)
        with pytest.raises(client.exceptions.NotFoundException):
            client.get_usage_plan(usagePlanId=plan)

    def test_tags_are_changed_by_name(self, client: Any, name: str) -> None:
        plan = client.create_usage_plan(name=name, tags={"team": "blue", "tier": "one"})["id"]
        client.untag_resource(resourceArn=arn(f"/usageplans/{plan}"), tagKeys=["tier"])
        client.tag_resource(resourceArn=arn(f"/usageplans/{plan}"), tags={"team": "red"})
        assert client.get_usage_plan(usagePlanId=plan)["tags"] == {"team": "red"}


class TestApiKey:
    """`aws_api_gateway_api_key`."""

    def test_is_created_with_an_empty_value_and_read_with_it(self, client: Any, name: str) -> None:
        made = client.create_api_key(
            name=name, description="Managed by Terraform", enabled=True, value="", customerId="c-1", tags={"team": "blue"}
        )
        read = client.get_api_key(apiKey=made["id"], includeValue=True)
        assert read["value"] == made["value"]
        expected = {"name": name, "description": "Managed by Terraform", "enabled": True, "customerId": "c-1"}
        assert {member: read[member] for member in expected} == expected
        assert read["tags"] == {"team": "blue"}

    def test_is_updated_in_one_patch(self, client: Any, name: str) -> None:
        key = make_key(client, name, tags={"team": "blue"})["id"]
        changes = [
            replace("/enabled", "false"),
            replace("/description", "two"),
            replace("/name", f"{name}-2"),
            replace("/customerId", "c-2"),
        ]
        client.update_api_key(apiKey=key, patchOperations=changes)
        client.untag_resource(resourceArn=arn(f"/apikeys/{key}"), tagKeys=["team"])
        client.tag_resource(resourceArn=arn(f"/apikeys/{key}"), tags={"tier": "one"})
        read = client.get_api_key(apiKey=key, includeValue=True)
        expected = {"enabled": False, "description": "two", "name": f"{name}-2", "customerId": "c-2", "tags": {"tier": "one"}}
        assert {member: read[member] for member in expected} == expected

    def test_is_gone_after_its_destruction(self, client: Any, name: str) -> None:
        key = make_key(client, name)["id"]
        client.delete_api_key(apiKey=key)
        for operation in (client.get_api_key, client.delete_api_key):
            with pytest.raises(client.exceptions.NotFoundException):
                operation(apiKey=key)


class TestRestApi:
    """`aws_api_gateway_rest_api`, `_resource`, `_method` and `_integration`."""

    def test_an_api_is_updated_in_one_patch(self, client: Any, users: RestApi, name: str) -> None:
        def update(*operations: dict[str, str]) -> dict[str, Any]:
            client.update_rest_api(restApiId=users.id, patchOperations=list(operations))
            return client.get_rest_api(restApiId=users.id)

        read = update(
            replace("/apiKeySource", "AUTHORIZER"),
            {"op": "add", "path": "/binaryMediaTypes/application~1octet-stream"},
            replace("/description", "two"),
            replace("/disableExecuteApiEndpoint", "true"),
            replace("/endpointConfiguration/types/0", "REGIONAL"),
            replace("/minimumCompressionSize", "0"),
            replace("/name", f"{name}-2"),
        )
        expected = {
            "apiKeySource": "AUTHORIZER",
            "binaryMediaTypes": ["application/octet-stream"],
            "description": "two",
            "disableExecuteApiEndpoint": True,
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "minimumCompressionSize": 0,
            "name": f"{name}-2",
        }
        assert {member: read[member] for member in expected} == expected
        # A replacement without a value takes the setting away.
        read = update(
            remove("/binaryMediaTypes/application~1octet-stream"),
            {"op": "add", "path": "/binaryMediaTypes/image~1png"},
            {"op": "replace", "path": "/minimumCompressionSize"},
        )
        assert read["binaryMediaTypes"] == ["image/png"]
        assert "minimumCompressionSize" not in read

    def test_the_root_is_found_among_the_resources(self, client: Any, users: RestApi) -> None:
        listed = [resource for page in api.pages(client.get_resources, restApiId=users.id) for resource in page["items"]]
        assert [resource["id"] for resource in listed if resource["path"] == "/"] == [users.root_id]

    def test_a_method_is_updated_in_one_patch(self, client: Any, users: RestApi) -> None:
        validator = client.create_request_validator(restApiId=users.id, name="all")["id"]

        def update(*operations: dict[str, str]) -> dict[str, Any]:
            client.update_method(**users.where, patchOperations=list(operations))
            return client.get_method(**users.where)

        read = update(
            add("/requestModels/application~1json", "Error"),
            add("/requestParameters/method.request.querystring.page", "true"),
            replace("/authorizationType", "AWS_IAM"),
            replace("/apiKeyRequired", "false"),
            replace("/requestValidatorId", validator),
            replace("/operationName", "ListUsers"),
        )
        expected = {
            "requestModels": {"application/json": "Error"},
            "requestParameters": {"method.request.querystring.page": True},
            "authorizationType": "AWS_IAM",
            "apiKeyRequired": False,
            "requestValidatorId": validator,
            "operationName": "ListUsers",
        }
        assert {member: read[member] for member in expected} == expected
        read = update(
            replace("/requestModels/application~1json", "Empty"),
            replace("/requestParameters/method.request.querystring.page", "false"),
            {"op": "replace", "path": "/requestValidatorId"},
            {"op": "replace", "path": "/operationName"},
        )
        assert read["requestModels"] == {"application/json": "Empty"}
        assert read["requestParameters"] == {"method.request.querystring.page": False}
        assert read.keys().isdisjoint({"requestValidatorId", "operationName"})

    def test_an_integration_is_updated_in_one_patch(self, client: Any, users: RestApi) -> None:
        client.put_integration(**users.where, type="HTTP", integrationHttpMethod="GET", uri="http://127.0.0.1:9/")
        client.update_integration(
            **users.where,
            patchOperations=[
                add("/requestTemplates/application~1json", "$input.body"),
                add("/requestParameters/integration.request.header.x-from", "'tollgate'"),
                add("/cacheKeyParameters/method.request.querystring.page", ""),
                replace("/cacheNamespace", "other"),
                replace("/uri", "http://127.0.0.1:9/other"),
                replace("/contentHandling", "CONVERT_TO_TEXT"),
                replace("/timeoutInMillis", "2000"),
            ],
        )
        read = client.get_integration(**users.where)
        expected = {
            "requestTemplates": {"application/json": "$input.body"},
            "requestParameters": {"integration.request.header.x-from": "'tollgate'"},
            "cacheKeyParameters": ["method.request.querystring.page"],
            "cacheNamespace": "other",
            "uri": "http://127.0.0.1:9/other",
            "contentHandling": "CONVERT_TO_TEXT",
            "timeoutInMillis": 2000,
        }
        assert {member: read[member] for member in expected} == expected

    def test_destroying_what_is_gone_is_not_found(self, client: Any, users: RestApi) -> None:
        client.delete_integration(**users.where)
        with pytest.raises(client.exceptions.NotFoundException):
            client.get_integration(**users.where)
        client.delete_method(**users.where)
        with pytest.raises(client.exceptions.NotFoundException):
            client.delete_method(**users.where)


class TestStage:
    """`aws_api_gateway_stage` and `aws_api_gateway_method_settings`."""

    def test_is_updated_in_one_patch(self, client: Any, users: RestApi) -> None:
        deployment = client.create_deployment(restApiId=users.id)["id"]
        read = update_stage(
            client,
            users,
            replace("/deploymentId", deployment),
            replace("/description", "two"),
            replace("/tracingEnabled", "true"),
            replace("/variables/one", "1"),
            replace("/variables/three", "3"),
            replace("/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:000000000000:log-group:users"),
            replace("/accessLogSettings/format", "$context.requestId"),
        )
        expected = {
            "deploymentId": deployment,
            "description": "two",
            "tracingEnabled": True,
            "variables": {"one": "1", "three": "3"},
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:users",
                "format": "$context.requestId",
            },
        }
        assert {member: read[member] for member in expected} == expected
        read = update_stage(
            client, users, remove("/variables/one"), replace("/variables/three", "4"), remove("/accessLogSettings")
        )
        assert read["variables"] == {"three": "4"}
        assert "accessLogSettings" not in read

    def test_canary_settings_come_change_and_go(self, client: Any, users: RestApi) -> None:
        read = update_stage(
            client,
            users,
            replace("/canarySettings/stageVariableOverrides/one", "2"),
            replace("/canarySettings/percentTraffic", "33.330000"),
            replace("/canarySettings/useStageCache", "true"),
        )
        expected = {"stageVariableOverrides": {"one": "2"}, "percentTraffic": 33.33, "useStageCache": True}
        assert {member: read["canarySettings"][member] for member in expected} == expected
        assert "canarySettings" not in update_stage(client, users, remove("/canarySettings"))

    @pytest.mark.parametrize(("path", "key"), [("/*/*", "*/*"), ("/users/GET", "users/GET")])
    def test_method_settings_are_set_and_removed(self, client: Any, users: RestApi, path: str, key: str) -> None:
        read = update_stage(
            client,
            users,
            replace(f"{path}/metrics/enabled", "true"),
            replace(f"{path}/logging/loglevel", "INFO"),
            replace(f"{path}/logging/dataTrace", "true"),
            replace(f"{path}/throttling/burstLimit", "3"),
            replace(f"{path}/throttling/rateLimit", "1.500000"),
            replace(f"{path}/caching/enabled", "false"),
            replace(f"{path}/caching/ttlInSeconds", "60"),
            replace(f"{path}/caching/dataEncrypted", "true"),
            replace(f"{path}/caching/requireAuthorizationForCacheControl", "false"),
            replace(f"{path}/caching/unauthorizedCacheControlHeaderStrategy", "FAIL_WITH_403"),
        )
        assert read["methodSettings"][key] == {
            "metricsEnabled": True,
            "loggingLevel": "INFO",
            "dataTraceEnabled": True,
            "throttlingBurstLimit": 3,
            "throttlingRateLimit": 1.5,
            "cachingEnabled": False,
            "cacheTtlInSeconds": 60,
            "cacheDataEncrypted": True,
            "requireAuthorizationForCacheControl": False,
            "unauthorizedCacheControlHeaderStrategy": "FAIL_WITH_403",
        }
        assert key not in update_stage(client, users, remove(path))["methodSettings"]
        # Destroyed again, it says what the provider takes for done.
        with pytest.raises(client.exceptions.BadRequestException, match="no method setting for this method"):
            update_stage(client, users, remove(path))

    def test_limits_of_minus_one_are_no_limits(self, client: Any, users: RestApi) -> None:
        read = update_stage(
            client,
            users,
            replace("/*/*/throttling/burstLimit", "-1"),
            replace("/*/*/throttling/rateLimit", "-1.000000"),
        )
        settings = read["methodSettings"]["*/*"]
        assert (settings["throttlingBurstLimit"], settings["throttlingRateLimit"]) == (-1, -1.0)
        key = make_key(client, users.id, client.create_usage_plan(name=users.id, apiStages=[users.api_stage])["id"])
        assert users.call(key["value"]).status == 200
