"""Every operation, its raw answer held against the service model: status, members, types, and what boto3 makes of them."""

import datetime
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import api
import wire
from api import FUNCTION_URI, RestApi, add, remove, replace
from gateway import Gateway

# The operations of the management API, apigateway.md §1.1.
OPERATIONS = set(
    """
    CreateApiKey GetApiKey GetApiKeys UpdateApiKey DeleteApiKey ImportApiKeys
    CreateUsagePlan GetUsagePlan GetUsagePlans UpdateUsagePlan DeleteUsagePlan
    CreateUsagePlanKey GetUsagePlanKey GetUsagePlanKeys DeleteUsagePlanKey GetUsage UpdateUsage
    GetAccount UpdateAccount
    CreateRestApi GetRestApi GetRestApis UpdateRestApi DeleteRestApi ImportRestApi PutRestApi
    CreateResource GetResource GetResources UpdateResource DeleteResource
    PutMethod GetMethod UpdateMethod DeleteMethod
    PutMethodResponse GetMethodResponse UpdateMethodResponse DeleteMethodResponse
    PutIntegration GetIntegration UpdateIntegration DeleteIntegration
    PutIntegrationResponse GetIntegrationResponse UpdateIntegrationResponse DeleteIntegrationResponse
    CreateDeployment GetDeployment GetDeployments UpdateDeployment DeleteDeployment
    CreateStage GetStage GetStages UpdateStage DeleteStage FlushStageCache
    PutGatewayResponse GetGatewayResponse GetGatewayResponses UpdateGatewayResponse DeleteGatewayResponse
    TagResource UntagResource GetTags TestInvokeMethod GetExport
    CreateRequestValidator CreateModel CreateAuthorizer
    """.split()
)

# What Terraform needs to read, change and delete what the last three operations have made.
COMPANIONS = set(
    """
    GetRequestValidator GetRequestValidators UpdateRequestValidator DeleteRequestValidator
    GetModel GetModels UpdateModel DeleteModel
    GetAuthorizer GetAuthorizers UpdateAuthorizer DeleteAuthorizer
    """.split()
)

OPENAPI = json.dumps(
    {
        "openapi": "3.0.1",
        "info": {"title": "imported", "version": "1"},
        "paths": {
            "/users": {
                "get": {
                    "responses": {"200": {"description": "users"}},
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {"default": {"statusCode": "200"}},
                    },
                }
            }
        },
    }
).encode()

SCHEMA = '{"type":"object","required":["name"]}'


@dataclass
class Kit:
    """What the calls need. Only what `client` is told is recorded; what `plain` is told makes the call possible."""

    gateway: Gateway
    client: Any
    plain: Any
    numbers: Iterator[int]

    def name(self) -> str:
        return f"schema-{next(self.numbers)}"

    def api(self) -> RestApi:
        return api.make_api(self.gateway, self.plain, self.name())

    def where(self) -> dict[str, str]:
        return self.api().where

    def key(self) -> str:
        return api.make_key(self.plain, self.name())["id"]

    def plan(self, **parameters: Any) -> str:
        return self.plain.create_usage_plan(name=self.name(), **parameters)["id"]

    def whole_plan(self) -> str:
        """A plan with all that a plan can have."""
        made = self.api()
        plan = self.plan(
            description="whole",
            apiStages=[made.api_stage | {"throttle": {"/users/GET": {"rateLimit": 1.5, "burstLimit": 3}}}],
            throttle={"rateLimit": 2, "burstLimit": 4},
            quota={"limit": 100, "period": "WEEK", "offset": 1},
            tags={"team": "blue"},
        )
        self.plain.update_usage_plan(usagePlanId=plan, patchOperations=[add("/productCode", "p-1")])
        return plan

    def plan_with_key(self) -> dict[str, str]:
        plan, key = self.plan(quota={"limit": 100, "period": "DAY"}), self.key()
        self.plain.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
        return {"usagePlanId": plan, "keyId": key}

    def stage(self) -> dict[str, str]:
        return {"restApiId": (made := self.api()).id, "stageName": made.stage}

    def deployment(self) -> dict[str, str]:
        """A deployment that no stage points to."""
        made = self.api()
        return {"restApiId": made.id, "deploymentId": self.plain.create_deployment(restApiId=made.id)["id"]}

    def gateway_response(self) -> dict[str, str]:
        where = {"restApiId": self.api().id, "responseType": "THROTTLED"}
        self.plain.put_gateway_response(**where, statusCode="503")
        return where

    def validator(self) -> dict[str, str]:
        of_api = {"restApiId": self.api().id}
        made = self.plain.create_request_validator(**of_api, name="body", validateRequestBody=True)
        return of_api | {"requestValidatorId": made["id"]}

    def model(self) -> dict[str, str]:
        where = {"restApiId": self.api().id, "modelName": "User"}
        self.plain.create_model(restApiId=where["restApiId"], name="User", contentType="application/json", schema=SCHEMA)
        return where

    def authorizer(self) -> dict[str, str]:
        of_api = {"restApiId": self.api().id}
        return of_api | {"authorizerId": self.plain.create_authorizer(**of_api, **AUTHORIZER)["id"]}


AUTHORIZER = {
    "name": "token",
    "type": "TOKEN",
    "authorizerUri": FUNCTION_URI,
    "identitySource": "method.request.header.Authorization",
    "authorizerResultTtlInSeconds": 0,
}


def key_arn(key: str) -> str:
    return f"arn:aws:apigateway:{api.REGION}::/apikeys/{key}"


def days() -> dict[str, str]:
    today = datetime.datetime.now(datetime.UTC).date()
    return {"startDate": str(today - datetime.timedelta(days=1)), "endDate": str(today)}


def tagged_key(kit: Kit) -> str:
    return kit.plain.create_api_key(name=kit.name(), tags={"team": "blue"})["id"]


CSV = "name,key\nschema,{value}\n"

# One call of each operation, with as much in the answer as it can have.
CALLS: dict[str, Callable[[Kit], Any]] = {
    "CreateApiKey": lambda kit: kit.client.create_api_key(
        name=kit.name(), description="one", customerId="c-1", enabled=True, tags={"team": "blue"}
    ),
    "GetApiKey": lambda kit: kit.client.get_api_key(apiKey=tagged_key(kit), includeValue=True),
    "GetApiKeys": lambda kit: (kit.key(), kit.key(), kit.client.get_api_keys(limit=1, includeValues=True)),
    "UpdateApiKey": lambda kit: kit.client.update_api_key(apiKey=kit.key(), patchOperations=[replace("/description", "other")]),
    "DeleteApiKey": lambda kit: kit.client.delete_api_key(apiKey=kit.key()),
    "ImportApiKeys": lambda kit: kit.client.import_api_keys(
        format="csv", body=CSV.format(value=f"importedForTheSchema{next(kit.numbers)}").encode()
    ),
    "CreateUsagePlan": lambda kit: kit.client.create_usage_plan(
        name=kit.name(),
        description="one",
        apiStages=[kit.api().api_stage],
        throttle={"rateLimit": 2, "burstLimit": 4},
        quota={"limit": 10, "period": "MONTH"},
        tags={"team": "blue"},
    ),
    "GetUsagePlan": lambda kit: kit.client.get_usage_plan(usagePlanId=kit.whole_plan()),
    "GetUsagePlans": lambda kit: (kit.whole_plan(), kit.whole_plan(), kit.client.get_usage_plans(limit=1)),
    "UpdateUsagePlan": lambda kit: kit.client.update_usage_plan(
        usagePlanId=kit.whole_plan(), patchOperations=[replace("/throttle/rateLimit", "7")]
    ),
    "DeleteUsagePlan": lambda kit: kit.client.delete_usage_plan(usagePlanId=kit.plan()),
    "CreateUsagePlanKey": lambda kit: kit.client.create_usage_plan_key(
        usagePlanId=kit.plan(), keyId=kit.key(), keyType="API_KEY"
    ),
    "GetUsagePlanKey": lambda kit: kit.client.get_usage_plan_key(**kit.plan_with_key()),
    "GetUsagePlanKeys": lambda kit: kit.client.get_usage_plan_keys(usagePlanId=kit.plan_with_key()["usagePlanId"]),
    "DeleteUsagePlanKey": lambda kit: kit.client.delete_usage_plan_key(**kit.plan_with_key()),
    "GetUsage": lambda kit: kit.client.get_usage(**kit.plan_with_key(), **days()),
    "UpdateUsage": lambda kit: kit.client.update_usage(**kit.plan_with_key(), patchOperations=[replace("/remaining", "50")]),
    "GetAccount": lambda kit: kit.client.get_account(),
    "UpdateAccount": lambda kit: kit.client.update_account(patchOperations=[add("/features", "UsagePlans")]),
    "CreateRestApi": lambda kit: kit.client.create_rest_api(
        name=kit.name(), description="one", version="v1", binaryMediaTypes=["image/png"], tags={"team": "blue"}
    ),
    "GetRestApi": lambda kit: kit.client.get_rest_api(restApiId=kit.api().id),
    "GetRestApis": lambda kit: (kit.api(), kit.api(), kit.client.get_rest_apis(limit=1)),
    "UpdateRestApi": lambda kit: kit.client.update_rest_api(
        restApiId=kit.api().id, patchOperations=[replace("/description", "other")]
    ),
    "DeleteRestApi": lambda kit: kit.client.delete_rest_api(restApiId=kit.api().id),
    "ImportRestApi": lambda kit: kit.client.import_rest_api(body=OPENAPI, parameters={"basepath": "ignore"}),
    "PutRestApi": lambda kit: kit.client.put_rest_api(restApiId=kit.api().id, mode="overwrite", body=OPENAPI),
    "CreateResource": lambda kit: kit.client.create_resource(
        restApiId=(made := kit.api()).id, parentId=made.root_id, pathPart="{id}"
    ),
    "GetResource": lambda kit: kit.client.get_resource(
        restApiId=(made := kit.api()).id, resourceId=made.resource_id, embed=["methods"]
    ),
    "GetResources": lambda kit: kit.client.get_resources(restApiId=kit.api().id, embed=["methods"], limit=1),
    "UpdateResource": lambda kit: kit.client.update_resource(
        restApiId=(made := kit.api()).id, resourceId=made.resource_id, patchOperations=[replace("/pathPart", "people")]
    ),
    "DeleteResource": lambda kit: kit.client.delete_resource(restApiId=(made := kit.api()).id, resourceId=made.resource_id),
    "PutMethod": lambda kit: kit.client.put_method(
        **kit.where() | {"httpMethod": "PUT"},
        authorizationType="NONE",
        apiKeyRequired=True,
        operationName="ReplaceUser",
        requestParameters={"method.request.querystring.dry": True},
        requestModels={"application/json": "Empty"},
    ),
    "GetMethod": lambda kit: kit.client.get_method(**kit.where()),
    "UpdateMethod": lambda kit: kit.client.update_method(**kit.where(), patchOperations=[replace("/apiKeyRequired", "true")]),
    "DeleteMethod": lambda kit: kit.client.delete_method(**kit.where()),
    "PutMethodResponse": lambda kit: kit.client.put_method_response(
        **kit.where(),
        statusCode="400",
        responseParameters={"method.response.header.x-why": True},
        responseModels={"application/json": "Error"},
    ),
    "GetMethodResponse": lambda kit: kit.client.get_method_response(**kit.where(), statusCode="200"),
    "UpdateMethodResponse": lambda kit: kit.client.update_method_response(
        **kit.where(), statusCode="200", patchOperations=[add("/responseParameters/method.response.header.x-why", "true")]
    ),
    "DeleteMethodResponse": lambda kit: kit.client.delete_method_response(**kit.where(), statusCode="200"),
    "PutIntegration": lambda kit: kit.client.put_integration(
        **kit.where(),
        type="HTTP",
        integrationHttpMethod="GET",
        uri="http://127.0.0.1:9/{name}",
        requestParameters={"integration.request.header.x-from": "'tollgate'"},
        requestTemplates={"application/json": "$input.body"},
        timeoutInMillis=1000,
        tlsConfig={"insecureSkipVerification": True},
    ),
    "GetIntegration": lambda kit: kit.client.get_integration(**kit.where()),
    "UpdateIntegration": lambda kit: kit.client.update_integration(
        **kit.where(), patchOperations=[replace("/timeoutInMillis", "5000")]
    ),
    "DeleteIntegration": lambda kit: kit.client.delete_integration(**kit.where()),
    "PutIntegrationResponse": lambda kit: kit.client.put_integration_response(
        **kit.where(), statusCode="200", selectionPattern="2..", responseTemplates={"application/json": "{}"}
    ),
    "GetIntegrationResponse": lambda kit: kit.client.get_integration_response(**kit.where(), statusCode="200"),
    "UpdateIntegrationResponse": lambda kit: kit.client.update_integration_response(
        **kit.where(), statusCode="200", patchOperations=[replace("/selectionPattern", "4..")]
    ),
    "DeleteIntegrationResponse": lambda kit: kit.client.delete_integration_response(**kit.where(), statusCode="200"),
    "CreateDeployment": lambda kit: kit.client.create_deployment(
        restApiId=kit.api().id, stageName="test", description="one", variables={"colour": "blue"}
    ),
    "GetDeployment": lambda kit: kit.client.get_deployment(**kit.deployment(), embed=["apisummary"]),
    "GetDeployments": lambda kit: kit.client.get_deployments(restApiId=kit.deployment()["restApiId"], limit=1),
    "UpdateDeployment": lambda kit: kit.client.update_deployment(
        **kit.deployment(), patchOperations=[replace("/description", "other")]
    ),
    "DeleteDeployment": lambda kit: kit.client.delete_deployment(**kit.deployment()),
    "CreateStage": lambda kit: kit.client.create_stage(
        **kit.deployment(),
        stageName="test",
        description="one",
        variables={"colour": "blue"},
        canarySettings={"percentTraffic": 12.5, "stageVariableOverrides": {"colour": "red"}},
        tracingEnabled=True,
        tags={"team": "blue"},
    ),
    "GetStage": lambda kit: kit.client.get_stage(**kit.stage()),
    "GetStages": lambda kit: kit.client.get_stages(restApiId=kit.api().id),
    "UpdateStage": lambda kit: kit.client.update_stage(
        **kit.stage(), patchOperations=[replace("/*/*/throttling/rateLimit", "50"), replace("/variables/colour", "red")]
    ),
    "DeleteStage": lambda kit: kit.client.delete_stage(**kit.stage()),
    "FlushStageCache": lambda kit: kit.client.flush_stage_cache(**kit.stage()),
    "PutGatewayResponse": lambda kit: kit.client.put_gateway_response(
        restApiId=kit.api().id,
        responseType="QUOTA_EXCEEDED",
        statusCode="402",
        responseParameters={"gatewayresponse.header.x-pay": "'now'"},
        responseTemplates={"application/json": '{"pay":"now"}'},
    ),
    "GetGatewayResponse": lambda kit: kit.client.get_gateway_response(**kit.gateway_response()),
    "GetGatewayResponses": lambda kit: kit.client.get_gateway_responses(restApiId=kit.api().id, limit=500),
    "UpdateGatewayResponse": lambda kit: kit.client.update_gateway_response(
        **kit.gateway_response(), patchOperations=[replace("/statusCode", "420")]
    ),
    "DeleteGatewayResponse": lambda kit: kit.client.delete_gateway_response(**kit.gateway_response()),
    "TagResource": lambda kit: kit.client.tag_resource(resourceArn=key_arn(kit.key()), tags={"team": "red"}),
    "UntagResource": lambda kit: kit.client.untag_resource(resourceArn=key_arn(tagged_key(kit)), tagKeys=["team"]),
    "GetTags": lambda kit: kit.client.get_tags(resourceArn=key_arn(tagged_key(kit))),
    "TestInvokeMethod": lambda kit: kit.client.test_invoke_method(**kit.where(), pathWithQueryString="/users?a=b"),
    "GetExport": lambda kit: kit.client.get_export(**kit.stage(), exportType="oas30", accepts="application/json"),
    "CreateRequestValidator": lambda kit: kit.client.create_request_validator(
        restApiId=kit.api().id, name="all", validateRequestBody=True, validateRequestParameters=True
    ),
    "CreateModel": lambda kit: kit.client.create_model(
        restApiId=kit.api().id, name="User", description="one", contentType="application/json", schema=SCHEMA
    ),
    "CreateAuthorizer": lambda kit: kit.client.create_authorizer(restApiId=kit.api().id, **AUTHORIZER),
    "GetRequestValidator": lambda kit: kit.client.get_request_validator(**kit.validator()),
    "GetRequestValidators": lambda kit: kit.client.get_request_validators(restApiId=kit.validator()["restApiId"]),
    "UpdateRequestValidator": lambda kit: kit.client.update_request_validator(
        **kit.validator(), patchOperations=[replace("/validateRequestParameters", "true")]
    ),
    "DeleteRequestValidator": lambda kit: kit.client.delete_request_validator(**kit.validator()),
    "GetModel": lambda kit: kit.client.get_model(**kit.model()),
    "GetModels": lambda kit: kit.client.get_models(restApiId=kit.model()["restApiId"]),
    "UpdateModel": lambda kit: kit.client.update_model(**kit.model(), patchOperations=[replace("/description", "other")]),
    "DeleteModel": lambda kit: kit.client.delete_model(**kit.model()),
    "GetAuthorizer": lambda kit: kit.client.get_authorizer(**kit.authorizer()),
    "GetAuthorizers": lambda kit: kit.client.get_authorizers(restApiId=kit.authorizer()["restApiId"]),
    "UpdateAuthorizer": lambda kit: kit.client.update_authorizer(
        **kit.authorizer(), patchOperations=[replace("/authorizerResultTtlInSeconds", "60")]
    ),
    "DeleteAuthorizer": lambda kit: kit.client.delete_authorizer(**kit.authorizer()),
}

KEY = "id enabled createdDate lastUpdatedDate stageKeys"
PLAN = "id name apiStages"
REST_API = "id name createdDate apiKeySource disableExecuteApiEndpoint endpointConfiguration rootResourceId"
INTEGRATION = "type timeoutInMillis passthroughBehavior cacheNamespace cacheKeyParameters"
STAGE = "deploymentId stageName cacheClusterEnabled cacheClusterStatus methodSettings tracingEnabled createdDate lastUpdatedDate"
GATEWAY_RESPONSE = "responseType responseParameters responseTemplates defaultResponse"
USAGE = "usagePlanId startDate endDate values"
VALIDATOR = "id name validateRequestBody validateRequestParameters"
MODEL = "id name contentType schema"
AUTHORIZER_MEMBERS = "id name type authorizerUri identitySource"

# The members, by their names in JSON, that an answer always has, and those that these calls ask for. Of a list, each item's.
PRESENT: dict[str, str] = {
    "CreateApiKey": f"{KEY} value name description customerId tags",
    "GetApiKey": f"{KEY} value name tags",
    "GetApiKeys": f"{KEY} value name",
    "UpdateApiKey": f"{KEY} name description tags",
    "ImportApiKeys": "ids",
    "CreateUsagePlan": f"{PLAN} description throttle quota tags",
    "GetUsagePlan": f"{PLAN} description throttle quota productCode tags",
    "GetUsagePlans": PLAN,
    "UpdateUsagePlan": f"{PLAN} description throttle quota productCode tags",
    "CreateUsagePlanKey": "id type value name",
    "GetUsagePlanKey": "id type name",
    "GetUsagePlanKeys": "id type value name",
    "GetUsage": USAGE,
    "UpdateUsage": USAGE,
    "GetAccount": "throttleSettings features apiKeyVersion",
    "UpdateAccount": "throttleSettings features apiKeyVersion",
    "CreateRestApi": f"{REST_API} description version binaryMediaTypes tags",
    "GetRestApi": REST_API,
    "GetRestApis": REST_API,
    "UpdateRestApi": f"{REST_API} description tags",
    "ImportRestApi": f"{REST_API} version",
    "PutRestApi": REST_API,
    "CreateResource": "id parentId pathPart path",
    "GetResource": "id parentId pathPart path resourceMethods",
    "GetResources": "id path",
    "UpdateResource": "id parentId pathPart path",
    "PutMethod": "httpMethod authorizationType apiKeyRequired operationName requestParameters requestModels",
    "GetMethod": "httpMethod authorizationType apiKeyRequired methodResponses methodIntegration",
    "UpdateMethod": "httpMethod authorizationType apiKeyRequired",
    "PutMethodResponse": "statusCode responseParameters responseModels",
    "GetMethodResponse": "statusCode",
    "UpdateMethodResponse": "statusCode responseParameters",
    "PutIntegration": f"{INTEGRATION} httpMethod uri connectionType requestParameters requestTemplates tlsConfig",
    "GetIntegration": f"{INTEGRATION} requestTemplates integrationResponses",
    "UpdateIntegration": INTEGRATION,
    "PutIntegrationResponse": "statusCode selectionPattern responseTemplates",
    "GetIntegrationResponse": "statusCode responseTemplates",
    "UpdateIntegrationResponse": "statusCode selectionPattern",
    "CreateDeployment": "id createdDate description",
    "GetDeployment": "id createdDate apiSummary",
    "GetDeployments": "id createdDate",
    "UpdateDeployment": "id createdDate description",
    "CreateStage": f"{STAGE} description variables canarySettings tags",
    "GetStage": STAGE,
    "GetStages": STAGE,
    "UpdateStage": f"{STAGE} variables",
    "PutGatewayResponse": f"{GATEWAY_RESPONSE} statusCode",
    "GetGatewayResponse": f"{GATEWAY_RESPONSE} statusCode",
    "GetGatewayResponses": GATEWAY_RESPONSE,
    "UpdateGatewayResponse": f"{GATEWAY_RESPONSE} statusCode",
    "GetTags": "tags",
    "TestInvokeMethod": "status body headers multiValueHeaders log latency",
    "CreateRequestValidator": VALIDATOR,
    "GetRequestValidator": VALIDATOR,
    "GetRequestValidators": VALIDATOR,
    "UpdateRequestValidator": VALIDATOR,
    "CreateModel": f"{MODEL} description",
    "GetModel": MODEL,
    "GetModels": MODEL,
    "UpdateModel": f"{MODEL} description",
    "CreateAuthorizer": AUTHORIZER_MEMBERS,
    "GetAuthorizer": AUTHORIZER_MEMBERS,
    "GetAuthorizers": AUTHORIZER_MEMBERS,
    "UpdateAuthorizer": f"{AUTHORIZER_MEMBERS} authorizerResultTtlInSeconds",
}

# Lists that have been asked for one item of several, and so have to say where the next one is.
CUT_SHORT = {"GetApiKeys", "GetUsagePlans", "GetRestApis", "GetResources", "GetDeployments"}

# Its answer is the exported document, not an object of the model.
STREAMED = {"GetExport"}


@pytest.fixture(scope="module")
def recorder(client: Any) -> wire.Recorder:
    return wire.Recorder(client)


@pytest.fixture(scope="module")
def kit(gateway: Gateway, client: Any) -> Kit:
    return Kit(gateway, client, api.boto3_client(gateway), itertools.count(1))


@pytest.mark.parametrize("operation", CALLS)
def test_answers_as_the_service_model_says(kit: Kit, recorder: wire.Recorder, operation: str) -> None:
    parsed = CALLS[operation](kit)
    parsed = parsed[-1] if isinstance(parsed, tuple) else parsed
    raw = recorder.last
    assert raw.operation.name == operation
    assert raw.status == raw.operation.http.get("responseCode", 200)

    shape = raw.operation.output_shape
    if operation in STREAMED:
        assert json.loads(parsed["body"].read())["openapi"].startswith("3.0")
        return
    if shape is None:
        assert raw.body == b""
        return
    assert raw.headers["content-type"].partition(";")[0] == "application/json"
    sent = raw.json()
    assert wire.differences(shape, sent) == []
    assert wire.as_parsed(shape, sent) == api.without_metadata(parsed)

    expected = set(PRESENT[operation].split())
    for item in items_of(shape, sent):
        assert expected - set(item) == set()
    assert ("position" in sent) == (operation in CUT_SHORT)


def items_of(shape: Any, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a list, or the answer itself when it is none."""
    if not shape.members.keys() & {"items", "item"} or "values" in sent:
        return [sent]
    assert sent["item"]
    return sent["item"]


def test_every_operation_of_the_management_api_is_called() -> None:
    assert set(CALLS) == OPERATIONS | COMPANIONS


def test_dates_are_those_of_the_change(kit: Kit) -> None:
    made = kit.client.create_api_key(name=kit.name())
    changed = kit.client.update_api_key(apiKey=made["id"], patchOperations=[replace("/description", "later")])
    for answer in (made, changed):
        for member in ("createdDate", "lastUpdatedDate"):
            assert -5 < wire.seconds_ago(answer[member]) < 600
    assert changed["createdDate"] == made["createdDate"]
    assert changed["lastUpdatedDate"] >= made["lastUpdatedDate"]


@pytest.mark.parametrize("accept", ["application/json", "application/hal+json", "*/*", None])
def test_lists_have_the_plain_form_whatever_is_accepted(kit: Kit, accept: str | None) -> None:
    kit.key()
    answer = api.send(f"{kit.gateway.admin_url}/apikeys", headers={} if accept is None else {"Accept": accept})
    assert answer.status == 200
    assert answer.json().keys() <= {"item", "position"}


def test_the_model_of_a_removed_member_is_left_out_of_the_answer(kit: Kit) -> None:
    plan = kit.whole_plan()
    gone = [remove("/throttle"), remove("/quota"), remove("/productCode")]
    # The method throttle goes first: it cannot be without the plan's.
    stage = kit.plain.get_usage_plan(usagePlanId=plan)["apiStages"][0]
    methods = remove(f"/apiStages/{stage['apiId']}:{stage['stage']}/throttle")
    answer = kit.client.update_usage_plan(usagePlanId=plan, patchOperations=[methods, *gone])
    assert answer.keys().isdisjoint({"throttle", "quota", "productCode"})
