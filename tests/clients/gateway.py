"""The real `tollgate start-api`, started as a user starts it."""

import http.client
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "tests/templates/rest-api.yaml"

# Bounds for a process that hangs on a loaded machine, not expectations.
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
POLL_INTERVAL_S = 0.02
# Another process may take one of our ports before the gateway does.
START_ATTEMPTS = 3


class Gateway:
    """A running gateway on ports of its own. What it writes goes to a file, which a failing test shows."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        for _ in range(START_ATTEMPTS):
            self._spawn()
            failure = self._wait_until_ready()
            if failure is None:
                return
            self.stop()
            if "address already in use" not in failure.lower():
                break
        raise RuntimeError(f"`tollgate start-api {' '.join(arguments)}` failed: {failure}")

    @staticmethod
    def binary() -> Path:
        """The program that is tested."""
        return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug/tollgate"

    def _spawn(self) -> None:
        port, admin_port, dynamodb_port = free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self.admin_url = f"http://127.0.0.1:{admin_port}"
        self.dynamodb_url = f"http://127.0.0.1:{dynamodb_port}"
        self._output = tempfile.TemporaryFile()
        ports = ["--port", port, "--admin-port", admin_port, "--dynamodb-port", dynamodb_port]
        self.process = subprocess.Popen(
            [self.binary(), "start-api", "--no-build", *map(str, ports), *self._arguments],
            cwd=ROOT,
            env=environment() | {"NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def _wait_until_ready(self) -> str | None:
        """Nothing, or why the gateway is not ready."""
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return f"it ended with {self.process.returncode}\n{self.output()}"
            if self._is_ready():
                return None
            time.sleep(POLL_INTERVAL_S)
        return f"not ready after {START_TIMEOUT_S} s\n{self.output()}"

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self.admin_url.removeprefix("http://"), timeout=5)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def output(self) -> str:
        """What the gateway has written so far."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def stop(self) -> None:
        """Ends the gateway with TERM, or with KILL when it does not hear."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def environment() -> dict[str, str]:
    """The environment of a process that a test starts: credentials and a region that open nothing, no settings of the user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TOLLGATE_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
    }


def free_ports(count: int) -> list[int]:
    """Ports that are free now, taken together, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports
