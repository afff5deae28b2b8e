"""Alerts as their receivers see them: a webhook on this machine, the log, the console and the command line."""

import json
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import api
from gateway import ROOT, Gateway, run

SECRET = "a-secret-that-the-receiver-knows"
TAG = "tollgate:alerts"


class Receiver:
    """Takes what is sent to it, and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        # Whether an answer may be sent. Without, whoever has sent waits.
        self.answers = threading.Event()
        self.answers.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                fields = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append((fields, body))
                receiver.answers.wait(api.PATIENCE_S)
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in list(self.received)]

    def stop(self) -> None:
        self.answers.set()
        self._server.shutdown()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def start(start_gateway: Callable[..., Gateway], receiver: Receiver, *arguments: str) -> Gateway:
    variables = {"TOLLGATE_WEBHOOK_SECRET": SECRET}
    return start_gateway("--no-template", "--webhook", receiver.url, *arguments, variables=variables)


def sell(gateway: Gateway, name: str, **limits: Any) -> tuple[api.RestApi, str, dict[str, Any]]:
    """An API, and the id of a plan with these limits that covers it, with a key."""
    client = api.boto3_client(gateway)
    made = api.make_api(gateway, client, name, api_key_required=True)
    plan = client.create_usage_plan(name=name, apiStages=[made.api_stage], **limits)
    return made, plan["id"], api.make_key(client, name, plan["id"], customerId="customer-7")


def snippet(language: str) -> str:
    """The code of PLANS.md that verifies a signature."""
    text = (ROOT / "PLANS.md").read_text()
    found = [code for code in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if "WINDOW_S" in code]
    assert len(found) == 1, language
    return found[0]


def test_each_threshold_is_told_once_with_a_signature(
    start_gateway: Callable[..., Gateway], receiver: Receiver, name: str
) -> None:
    gateway = start(start_gateway, receiver)
    made, plan_id, key = sell(gateway, name, quota={"limit": 5, "period": "MONTH"}, tags={TAG: "80,100"})
    for _ in range(3):
        assert made.call(key["value"]).status == 200
    for _ in range(2):
        assert made.call(key["value"]).status == 200
    assert made.call(key["value"]).is_over_quota
    api.eventually("both are told", lambda: len(receiver.received) >= 2)

    messages = sorted(receiver.messages(), key=lambda message: message["quota"]["thresholdPercent"])
    for message, percent in zip(messages, (80, 100), strict=True):
        assert message["type"] == "UsageThresholdReached"
        assert (message["keyId"], message["keyName"], message["customerId"]) == (key["id"], name, "customer-7")
        assert (message["planId"], message["planName"]) == (plan_id, name)
        quota = message["quota"]
        assert (quota["thresholdPercent"], quota["limit"], quota["period"]) == (percent, 5, "MONTH")
        assert quota["used"] >= 5 * percent / 100
    fields, body = receiver.received[0]
    assert fields["content-type"] == "application/json"
    assert fields["tollgate-alert-id"] == json.loads(body)["id"]
    verify_with_python(fields["tollgate-signature"], body)
    verify_with_node(fields["tollgate-signature"], body)

    listed = json.loads(run(gateway, "alerts", "--json"))
    assert {alert["id"] for alert in listed} == {message["id"] for message in messages}
    assert {(alert["state"], *alert["told"]) for alert in listed} == {("told", "webhook")}
    page = api.send(f"{gateway.admin_url}/console/usage/alerts").body
    assert "80 % of the quota" in page
    assert "100 % of the quota" in page
    assert "told: webhook" in page
    assert gateway.output().count("alert: a key has used so much of its quota") == 2
    assert SECRET not in gateway.output()


def verify_with_python(signature: str, body: bytes) -> None:
    names: dict[str, Any] = {}
    exec(snippet("python"), names)
    is_from_tollgate = names["is_from_tollgate"]
    sent = int(re.fullmatch(r"t=(\d+),v1=[0-9a-f]{64}", signature).group(1))
    assert is_from_tollgate(SECRET.encode(), signature, body)
    assert is_from_tollgate(SECRET.encode(), signature, body, sent + 300)
    assert not is_from_tollgate(SECRET.encode(), signature, body, sent + 301)
    assert not is_from_tollgate(SECRET.encode(), signature, body + b" ", sent)
    assert not is_from_tollgate(b"another secret", signature, body, sent)
    assert not is_from_tollgate(SECRET.encode(), signature.replace("t=", "t=1"), body, sent)
    for broken in ("", "t=,v1=", "v1=00", f"t={sent}"):
        assert not is_from_tollgate(SECRET.encode(), broken, body, sent)


def verify_with_node(signature: str, body: bytes) -> None:
    node = shutil.which("node")
    if node is None:
        return
    check = """
    const [secret, signature, hex] = process.argv.slice(1);
    const body = Buffer.from(hex, "hex");
    const now = Number(/t=(\\d+)/.exec(signature)[1]);
    const all = [
      isFromTollgate(secret, signature, body),
      isFromTollgate(secret, signature, body, now + 300),
      !isFromTollgate(secret, signature, body, now + 301),
      !isFromTollgate(secret, signature, Buffer.concat([body, Buffer.from(" ")]), now),
      !isFromTollgate("another secret", signature, body, now),
      !isFromTollgate(secret, "", body, now),
      !isFromTollgate(secret, `t=${now}`, body, now),
    ];
    if (all.includes(false)) { console.error(all); process.exit(1); }
    """
    done = subprocess.run(
        [node, "-e", snippet("js") + check, "--", SECRET, signature, body.hex()],
        capture_output=True,
        text=True,
        timeout=api.REQUEST_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr


def test_throttling_is_told_once_in_an_hour(start_gateway: Callable[..., Gateway], receiver: Receiver, name: str) -> None:
    gateway = start(start_gateway, receiver)
    throttle = {"rateLimit": 0.001, "burstLimit": 1}
    made, plan_id, key = sell(gateway, name, throttle=throttle, tags={TAG: "throttled"})
    quiet, _, quiet_key = sell(gateway, f"{name}-quiet", throttle=throttle)
    for caller, value in ((quiet, quiet_key["value"]), (made, key["value"])):
        assert caller.call(value).status == 200
        for _ in range(20):
            assert caller.call(value).is_throttled
    message = api.eventually("it is told", receiver.messages)[0]
    assert message["type"] == "ThrottlingStarted"
    assert (message["keyId"], message["planId"]) == (key["id"], plan_id)
    # A second hour may have begun between two requests.
    hours = {message["throttled"]["startsAt"] for message in receiver.messages()}
    assert len(receiver.received) == len(hours) <= 2
    assert {message["keyId"] for message in receiver.messages()} == {key["id"]}


def test_what_nobody_took_is_told_when_somebody_does(
    start_gateway: Callable[..., Gateway], receiver: Receiver, name: str, tmp_path: Path
) -> None:
    """A gateway that is killed after it has kept an alert, and before anybody has taken it."""
    receiver.status = 500
    gateway = start(start_gateway, receiver, "--data", str(tmp_path / "data"))
    made, _, key = sell(gateway, name, quota={"limit": 1, "period": "MONTH"}, tags={TAG: "100"})
    assert made.call(key["value"]).status == 200
    api.eventually("it is sent", lambda: receiver.received)
    kill(gateway)
    receiver.status = 204
    again = start(start_gateway, receiver, "--data", str(tmp_path / "data"))
    api.eventually("it is told", lambda: states(again) == ["told"])
    assert len({message["id"] for message in receiver.messages()}) == 1
    # It is not told again by a third.
    told = len(receiver.received)
    kill(again)
    third = start(start_gateway, receiver, "--data", str(tmp_path / "data"))
    assert made_again(third, made, key).is_over_quota
    assert states(third) == ["told"]
    assert len(receiver.received) == told


def test_a_gateway_that_is_killed_while_it_tells_tells_again_with_the_same_id(
    start_gateway: Callable[..., Gateway], receiver: Receiver, name: str, tmp_path: Path
) -> None:
    receiver.answers.clear()
    gateway = start(start_gateway, receiver, "--data", str(tmp_path / "data"))
    made, _, key = sell(gateway, name, quota={"limit": 1, "period": "MONTH"}, tags={TAG: "100"})
    assert made.call(key["value"]).status == 200
    api.eventually("it is on its way", lambda: receiver.received)
    kill(gateway)
    receiver.answers.set()
    again = start(start_gateway, receiver, "--data", str(tmp_path / "data"))
    api.eventually("it is told", lambda: states(again) == ["told"])
    ids = [message["id"] for message in receiver.messages()]
    assert len(ids) == 2
    assert ids[0] == ids[1]


def test_a_tag_that_cannot_be_read_and_a_webhook_without_a_secret_are_refused(
    start_gateway: Callable[..., Gateway], receiver: Receiver, name: str
) -> None:
    gateway = start(start_gateway, receiver)
    client = api.boto3_client(gateway)
    for text in ("eighty", "80%", "0", "1000", ""):
        with pytest.raises(ClientError, match="such as 80,100,throttled") as refused:
            client.create_usage_plan(name=name, tags={TAG: text})
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    made = json.loads(run(gateway, "plans", "create", name, "--alerts", "80,throttled", "--json"))
    assert made["tags"] == {TAG: "80,throttled"}
    for variables in ({}, {"TOLLGATE_WEBHOOK_SECRET": "short"}):
        with pytest.raises(RuntimeError, match="TOLLGATE_WEBHOOK_SECRET"):
            start_gateway("--no-template", "--webhook", receiver.url, variables=variables)


def kill(gateway: Gateway) -> None:
    """Ends it without a word."""
    gateway.process.send_signal(signal.SIGKILL)
    gateway.process.wait()


def states(gateway: Gateway) -> list[str]:
    return [alert["state"] for alert in json.loads(run(gateway, "alerts", "--json"))]


def made_again(gateway: Gateway, made: api.RestApi, key: dict[str, Any]) -> api.Answer:
    """The answer of the same API, which another gateway serves."""
    return api.Caller(gateway, made.id, made.stage, made.path, made.method).call(key["value"])
