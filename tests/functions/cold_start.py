"""What the usage plan layer adds to a cold start of the users function. `tests/cold-start --help` says more.

Usage: cold_start.py ENDPOINT STARTS    (ENDPOINT is a DynamoDB)
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# What the modules of the other tests import is found without pytest too.
sys.path.append(os.fspath(Path(__file__).resolve().parents[1] / "clients"))

from gateway import ROOT, environment
from rie import binary
from store import Store

TARGET_RATIO = 1.2
# Bounds for a program that hangs, not expectations.
TIMEOUT_S = 30


@dataclass(frozen=True)
class Start:
    """One start: time since the process was started, its own processor time, and its peak memory after the first answer."""

    init_ms: float
    init_cpu_ms: float
    first_answer_ms: float
    first_answer_cpu_ms: float
    peak_memory_kb: int


class RuntimeApi(ThreadingHTTPServer):
    """Lambda's Runtime API for one process and one event."""

    daemon_threads = True

    def __init__(self, event: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.event = event
        self.spawned = threading.Event()
        self.process_id = 0
        self.asked_at: float | None = None
        self.asked_cpu_ms = 0.0
        self.answered_at: float | None = None
        self.answered = threading.Event()
        self.measured = threading.Event()

    def handle_error(self, *_: object) -> None:
        """The process is ended while it waits for its next event, so its connection breaks off."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        if self.server.asked_at is not None:
            # Nothing more comes: the process waits until it is ended.
            self.server.measured.wait(TIMEOUT_S)
            self.close_connection = True
            return
        self.server.asked_at = time.monotonic()
        # The process is waiting for this answer, so it uses no time meanwhile.
        self.server.spawned.wait(TIMEOUT_S)
        self.server.asked_cpu_ms = cpu_ms(self.server.process_id)
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + TIMEOUT_S) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:users")
        self.send_header("Content-Length", str(len(self.server.event)))
        self.end_headers()
        self.wfile.write(self.server.event)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answered_at = time.monotonic()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answered.set()

    def log_message(self, *_: object) -> None:
        pass


def cpu_ms(process_id: int) -> float:
    """The processor time that all threads of a process have used so far."""
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def start_once(variables: dict[str, str], event: bytes) -> Start:
    """Starts the program, gives it one event, and ends it."""
    api = RuntimeApi(event)
    thread = threading.Thread(target=api.serve_forever, daemon=True)
    thread.start()
    function = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "users",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "users",
        "AWS_LAMBDA_LOG_STREAM_NAME": "users",
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [binary("users")],
        env=environment() | variables | function,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        api.process_id = process.pid
        api.spawned.set()
        if not api.answered.wait(TIMEOUT_S) or api.asked_at is None or api.answered_at is None:
            sys.exit("the users function has not answered: run it under tests/functions to see why")
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return Start(
            init_ms=(api.asked_at - began) * 1000,
            init_cpu_ms=api.asked_cpu_ms,
            first_answer_ms=(api.answered_at - began) * 1000,
            first_answer_cpu_ms=cpu_ms(process.pid),
            peak_memory_kb=int(peak.split()[1]),
        )
    finally:
        process.kill()
        process.wait()
        api.measured.set()
        api.shutdown()
        api.server_close()
        thread.join()


def main() -> None:
    endpoint, starts = sys.argv[1], int(sys.argv[2])
    store = Store(endpoint, f"-{uuid.uuid4().hex}")
    store.sell_a_plan()
    store.reset_users()
    event = (ROOT / "events/users-get.json").read_bytes()
    quiet = store.variables() | {"AWS_LAMBDA_LOG_LEVEL": "INFO"}
    ways = {"without": quiet | {"TOLLGATE_LAYER": "off"}, "with": quiet | {"TOLLGATE_LAYER": "on"}}
    measured: dict[str, list[Start]] = {way: [] for way in ways}
    # The first start of each reads the program from the disk and warms the database. Then they take turns, so that what else
    # the machine does meets both alike.
    for number in range(starts + 1):
        for way, variables in ways.items():
            start = start_once(variables, event)
            if number > 0:
                measured[way].append(start)
    report(measured, starts)


def report(measured: dict[str, list[Start]], starts: int) -> None:
    """Prints a table for people and a line of JSON for programs."""

    def medians(name: str) -> tuple[float, float]:
        without, with_layer = (statistics.median(getattr(start, name) for start in measured[way]) for way in ("without", "with"))
        return without, with_layer

    print(f"median of {starts} starts       without layer  with layer  ratio")
    result: dict[str, object] = {"starts": starts, "target_ratio": TARGET_RATIO}
    for name, label in (
        ("init_ms", "start to first /next, ms"),
        ("init_cpu_ms", "  processor time, ms"),
        ("first_answer_ms", "start to first answer, ms"),
        ("first_answer_cpu_ms", "  processor time, ms"),
        ("peak_memory_kb", "peak memory, kB"),
    ):
        without, with_layer = medians(name)
        print(f"{label:26} {without:>13.1f}  {with_layer:>10.1f}  {with_layer / without:>5.2f}")
        result[name] = {"without": round(without, 2), "with": round(with_layer, 2), "ratio": round(with_layer / without, 3)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
