#!/usr/bin/env python3
"""A Lambda function with as many workers as AWS_LAMBDA_MAX_CONCURRENCY says, each of which polls by itself."""

import http.client
import json
import os
import threading
import time

BASE = "/2018-06-01/runtime/invocation/"
together = threading.Barrier(int(os.environ["AWS_LAMBDA_MAX_CONCURRENCY"]))


def answer(event):
    action = event.get("do", "echo")
    if action == "meet":
        together.wait()
    if action == "crash":
        together.wait()
        os._exit(7)
    if action == "wait":
        while not os.path.exists(event["file"]):
            time.sleep(0.005)
    return {"pid": os.getpid(), "event": event}


def work():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", BASE + "next")
        response = api.getresponse()
        request_id = response.getheader("lambda-runtime-aws-request-id")
        event = json.loads(response.read())
        if event.get("do") == "stream":
            together.wait()
            prelude = b'{"statusCode":200}' + bytes(8)
            headers = {
                "Lambda-Runtime-Function-Response-Mode": "streaming",
                "Content-Type": "application/vnd.awslambda.http-integration-response",
            }
            body = iter([prelude, event["text"].encode()])
            api.request("POST", BASE + request_id + "/response", body, headers, encode_chunked=True)
        else:
            api.request("POST", BASE + request_id + "/response", json.dumps(answer(event)))
        api.getresponse().read()


for _ in range(together.parties - 1):
    threading.Thread(target=work, daemon=True).start()
work()
