"""The release binary of a function under AWS's runtime interface emulator, as Lambda runs it, without a container."""

import contextlib
import http.client
import importlib.util
import json
import os
import platform
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway import POLL_INTERVAL_S, ROOT, START_ATTEMPTS, START_TIMEOUT_S, STOP_TIMEOUT_S, environment, free_ports

# A bound for a call that hangs, not an expectation.
INVOKE_TIMEOUT_S = 120

Event = dict[str, Any]


def binary(function: str) -> Path:
    """The release binary, where `cargo lambda build` puts it."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "lambda" / function / "bootstrap"


def emulator_binary() -> Path:
    """The emulator that comes with the SAM CLI. It is found without the SAM CLI being imported, which takes a second."""
    package = importlib.util.find_spec("samcli")
    assert package is not None, "aws-sam-cli is not installed"
    assert package.submodule_search_locations is not None
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return Path(package.submodule_search_locations[0]) / "local/rapid" / f"aws-lambda-rie-{machine}"


class Emulator:
    """One execution environment of a function. It takes one call at a time."""

    def __init__(
        self, function: str, variables: dict[str, str], *, command: Sequence[str | Path] | None = None, folder: Path = ROOT
    ) -> None:
        missing = f"{binary(function)} is missing: run `cargo lambda build --release --package {function}`"
        assert binary(function).exists(), missing
        self.function = function
        self._variables = variables
        self._command = command or [binary(function)]
        self._folder = folder
        for _ in range(START_ATTEMPTS):
            self._spawn()
            if self._listens():
                return
            self.stop()
        raise RuntimeError(f"the emulator for {function} did not start\n{self.output()}")

    def _spawn(self) -> None:
        self._port, runtime_api_port = free_ports(2)
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [
                emulator_binary(),
                "--runtime-interface-emulator-address",
                f"127.0.0.1:{self._port}",
                "--runtime-api-address",
                f"127.0.0.1:{runtime_api_port}",
                *self._command,
            ],
            cwd=self._folder,
            env=environment() | {"AWS_LAMBDA_FUNCTION_NAME": self.function} | self._variables,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # The function is the emulator's child, and has to end with it.
            start_new_session=True,
        )

    def _listens(self) -> bool:
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return True
            except OSError:
                time.sleep(POLL_INTERVAL_S)
        return False

    def invoke(self, event: Event) -> Any:
        """What the function answers, as JSON. A failed call is answered with `errorType` and `errorMessage`."""
        status, body = self.call(event)
        assert status == 200, f"{status} {body!r}\n{self.output()}"
        return json.loads(body)

    def call(self, event: Event) -> tuple[int, bytes]:
        """The emulator's status and what it says, also where the function's process has ended or took too long."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=INVOKE_TIMEOUT_S)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def session(self) -> int:
        """The id of the session that all processes of the environment are in."""
        return self._process.pid

    def output(self) -> str:
        """All that the function and the emulator have written so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def json_lines(self) -> list[dict[str, Any]]:
        """The lines of JSON that the function has written. Lines of the emulator itself are no JSON."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def stop(self) -> None:
        """Ends the emulator and the function: with TERM, or with KILL what does not hear."""
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
