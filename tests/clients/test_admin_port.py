"""Who may use the admin port, and what it answers to what is no request of a client."""

import json
from typing import Any

import pytest

from api import Answer, ids, send
from gateway import Gateway

SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/apigateway/aws4_request, SignedHeaders=host;x-amz-date, Signature=0f"
)
JSON = {"Content-Type": "application/json"}
TOO_LARGE = 10 * 1024 * 1024 + 1


def error_type(answer: Answer) -> str | None:
    return answer.headers.get("x-amzn-errortype")


def port(gateway: Gateway) -> str:
    return gateway.admin_url.rpartition(":")[2]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_answers_to_the_names_of_this_machine(gateway: Gateway, host: str) -> None:
    answer = send(f"{gateway.admin_url}/account", headers={"Host": f"{host}:{port(gateway)}"})
    assert answer.status == 200


@pytest.mark.parametrize("host", ["attacker.example", "localhost.attacker.example", "127.0.0.1.nip.io", "10.0.0.1", ""])
def test_refuses_foreign_names(gateway: Gateway, host: str) -> None:
    answer = send(f"{gateway.admin_url}/account", headers={"Host": f"{host}:{port(gateway)}"})
    assert answer.status == 403
    assert error_type(answer) == "AccessDeniedException"


FOREIGN_ORIGINS = ["http://attacker.example", "https://127.0.0.1", "http://127.0.0.1:1", "null"]


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_refuses_requests_of_foreign_pages(gateway: Gateway, client: Any, method: str, origin: str) -> None:
    before = ids([client.get_api_keys(limit=500)])
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    answer = send(f"{gateway.admin_url}/apikeys", method, headers, '{"name":"stolen"}')
    assert answer.status == 403
    assert error_type(answer) == "AccessDeniedException"
    assert "access-control-allow-origin" not in answer.headers
    assert ids([client.get_api_keys(limit=500)]) == before


def test_answers_its_own_pages(gateway: Gateway) -> None:
    answer = send(f"{gateway.admin_url}/account", headers={"Origin": gateway.admin_url, "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": SIGNATURE}])
def test_answers_signed_and_unsigned_requests(gateway: Gateway, headers: dict[str, str]) -> None:
    assert send(f"{gateway.admin_url}/account", headers=headers).status == 200


MALFORMED = ["Basic dXNlcjpwYXNz", "Bearer token", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=AKID", "", "nonsense"]


@pytest.mark.parametrize("field", MALFORMED)
def test_refuses_what_is_no_signature(gateway: Gateway, field: str) -> None:
    answer = send(f"{gateway.admin_url}/account", headers={"Authorization": field})
    assert answer.status == 403
    assert error_type(answer) == "IncompleteSignatureException"
    assert "Authorization header" in answer.json()["message"]


def test_refuses_a_body_that_is_too_large(gateway: Gateway, client: Any) -> None:
    before = ids([client.get_api_keys(limit=500)])
    body = json.dumps({"name": "large", "description": "d" * TOO_LARGE})
    answer = send(f"{gateway.admin_url}/apikeys", "POST", JSON, body)
    assert answer.status == 413
    assert ids([client.get_api_keys(limit=500)]) == before
    assert send(f"{gateway.admin_url}/account").status == 200


BROKEN_BODIES = {
    "no JSON": b"name=key",
    "cut short": b'{"name":"key"',
    "two values": b'{"name":"one"} {"name":"two"}',
    "a list": b"[]",
    "a text": b'"key"',
    "not UTF-8": b'{"name":"\xff"}',
    "very deep": b'{"tags":' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_refuses_a_body_that_is_no_object_of_json(gateway: Gateway, body: bytes) -> None:
    answer = send(f"{gateway.admin_url}/apikeys", "POST", JSON, body)
    assert answer.status == 400
    assert error_type(answer) == "SerializationException"


@pytest.mark.parametrize("path", ["/", "/nothing", "/apikeys/a/b", "/2015-07-09/apikeys", "//apikeys", "/apikeys/%2e%2e/account"])
def test_an_unknown_path_is_no_operation(gateway: Gateway, path: str) -> None:
    answer = send(gateway.admin_url + path, "PATCH", JSON, "{}")
    assert answer.status in {403, 404}
    assert error_type(answer)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/apikeys"), ("DELETE", "/apikeys"), ("POST", "/account"), ("GET", "/tags"), ("FETCH", "/apikeys")],
)
def test_a_method_that_an_operation_has_not_is_no_operation(gateway: Gateway, method: str, path: str) -> None:
    answer = send(gateway.admin_url + path, method, JSON, "{}")
    assert answer.status in {403, 404, 405}
    assert error_type(answer)
    assert answer.json()["message"]


def test_a_trailing_slash_is_no_other_path(gateway: Gateway) -> None:
    assert send(f"{gateway.admin_url}/account/").json() == send(f"{gateway.admin_url}/account").json()


def test_the_value_of_a_key_is_not_written_to_the_log(gateway: Gateway, client: Any, name: str) -> None:
    value = "secretOfTheLogTest" + "s" * 20
    client.create_api_key(name=name, value=value)
    client.import_api_keys(format="csv", body=f"name,key\n{name},{value}2\n".encode())
    with pytest.raises(client.exceptions.ConflictException):
        client.create_api_key(name=name, value=value)
    assert value not in gateway.output()


def test_a_caller_of_an_api_does_not_reach_the_management(gateway: Gateway) -> None:
    assert send(f"{gateway.url}/apikeys").status == 403
    assert send(f"{gateway.url}/restapis").status == 403
