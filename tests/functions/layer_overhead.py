"""What the Lambda layer adds to a function in Python: to its start, to each request, and in memory. `tests/layer-overhead --help` says more.

Usage: layer_overhead.py ENDPOINT STARTS REQUESTS    (ENDPOINT is a DynamoDB)
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

# What the modules of the other tests import is found without pytest too.
sys.path.append(os.fspath(Path(__file__).resolve().parents[1] / "clients"))

from gateway import ROOT, environment
from rie import binary
from store import KEY_VALUE, Store

FOLDER = Path(__file__).parent / "layered"
MAX_INIT_MS = 15.0
MAX_P50_MS = 0.3
MAX_PROGRAM_BYTES = 8_000_000
MAX_RESIDENT_KB = 15 * 1024
# The first requests of an environment find no lease yet.
WARM_UP = 100
# A bound for a program that hangs, not an expectation.
TIMEOUT_S = 60


@dataclass
class Environment:
    """One environment: time from the start of its process until it asks for an event, of each request, and the proxy's memory."""

    init_ms: float = 0.0
    requests_ms: list[float] = field(default_factory=list)
    resident_kb: int = 0


class Platform:
    """Lambda's Runtime API for one process, with as little in between as Python allows."""

    def __init__(self, event: bytes, count: int) -> None:
        self._event = event
        self._left = count
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked_at = 0.0
        self.requests_ms: list[float] = []
        self._sent_at = 0.0
        self.done = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        buffered = b""
        while True:
            while b"\r\n\r\n" not in buffered:
                try:
                    piece = connection.recv(65536)
                except OSError:
                    return
                if not piece:
                    return
                buffered += piece
            head, _, buffered = buffered.partition(b"\r\n\r\n")
            lines = head.decode().lower().split("\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
            while len(buffered) < length:
                buffered += connection.recv(65536)
            buffered = buffered[length:]
            if not self._answer(connection, lines[0]):
                return

    def _answer(self, connection: socket.socket, request: str) -> bool:
        """Whether more can come over the connection."""
        if "invocation/next" in request:
            self.asked_at = self.asked_at or time.monotonic()
            if self._left == 0:
                self.done.set()
                return False
            self._left -= 1
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                f"Lambda-Runtime-Aws-Request-Id: {uuid.uuid4()}\r\n"
                f"Lambda-Runtime-Deadline-Ms: {int((time.time() + TIMEOUT_S) * 1000)}\r\n"
                "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:layered\r\n"
                f"Content-Length: {len(self._event)}\r\n\r\n"
            )
            self._sent_at = time.perf_counter()
            connection.sendall(head.encode() + self._event)
        elif request.endswith("/response http/1.1"):
            self.requests_ms.append((time.perf_counter() - self._sent_at) * 1000)
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        elif "extension/register" in request:
            connection.sendall(b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: 1\r\nContent-Length: 2\r\n\r\n{}")
        elif "extension/event/next" in request:
            # No event ever comes.
            return False
        else:
            sys.exit(f"the function has asked for {request}: run it under tests/functions to see why")
        return True


def resident_kb(parent: int) -> int:
    """The resident memory of the proxy that belongs to a process; 0 without one."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--proxy-of" in words and str(parent).encode() in words:
                status = (folder / "status").read_text()
                return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
        except OSError:
            continue
    return 0


def start_once(command: list[str | Path], variables: dict[str, str], event: bytes, requests: int) -> Environment:
    platform = Platform(event, WARM_UP + requests)
    function = {
        "AWS_LAMBDA_RUNTIME_API": platform.address,
        "AWS_LAMBDA_FUNCTION_NAME": "layered",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "LAMBDA_TASK_ROOT": os.fspath(FOLDER),
        "_HANDLER": "app.handler",
    }
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=FOLDER,
        env=environment() | variables | function,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not platform.done.wait(TIMEOUT_S):
            sys.exit("the function has not answered: run it under tests/functions to see why")
        return Environment((platform.asked_at - began) * 1000, platform.requests_ms[WARM_UP:], resident_kb(process.pid))
    finally:
        process.kill()
        process.wait()
        platform.close()


def main() -> None:
    endpoint, starts, requests = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    store = Store(endpoint, f"-{uuid.uuid4().hex}")
    # So large that a lease is never used up before the next one.
    limits = ["--rate", "100000", "--burst", "100000", "--quota", "100000000/MONTH"]
    plan = store.tollgate("plans", "create", "Hot", *limits, "--stage", "a1b2c3d4e5:dev")["id"]
    store.tollgate("keys", "create", "hot", "--value", KEY_VALUE, "--plan", plan)
    event = (ROOT / "events/users-list.json").read_bytes()
    variables = store.variables() | {"AWS_LAMBDA_LOG_LEVEL": "INFO"}
    runtime: list[str | Path] = [sys.executable, "-m", "awslambdaric", "app.handler"]
    ways = {"without": runtime, "with": [binary("layer"), *runtime]}
    measured: dict[str, list[Environment]] = {way: [] for way in ways}
    # The first of each reads the programs from the disk. Then they take turns, so that what else the machine does meets both alike.
    for number in range(starts + 1):
        for way, command in ways.items():
            environment_of_way = start_once(command, variables, event, requests)
            if number > 0:
                measured[way].append(environment_of_way)
    report(measured, starts, requests)


def report(measured: dict[str, list[Environment]], starts: int, requests: int) -> None:
    """Prints a table for people and a line of JSON for programs."""
    init = {way: statistics.median(it.init_ms for it in environments) for way, environments in measured.items()}
    every = {way: sorted(ms for it in environments for ms in it.requests_ms) for way, environments in measured.items()}
    p50 = {way: statistics.median(times) for way, times in every.items()}
    p99 = {way: times[len(times) * 99 // 100] for way, times in every.items()}
    resident = max(it.resident_kb for it in measured["with"])
    size = binary("layer").stat().st_size
    print(f"{starts} environments, {requests} requests each   without layer  with layer   added  at most")
    result: dict[str, object] = {"starts": starts, "requests": requests}
    for label, values, most in (
        ("start to first /next, median, ms", init, MAX_INIT_MS),
        ("a request, p50, ms", p50, MAX_P50_MS),
        ("a request, p99, ms", p99, None),
    ):
        added = values["with"] - values["without"]
        bound = "" if most is None else f"{most:>7}"
        print(f"{label:37} {values['without']:>12.3f}  {values['with']:>10.3f}  {added:>6.3f}  {bound}")
        result[label] = {way: round(value, 4) for way, value in values.items()} | {"added": round(added, 4), "at_most": most}
    print(f"resident memory of the proxy, kB {'':18} {resident:>10}          {MAX_RESIDENT_KB:>7}")
    print(f"the program, bytes {'':32} {size:>10}          {MAX_PROGRAM_BYTES:>7}")
    result |= {"resident_kb": resident, "program_bytes": size}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
