#!/usr/bin/env python3
"""A Lambda function without a runtime library: it speaks to the Runtime API by itself."""

import http.client
import json
import os
import signal
import sys
import threading
import time

BASE = "/2018-06-01/runtime/"
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
told_of_the_end = threading.Event()


def call(method, path, body=None, headers={}):
    api.request(method, BASE + path, body, headers)
    response = api.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def wait_for_file(path):
    while not os.path.exists(path):
        time.sleep(0.005)


def touch(path):
    with open(path, "w"):
        pass


def answer(event, headers, count):
    action = event.get("do", "echo")
    if action == "echo":
        return {"pid": os.getpid(), "count": count, "event": event}
    if action == "describe":
        return {"headers": headers, "environment": dict(os.environ), "directory": os.getcwd()}
    if action == "meet":
        touch(os.path.join(event["directory"], str(event["number"])))
        while len(os.listdir(event["directory"])) < event["people"]:
            time.sleep(0.005)
        return {"pid": os.getpid()}
    if action == "wait":
        print("waiting in", os.getpid(), flush=True)
        wait_for_file(event["file"])
        return {"pid": os.getpid()}
    if action == "crash":
        os._exit(7)
    if action == "hang":
        time.sleep(3600)
    raise ValueError(event.get("reason", "unknown action"))


def extension_call(connection, method, path, headers, body=None):
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), json.loads(response.read())


def register_extension(events):
    """Registers an extension in this process, which prints the events that it gets."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    name = {"Lambda-Extension-Name": "in-process"}
    status, headers, told = extension_call(
        connection, "POST", "register", name, json.dumps({"events": events})
    )
    print("registered", status, told["functionName"], told["accountId"], flush=True)
    identifier = {"Lambda-Extension-Identifier": headers["lambda-extension-identifier"]}
    if os.environ.get("INIT") == "extension-error":
        headers = identifier | {"Lambda-Extension-Function-Error-Type": "Extension.NoDisk"}
        extension_call(connection, "POST", "init/error", headers, "")
        time.sleep(3600)

    def follow():
        while True:
            _, _, event = extension_call(connection, "GET", "event/next", identifier)
            print("event", event["eventType"], event.get("requestId", ""), flush=True)
            if event["eventType"] == "SHUTDOWN":
                told_of_the_end.set()

    threading.Thread(target=follow, daemon=True).start()


def end_in_order(signum, frame):
    if "SHUTDOWN" in os.environ["EXTENSION"]:
        told_of_the_end.wait()
    print("ending in order", flush=True)
    sys.exit(0)


def main():
    init = os.environ.get("INIT", "")
    if "EXTENSION" in os.environ:
        signal.signal(signal.SIGTERM, end_in_order)
        register_extension(json.loads(os.environ["EXTENSION"]))
    if init == "error":
        error = {"errorType": "Config.Missing", "errorMessage": "USERS_TABLE is not set"}
        call("POST", "init/error", json.dumps(error))
        time.sleep(3600)
    print("to stdout", flush=True)
    print("to stderr", file=sys.stderr, flush=True)
    count = 0
    while True:
        _, headers, payload = call("GET", "invocation/next")
        path = "invocation/" + headers["lambda-runtime-aws-request-id"]
        event = json.loads(payload)
        count += 1
        if event.get("do") == "bytes":
            call("POST", path + "/response", b"x" * event["length"])
            continue
        if event.get("do") == "stream":
            body = b'{"statusCode":418,"headers":{"a":"b"}}' + bytes(8) + b"short and stout"
            streaming = {
                "Lambda-Runtime-Function-Response-Mode": "streaming",
                "Content-Type": "application/vnd.awslambda.http-integration-response",
            }
            api.request("POST", BASE + path + "/response", iter([body]), streaming, encode_chunked=True)
            api.getresponse().read()
            continue
        try:
            result = json.dumps(answer(event, headers, count))
        except ValueError as error:
            report = {"errorType": "ValueError", "errorMessage": str(error)}
            call("POST", path + "/error", json.dumps(report))
        else:
            call("POST", path + "/response", result)


main()
