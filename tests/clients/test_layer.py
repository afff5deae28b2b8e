"""Tollgate's layer in front of the example functions in Python and in Node.js, on a laptop: as their clients see them."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from gateway import ROOT, Gateway, run

CLIENTS = 64
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    template = ["--template", str(ROOT / "template.yaml"), "--parameter-overrides", "WithExamples=true"]
    gateway = Gateway(*template, "--concurrency", "2")
    yield gateway
    gateway.stop()


@pytest.fixture(params=["HelloPythonFunction", "HelloNodeFunction"])
def function(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def key(gateway: Gateway, *limits: str) -> str:
    value: str = json.loads(run(gateway, "keys", "create", "client", "--plan", "Hello", *limits, "--json"))["value"]
    return value


class Client:
    """A client of a function's URL, with one connection."""

    def __init__(self, gateway: Gateway, function: str, value: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=TIMEOUT_S)
        self._path = f"/_aws/lambda-url/{function}"
        self._headers = {} if value is None else {"x-api-key": value}

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        self._connection.request(method, self._path + path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()


def test_the_story_of_a_key(gateway: Gateway, function: str) -> None:
    status, _, body = Client(gateway, function).ask("GET", "/hello")
    assert (status, json.loads(body)) == (403, {"message": "Forbidden"})
    assert Client(gateway, function).ask("GET", "/health")[0] == 200
    client = Client(gateway, function, key(gateway, "--burst", "3", "--rate", "0.01"))
    status, headers, body = client.ask("GET", "/hello")
    assert status == 200
    assert headers["ratelimit-policy"].startswith('"burst";q=3;')
    told = json.loads(body)
    assert told["message"] == "Hello"
    # Of the quota of the plan this was the first request.
    assert told["remaining"] == 999
    assert [client.ask("POST", "/hello", b"x")[0] for _ in range(3)] == [200, 200, 429]
    status, headers, body = client.ask("GET", "/hello")
    assert (status, json.loads(body)) == (429, {"message": "Too Many Requests"})
    assert int(headers["retry-after"]) > 0


def test_a_quota_is_exact_for_64_clients_at_once(gateway: Gateway, function: str) -> None:
    value = key(gateway, "--quota", "200", "--rate", "100000", "--burst", "100000")
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def work() -> None:
        client = Client(gateway, function, value)
        seen = Counter(client.ask("GET", "/hello")[0] for _ in range(8))
        with lock:
            statuses.update(seen)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {200: 200, 429: CLIENTS * 8 - 200}


def test_a_streamed_answer_comes_whole(gateway: Gateway) -> None:
    client = Client(gateway, "HelloNodeFunction", key(gateway))
    status, headers, body = client.ask("GET", "/stream")
    assert (status, headers["content-type"], body) == (200, "text/plain", b"one\ntwo\nthree\n")
    assert "ratelimit" in headers
