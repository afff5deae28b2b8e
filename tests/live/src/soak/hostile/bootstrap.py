#!/usr/bin/env python3
"""A function that does what its path says. It speaks to the Runtime API by itself."""

import http.client
import json
import os
import time

BASE = "/2018-06-01/runtime/"
# The largest answer that Lambda takes: 6 MB and 100 bytes.
MOST = 6 * 1024 * 1024 + 100
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    api.request(method, BASE + path, body)
    response = api.getresponse()
    return dict(response.getheaders()), response.read()


def answer_of(size):
    start, end = b'{"statusCode": 200, "body": "', b'"}'
    return start + b"x" * (size - len(start) - len(end)) + end


while True:
    headers, payload = call("GET", "invocation/next")
    what = json.loads(payload)["rawPath"].rsplit("/", 1)[-1]
    answer = b'{"statusCode": 200, "body": "done"}'
    if what == "hang":
        time.sleep(3600)
    elif what == "crash":
        os._exit(7)
    elif what == "garbage":
        answer = bytes(range(256)) * 16
    elif what == "largest":
        answer = answer_of(MOST)
    elif what == "too-large":
        answer = answer_of(MOST + 1)
    elif what == "wait":
        while not os.path.exists("go"):
            time.sleep(0.01)
    call("POST", "invocation/" + headers["lambda-runtime-aws-request-id"] + "/response", answer)
