"""Where a custom resource's function tells CloudFormation what came of a request."""

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ResponseUrl(ThreadingHTTPServer):
    """Keeps what is put to it, oldest first. It answers 200, or first the statuses that it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/response?X-Amz-Signature=not-for-the-log"
        self.statuses: list[int] = []
        self._lock = threading.Lock()
        self._told: list[Any] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer_first(self, statuses: Iterable[int]) -> None:
        """The next requests are answered with these statuses."""
        with self._lock:
            self.statuses = list(statuses)

    def take_told(self) -> list[Any]:
        """What was put and taken since the last time, as JSON."""
        with self._lock:
            told, self._told = self._told, []
        return told

    def take(self, body: bytes) -> int:
        with self._lock:
            status = self.statuses.pop(0) if self.statuses else 200
            if status == 200:
                self._told.append(json.loads(body))
        return status

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ResponseUrl

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # A signed URL is signed for an empty type.
        status = self.server.take(body) if not self.headers.get("Content-Type") else 403
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
