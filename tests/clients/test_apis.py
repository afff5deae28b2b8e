"""REST APIs and what belongs to them, as AWS behaves (apigateway.md §1.4)."""

import json
from typing import Any

import pytest

import api
from api import Caller, RestApi, add, ids, make_api, make_key, remove, replace
from gateway import Gateway

DEFAULT_TEMPLATE = {"application/json": '{"message":$context.error.messageString}'}

# What the first change of any setting writes down.
METHOD_SETTING = {
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cacheTtlInSeconds": 300,
    "cachingEnabled": False,
    "cacheDataEncrypted": False,
    "dataTraceEnabled": False,
    "metricsEnabled": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


@pytest.fixture
def users(client: Any, gateway: Gateway, name: str) -> RestApi:
    """An API with `GET /users`, which answers by itself."""
    return make_api(gateway, client, name)


def update_stage(client: Any, users: RestApi, *operations: dict[str, str]) -> dict[str, Any]:
    """What the update answers, which is what reading answers next."""
    of_stage = {"restApiId": users.id, "stageName": users.stage}
    updated = api.without_metadata(client.update_stage(**of_stage, patchOperations=list(operations)))
    assert api.without_metadata(client.get_stage(**of_stage)) == updated
    return updated


def test_a_new_api_has_a_root_and_what_aws_assumes(client: Any, name: str) -> None:
    made = api.without_metadata(client.create_rest_api(name=name))
    # Newer service models have it, older recordings do not.
    assert made.pop("apiStatus", "AVAILABLE") == "AVAILABLE"
    assert made == {
        "id": made["id"],
        "name": name,
        "createdDate": made["createdDate"],
        "apiKeySource": "HEADER",
        "disableExecuteApiEndpoint": False,
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "rootResourceId": made["rootResourceId"],
    }
    root = {"id": made["rootResourceId"], "path": "/"}
    assert client.get_resources(restApiId=made["id"])["items"] == [root]


def test_an_api_is_updated(client: Any, users: RestApi, name: str) -> None:
    updated = client.update_rest_api(
        restApiId=users.id,
        patchOperations=[
            replace("/name", f"{name}-2"),
            replace("/description", "two"),
            replace("/apiKeySource", "AUTHORIZER"),
            {"op": "add", "path": "/binaryMediaTypes/image~1png"},
            {"op": "add", "path": "/binaryMediaTypes/image~1jpeg"},
            replace("/minimumCompressionSize", "10"),
        ],
    )
    expected = {
        "name": f"{name}-2",
        "description": "two",
        "apiKeySource": "AUTHORIZER",
        "binaryMediaTypes": ["image/png", "image/jpeg"],
        "minimumCompressionSize": 10,
        "tags": {},
    }
    assert {member: updated.get(member) for member in expected} == expected
    updated = client.update_rest_api(restApiId=users.id, patchOperations=[remove("/binaryMediaTypes/image~1png")])
    assert updated["binaryMediaTypes"] == ["image/jpeg"]
    assert client.get_rest_api(restApiId=users.id)["name"] == f"{name}-2"


def test_resources_are_moved_renamed_and_deleted_with_what_is_below(client: Any, users: RestApi) -> None:
    def create(parent: str, part: str) -> dict[str, Any]:
        return api.without_metadata(client.create_resource(restApiId=users.id, parentId=parent, pathPart=part))

    def update(resource: str, operation: dict[str, str]) -> dict[str, Any]:
        return client.update_resource(restApiId=users.id, resourceId=resource, patchOperations=[operation])

    pets = create(users.root_id, "pets")
    assert pets == {"id": pets["id"], "parentId": users.root_id, "pathPart": "pets", "path": "/pets"}
    one = create(pets["id"], "{id}")
    assert one["path"] == "/pets/{id}"
    assert update(pets["id"], replace("/pathPart", "dogs"))["path"] == "/dogs"
    assert client.get_resource(restApiId=users.id, resourceId=one["id"])["path"] == "/dogs/{id}"
    assert update(one["id"], replace("/parentId", users.root_id))["path"] == "/{id}"
    below = create(pets["id"], "toys")
    client.delete_resource(restApiId=users.id, resourceId=pets["id"])
    for gone in (pets, below):
        with pytest.raises(client.exceptions.NotFoundException):
            client.get_resource(restApiId=users.id, resourceId=gone["id"])


def test_resources_are_listed_by_path_and_page(client: Any, users: RestApi) -> None:
    for part in ("zebras", "ants", "{proxy+}"):
        client.create_resource(restApiId=users.id, parentId=users.root_id, pathPart=part)
    whole = client.get_resources(restApiId=users.id)
    assert [resource["path"] for resource in whole["items"]] == ["/", "/ants", "/users", "/zebras", "/{proxy+}"]
    pages = list(api.pages(client.get_resources, restApiId=users.id, limit=2))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert ids(pages) == ids([whole])


def test_methods_are_embedded_when_asked_for(client: Any, users: RestApi) -> None:
    of_resource = {"restApiId": users.id, "resourceId": users.resource_id}
    assert client.get_resource(**of_resource)["resourceMethods"] == {"GET": {}}
    embedded = client.get_resource(**of_resource, embed=["methods"])["resourceMethods"]["GET"]
    assert embedded["apiKeyRequired"] is False
    assert embedded["methodIntegration"]["type"] == "MOCK"


def test_a_method_requires_no_key_unless_it_is_told_to(client: Any, users: RestApi) -> None:
    put = users.where | {"httpMethod": "PUT"}
    made = api.without_metadata(client.put_method(**put, authorizationType="NONE"))
    assert made == {"httpMethod": "PUT", "authorizationType": "NONE", "apiKeyRequired": False}
    for text, required in (("true", True), ("whatever", False)):
        updated = client.update_method(**put, patchOperations=[replace("/apiKeyRequired", text)])
        assert updated["apiKeyRequired"] is required


def test_parameters_and_models_of_a_method_are_patched(client: Any, users: RestApi) -> None:
    parameter, model = "/requestParameters/method.request.querystring.q", "/requestModels/application~1json"
    updated = client.update_method(**users.where, patchOperations=[add(parameter, "true"), add(model, "Empty")])
    assert updated["requestParameters"] == {"method.request.querystring.q": True}
    assert updated["requestModels"] == {"application/json": "Empty"}
    updated = client.update_method(**users.where, patchOperations=[replace(parameter, "false")])
    assert updated["requestParameters"] == {"method.request.querystring.q": False}
    updated = client.update_method(**users.where, patchOperations=[remove(parameter), remove(model)])
    assert updated.keys().isdisjoint({"requestParameters", "requestModels"})


def test_an_integration_is_read_with_what_aws_assumes(client: Any, users: RestApi) -> None:
    read = api.without_metadata(client.get_integration(**users.where))
    assert read == {
        "type": "MOCK",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": users.resource_id,
        "cacheKeyParameters": [],
        "integrationResponses": {"200": {"statusCode": "200", "responseTemplates": {"application/json": '{"answer":"mock"}'}}},
    }
    http = client.put_integration(**users.where, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://127.0.0.1:9/")
    assert http["connectionType"] == "INTERNET"
    assert http["httpMethod"] == "GET"


def test_a_change_is_served_from_the_next_deployment_on(client: Any, users: RestApi) -> None:
    assert users.call().status == 200
    client.update_method(**users.where, patchOperations=[replace("/apiKeyRequired", "true")])
    assert users.call().status == 200
    users.deploy()
    assert users.call().is_forbidden


def test_a_stage_goes_back_to_an_earlier_deployment(client: Any, users: RestApi) -> None:
    earlier = users.deployment_id
    client.update_method(**users.where, patchOperations=[replace("/apiKeyRequired", "true")])
    users.deploy()
    assert users.call().is_forbidden
    update_stage(client, users, replace("/deploymentId", earlier))
    assert users.call().status == 200


def test_two_stages_serve_two_deployments(client: Any, users: RestApi) -> None:
    client.create_stage(restApiId=users.id, stageName="old", deploymentId=users.deployment_id)
    client.put_method(**users.where | {"httpMethod": "PUT"}, authorizationType="NONE")
    api.put_mock(client, users.where | {"httpMethod": "PUT"})
    client.delete_method(**users.where)
    users.deploy()
    assert users.call().is_refused_as(403, "Missing Authentication Token", "MissingAuthenticationTokenException")
    assert Caller(users.gateway, users.id, "old", users.path, users.method).call().status == 200


def test_the_summary_of_a_deployment_names_its_methods(client: Any, users: RestApi) -> None:
    of_api = {"restApiId": users.id, "deploymentId": users.deployment_id}
    assert "apiSummary" not in client.get_deployment(**of_api)
    summary = client.get_deployment(**of_api, embed=["apisummary"])["apiSummary"]
    assert summary == {"/users": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}


def test_a_new_stage_has_no_settings_and_the_first_writes_all_down(client: Any, users: RestApi) -> None:
    assert client.get_stage(restApiId=users.id, stageName=users.stage)["methodSettings"] == {}
    updated = update_stage(client, users, replace("/*/*/throttling/burstLimit", "7"))
    assert updated["methodSettings"] == {"*/*": METHOD_SETTING | {"throttlingBurstLimit": 7}}
    updated = update_stage(client, users, replace("/*/*/logging/loglevel", "INFO"))
    assert updated["methodSettings"]["*/*"]["loggingLevel"] == "INFO"


def test_settings_of_a_method_start_as_those_of_all_and_go_their_own_way(client: Any, users: RestApi) -> None:
    update_stage(client, users, replace("/*/*/throttling/rateLimit", "50"))
    updated = update_stage(client, users, replace("/users/GET/metrics/enabled", "true"))
    assert updated["methodSettings"]["users/GET"] == METHOD_SETTING | {"throttlingRateLimit": 50.0, "metricsEnabled": True}
    updated = update_stage(client, users, replace("/*/*/throttling/rateLimit", "60"))
    assert updated["methodSettings"]["users/GET"]["throttlingRateLimit"] == 50.0
    updated = update_stage(client, users, remove("/users/GET"))
    assert updated["methodSettings"].keys() == {"*/*"}


def test_settings_throttle_all_callers_together_without_a_deployment(client: Any, users: RestApi) -> None:
    update_stage(client, users, replace("/*/*/throttling/rateLimit", "0.01"), replace("/*/*/throttling/burstLimit", "1"))
    assert [users.call().status for _ in range(2)].count(429) == 1
    assert users.call().is_throttled


def test_stages_are_listed_of_one_deployment(client: Any, users: RestApi) -> None:
    first = users.deployment_id
    client.create_stage(restApiId=users.id, stageName="old", deploymentId=first)
    users.deploy()

    def names(**parameters: str) -> list[str]:
        return sorted(stage["stageName"] for stage in client.get_stages(restApiId=users.id, **parameters)["item"])

    assert names() == ["dev", "old"]
    assert names(deploymentId=first) == ["old"]


def test_canary_settings_are_kept(client: Any, users: RestApi) -> None:
    updated = update_stage(
        client,
        users,
        replace("/canarySettings/percentTraffic", "12.5"),
        replace("/canarySettings/stageVariableOverrides/colour", "red"),
    )
    assert updated["canarySettings"]["percentTraffic"] == 12.5
    assert updated["canarySettings"]["stageVariableOverrides"] == {"colour": "red"}
    assert "canarySettings" not in update_stage(client, users, remove("/canarySettings"))


def test_stage_variables_reach_the_templates(client: Any, users: RestApi) -> None:
    api.put_mock_body(client, users.where, body='{"colour":"$stageVariables.colour"}')
    users.deploy()
    update_stage(client, users, replace("/variables/colour", "blue"))
    assert users.call().json() == {"colour": "blue"}


RESPONSE_TYPES = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}


def default_response(response_type: str) -> dict[str, Any]:
    status = RESPONSE_TYPES[response_type]
    return {
        "responseType": response_type,
        **({} if status is None else {"statusCode": status}),
        "responseParameters": {},
        "responseTemplates": DEFAULT_TEMPLATE,
        "defaultResponse": True,
    }


def test_an_api_has_21_gateway_responses_from_the_start(client: Any, users: RestApi) -> None:
    assert client.get_gateway_responses(restApiId=users.id)["items"] == [default_response(name) for name in RESPONSE_TYPES]


def test_a_gateway_response_is_put_updated_and_deleted(client: Any, users: RestApi) -> None:
    where = {"restApiId": users.id, "responseType": "THROTTLED"}
    put = api.without_metadata(client.put_gateway_response(**where, statusCode="420"))
    assert put == default_response("THROTTLED") | {"statusCode": "420", "defaultResponse": False}
    header = "/responseParameters/gatewayresponse.header.x-why"
    updated = client.update_gateway_response(
        **where,
        patchOperations=[
            replace("/statusCode", "444"),
            add(header, "'busy'"),
            add("/responseTemplates/application~1xml", "<busy/>"),
        ],
    )
    assert updated["statusCode"] == "444"
    assert updated["responseParameters"] == {"gatewayresponse.header.x-why": "'busy'"}
    assert updated["responseTemplates"] == DEFAULT_TEMPLATE | {"application/xml": "<busy/>"}
    updated = client.update_gateway_response(**where, patchOperations=[remove(header)])
    assert updated["responseParameters"] == {}
    client.delete_gateway_response(**where)
    assert api.without_metadata(client.get_gateway_response(**where)) == default_response("THROTTLED")


def test_a_changed_default_shows_through_and_the_others_stay_defaults(client: Any, users: RestApi) -> None:
    templates = {"application/json": '{"why":"4XX"}'}
    client.put_gateway_response(restApiId=users.id, responseType="DEFAULT_4XX", responseTemplates=templates)
    listed = {item["responseType"]: item for item in client.get_gateway_responses(restApiId=users.id)["items"]}
    assert listed["DEFAULT_4XX"]["defaultResponse"] is False
    assert listed["THROTTLED"] == default_response("THROTTLED") | {"responseTemplates": templates}
    assert listed["INTEGRATION_TIMEOUT"] == default_response("INTEGRATION_TIMEOUT")


def test_a_gateway_response_is_what_a_caller_sees(client: Any, gateway: Gateway, name: str) -> None:
    made = make_api(gateway, client, name, api_key_required=True)
    client.put_gateway_response(
        restApiId=made.id,
        responseType="INVALID_API_KEY",
        statusCode="402",
        responseParameters={"gatewayresponse.header.x-pay": "'now'"},
        responseTemplates={"application/json": '{"pay":$context.error.messageString}'},
    )
    made.deploy()
    answer = made.call()
    assert (answer.status, answer.headers["x-pay"], answer.json()) == (402, "now", {"pay": "Forbidden"})


MOCK_INTEGRATION = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": '{"imported":true}'}}},
}
RESPONSES = {"200": {"description": "users"}}
KEY_SCHEME = {"type": "apiKey", "name": "x-api-key", "in": "header"}

OPENAPI: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "imported", "version": "7", "description": "from a file"},
    "x-amazon-apigateway-api-key-source": "HEADER",
    "x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 420}},
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
    "x-amazon-apigateway-request-validator": "all",
    "paths": {
        "/users": {
            "get": {
                "parameters": [{"name": "page", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": RESPONSES,
                "x-amazon-apigateway-integration": MOCK_INTEGRATION,
            },
            "post": {
                "security": [{"api_key": []}],
                "responses": RESPONSES,
                "x-amazon-apigateway-integration": MOCK_INTEGRATION,
            },
        }
    },
    "components": {"securitySchemes": {"api_key": KEY_SCHEME}},
}

SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "imported", "version": "7"},
    "paths": {
        "/users": {
            "get": {"responses": RESPONSES, "x-amazon-apigateway-integration": MOCK_INTEGRATION},
            "post": {
                "security": [{"api_key": []}],
                "responses": RESPONSES,
                "x-amazon-apigateway-integration": MOCK_INTEGRATION,
            },
        }
    },
    "securityDefinitions": {"api_key": KEY_SCHEME},
}


def methods(client: Any, api_id: str, path: str) -> dict[str, Any]:
    listed = client.get_resources(restApiId=api_id, embed=["methods"], limit=500)["items"]
    [found] = [resource["resourceMethods"] for resource in listed if resource["path"] == path]
    return found


@pytest.mark.parametrize("document", [OPENAPI, SWAGGER], ids=["openapi", "swagger"])
def test_a_key_scheme_of_an_imported_document_requires_a_key(client: Any, gateway: Gateway, document: dict[str, Any]) -> None:
    made = client.import_rest_api(body=json.dumps(document).encode())
    assert made["name"] == "imported"
    required = {verb: method["apiKeyRequired"] for verb, method in methods(client, made["id"], "/users").items()}
    assert required == {"GET": False, "POST": True}
    client.create_deployment(restApiId=made["id"], stageName="dev")
    assert Caller(gateway, made["id"], path="/users?page=1", method="GET").call().json() == {"imported": True}
    assert Caller(gateway, made["id"]).call().is_forbidden


def test_an_imported_document_brings_its_responses_and_validators(client: Any, gateway: Gateway) -> None:
    made = client.import_rest_api(body=json.dumps(OPENAPI).encode())
    assert made["version"] == "7"
    assert made["description"] == "from a file"
    throttled = client.get_gateway_response(restApiId=made["id"], responseType="THROTTLED")
    assert throttled["statusCode"] == "420"
    client.create_deployment(restApiId=made["id"], stageName="dev")
    refused = Caller(gateway, made["id"], path="/users", method="GET").call()
    assert refused.is_refused_as(400, "Missing required request parameters: [page]", "BadRequestException")


def test_a_key_source_is_imported(client: Any) -> None:
    document = OPENAPI | {"x-amazon-apigateway-api-key-source": "AUTHORIZER"}
    assert client.import_rest_api(body=json.dumps(document).encode())["apiKeySource"] == "AUTHORIZER"


def test_a_scheme_with_an_authorizer_is_no_key(client: Any) -> None:
    authorizer = {"type": "token", "authorizerUri": api.FUNCTION_URI, "authorizerResultTtlInSeconds": 0}
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": authorizer,
    }
    document = OPENAPI | {"components": {"securitySchemes": {"api_key": scheme}}}
    made = client.import_rest_api(body=json.dumps(document).encode())
    method = methods(client, made["id"], "/users")["POST"]
    assert method["apiKeyRequired"] is False
    assert method["authorizationType"] == "CUSTOM"
    assert method["authorizerId"]


def test_a_put_document_overwrites_or_is_merged(client: Any, users: RestApi) -> None:
    document = json.dumps(OPENAPI | {"paths": {"/pets": OPENAPI["paths"]["/users"]}}).encode()
    client.put_rest_api(restApiId=users.id, mode="merge", body=document)
    paths = [resource["path"] for resource in client.get_resources(restApiId=users.id)["items"]]
    assert paths == ["/", "/pets", "/users"]
    client.put_rest_api(restApiId=users.id, mode="overwrite", body=document)
    paths = [resource["path"] for resource in client.get_resources(restApiId=users.id)["items"]]
    assert paths == ["/", "/pets"]
    # What is served is what was deployed.
    assert users.call().status == 200


@pytest.mark.parametrize("body", [b"", b"{", b'{"openapi":"3.0.1"', b"neither: [JSON", b'{"paths":{}}'])
def test_a_document_that_is_none_is_refused(client: Any, body: bytes) -> None:
    before = ids(api.pages(client.get_rest_apis, limit=500))
    with pytest.raises(client.exceptions.BadRequestException):
        client.import_rest_api(body=body)
    assert ids(api.pages(client.get_rest_apis, limit=500)) == before


@pytest.mark.parametrize(("export_type", "key", "version"), [("oas30", "openapi", "3.0"), ("swagger", "swagger", "2.0")])
@pytest.mark.parametrize("integrations", [True, False])
def test_an_export_says_what_is_deployed(
    client: Any, gateway: Gateway, name: str, export_type: str, key: str, version: str, integrations: bool
) -> None:
    made = make_api(gateway, client, name, api_key_required=True)
    client.delete_method(**made.where)
    answer = client.get_export(
        restApiId=made.id,
        stageName=made.stage,
        exportType=export_type,
        accepts="application/json",
        parameters={"extensions": "integrations"} if integrations else {},
    )
    assert answer["contentType"] == "application/octet-stream"
    document = json.loads(answer["body"].read())
    assert document[key].startswith(version)
    assert document["info"]["title"] == name
    method = document["paths"]["/users"]["get"]
    assert method["security"] == [{"api_key": []}]
    assert ("x-amazon-apigateway-integration" in method) is integrations


def test_an_exported_api_is_imported_again(client: Any, gateway: Gateway, name: str) -> None:
    made = make_api(gateway, client, name, api_key_required=True)
    where = {"restApiId": made.id, "stageName": made.stage, "exportType": "oas30", "accepts": "application/json"}
    document = client.get_export(**where, parameters={"extensions": "apigateway"})["body"].read()
    copy = client.import_rest_api(body=document)
    assert methods(client, copy["id"], "/users")["GET"]["apiKeyRequired"] is True
    client.create_deployment(restApiId=copy["id"], stageName="dev")
    stages = [{"apiId": copy["id"], "stage": "dev"}]
    key = make_key(client, name, client.create_usage_plan(name=name, apiStages=stages)["id"])
    assert Caller(gateway, copy["id"], method="GET").call(key["value"]).json() == {"answer": "mock"}


def test_a_method_is_invoked_without_a_deployment_or_a_key(client: Any, users: RestApi) -> None:
    client.update_method(**users.where, patchOperations=[replace("/apiKeyRequired", "true")])
    api.put_mock_body(client, users.where, body='{"edited":true}')
    tried = client.test_invoke_method(**users.where, pathWithQueryString="/users?a=b")
    assert tried["status"] == 200
    assert json.loads(tried["body"]) == {"edited": True}
    assert tried["headers"]["Content-Type"] == "application/json"
    assert tried["log"].startswith("Execution log for request ")
    assert "Method completed with status: 200" in tried["log"]


def test_a_validator_refuses_what_lacks_a_parameter(client: Any, users: RestApi) -> None:
    validator = client.create_request_validator(restApiId=users.id, name="all", validateRequestParameters=True)["id"]
    client.update_method(
        **users.where,
        patchOperations=[
            replace("/requestValidatorId", validator),
            add("/requestParameters/method.request.header.x-header-param", "true"),
            add("/requestParameters/method.request.querystring.qs1", "true"),
        ],
    )
    users.deploy()
    message = "Missing required request parameters: [x-header-param, qs1]"
    assert users.call().is_refused_as(400, message, "BadRequestException")
    complete = Caller(users.gateway, users.id, users.stage, "/users?qs1=1", "GET")
    assert complete.call(headers={"x-header-param": "1"}).status == 200


def test_the_tags_of_an_api_are_kept(client: Any, name: str) -> None:
    made = client.create_rest_api(name=name, tags={"team": "blue"})
    arn = f"arn:aws:apigateway:{api.REGION}::/restapis/{made['id']}"
    assert client.get_tags(resourceArn=arn)["tags"] == {"team": "blue"}
    client.tag_resource(resourceArn=arn, tags={"team": "red"})
    assert client.get_rest_api(restApiId=made["id"])["tags"] == {"team": "red"}
