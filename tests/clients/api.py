"""Clients of the management API, callers of the APIs that it makes, and the APIs themselves."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from gateway import ROOT, Gateway, environment, tollgate

ACCOUNT = "000000000000"
REGION = "us-east-1"

# The logical id of the function of tests/templates/rest-api.yaml, which is its name too.
FUNCTION = "UsersFunction"
FUNCTION_URI = (
    f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}/invocations"
)

USER = json.dumps({"name": "Ada Lovelace", "email": "ada@example.org"})

# How long a condition may take to become true, and one request: bounds for what never comes, not expectations.
PATIENCE_S = 30
REQUEST_TIMEOUT_S = 60
POLL_INTERVAL_S = 0.05

T = TypeVar("T")


def boto3_client(gateway: Gateway, *, checks_parameters: bool = True) -> Any:
    """boto3's client for API Gateway. Without checks it sends what the service model does not allow."""
    session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    # No retries: what the server answers first is what a test is to see.
    config = Config(
        parameter_validation=checks_parameters,
        retries={"total_max_attempts": 1},
        read_timeout=REQUEST_TIMEOUT_S,
        max_pool_connections=1,
    )
    return session.client("apigateway", endpoint_url=gateway.admin_url, config=config)


class AwsCli:
    """`aws apigateway …` against a gateway, with nothing changed but the endpoint."""

    def __init__(self, gateway: Gateway, home: Path) -> None:
        self._environment = environment() | {"AWS_ENDPOINT_URL": gateway.admin_url, "HOME": str(home)}

    def __call__(self, *arguments: str) -> Any:
        """What a command that is done writes, read as JSON. Nothing when it writes nothing."""
        done = self._run(arguments)
        assert done.returncode == 0, f"aws apigateway {' '.join(arguments)}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, *arguments: str) -> str:
        """What a command that fails says of it."""
        done = self._run(arguments)
        assert done.returncode != 0, f"aws apigateway {' '.join(arguments)} has not failed\n{done.stdout}"
        return done.stderr

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "awscli", "apigateway", *arguments, "--output", "json"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=REQUEST_TIMEOUT_S,
        )


class Tollgate:
    """`tollgate …` against a gateway's management API."""

    def __init__(self, gateway: Gateway) -> None:
        self._url = gateway.admin_url
        self._environment = environment() | {"NO_COLOR": "1"}

    def __call__(self, *arguments: str) -> Any:
        """What a command that is done writes with `--json`."""
        done = self._run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def text(self, *arguments: str) -> str:
        """What a command that is done writes for people."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def refused(self, *arguments: str) -> str:
        """What a command that fails says of it."""
        done = self._run(*arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tollgate(), *arguments, "--url", self._url],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=REQUEST_TIMEOUT_S,
        )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)

    def is_refused_as(self, status: int, message: str, error_type: str) -> bool:
        """Whether it is the gateway's own answer, in all that API Gateway says of a refusal."""
        return (
            self.status == status
            and self.headers.get("x-amzn-errortype") == error_type
            and self.body == json.dumps({"message": message}, separators=(",", ":"))
        )

    @property
    def is_forbidden(self) -> bool:
        return self.is_refused_as(403, "Forbidden", "ForbiddenException")

    @property
    def is_throttled(self) -> bool:
        return self.is_refused_as(429, "Too Many Requests", "TooManyRequestsException")

    @property
    def is_over_quota(self) -> bool:
        return self.is_refused_as(429, "Limit Exceeded", "LimitExceededException")


def send(url: str, method: str = "GET", headers: dict[str, str] | None = None, body: str | bytes | None = None) -> Answer:
    """Sends a request as it is given: a `Host` among the headers takes the place of the URL's."""
    authority, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(authority, timeout=REQUEST_TIMEOUT_S)
    try:
        connection.request(method, f"/{path}", body, headers or {})
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, fields, response.read().decode())
    finally:
        connection.close()


def eventually(what: str, value: Callable[[], T]) -> T:
    """Waits until `value()` is true, and answers it."""
    end = time.monotonic() + PATIENCE_S
    while not (found := value()):
        assert time.monotonic() < end, f"not so after {PATIENCE_S} s: {what}"
        time.sleep(POLL_INTERVAL_S)
    return found


def until_not(refused: Callable[[Answer], bool], call: Callable[[], Answer]) -> Answer:
    """Calls until the answer is no longer this refusal. All calls before it have been refused."""
    end = time.monotonic() + PATIENCE_S
    while refused(answer := call()):
        assert time.monotonic() < end, f"still so after {PATIENCE_S} s: {answer}"
        time.sleep(POLL_INTERVAL_S)
    return answer


def replace(path: str, value: str) -> dict[str, str]:
    """A patch operation."""
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: str) -> dict[str, str]:
    """A patch operation."""
    return {"op": "add", "path": path, "value": value}


def remove(path: str, value: str | None = None) -> dict[str, str]:
    """A patch operation."""
    return {"op": "remove", "path": path} | ({} if value is None else {"value": value})


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of boto3, without what is not in its body."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def pages(operation: Callable[..., dict[str, Any]], **parameters: Any) -> Iterator[dict[str, Any]]:
    """All pages of a list, the way a client asks for them."""
    position: dict[str, str] = {}
    while True:
        page = operation(**parameters, **position)
        yield page
        if "position" not in page:
            return
        position = {"position": page["position"]}


def ids(answers: Iterable[dict[str, Any]]) -> list[str]:
    """The ids of the items of a page, or of several."""
    return [item["id"] for answer in answers for item in answer["items"]]


@dataclass
class RestApi:
    """A REST API with one resource and one method, deployed to one stage."""

    gateway: Gateway
    client: Any
    id: str
    root_id: str
    resource_id: str
    path: str
    method: str
    stage: str
    deployment_id: str = ""
    #: What tells the method from others in most operations.
    where: dict[str, str] = field(default_factory=dict)

    @property
    def stage_key(self) -> str:
        return f"{self.id}:{self.stage}"

    @property
    def api_stage(self) -> dict[str, str]:
        return {"apiId": self.id, "stage": self.stage}

    def deploy(self) -> str:
        """Makes what is edited what is served."""
        answer = self.client.create_deployment(restApiId=self.id, stageName=self.stage)
        self.deployment_id = answer["id"]
        return self.deployment_id

    def call(self, key: str | None = None, **changes: Any) -> Answer:
        """Calls the method by the address that needs no other host name."""
        caller = Caller(self.gateway, self.id, self.stage, self.path, self.method)
        return caller.call(key, **changes)


@dataclass(frozen=True)
class Caller:
    """A client of one method of an API."""

    gateway: Gateway
    api_id: str
    stage: str = "dev"
    path: str = "/users"
    method: str = "POST"

    def addresses(self) -> dict[str, tuple[str, dict[str, str]]]:
        """The URLs at which the method is served, each with the headers that belong to it."""
        plain = f"{self.gateway.url}/{self.stage}{self.path}"
        hosts = [f"{self.api_id}.execute-api.localhost", f"{self.api_id}.execute-api.{REGION}.amazonaws.com"]
        return {
            "/_aws/execute-api/": (f"{self.gateway.url}/_aws/execute-api/{self.api_id}/{self.stage}{self.path}", {}),
            "/restapis/": (f"{self.gateway.url}/restapis/{self.api_id}/{self.stage}/_user_request_{self.path}", {}),
            **{host: (plain, {"Host": host}) for host in hosts},
        }

    def call(
        self,
        key: str | None = None,
        *,
        address: str = "/_aws/execute-api/",
        headers: dict[str, str] | None = None,
        body: str | None = USER,
    ) -> Answer:
        """Calls the method, with a user as its body when it takes one."""
        url, own = self.addresses()[address]
        sent = {"Content-Type": "application/json"} | own | (headers or {}) | ({} if key is None else {"x-api-key": key})
        return send(url, self.method, sent, None if self.method in {"GET", "DELETE"} else body)


def put_mock(client: Any, where: dict[str, str], body: str = '{"answer":"mock"}') -> None:
    """Gives a new method an integration that answers by itself."""
    client.put_method_response(**where, statusCode="200")
    client.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    put_mock_body(client, where, body)


def put_mock_body(client: Any, where: dict[str, str], body: str) -> None:
    """Changes what the integration answers."""
    client.put_integration_response(**where, statusCode="200", responseTemplates={"application/json": body})


def make_api(
    gateway: Gateway,
    client: Any,
    name: str,
    *,
    path_part: str = "users",
    method: str = "GET",
    api_key_required: bool = False,
    stage: str = "dev",
) -> RestApi:
    """An API with one method, which answers by itself, deployed to a stage."""
    made = client.create_rest_api(name=name)
    root = made["rootResourceId"]
    resource = client.create_resource(restApiId=made["id"], parentId=root, pathPart=path_part)["id"]
    where = {"restApiId": made["id"], "resourceId": resource, "httpMethod": method}
    client.put_method(**where, authorizationType="NONE", apiKeyRequired=api_key_required)
    put_mock(client, where)
    api = RestApi(gateway, client, made["id"], root, resource, f"/{path_part}", method, stage, where=where)
    api.deploy()
    return api


def make_key(client: Any, name: str, plan_id: str | None = None, **parameters: Any) -> dict[str, Any]:
    """An enabled key, on a plan when one is given."""
    key = client.create_api_key(name=name, enabled=True, **parameters)
    if plan_id is not None:
        client.create_usage_plan_key(usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")
    return key
