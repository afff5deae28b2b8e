"""What operators ask before they change a plan: `tollgate replay`, `simulate` and `capacity`, as they run them."""

import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api import AwsCli
from gateway import ROOT, Gateway, environment

TOLLGATE = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug/tollgate"

# 2026-11-25T12:00:00Z
NOON = 1_795_608_000

LIMITS = ["--rate", "1", "--burst", "2"]


def run(*arguments: str | Path, stdin: str | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [TOLLGATE, *map(str, arguments)],
        env=environment() | {"NO_COLOR": "1"},
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done
    return done


def run_json(*arguments: str | Path, stdin: str | None = None) -> Any:
    return json.loads(run(*arguments, "--json", stdin=stdin).stdout)


# Three requests of one caller within a second, which a burst of 2 does not take, and one of another.
API_GATEWAY = "".join(
    json.dumps({"requestTimeEpoch": str(NOON * 1000 + at), "apiKeyId": key, "status": "200", "resourcePath": "/u"}) + "\n"
    for at, key in [(0, "joe"), (2, "joe"), (1, "joe"), (500, "ann")]
)
DECISIONS = "".join(
    json.dumps(
        {
            "timestamp": f"2026-11-25T12:00:00.{at:06}Z",
            "level": "DEBUG",
            "message": "admitted a request",
            "key.id": key,
            "decision": "admitted",
            "target": "tollgate::limiter::log",
        }
    )
    + "\n"
    for at, key in [(0, "joe"), (1000, "joe"), (2000, "joe"), (500000, "ann")]
)
# To the second only: the three are spread over it, and the last still comes too early.
COMMON = "".join(f'{ip} - - [25/Nov/2026:12:00:00 +0000] "GET /u HTTP/1.1" 200 5\n' for ip in ["192.0.2.1"] * 3 + ["192.0.2.2"])
COMBINED = COMMON.replace("5\n", '5 "-" "curl/8"\n')
CLOUDFRONT = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status\n" + "".join(
    f"2026-11-25\t12:00:00\t{ip}\tGET\t/u\t200\n" for ip in ["192.0.2.1"] * 3 + ["192.0.2.2"]
)
LOAD_BALANCER = "".join(
    f"https 2026-11-25T12:00:01.{at:06}Z app/lb/5 {ip}:4000 10.0.0.1:80 0.0 0.0 0.0 200 200 5 5"
    f' "GET https://example.com:443/u HTTP/1.1" "curl/8" - - arn "Root=1" "example.com" "arn" 0'
    f' 2026-11-25T12:00:00.{at:06}Z "forward"\n'
    for at, ip in [(0, "192.0.2.1"), (1, "192.0.2.1"), (2, "192.0.2.1"), (3, "192.0.2.2")]
)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("log", "by", "caller"),
    [
        (API_GATEWAY, "apiKeyId", "joe"),
        (DECISIONS, "key.id", "joe"),
        (COMMON, "host", "192.0.2.1"),
        (COMBINED, "host", "192.0.2.1"),
        (CLOUDFRONT, "c-ip", "192.0.2.1"),
        (LOAD_BALANCER, "client", "192.0.2.1"),
    ],
    ids=["api-gateway", "decisions", "common", "combined", "cloudfront", "load-balancer"],
)
def test_every_kind_of_log_is_replayed(tmp_path: Path, log: str, by: str, caller: str, packed: bool) -> None:
    file = tmp_path / ("access.log.gz" if packed else "access.log")
    # As the services do, in several members.
    file.write_bytes(gzip.compress(log[:100].encode()) + gzip.compress(log[100:].encode()) if packed else log.encode())
    report = run_json("replay", file, *LIMITS)
    assert (report["by"], report["callers"], report["unreadableLines"]) == ([by], 2, 0)
    (plan,) = report["plans"]
    assert (plan["refused"], plan["throttled"], plan["newlyRefused"]) == (1, 1, 1)
    (refusal,) = plan["firstRefusals"]
    assert (refusal["caller"], refusal["reason"]) == (caller, "throttled")
    assert 0 < refusal["retryAfterMs"] <= 1_000


def test_a_replay_is_told_in_words_and_with_its_doubts(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text(API_GATEWAY + "nonsense\n")
    done = run("replay", file, *LIMITS, "--quota", "1/DAY")
    assert "1/s, burst 2, 1/DAY" in done.stdout
    assert "joe" in done.stdout
    assert "quota_exceeded" in done.stdout
    assert f"{file}:5: is no JSON object" in done.stderr
    assert "1 of 5 lines cannot be read" in done.stderr


def test_a_replay_from_stdin_by_another_member() -> None:
    log = API_GATEWAY.replace("apiKeyId", "customer")
    report = run_json("replay", "-", *LIMITS, "--by", "customer", stdin=log)
    assert report["by"] == ["customer"]
    assert report["plans"][0]["refused"] == 1


def test_the_value_of_a_key_is_not_shown() -> None:
    value = "aValueThatOpensTheApi0123"
    log = API_GATEWAY.replace("apiKeyId", "apiKey").replace("joe", value)
    done = run("replay", "-", *LIMITS, stdin=log)
    assert value not in done.stdout
    assert "sha256:" in done.stdout


def test_plans_come_from_the_template_and_from_the_gateway(tmp_path: Path, empty_gateway: Gateway, name: str) -> None:
    aws = AwsCli(empty_gateway, tmp_path)
    file = tmp_path / "access.log"
    file.write_text(API_GATEWAY)
    report = run_json("replay", file, "--template", "template.yaml")
    assert [plan["plan"] for plan in report["plans"]] == ["Bronze", "Silver", "Gold"]
    plan = aws("create-usage-plan", "--name", name, "--throttle", "rateLimit=1,burstLimit=2")
    for reference in [name, plan["id"]]:
        report = run_json("replay", file, "--url", empty_gateway.admin_url, "--plan", reference, *LIMITS)
        # The plan as it is, and one that was only written down.
        assert [plan["refused"] for plan in report["plans"]] == [1, 1]
    refused = run("replay", file, "--url", empty_gateway.admin_url, "--plan", "no-such-plan", code=1)
    assert "no plan has the id or the name `no-such-plan`" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["replay", "-"], "no plan is named"),
        (["replay", "no-such-file.log", *LIMITS], "the log `no-such-file.log` cannot be read"),
        (["replay", "-", *LIMITS, "--format", "alb", "--by", "apiKeyId"], "has no field `apiKeyId`"),
        (["simulate", *LIMITS, "--traffic", "waves:3"], "`waves:3` is no shape of traffic"),
        (["simulate", *LIMITS, "--traffic", "constant:1000000000"], "are simulated at the most"),
        (["simulate", "--template", "template.yaml", "--traffic", "constant:1"], "3 plans are named"),
        (["capacity", "--file", "no-such-file.json"], "the file of plans `no-such-file.json` cannot be read"),
        (["capacity", "--file", "template.yaml"], "is no JSON"),
        (["capacity", "--template", "template.yaml", "--price", "gold=5"], "`gold=5` is no price"),
    ],
)
def test_what_cannot_be_done_says_why(arguments: list[str], message: str) -> None:
    done = run(*arguments, stdin="x\n", code=2)
    assert message in done.stderr
    assert done.stdout == ""


def test_a_simulation_is_repeatable_and_drawn(tmp_path: Path) -> None:
    traffic = ["simulate", "--rate", "5", "--burst", "10", "--traffic", "poisson:8", "--duration-s", "120"]
    report = run_json(*traffic)
    assert report == run_json(*traffic)
    assert report != run_json(*traffic, "--seed", "2")
    assert report["requests"] == report["admitted"] + report["givenUp"]
    # No more than the plan allows: the burst, and the rate for two minutes.
    assert 500 < report["admitted"] <= 10 + 5 * 120
    assert sum(second["admitted"] for second in report["seconds"]) == report["admitted"]
    svg = tmp_path / "chart.svg"
    done = run(*traffic, "--svg", svg)
    assert "█" in done.stdout
    assert svg.read_text().startswith("<svg")


def test_refused_callers_who_come_again_wait() -> None:
    bursts = ["simulate", "--rate", "5", "--burst", "10", "--traffic", "bursts:20/10"]
    assert run_json(*bursts)["admitted"] == 60
    patient = run_json(*bursts, "--retry")
    assert (patient["admitted"], patient["givenUp"]) == (120, 0)
    assert patient["waits"]["p50Ms"] == 0
    assert patient["waits"]["maxMs"] == 2_000


def test_a_simulation_of_the_times_of_a_file(tmp_path: Path) -> None:
    times = tmp_path / "times.txt"
    times.write_text("2026-11-25T12:00:00Z\n2026-11-25T12:00:00.100Z\n2026-11-25T12:00:00.2Z\n\n2026-11-25T12:00:05Z\n")
    report = run_json("simulate", *LIMITS, "--traffic", f"file:{times}")
    assert (report["requests"], report["admitted"]) == (4, 3)
    times.write_text("1\nyesterday\n")
    assert f"{times}:2: is no time" in run("simulate", *LIMITS, "--traffic", f"file:{times}", code=2).stderr


def test_capacity_of_a_running_gateway(tmp_path: Path, empty_gateway: Gateway, name: str) -> None:
    aws = AwsCli(empty_gateway, tmp_path)
    limits = ["--throttle", "rateLimit=7,burstLimit=100", "--quota", "limit=1000,period=DAY"]
    plan = aws("create-usage-plan", "--name", name, *limits)
    for number in range(3):
        key = aws("create-api-key", "--name", f"{name}-{number}", "--enabled")["id"]
        aws("create-usage-plan-key", "--usage-plan-id", plan["id"], "--key-id", key, "--key-type", "API_KEY")
    report = run_json("capacity", "--url", empty_gateway.admin_url, "--duration-ms", "100")
    (found,) = [need for need in report["plans"] if need["plan"] == name]
    assert (found["keys"], found["rate"], found["burst"]) == (3, 21, 300)
    assert found["requestsAMonth"] == pytest.approx(3 * 1_000 * 30.4375)
    assert found["writesPerSecond"] == pytest.approx(21 * 1.13)
    # 100 / 16 requests a lease.
    assert found["writesPerSecondWithLeases"] == pytest.approx(21 * 1.18 / 6)


def test_capacity_of_a_file_and_of_the_template(tmp_path: Path) -> None:
    file = tmp_path / "plans.json"
    throttle = {"rateLimit": 100, "burstLimit": 200}
    file.write_text(json.dumps([{"name": "Gold", "keys": 20, "throttle": throttle, "apiStages": ["users:prod"]}]))
    report = run_json("capacity", "--file", file, "--duration-ms", "50", "--requests-per-month", "30000000")
    (stage,) = report["stages"]
    assert (stage["stage"], stage["rate"], stage["burst"]) == ("users:prod", 2_000, 4_000)
    assert (stage["concurrency"], stage["mostConcurrency"]) == (100, 4_100)
    (front_door, *_) = report["bill"]["lines"]
    assert (front_door["httpApi"], front_door["restApi"]) == (pytest.approx(30), pytest.approx(105))
    assert "November 2026" in report["bill"]["prices"]
    done = run("capacity", "--template", "template.yaml")
    assert "REST API" in done.stdout
    assert "list prices of us-east-1" in done.stderr
