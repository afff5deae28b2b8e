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
# The gateway with a function: as it is by default, with one process that is invoked once at a time, and with one that is invoked often.
TEN, ONE, MULTI = "tollgate --concurrency 10", "tollgate --concurrency 1", "tollgate --concurrency 1 --max-concurrency 64"
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
    # How many times as many requests Tollgate has to answer, and as which of its rows.
    target: float | None = None
    beside: tuple[str, ...] = ("tollgate",)
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
            rows.append(Row(row.scenario, "nginx limit_req, a static answer", f"{options.nginx}/answer", 200, ok, target=0.7))
            # For comparison: nginx does less to refuse than to answer.
            url = f"{options.nginx}/limited"
            rows.append(Row(row.scenario, "nginx limit_req, refusing", url, 429, "429", is_limiter=True))
    rows.append(Row("MOCK", "tollgate", f"{api}/mock", 200, ok))
    if options.nginx:
        rows.append(Row("MOCK", "nginx limit_req, a static answer", f"{options.nginx}/answer", 200, ok, target=0.7))
        rows.append(Row("HTTP_PROXY", "tollgate", f"{api}/proxy", 200, ok))
        rows.append(Row("HTTP_PROXY", "nginx proxy_pass", f"{options.nginx}/proxy", 200, ok, target=0.7))
    health = "/_aws/execute-api/users/bench/health"
    body = '"ok"'
    for system, url in [(TEN, options.gateway), (ONE, options.one_process), (MULTI, options.multi_concurrency)]:
        rows.append(Row("Lambda", system, url + health, 200, body))
    for own, url in [((ONE, MULTI), options.cargo_lambda), ((TEN,), options.cargo_lambda_10)]:
        if url:
            system = own[0].replace("tollgate", "cargo lambda watch")
            rows.append(Row("Lambda", system, f"{url}/lambda-url/users/health", 200, body, target=3.0, beside=own))
    for system, url in [("serverless-offline", options.serverless_offline), ("sam local start-api", options.sam)]:
        if url:
            rows.append(Row("Lambda", system, f"{url}/health", 200, body, target=20.0, beside=(TEN, MULTI)))
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


def results_of(rows: list[Row]) -> list[dict]:
    """A row of the table for each system, with what is demanded of it."""
    results = {
        (row.scenario, row.system): {
            "scenario": row.scenario,
            "system": row.system,
            "callers": CONNECTIONS,
            "requests_per_s": round(row.median("requests_per_s"), 1),
            "p50_ms": row.median("p50_ms"),
            "p99_ms": row.median("p99_ms"),
            "targets": [],
        }
        for row in rows
    }
    for row in rows:
        for own in row.beside if row.target else ():
            result = results[row.scenario, own]
            ratio = result["requests_per_s"] / row.median("requests_per_s")
            target = {"what": f"requests/s, times {row.system}", "measured": round(ratio, 2), "at_least": row.target}
            result["targets"].append(target)
    return list(results.values())


def print_tables(results: list[dict]) -> None:
    print(f"\n{'scenario':<18}{'system':<46}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}")
    for each in results:
        print(
            f"{each['scenario']:<18}{each['system']:<46}{each['requests_per_s']:>12,.0f}"
            f"{each['p50_ms']:>10.2f}{each['p99_ms']:>10.2f}"
        )
    print(f"\n{'scenario':<18}{'system':<46}{'as many requests as':<38}{'target':>9}{'measured':>10}")
    for each in results:
        for target in each["targets"]:
            met = "met" if target["measured"] >= target["at_least"] else "MISSED"
            other = target["what"].removeprefix("requests/s, times ")
            print(
                f"{each['scenario']:<18}{each['system']:<46}{other:<38}"
                f"{'>= ' + format(target['at_least'], 'g'):>9}{target['measured']:>10.2f}  {met}"
            )


def table_row(result: dict) -> dict:
    """The same for the table of tests/bench/run, whose columns have other names."""
    row = {name: value for name, value in result.items() if name != "requests_per_s"}
    return row | {"scenario": f"gateway, {result['scenario']}", "checks_per_s": result["requests_per_s"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ["gateway", "admin", "one-process", "multi-concurrency"]:
        parser.add_argument(f"--{name}", required=True)
    for name in ["nginx", "backend", "cargo-lambda", "cargo-lambda-10", "serverless-offline", "sam", "json", "rows"]:
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
    results = results_of(rows)
    print_tables(results)
    if options.rows:
        with open(options.rows, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(table_row(each)) + "\n" for each in results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
            file.write("\n")


main()
