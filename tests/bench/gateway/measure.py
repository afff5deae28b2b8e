"""Measures the gateway and others with wrk, in turns, and prints one table. `run` starts what is measured."""

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CONNECTIONS = 64
UNKNOWN_KEY = "a-key-that-nobody-has-been-given"
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass
class Measurement:
    """One round of wrk."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float


@dataclass
class Row:
    """A system in a scenario: where it answers, and what it has to answer."""

    scenario: str
    system: str
    url: str
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    # How many times as many requests Tollgate has to answer.
    target: float | None = None
    # Whether a few requests may be answered otherwise: those that a limiter lets pass.
    is_limiter: bool = False
    rounds: list[Measurement] = field(default_factory=list)

    def median(self, name: str) -> float:
        return statistics.median(getattr(each, name) for each in self.rounds)


def call(url: str, method: str = "GET", headers: dict[str, str] | None = None, body: object = None) -> tuple[int, str]:
    """One request, and the status and the body of its answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, None if body is None else json.dumps(body), headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def made(admin: str, path: str, body: object) -> dict:
    """What the management API answers when something is made."""
    status, text = call(admin + path, "POST", {"content-type": "application/json"}, body)
    if status != 201:
        raise SystemExit(f"POST {path}: {status} {text}")
    return json.loads(text)


def make_api(admin: str, backend: str | None) -> tuple[str, str]:
    """An API with a method of each kind, and a key that may almost never call it. The API's id, and the key's value."""
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {
            "default": {"statusCode": "200", "responseTemplates": {"application/json": '{"message":"ok"}'}}
        },
    }
    answers = {"200": {"description": ""}}
    paths = {
        "/mock": {"get": {"responses": answers, "x-amazon-apigateway-integration": mock}},
        "/keyed": {
            "get": {"security": [{"api_key": []}], "responses": answers, "x-amazon-apigateway-integration": mock}
        },
    }
    if backend:
        proxy = {"type": "http_proxy", "httpMethod": "GET", "uri": f"{backend}/answer"}
        paths["/proxy"] = {"get": {"responses": answers, "x-amazon-apigateway-integration": proxy}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "bench", "version": "1.0"},
        "paths": paths,
        "components": {"securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
    }
    api_id = made(admin, "/restapis?mode=import", document)["id"]
    made(admin, f"/restapis/{api_id}/deployments", {"stageName": "bench"})
    plan = made(
        admin,
        "/usageplans",
        {
            "name": "bench",
            "throttle": {"rateLimit": 0.01, "burstLimit": 1},
            "apiStages": [{"apiId": api_id, "stage": "bench"}],
        },
    )
    key = made(admin, "/apikeys", {"name": "bench", "enabled": True})
    made(admin, f"/usageplans/{plan['id']}/keys", {"keyId": key["id"], "keyType": "API_KEY"})
    return api_id, key["value"]


def rows_of(options: argparse.Namespace) -> list[Row]:
    api_id, key = make_api(options.admin, options.backend)
    api = f"{options.gateway}/_aws/execute-api/{api_id}/bench"
    forbidden, limited, ok = '{"message":"Forbidden"}', '{"message":"Too Many Requests"}', '{"message":"ok"}'
    denials = [
        Row("403, no key", "tollgate", f"{api}/keyed", 403, forbidden),
        Row("403, unknown key", "tollgate", f"{api}/keyed", 403, forbidden, {"x-api-key": UNKNOWN_KEY}),
        Row("429", "tollgate", f"{api}/keyed", 429, limited, {"x-api-key": key}, is_limiter=True),
    ]
    rows = []
    for row in denials:
        rows.append(row)
        if options.nginx:
            url = f"{options.nginx}/limited.json"
            rows.append(Row(row.scenario, "nginx limit_req", url, 429, limited, target=0.7, is_limiter=True))
    rows.append(Row("MOCK", "tollgate", f"{api}/mock", 200, ok))
    if options.nginx:
        rows.append(Row("MOCK", "nginx limit_req", f"{options.nginx}/answer.json", 200, ok, target=0.7))
        rows.append(Row("HTTP_PROXY", "tollgate", f"{api}/proxy", 200, ok))
        rows.append(Row("HTTP_PROXY", "nginx proxy_pass", f"{options.nginx}/proxy", 200, ok, target=0.7))
    health = "/_aws/execute-api/users/bench/health"
    body = '"ok"'
    rows.append(Row("Lambda", "tollgate", options.gateway + health, 200, body))
    rows.append(Row("Lambda", "tollgate, one process", options.one_process + health, 200, body))
    if options.cargo_lambda:
        url = f"{options.cargo_lambda}/lambda-url/users/health"
        rows.append(Row("Lambda", "cargo lambda watch", url, 200, body, target=3.0))
    if options.serverless_offline:
        rows.append(Row("Lambda", "serverless-offline", f"{options.serverless_offline}/health", 200, body, target=20.0))
    if options.sam:
        rows.append(Row("Lambda", "sam local start-api", f"{options.sam}/health", 200, body, target=20.0))
    return rows


def check(row: Row) -> None:
    """Fails when the system does not answer as it has to. A limiter lets the first request pass."""
    for _ in range(3):
        status, body = call(row.url, headers=row.headers)
        if status == row.status and row.body in body:
            return
    raise SystemExit(f"{row.scenario}, {row.system}: expected {row.status} with {row.body}, got {status} {body}")


def measure(row: Row, seconds: int) -> Measurement:
    threads = min(os.cpu_count() or 1, CONNECTIONS)
    command = ["wrk", f"-t{threads}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    for name, value in row.headers.items():
        command += ["-H", f"{name}: {value}"]
    said = subprocess.run([*command, row.url], check=True, capture_output=True, text=True).stdout
    total = int(found(r"(\d+) requests in", said, row))
    others = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    refused = int(others[1]) if others else 0
    expected = total if row.status >= 400 else 0
    slack = max(10, total // 1000) if row.is_limiter else 0
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    if abs(expected - refused) > slack or (broken and any(int(count) for count in broken.groups())):
        raise SystemExit(f"{row.scenario}, {row.system}: not what was asked for:\n{said}")
    return Measurement(
        float(found(r"Requests/sec:\s+([\d.]+)", said, row)), latency_ms("50%", said, row), latency_ms("99%", said, row)
    )


def found(pattern: str, text: str, row: Row) -> str:
    match = re.search(pattern, text)
    if not match:
        raise SystemExit(f"{row.scenario}, {row.system}: wrk says\n{text}")
    return match[1]


def latency_ms(percentile: str, text: str, row: Row) -> float:
    value = found(rf"{percentile}\s+([\d.]+(?:us|ms|s|m))\b", text, row)
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", value).groups()
    return round(float(number) * UNITS_MS[unit], 3)


def result_of(row: Row, rows: list[Row]) -> dict:
    requests_per_s = row.median("requests_per_s")
    own = [each.median("requests_per_s") for each in rows if each.scenario == row.scenario and each.system == "tollgate"]
    return {
        "scenario": row.scenario,
        "system": row.system,
        "connections": CONNECTIONS,
        "requests_per_s": round(requests_per_s, 1),
        "p50_ms": row.median("p50_ms"),
        "p99_ms": row.median("p99_ms"),
        "ratio": round(own[0] / requests_per_s, 2) if row.target else None,
        "target": row.target,
    }


def print_table(results: list[dict]) -> None:
    print(f"\n{'scenario':<18}{'system':<24}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'tollgate is':>13}")
    for each in results:
        ratio = "" if each["ratio"] is None else f"{each['ratio']:.2f} x"
        print(
            f"{each['scenario']:<18}{each['system']:<24}{each['requests_per_s']:>12,.0f}"
            f"{each['p50_ms']:>10.2f}{each['p99_ms']:>10.2f}{ratio:>13}"
        )
    print(f"\n{'target':<48}{'measured':>10}  met")
    for each in results:
        if each["target"] is not None:
            target = f"{each['scenario']}: at least {each['target']:g} x {each['system']}"
            met = "yes" if each["ratio"] >= each["target"] else "no"
            print(f"{target:<48}{each['ratio']:>8.2f} x  {met}")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ["gateway", "admin", "one-process"]:
        parser.add_argument(f"--{name}", required=True)
    for name in ["nginx", "backend", "cargo-lambda", "serverless-offline", "sam", "json"]:
        parser.add_argument(f"--{name}")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    options = parser.parse_args()
    rows = rows_of(options)
    for row in rows:
        check(row)
    for number in range(options.rounds):
        for row in rows:
            row.rounds.append(measure(row, options.seconds))
        print(f"round {number + 1} of {options.rounds}: done", flush=True)
    results = [result_of(row, rows) for row in rows]
    print_table(results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
            file.write("\n")


main()
