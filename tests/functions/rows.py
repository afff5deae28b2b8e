"""For each event in events/ its function, what the environment of that says, and what it has to answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rie import Event
from store import CUSTOMER_ID, USER, Store


@dataclass(frozen=True)
class Row:
    """One event. What is expected is compared as `matching.differences` says."""

    event: str
    function: str
    answer: Callable[[Store], Any]
    # Beside, or instead of, what `Store.variables` says.
    variables: dict[str, str] = field(default_factory=dict)
    # What CloudFormation is told of the event.
    told: Callable[[Event], Any] | None = None
    # Whether the ids of a plan and a key in the event stand for ones that have been made.
    is_about_made: bool = False


LIMITS = {
    "ratelimit-policy": re.compile(r'"burst";q=1000;w=1,"quota";q=1000000;w=\d+'),
    "ratelimit": re.compile(r'"quota";r=\d+;t=\d+,"burst";r=\d+;t=\d+|"burst";r=\d+;t=\d+,"quota";r=\d+;t=\d+'),
}
JSON = {"content-type": "application/json"}
ID = re.compile(r"[0-9A-Za-z]{20}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

JOE = {"id": ID, "name": "Joe Black", "email": "joe.black@example.com", "createdAt": DATE, "updatedAt": DATE}
REFUSED = {"content-type": "application/json", "x-amzn-errortype": "ForbiddenException"}


@dataclass(frozen=True)
class Http:
    """An answer to an HTTP request, whatever front door it is for: the body is compared as JSON, header names in lower case."""

    status: int
    headers: dict[str, Any]
    body: Any = None


def http(status: int, headers: dict[str, Any], body: Any = None) -> Callable[[Store], Http]:
    return lambda _: Http(status, headers, body)


def created(location: str) -> Callable[[Store], Http]:
    return http(201, JSON | LIMITS | {"location": re.compile(location + "/" + ID.pattern)}, JOE)


def context(store: Store) -> dict[str, Any]:
    return {"keyId": store.key_id, "planId": store.plan_id, "customerId": CUSTOMER_ID, "remaining": int}


def policy(effect: str, arn: str, **denied: str) -> Callable[[Store], Any]:
    def answer(store: Store) -> Any:
        return {
            "principalId": "anonymous" if denied else store.key_id,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}],
            },
            "context": denied or context(store),
        }

    return answer


ARN = "arn:aws:execute-api:us-east-1:000000000000:"
SIMPLE = {"TOLLGATE_AUTHORIZER_ANSWER": "simple"}


def done(physical_id: Callable[[Event], Any], *, no_echo: bool = False, **data: Any) -> Callable[[Event], Any]:
    """What CloudFormation is told when the request is done."""
    return lambda event: {
        "Status": "SUCCESS",
        "PhysicalResourceId": physical_id(event),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": no_echo,
        "Data": data,
    }


def nothing(_: Store) -> Any:
    return None


def _plan_key(event: Event) -> str:
    properties = event["ResourceProperties"]
    return f"{properties['KeyId']}:{properties['UsagePlanId']}"


# What stands for a plan and a key in the sample events of the control function.
SAMPLE_PLAN_ID = "p1a2b3c4d5"
SAMPLE_KEY_ID = "k1a2b3c4d5"

MADE_ID = re.compile(r"[0-9a-z]{10}")
FORBIDDEN = {"content-type": "application/json", "x-amzn-errortype": "AccessDeniedException"}

NO_ALERTS = {"kept": 0, "told": 0, "owed": 0, "givenUp": 0}

ROWS = [
    Row("users-create.json", "users", created("/dev/users")),
    Row("users-create-without-key.json", "users", http(403, REFUSED, {"message": "Forbidden"})),
    Row("users-list.json", "users", http(200, JSON | LIMITS, {"users": [USER]})),
    Row("users-get.json", "users", http(200, JSON | LIMITS, USER)),
    Row(
        "users-replace.json",
        "users",
        http(200, JSON | LIMITS, USER | {"name": "Joseph Black", "email": "joseph.black@example.com", "updatedAt": DATE}),
    ),
    Row("users-delete.json", "users", http(204, LIMITS)),
    Row("users-health.json", "users", http(200, JSON, {"status": "ok"})),
    Row("users-report.json", "users", http(200, JSON, {"users": 1})),
    # Whoever did not come through the authorizer.
    Row("function-url-report.json", "users", http(403, JSON, {"message": str})),
    Row("rest-create.json", "users", created("/dev/users")),
    Row("http-api-v1-create.json", "users", created("/dev/users")),
    Row("function-url-create.json", "users", created("/users")),
    Row("alb-create.json", "users", created("/users")),
    Row("authorizer-rest-token.json", "authorizer", policy("Allow", ARN + "a1b2c3d4e5/dev/GET/users")),
    Row(
        "authorizer-rest-token-unknown.json",
        "authorizer",
        policy("Deny", ARN + "a1b2c3d4e5/dev/GET/users", reason="unknown_key"),
    ),
    Row("authorizer-rest-request.json", "authorizer", policy("Allow", ARN + "a1b2c3d4e5/dev/GET/users")),
    Row("authorizer-http-v1.json", "authorizer", policy("Allow", ARN + "a1b2c3d4e5/dev/GET/reports/users")),
    Row("authorizer-http-v2.json", "authorizer", lambda store: {"isAuthorized": True, "context": context(store)}, SIMPLE),
    Row(
        "authorizer-http-v2-without-key.json",
        "authorizer",
        lambda _: {"isAuthorized": False, "context": {"reason": "missing_key"}},
        SIMPLE,
    ),
    Row("authorizer-websocket-connect.json", "authorizer", policy("Allow", ARN + "w1s2o3c4k5/dev/$connect")),
    Row("control-usage-plan-create.json", "control", nothing, told=done(lambda _: MADE_ID, Id=MADE_ID)),
    # The plan of the sample is none that there is: what is gone is deleted.
    Row("control-usage-plan-delete.json", "control", nothing, told=done(lambda _: SAMPLE_PLAN_ID, Id=SAMPLE_PLAN_ID)),
    Row(
        "control-api-key-create.json",
        "control",
        nothing,
        told=done(lambda _: MADE_ID, no_echo=True, APIKeyId=MADE_ID, Value=re.compile("tg_d_[0-9A-Za-z]{36}")),
    ),
    Row(
        "control-usage-plan-key-create.json",
        "control",
        nothing,
        told=lambda event: done(lambda _: _plan_key(event), Id=_plan_key(event))(event),
        is_about_made=True,
    ),
    Row(
        "control-api-stage-create.json",
        "control",
        nothing,
        told=done(lambda event: event["ResourceProperties"]["UsagePlanId"] + ":f6g7h8i9j0:dev"),
        is_about_made=True,
    ),
    Row("control-management-list-keys.json", "control", http(200, JSON, {"item": list})),
    Row("control-management-unsigned.json", "control", http(403, FORBIDDEN, {"message": str})),
    Row("leaks-unsigned.json", "leaks", http(401, JSON, {"message": str})),
    Row(
        "control-daily.json",
        "control",
        lambda _: {"expired_disabled": 0, "orphans_marked": 0, "orphans_removed": 0, "examined": int, "complete": True},
    ),
    # The key of the sample is in no plan of the store: nobody asks for alerts.
    Row("alerts-charged.json", "alerts", lambda _: NO_ALERTS),
    Row("alerts-kept.json", "alerts", lambda _: NO_ALERTS),
    Row("alerts-owed.json", "alerts", lambda _: NO_ALERTS),
    Row(
        "billing-daily.json",
        "billing",
        lambda _: {"from": str, "to": str, "rows": int, "files": list},
    ),
    Row(
        "billing-days.json",
        "billing",
        lambda _: {"from": "2026-11-21", "to": "2026-11-22", "rows": int, "files": list},
    ),
]
