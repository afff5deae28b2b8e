"""What runs a Python function: it asks the Runtime API for events and calls the handler with them, as Lambda's own runtime does.

The standard library is enough for it, and every Python from 3.9 on.
"""

import decimal
import http.client
import importlib
import json
import logging
import math
import os
import sys
import time
import traceback

API = "/2018-06-01/runtime"

# The versions whose answers have letters beyond ASCII escaped, as AWS's have.
ESCAPES_LETTERS = {f"AWS_Lambda_python3.{minor}" for minor in range(9, 12)}


class Fault(Exception):
    """An error of the runtime's own, with the name that AWS gives it."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.trace = list(trace)


class Connection:
    """The connection to the Runtime API, kept between requests."""

    def __init__(self, address):
        self._address = address
        self._http = None

    def request(self, method, path, body=None, headers=None):
        is_kept = self._http is not None
        try:
            return self._send(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The other side may close a connection that it has kept.
            self._http = None
            if not is_kept:
                raise
            return self._send(method, path, body, headers)

    def _send(self, method, path, body, headers):
        if self._http is None:
            self._http = http.client.HTTPConnection(self._address)
        self._http.request(method, API + path, body, headers or {})
        response = self._http.getresponse()
        content = response.read()
        if response.status >= 500:
            raise SystemExit(f"the Runtime API answered {method} {path} with {response.status}")
        return response, content


class Identity:
    """Who called through a mobile SDK. Nobody does here."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What a handler is told of its invocation."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.client_context = None
        self.identity = Identity()
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class Encoder(json.JSONEncoder):
    """JSON with decimals as numbers. The standard library can write them as floats only, where AWS keeps every digit."""

    def default(self, o):
        if isinstance(o, decimal.Decimal):
            if o.is_nan():
                return math.nan
            return int(o) if o.is_finite() and o == o.to_integral_value() else float(o)
        return super().default(o)


def encoded(result):
    """The answer's bytes and their type."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    escapes = os.environ.get("AWS_EXECUTION_ENV") in ESCAPES_LETTERS
    try:
        return json.dumps(result, cls=Encoder, ensure_ascii=escapes).encode(), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def decoded(event):
    try:
        return json.loads(event)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def find_handler(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from error
    try:
        return getattr(module, function_name)
    except AttributeError as error:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from error


def described(error, request_id=""):
    """The error in the form that AWS gives it, without the frames of this file."""
    if isinstance(error, Fault):
        error_type, trace = error.error_type, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = next((index for index, frame in enumerate(frames) if frame.filename != __file__), 0)
        error_type, trace = type(error).__name__, traceback.format_list(frames[own:])
    return {"errorMessage": str(error), "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def log_error(described_error):
    lines = [f"[ERROR] {described_error['errorType']}: {described_error['errorMessage']}"]
    if described_error["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        lines.extend(line for frame in described_error["stackTrace"] for line in frame.splitlines())
    print("\n".join(lines))


class RequestId(logging.Filter):
    """Adds the request's id to each record."""

    current = ""

    def filter(self, record):
        record.aws_request_id = RequestId.current
        return True


class JsonLines(logging.Formatter):
    """One object a line, with the members that AWS gives them."""

    def format(self, record):
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": record.aws_request_id,
        }
        if record.exc_info:
            line["stackTrace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(line, ensure_ascii=False)


def set_up_logging():
    """Handlers rely on the root logger that Lambda gives them: they only set its level."""
    logging.Formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(JsonLines())
    else:
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(RequestId())
    root = logging.getLogger()
    root.addHandler(handler)
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL", "WARN": "WARNING"}
    wanted = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if wanted:
        root.setLevel(level.get(wanted, wanted))


def post_error(connection, path, described_error):
    # A class may have a name that cannot stand in a header.
    error_type = described_error["errorType"].encode("ascii", "replace").decode()
    headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": error_type}
    connection.request("POST", path, json.dumps(described_error).encode(), headers)


def serve_one(connection, handler):
    response, event = connection.request("GET", "/invocation/next")
    if response.status != 200:
        raise SystemExit(f"the Runtime API has no invocation: {response.status}")
    context = Context(response.headers)
    RequestId.current = context.aws_request_id
    trace_id = response.headers.get("Lambda-Runtime-Trace-Id")
    if trace_id is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    path = f"/invocation/{context.aws_request_id}"
    try:
        answer, content_type = encoded(handler(decoded(event), context))
    except Exception as error:
        described_error = described(error, context.aws_request_id)
        log_error(described_error)
        post_error(connection, f"{path}/error", described_error)
    else:
        connection.request("POST", f"{path}/response", answer, {"Content-Type": content_type})


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=True)
    # The folder of this file is no place for the function's modules.
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.environ["LAMBDA_TASK_ROOT"], *(place for place in sys.path if place != own)]
    connection = Connection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    set_up_logging()
    try:
        handler = find_handler(os.environ["_HANDLER"])
    except Exception as error:
        described_error = described(error)
        log_error(described_error)
        post_error(connection, "/init/error", described_error)
        sys.exit(1)
    while True:
        serve_one(connection, handler)


if __name__ == "__main__":
    main()
