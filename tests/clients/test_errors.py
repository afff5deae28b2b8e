"""Each error that AWS is known to answer: its status, its type and its text.

The evidence of each row: R is a response recorded from AWS, M the service model, D AWS's documentation, O what users of AWS
quoted. Where AWS's text is not known, only status and type are held against it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

import api
import wire
from api import ACCOUNT, RestApi, add, remove, replace
from gateway import Gateway

BAD_REQUEST = (400, "BadRequestException")
NOT_FOUND = (404, "NotFoundException")
CONFLICT = (409, "ConflictException")
VALIDATION = (400, "ValidationException")
SERIALIZATION = (400, "SerializationException")

# The errors of the framework in front of the service are not in the service model: an SDK reads their text, but no member.
OF_THE_FRAMEWORK = {"ValidationException", "SerializationException"}

OPS = "[add, remove, move, test, replace, copy]"
RESPONSE_TYPES = (
    "[REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, "
    "INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, "
    "ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, "
    "UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN]"
)
METHODS = "GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"

# Ids of the right form that nothing has.
NO_API = "abcdefghi0"
NO_KEY = "abcdefghi1"
NO_ID = "abcde0"
NO_API_TEXT = f"Invalid API identifier specified {ACCOUNT}:{NO_API}"


def enum_violation(value: str, member: str, allowed: str) -> str:
    return f"Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: {allowed}"


def no_status_code(value: str) -> str:
    return (
        f"Value '{value}' at 'statusCode' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [1-5]\d\d"
    )


@dataclass
class Kit:
    """What the calls start from. It is the same for all rows: no row that is refused changes it."""

    client: Any
    api: RestApi
    plan: str
    key: str
    texts: dict[str, str]

    def fresh_plan(self, **parameters: Any) -> str:
        return self.client.create_usage_plan(name="errors-fresh", **parameters)["id"]

    def resource(self, parent: str, part: str) -> str:
        return self.client.create_resource(restApiId=self.api.id, parentId=parent, pathPart=part)["id"]

    def update_plan(self, *operations: dict[str, str]) -> Any:
        return self.client.update_usage_plan(usagePlanId=self.plan, patchOperations=list(operations))

    def update_key(self, *operations: dict[str, str]) -> Any:
        return self.client.update_api_key(apiKey=self.key, patchOperations=list(operations))

    def update_api(self, *operations: dict[str, str]) -> Any:
        return self.client.update_rest_api(restApiId=self.api.id, patchOperations=list(operations))

    def update_stage(self, *operations: dict[str, str]) -> Any:
        return self.client.update_stage(restApiId=self.api.id, stageName="dev", patchOperations=list(operations))

    def update_method(self, *operations: dict[str, str]) -> Any:
        return self.client.update_method(**self.api.where, patchOperations=list(operations))

    def update_resource(self, resource: str, *operations: dict[str, str]) -> Any:
        return self.client.update_resource(restApiId=self.api.id, resourceId=resource, patchOperations=list(operations))

    def update_gateway_response(self, *operations: dict[str, str]) -> Any:
        return self.client.update_gateway_response(
            restApiId=self.api.id, responseType="THROTTLED", patchOperations=list(operations)
        )

    def update_method_response(self, status: str, *operations: dict[str, str]) -> Any:
        return self.client.update_method_response(**self.api.where, statusCode=status, patchOperations=list(operations))


@dataclass(frozen=True)
class Row:
    """One error. The text may name what the kit has made, in braces; a pattern is matched against all of it."""

    what: str
    evidence: str
    call: Callable[[Kit], Any]
    answer: tuple[int, str]
    text: str | re.Pattern[str] | None = None


def nested(kit: Kit) -> tuple[str, str]:
    """A resource `/top-n`, and `/top-n/pets` in it."""
    number = len(kit.client.get_resources(restApiId=kit.api.id, limit=500)["items"])
    top = kit.resource(kit.api.root_id, f"top-{number}")
    return top, kit.resource(top, "pets")


def stage_of_two_plans(kit: Kit) -> tuple[str, str]:
    """A plan with a stage and a key, and a plan with the same stage only."""
    first, second = (kit.fresh_plan(apiStages=[kit.api.api_stage]) for _ in range(2))
    kit.client.create_usage_plan_key(usagePlanId=first, keyId=kit.key, keyType="API_KEY")
    return first, second


def key_joins_two_plans_of_a_stage(kit: Kit) -> None:
    first, second = stage_of_two_plans(kit)
    try:
        kit.client.create_usage_plan_key(usagePlanId=second, keyId=kit.key, keyType="API_KEY")
    finally:
        kit.client.delete_usage_plan_key(usagePlanId=first, keyId=kit.key)


def stage_joins_two_plans_of_a_key(kit: Kit) -> None:
    first, _ = stage_of_two_plans(kit)
    other = kit.fresh_plan()
    kit.client.create_usage_plan_key(usagePlanId=other, keyId=kit.key, keyType="API_KEY")
    try:
        kit.client.update_usage_plan(usagePlanId=other, patchOperations=[add("/apiStages", kit.api.stage_key)])
    finally:
        kit.client.delete_usage_plan_key(usagePlanId=first, keyId=kit.key)
        kit.client.delete_usage_plan_key(usagePlanId=other, keyId=kit.key)


def key_arn(kit: Kit) -> str:
    return f"arn:aws:apigateway:{api.REGION}::/apikeys/{kit.key}"


def twice(call: Callable[[], Any]) -> None:
    """The second of two calls is the one that is refused."""
    call()
    call()


# fmt: off
KEYS = [
    Row("a name over 1024", "R 01", lambda kit: kit.client.create_api_key(name="n" * 1025), BAD_REQUEST,
        "Invalid API Key name, can be at most 1024 characters."),
    Row("a value under 20", "R 01", lambda kit: kit.client.create_api_key(name="short", value="v" * 19), BAD_REQUEST,
        "API Key value should be at least 20 characters"),
    Row("a value over 128", "R 01", lambda kit: kit.client.create_api_key(name="long", value="v" * 129), BAD_REQUEST,
        "API Key value exceeds maximum size of 128 characters"),
    Row("a description over 125,000", "R 01", lambda kit: kit.client.create_api_key(name="d", description="d" * 125_001),
        BAD_REQUEST, "Invalid API Key description specified."),
    Row("a value that a key has", "O serverless 6458",
        lambda kit: twice(lambda: kit.client.create_api_key(name="same", value="theSameValueTwiceAsked")), CONFLICT,
        "API Key already exists"),
    Row("get a key that is not there", "O", lambda kit: kit.client.get_api_key(apiKey=NO_KEY), NOT_FOUND,
        "Invalid API Key identifier specified"),
    Row("update a key that is not there", "O",
        lambda kit: kit.client.update_api_key(apiKey=NO_KEY, patchOperations=[replace("/name", "n")]), NOT_FOUND,
        "Invalid API Key identifier specified"),
    Row("delete a key that is not there", "O", lambda kit: kit.client.delete_api_key(apiKey=NO_KEY), NOT_FOUND,
        "Invalid API Key identifier specified"),
    Row("replace a key's id", "R 01", lambda kit: kit.update_key(replace("/id", "other")), BAD_REQUEST,
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]"),
    Row("replace a key's value", "R 01", lambda kit: kit.update_key(replace("/value", "v" * 20)), BAD_REQUEST,
        "Invalid patch path  '/value' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]"),
    Row("add to a key", "R 01", lambda kit: kit.update_key(add("/description", "more")), BAD_REQUEST),
    Row("remove from a key", "R 01", lambda kit: kit.update_key(remove("/description")), BAD_REQUEST),
    Row("a tag's key over 128", "M",
        lambda kit: kit.client.tag_resource(resourceArn=key_arn(kit), tags={"k" * 129: "v"}), BAD_REQUEST),
    Row("a tag's value over 256", "M",
        lambda kit: kit.client.tag_resource(resourceArn=key_arn(kit), tags={"k": "v" * 257}), BAD_REQUEST),
    Row("a tag of AWS", "M",
        lambda kit: kit.client.tag_resource(resourceArn=key_arn(kit), tags={"aws:k": "v"}), BAD_REQUEST),
]


PLANS = [
    Row("get a plan that is not there", "R 02", lambda kit: kit.client.get_usage_plan(usagePlanId=NO_ID), NOT_FOUND,
        "Invalid Usage Plan ID specified"),
    Row("update a plan that is not there", "R 02",
        lambda kit: kit.client.update_usage_plan(usagePlanId=NO_ID, patchOperations=[replace("/name", "n")]), NOT_FOUND,
        "Invalid Usage Plan ID specified"),
    Row("delete a plan that is not there", "R 02", lambda kit: kit.client.delete_usage_plan(usagePlanId=NO_ID), NOT_FOUND,
        "Invalid Usage Plan ID specified"),
    Row("a stage without a name", "O aws-sdk 354",
        lambda kit: kit.client.create_usage_plan(name="n", apiStages=[{"apiId": kit.api.id}]), BAD_REQUEST,
        "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"),
    Row("a stage with an empty name", "O aws-sdk 354",
        lambda kit: kit.client.create_usage_plan(name="n", apiStages=[{"apiId": kit.api.id, "stage": ""}]), BAD_REQUEST,
        "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"),
    Row("a stage without an API", "O aws-cdk 6169",
        lambda kit: kit.client.create_usage_plan(name="n", apiStages=[{"stage": "dev"}]), BAD_REQUEST,
        "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"),
    Row("a stage that is not there", "O serverless 2831",
        lambda kit: kit.client.create_usage_plan(name="n", apiStages=[{"apiId": kit.api.id, "stage": "prod"}]), NOT_FOUND,
        "API Stage not found: {api}:prod"),
    Row("add a stage that is not there", "O boto3 825", lambda kit: kit.update_plan(add("/apiStages", f"{kit.api.id}:prod")),
        NOT_FOUND, "API Stage not found: {api}:prod"),
    Row("a method throttle without the plan's", "O aws-cdk 6411",
        lambda kit: kit.client.create_usage_plan(
            name="n", apiStages=[kit.api.api_stage | {"throttle": {"/users/GET": {"rateLimit": 1, "burstLimit": 1}}}]
        ),
        BAD_REQUEST, "Can not define fine grain throttling if usage plan throttle is not defined."),
    Row("a throttle of a method that is not there", "O aws-cdk 15426",
        lambda kit: kit.client.create_usage_plan(
            name="n",
            throttle={"rateLimit": 1, "burstLimit": 1},
            apiStages=[kit.api.api_stage | {"throttle": {"/nobody/GET": {"rateLimit": 1, "burstLimit": 1}}}],
        ),
        NOT_FOUND, re.compile("Invalid method .*")),
    Row("a throttle of all methods beside the plan's", "O terraform 26128",
        lambda kit: kit.client.create_usage_plan(
            name="n",
            throttle={"rateLimit": 1, "burstLimit": 1},
            apiStages=[kit.api.api_stage | {"throttle": {"*/*": {"rateLimit": 1, "burstLimit": 1}}}],
        ),
        BAD_REQUEST),
    Row("remove a stage by its path", "O boto3 2629", lambda kit: kit.update_plan(remove(f"/apiStages/{kit.api.stage_key}")),
        BAD_REQUEST,
        "Invalid patch path  '/apiStages/{api}:dev' specified for op 'remove'. Must be one of: [/apiStages, /quota, /throttle, "
        "/productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]"),
    Row("remove a stage without saying which", "R 02", lambda kit: kit.update_plan(remove("/apiStages")), BAD_REQUEST,
        "Invalid API Stage specified"),
    Row("remove a stage without a colon", "R 02", lambda kit: kit.update_plan(remove("/apiStages", kit.api.id)), BAD_REQUEST,
        "Invalid API Stage specified"),
    Row("remove a stage that is not in the plan", "R 02", lambda kit: kit.update_plan(remove("/apiStages", "other:dev")),
        NOT_FOUND, "Invalid API Stage {api: other, stage: dev} specified for usageplan {plan}"),
    Row("delete a plan that has a stage", "O aws-sdk-js 3841",
        lambda kit: kit.client.delete_usage_plan(usagePlanId=kit.plan), BAD_REQUEST,
        "Cannot delete Usage Plan {plan} because there are API Stages associated with it, including {api}:dev"),
    Row("put a key on a plan that is not there", "O",
        lambda kit: kit.client.create_usage_plan_key(usagePlanId=NO_ID, keyId=kit.key, keyType="API_KEY"), NOT_FOUND,
        "Invalid Usage Plan ID specified"),
    Row("put a key that is not there on a plan", "O",
        lambda kit: kit.client.create_usage_plan_key(usagePlanId=kit.plan, keyId=NO_KEY, keyType="API_KEY"), NOT_FOUND,
        "Invalid API Key identifier specified"),
    Row("a key on two plans of a stage", "D", key_joins_two_plans_of_a_stage, CONFLICT),
    Row("a stage on two plans of a key", "D", stage_joins_two_plans_of_a_key, CONFLICT),
    Row("add to what remains", "O boto3 2504",
        lambda kit: kit.client.update_usage(usagePlanId=kit.plan, keyId=kit.key, patchOperations=[add("/remaining", "1")]),
        BAD_REQUEST, "Invalid patch path  '/remaining' specified for op 'add'. Must be one of: []"),
    Row("usage of more than 90 days", "D",
        lambda kit: kit.client.get_usage(usagePlanId=kit.plan, startDate="2026-01-01", endDate="2026-06-01"), BAD_REQUEST),
]



def of_no_api(operation: Callable[..., Any], **parameters: Any) -> Any:
    return operation(restApiId=NO_API, **parameters)


APIS = [
    Row("get an API that is not there", "R 10", lambda kit: of_no_api(kit.client.get_rest_api), NOT_FOUND, NO_API_TEXT),
    Row("update an API that is not there", "R 10",
        lambda kit: of_no_api(kit.client.update_rest_api, patchOperations=[replace("/name", "n")]), NOT_FOUND, NO_API_TEXT),
    Row("delete an API that is not there", "R 10", lambda kit: of_no_api(kit.client.delete_rest_api), NOT_FOUND, NO_API_TEXT),
    Row("gateway responses of no API", "R 14", lambda kit: of_no_api(kit.client.get_gateway_responses), NOT_FOUND, NO_API_TEXT),
    Row("a gateway response of no API", "R 14",
        lambda kit: of_no_api(kit.client.get_gateway_response, responseType="THROTTLED"), NOT_FOUND, NO_API_TEXT),
    Row("delete a gateway response of no API", "R 14",
        lambda kit: of_no_api(kit.client.delete_gateway_response, responseType="THROTTLED"), NOT_FOUND, NO_API_TEXT),
    Row("a validator for no API", "R 17", lambda kit: of_no_api(kit.client.create_request_validator, name="v"), BAD_REQUEST,
        "Invalid REST API identifier specified"),
    Row("a model for no API", "R 17",
        lambda kit: of_no_api(kit.client.create_model, name="m", contentType="application/json", schema='{"type":"object"}'),
        NOT_FOUND, NO_API_TEXT),
    Row("an API id in capitals", "R 10", lambda kit: kit.client.get_rest_api(restApiId=kit.api.id.upper()), NOT_FOUND,
        f"Invalid API identifier specified {ACCOUNT}:{{API}}"),
    Row("an empty description", "R 10", lambda kit: kit.client.create_rest_api(name="n", description=""), BAD_REQUEST,
        "Description cannot be an empty string"),
    Row("a compression size below 0", "R 10",
        lambda kit: kit.update_api(replace("/minimumCompressionSize", "-1")), BAD_REQUEST,
        "Invalid minimum compression size, must be between 0 and 10485760"),
    Row("two endpoint types", "R 10",
        lambda kit: kit.client.create_rest_api(name="n", endpointConfiguration={"types": ["EDGE", "REGIONAL"]}), BAD_REQUEST,
        "Cannot create an api with multiple Endpoint Types."),
    Row("an operation that only replaces", "R 10", lambda kit: kit.update_api(add("/minimumCompressionSize", "1")),
        BAD_REQUEST, "Invalid patch operation specified. Must be one of: [replace]"),
    Row("test an endpoint type", "R 10",
        lambda kit: kit.update_api({"op": "test", "path": "/endpointConfiguration/types/0", "value": "EDGE"}), BAD_REQUEST,
        "Invalid patch operation specified. Must be 'add'|'remove'|'replace'"),
    *(
        Row(f"{operation['op']} all media types", "R 10", lambda kit, operation=operation: kit.update_api(operation),
            BAD_REQUEST, "Invalid patch path /binaryMediaTypes")
        for operation in (add("/binaryMediaTypes", "a/b"), replace("/binaryMediaTypes", "a/b"), remove("/binaryMediaTypes"))
    ),
]

RESOURCES = [
    Row("a resource of no API", "R 11",
        lambda kit: of_no_api(kit.client.create_resource, parentId=kit.api.root_id, pathPart="p"), NOT_FOUND,
        "Invalid Resource identifier specified"),
    Row("a resource under no resource", "R 11", lambda kit: kit.resource(NO_ID, "p"), NOT_FOUND,
        "Invalid Resource identifier specified"),
    Row("update no resource", "R 11", lambda kit: kit.update_resource(NO_ID, replace("/pathPart", "p")), NOT_FOUND,
        "Invalid Resource identifier specified"),
    Row("a parent that is not there", "R 11", lambda kit: kit.update_resource(nested(kit)[1], replace("/parentId", NO_ID)),
        NOT_FOUND, "Invalid Resource identifier specified"),
    Row("a sibling's name", "R 11", lambda kit: twice(lambda: kit.resource(kit.api.root_id, "pets")), CONFLICT,
        "Another resource with the same parent already has this name: pets"),
    Row("take a sibling's name", "R 11",
        lambda kit: kit.update_resource(kit.resource(nested(kit)[0], "dogs"), replace("/pathPart", "pets")), CONFLICT,
        "Another resource with the same parent already has this name: pets"),
    Row("a second variable", "R 11",
        lambda kit: [kit.resource(parent, part) for parent in nested(kit)[:1] for part in ("{proxy+}", "{id}")], BAD_REQUEST,
        "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed"),
    Row("below a greedy variable", "R 11",
        lambda kit: kit.resource(kit.resource(nested(kit)[0], "{proxy+}"), "child"), BAD_REQUEST,
        "Cannot create a child of a resource with a greedy path variable: {proxy+}"),
    Row("a resource below itself", "R 11",
        lambda kit: (made := nested(kit), kit.update_resource(made[0], replace("/parentId", made[1]))), BAD_REQUEST,
        "Resources cannot be cyclical."),
    Row("another path part of the root", "R 11", lambda kit: kit.update_resource(kit.api.root_id, replace("/pathPart", "p")),
        BAD_REQUEST, "Root resource cannot update its pathPart."),
    Row("a path that a resource has not", "R 11", lambda kit: kit.update_resource(kit.api.resource_id, replace("/invalid", "p")),
        BAD_REQUEST, "Invalid patch path  '/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"),
    Row("add a path part", "R 11", lambda kit: kit.update_resource(kit.api.resource_id, add("/pathPart", "p")), BAD_REQUEST,
        "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations"),
    Row("remove a path part", "R 11", lambda kit: kit.update_resource(kit.api.resource_id, remove("/pathPart")), BAD_REQUEST,
        "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"),
]

METHOD_ROWS = [
    Row("a method of no API", "R 12",
        lambda kit: kit.client.put_method(**kit.api.where | {"restApiId": NO_API}, authorizationType="NONE"), NOT_FOUND,
        "Invalid Resource identifier specified"),
    Row("a method of no resource", "R 12",
        lambda kit: kit.client.put_method(**kit.api.where | {"resourceId": NO_ID}, authorizationType="NONE"), NOT_FOUND,
        "Invalid Resource identifier specified"),
    Row("update a method of no API", "R 12",
        lambda kit: kit.client.update_method(
            **kit.api.where | {"restApiId": NO_API}, patchOperations=[replace("/operationName", "n")]
        ),
        NOT_FOUND, "Invalid Resource identifier specified"),
    Row("update a method of no resource", "R 12",
        lambda kit: kit.client.update_method(
            **kit.api.where | {"resourceId": NO_ID}, patchOperations=[replace("/operationName", "n")]
        ),
        NOT_FOUND, "Invalid Resource identifier specified"),
    Row("an unknown method", "R 12",
        lambda kit: kit.client.put_method(**kit.api.where | {"httpMethod": "FETCH"}, authorizationType="NONE"), BAD_REQUEST,
        f"Invalid HttpMethod specified. Valid options are {METHODS}"),
    Row("get a method that is not there", "R 12", lambda kit: kit.client.get_method(**kit.api.where | {"httpMethod": "PATCH"}),
        NOT_FOUND, "Invalid Method identifier specified"),
    Row("an authorizer that is not named", "R 12",
        lambda kit: kit.client.put_method(**kit.api.where | {"httpMethod": "PUT"}, authorizationType="CUSTOM"), BAD_REQUEST,
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid "
        "authorizer."),
    Row("a validator that is not there", "R 12",
        lambda kit: kit.client.put_method(
            **kit.api.where | {"httpMethod": "PUT"}, authorizationType="NONE", requestValidatorId=NO_ID
        ),
        BAD_REQUEST, "Invalid Request Validator identifier specified"),
    Row("remove whether a key is required", "R 12", lambda kit: kit.update_method(remove("/apiKeyRequired")), BAD_REQUEST,
        "Invalid patch operation specified. Must be one of: [replace]"),
    Row("another HTTP method", "R 12", lambda kit: kit.update_method(replace("/httpMethod", "PUT")), BAD_REQUEST,
        "Invalid patch path /httpMethod"),
    Row("an answer that is not there", "R 12", lambda kit: kit.update_method_response("418", add("/responseModels/a~1b", "Empty")),
        NOT_FOUND, "Invalid Response status code specified"),
]

STAGES = [
    Row("remove settings of all methods", "R 15", lambda kit: kit.update_stage(remove("/*/*")), BAD_REQUEST,
        "Cannot remove method setting */* because there is no method setting for this method "),
    Row("remove settings of a method", "R 15", lambda kit: kit.update_stage(remove("/users/GET")), BAD_REQUEST,
        "Cannot remove method setting users/GET because there is no method setting for this method "),
    Row("a path that a stage has not", "R 15", lambda kit: kit.update_stage(replace("/documentation_version", "1")), BAD_REQUEST,
        re.compile(r"Invalid method setting path: /documentation_version\. Must be one of: \[/deploymentId, .*, /tracingEnabled\]")),
    Row("delete what a stage serves", "D",
        lambda kit: kit.client.delete_deployment(restApiId=kit.api.id, deploymentId=kit.api.deployment_id), BAD_REQUEST,
        "Active stages pointing to this deployment must be moved or deleted"),
]

GATEWAY_RESPONSES = [
    Row("delete a default", "R 14",
        lambda kit: kit.client.delete_gateway_response(restApiId=kit.api.id, responseType="THROTTLED"), NOT_FOUND,
        "Gateway response type not defined on api"),
    Row("add a status code", "R 14", lambda kit: kit.update_gateway_response(add("/statusCode", "444")), BAD_REQUEST,
        "Invalid patch path /statusCode"),
    Row("remove a status code", "R 14", lambda kit: kit.update_gateway_response(remove("/statusCode")), BAD_REQUEST,
        "Invalid patch path /statusCode"),
    Row("a path that it has not", "R 14", lambda kit: kit.update_gateway_response(replace("/wrongPath", "1")), BAD_REQUEST,
        "Invalid patch path /wrongPath"),
    Row("replace a header that it has not", "R 14",
        lambda kit: kit.update_gateway_response(replace("/responseParameters/gatewayresponse.header.x-none", "'a'")), NOT_FOUND,
        "Invalid parameter name specified"),
]

FRAMEWORK = [
    Row("an unknown operation of a patch", "R 14", lambda kit: kit.update_gateway_response({"op": "wrong-op", "path": "/statusCode"}),
        VALIDATION,
        "1 validation error detected: "
        + enum_violation("wrong-op", "updateGatewayResponseInput.patchOperations.1.member.op", OPS)),
    Row("two unknown operations of a patch", "R 10",
        lambda kit: kit.update_api({"op": "wrong", "path": "/name"}, replace("/name", "n"), {"op": "wrong", "path": "/name"}),
        VALIDATION,
        "2 validation errors detected: "
        + enum_violation("wrong", "updateRestApiInput.patchOperations.1.member.op", OPS) + "; "
        + enum_violation("wrong", "updateRestApiInput.patchOperations.3.member.op", OPS)),
    *(
        Row(f"an unknown operation in {name}", "R 12", call, VALIDATION,
            "1 validation error detected: " + enum_violation("wrong", f"{name}.patchOperations.1.member.op", OPS))
        for name, call in {
            "updateApiKeyInput": lambda kit: kit.update_key({"op": "wrong", "path": "/name"}),
            "updateUsagePlanInput": lambda kit: kit.update_plan({"op": "wrong", "path": "/name"}),
            "updateStageInput": lambda kit: kit.update_stage({"op": "wrong", "path": "/description"}),
            "updateMethodInput": lambda kit: kit.update_method({"op": "wrong", "path": "/operationName"}),
        }.items()
    ),
    Row("an unknown gateway response", "R 14",
        lambda kit: kit.client.get_gateway_response(restApiId=kit.api.id, responseType="FAKE_RESPONSE_TYPE"), VALIDATION,
        "1 validation error detected: " + enum_violation("FAKE_RESPONSE_TYPE", "responseType", RESPONSE_TYPES)),
    Row("an unknown gateway response of no API", "R 14",
        lambda kit: of_no_api(kit.client.put_gateway_response, responseType="FAKE_RESPONSE_TYPE", statusCode="400"), VALIDATION,
        "1 validation error detected: " + enum_violation("FAKE_RESPONSE_TYPE", "responseType", RESPONSE_TYPES)),
    Row("no status code", "R 13", lambda kit: kit.client.put_integration_response(**kit.api.where, statusCode="wrong"), VALIDATION,
        f"1 validation error detected: {no_status_code('wrong')}"),
    Row("no status code and an unknown operation", "R 12",
        lambda kit: kit.update_method_response("wrong", {"op": "wrong_op", "path": "/responseModels/a~1b"}), VALIDATION,
        "2 validation errors detected: "
        + enum_violation("wrong_op", "updateMethodResponseInput.patchOperations.1.member.op", OPS)
        + f"; {no_status_code('wrong')}"),
    Row("an unknown address type", "R 10",
        lambda kit: kit.client.create_rest_api(name="n", endpointConfiguration={"ipAddressType": "wrong"}), VALIDATION,
        "1 validation error detected: "
        + enum_violation("wrong", "createRestApiInput.endpointConfiguration.ipAddressType", "[ipv4, dualstack]")),
    Row("a boolean for a text", "R 12", lambda kit: kit.client.create_api_key(name=True), SERIALIZATION,
        "class java.lang.Boolean can not be converted to an String"),
    Row("a number for a text", "R 13",
        lambda kit: kit.client.put_integration_response(
            **kit.api.where, statusCode="200", responseTemplates={"application/json": 123}
        ),
        SERIALIZATION,
        "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"),
]
# fmt: on

ROWS = [*KEYS, *PLANS, *APIS, *RESOURCES, *METHOD_ROWS, *STAGES, *GATEWAY_RESPONSES, *FRAMEWORK]


@pytest.fixture(scope="module")
def recorder(sloppy: Any) -> wire.Recorder:
    return wire.Recorder(sloppy)


@pytest.fixture(scope="module")
def sloppy(gateway: Gateway) -> Any:
    """boto3's client, which sends what the service model does not allow."""
    return api.boto3_client(gateway, checks_parameters=False)


@pytest.fixture(scope="module")
def kit(gateway: Gateway, sloppy: Any) -> Kit:
    made = api.make_api(gateway, sloppy, "errors")
    plan = sloppy.create_usage_plan(name="errors", apiStages=[made.api_stage], quota={"limit": 9, "period": "DAY"})["id"]
    key = sloppy.create_api_key(name="errors")["id"]
    return Kit(sloppy, made, plan, key, {"api": made.id, "API": made.id.upper(), "plan": plan})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.what} ({row.evidence})")
def test_refuses(kit: Kit, recorder: wire.Recorder, row: Row) -> None:
    with pytest.raises(ClientError) as refusal:
        row.call(kit)
    status, error_type = row.answer
    raw, seen = recorder.last_refusal, refusal.value.response
    assert (raw.status, raw.headers.get("x-amzn-errortype"), seen["Error"]["Code"]) == (status, error_type, error_type)
    assert raw.headers["content-type"].partition(";")[0] == "application/json"

    said = seen["Error"]["Message"]
    assert said
    if error_type in OF_THE_FRAMEWORK:
        assert "message" not in seen
    else:
        assert raw.json() == {"message": said}
        assert seen["message"] == said
    match row.text:
        case None:
            pass
        case str(text):
            assert said == filled(text, kit.texts)
        case pattern:
            assert pattern.fullmatch(said), said


def filled(text: str, texts: dict[str, str]) -> str:
    """The text with what the kit has made for the names in braces. Other braces stand for themselves."""
    for name, value in texts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def test_what_is_refused_changes_nothing(kit: Kit) -> None:
    before = api.without_metadata(kit.client.get_usage_plan(usagePlanId=kit.plan))
    with pytest.raises(ClientError):
        kit.update_plan(replace("/name", "half"), add("/throttle/rateLimit", "5"), remove("/apiStages", "other:dev"))
    assert api.without_metadata(kit.client.get_usage_plan(usagePlanId=kit.plan)) == before


def test_the_text_of_a_framework_error_is_in_no_modelled_member(kit: Kit, recorder: wire.Recorder) -> None:
    with pytest.raises(ClientError):
        kit.update_key({"op": "wrong", "path": "/name"})
    assert "message" not in recorder.last.json()
