"""`tollgate import` and `tollgate export`, run as an operator runs them, and what two gateways hold."""

import http.client
import http.server
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import api
from gateway import ROOT, Gateway, environment

# A bound for a command that hangs, not an expectation.
COMMAND_TIMEOUT_S = 1800

# Stages that plans can cover: a gateway knows those of its template.
STAGES = ROOT / "tests/templates/stages.yaml"

# Tags that say how a key or plan came to where it is.
OF_THE_WAY = ("tollgate:id", "tollgate:created-at")


def command(*arguments: str) -> list[str]:
    """The command line of the program that is tested."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return [str(target / "debug/tollgate"), *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment() | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
    )


def done(*arguments: str) -> Any:
    """What a command that is done writes with `--json`."""
    ended = run(*arguments, "--json")
    assert ended.returncode == 0, f"tollgate {' '.join(arguments)}\n{ended.stdout}\n{ended.stderr}"
    return json.loads(ended.stdout)


def importing(source: Gateway, target_url: str) -> list[str]:
    """The arguments of an import from one gateway into another."""
    return [
        *("import", "--from-api-gateway", "--api-gateway-url", source.admin_url),
        *("--requests-per-second", "10000", "--url", target_url),
    ]


def leaving(source: Gateway, target: Gateway) -> list[str]:
    """The arguments of the way back."""
    return [
        *("export", "--to-api-gateway", "--url", source.admin_url),
        *("--api-gateway-url", target.admin_url, "--requests-per-second", "10000"),
    ]


def killed_when(arguments: list[str], is_time: Callable[[], bool]) -> bool:
    """Runs a command until it is time, and kills it then. Whether it was still at work."""
    with subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=environment() | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        end = time.monotonic() + COMMAND_TIMEOUT_S
        while process.poll() is None and not is_time() and time.monotonic() < end:
            time.sleep(api.POLL_INTERVAL_S)
        process.kill()
        return process.wait() < 0


def held(client: Any) -> dict[str, Any]:
    """All keys and plans of a gateway by their ids, but for dates of change and for how they came there."""
    plans: dict[str, Any] = {}
    for item in listed(client.get_usage_plans):
        plan = api.without_metadata(client.get_usage_plan(usagePlanId=item["id"]))
        plan["tags"] = own_tags(plan)
        plan["apiStages"] = sorted(plan["apiStages"], key=lambda stage: (stage["apiId"], stage["stage"]))
        plan["keys"] = sorted(key["id"] for key in listed(client.get_usage_plan_keys, usagePlanId=item["id"]))
        plans[item["id"]] = plan
    keys: dict[str, Any] = {}
    for item in listed(client.get_api_keys, includeValues=True):
        key = dict(item)
        del key["lastUpdatedDate"]
        key["tags"] = own_tags(client.get_api_key(apiKey=item["id"]))
        keys[item["id"]] = key
    return {"plans": plans, "keys": keys}


def own_tags(resource: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in resource.get("tags", {}).items() if name not in OF_THE_WAY}


def listed(operation: Any, **parameters: Any) -> list[dict[str, Any]]:
    return [item for page in api.pages(operation, limit=500, **parameters) for item in page["items"]]


class Server(http.server.ThreadingHTTPServer):
    """A server whose clients may leave at any time."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass


class Breaking:
    """A management API whose connection breaks: after so many changes no more come through, or the answer of the last is lost."""

    def __init__(self, gateway: Gateway, changes: int, *, loses_answer: bool) -> None:
        breaking = self
        self._left = changes
        self._loses_answer = loses_answer
        self._lock = threading.Lock()
        self.has_broken = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                comes_through, is_answered = breaking.admit(self.command)
                if not comes_through:
                    self.close_connection = True
                    return
                length = int(self.headers.get("content-length") or 0)
                status, headers, body = forward(gateway, self.command, self.path, dict(self.headers), self.rfile.read(length))
                if not is_answered:
                    self.close_connection = True
                    return
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def admit(self, method: str) -> tuple[bool, bool]:
        """Whether a request comes through, and its answer."""
        with self._lock:
            if method == "GET":
                return True, True
            self._left -= 1
            if self._left >= 0:
                return True, True
            self.has_broken = True
            return (True, False) if self._loses_answer and self._left == -1 else (False, False)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def forward(
    gateway: Gateway, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    authority = gateway.admin_url.removeprefix("http://")
    connection = http.client.HTTPConnection(authority, timeout=api.REQUEST_TIMEOUT_S)
    try:
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
        connection.request(method, path, body or None, kept)
        response = connection.getresponse()
        hop = ("content-length", "connection", "transfer-encoding")
        fields = {name: value for name, value in response.getheaders() if name.lower() not in hop}
        return response.status, fields, response.read()
    finally:
        connection.close()
