"""The Lambda layer in front of AWS's runtime for Python, and of Node.js: what clients and the platform see, with and without it."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import sample
from gateway import POLL_INTERVAL_S, ROOT
from rie import Emulator, Event, binary
from store import Store

FOLDER = Path(__file__).parent / "layered"
# A bound for a process that does not end, not an expectation.
WAIT_S = 30

RUNTIMES = {
    "python": [sys.executable, "-m", "awslambdaric", "app.handler"],
    "nodejs": ["node", ROOT / "gateway/src/language/bootstrap.mjs", "app.handler"],
}

Start = Callable[..., Emulator]


@pytest.fixture
def start(store: Store) -> Iterator[Start]:
    """Starts a function with the layer in front of its runtime, or without it."""
    running: list[Emulator] = []

    def start(runtime: str, *, with_layer: bool = True, handler: str = "app.handler", **variables: str) -> Emulator:
        wrapper = [binary("layer")] if with_layer else []
        command = [*wrapper, *RUNTIMES[runtime][:-1], handler]
        own = {"LAMBDA_TASK_ROOT": os.fspath(FOLDER), "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"}
        emulator = Emulator("layer", store.variables() | own | variables, command=command, folder=FOLDER)
        running.append(emulator)
        return emulator

    yield start
    for emulator in running:
        emulator.stop()


def asked(event: Event, what: str) -> Event:
    """The event of a client that asks the function to do something."""
    return event | {"headers": event["headers"] | {"x-do": what}}


def without_key(event: Event) -> Event:
    headers = {name: value for name, value in event["headers"].items() if name != "x-api-key"}
    return event | {"headers": headers} | ({"multiValueHeaders": {}} if "multiValueHeaders" in event else {})


def seen(answer: tuple[int, bytes]) -> tuple[int, str]:
    """What a platform sees, without what differs from one request to the next."""
    status, body = answer
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", body.decode())
    return status, re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)


DOORS = {
    "users-list.json": lambda told, store: told["lambda"]["keyId"] == store.key_id,
    "function-url-create.json": lambda told, store: told["lambda"]["planId"] == store.plan_id,
    "rest-create.json": lambda told, store: told["keyId"] == store.key_id,
    "http-api-v1-create.json": lambda told, store: told["customerId"] == "customer-7",
}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_requests_are_decided_before_the_function_sees_them(runtime: str, start: Start, store: Store) -> None:
    function = start(runtime)
    for name, is_told in DOORS.items():
        event = sample(name)
        refused = function.invoke(without_key(event))
        assert (refused["statusCode"], json.loads(refused["body"])) == (403, {"message": "Forbidden"}), name
        admitted = function.invoke(event)
        assert admitted["statusCode"] == 200, name
        headers = {name.lower(): value for name, value in admitted["headers"].items()}
        assert "ratelimit" in headers and "ratelimit-policy" in headers, name
        assert is_told(json.loads(admitted["body"])["told"], store), name
    balanced = function.invoke(sample("alb-create.json") | {"queryStringParameters": {}})
    assert json.loads(balanced["body"])["headers"]["x-tollgate-key-id"] == store.key_id
    assert function.invoke({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}) == {"records": 1}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_quota_is_exact(runtime: str, start: Start, store: Store) -> None:
    stage = f"quota{runtime}:dev"
    value = f"a-key-for-the-quota-of-{runtime}"
    plan = store.tollgate("plans", "create", f"Five of {runtime}", "--quota", "5/MONTH", "--stage", stage)["id"]
    store.tollgate("keys", "create", f"five-{runtime}", "--value", value, "--plan", plan)
    event = json.loads(json.dumps(sample("users-list.json")).replace("a1b2c3d4e5", stage.partition(":")[0]))
    event["headers"]["x-api-key"] = value
    function = start(runtime)
    answers = [function.invoke(event) for _ in range(8)]
    assert [answer["statusCode"] for answer in answers] == [200] * 5 + [429] * 3
    assert json.loads(answers[-1]["body"]) == {"message": "Limit Exceeded"}
    assert int({name.lower(): value for name, value in answers[-1]["headers"].items()}["retry-after"]) > 0


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("what", ["raise", "exit", "sleep"])
def test_the_platform_sees_failures_as_without_the_layer(runtime: str, what: str, start: Start) -> None:
    event = asked(sample("users-list.json"), what)
    variables = {"AWS_LAMBDA_FUNCTION_TIMEOUT": "3"}
    plain = start(runtime, with_layer=False, **variables)
    layered = start(runtime, **variables)
    assert seen(layered.call(event)) == seen(plain.call(event))
    # The next environment is as good as the first one.
    assert layered.invoke(sample("users-list.json"))["statusCode"] == 200


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_function_that_cannot_start_fails_as_without_the_layer(runtime: str, start: Start) -> None:
    event = sample("users-list.json")
    plain = start(runtime, with_layer=False, handler="app.missing")
    layered = start(runtime, handler="app.missing")
    answer = seen(layered.call(event))
    assert answer == seen(plain.call(event))
    assert "HandlerNotFound" in answer[1]


def processes(function: Emulator) -> dict[str, int]:
    """The process ids of the proxy and of the runtime."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            group = os.getsid(int(folder.name))
        except (OSError, UnicodeDecodeError):
            continue
        if group != function.session:
            continue
        if "--proxy-of" in words:
            found["proxy"] = int(folder.name)
        elif "app.handler" in words and "rapid" not in words[0]:
            found["runtime"] = int(folder.name)
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("victim", ["proxy", "runtime"])
def test_the_end_of_either_process_is_the_end_of_both_and_the_next_environment_serves(runtime: str, victim: str, start: Start) -> None:
    event = sample("users-list.json")
    function = start(runtime)
    assert function.invoke(event)["statusCode"] == 200
    before = processes(function)
    assert set(before) == {"proxy", "runtime"}
    os.kill(before[victim], signal.SIGKILL)
    end = time.monotonic() + WAIT_S
    while any(process in processes(function).values() for process in before.values()):
        assert time.monotonic() < end, "a process has outlived the other"
        time.sleep(POLL_INTERVAL_S)
    # As for any runtime that is gone: the platform fails the next request at the most, and begins anew.
    function.call(event)
    assert function.invoke(event)["statusCode"] == 200


def test_a_layer_without_a_table_refuses_requests_and_lets_everything_else_pass(start: Start) -> None:
    function = start("python", TOLLGATE_TABLE="")
    refused = function.invoke(sample("users-list.json"))
    assert refused["statusCode"] == 503
    assert function.invoke({"Records": []}) == {"records": 0}
    assert "TOLLGATE_TABLE" in function.output()
    open_function = start("python", TOLLGATE_TABLE="", TOLLGATE_ON_UNAVAILABLE="allow")
    assert open_function.invoke(sample("users-list.json"))["statusCode"] == 200
    without_layer = start("python", TOLLGATE_LAYER="off")
    assert without_layer.invoke(without_key(sample("users-list.json")))["statusCode"] == 200
