"""A small API in Python. It knows nothing of keys: Tollgate's layer stands before it, and tells it whose key it was."""

import json


def handler(event, context):
    request = event["requestContext"]
    match request["http"]["method"], event["rawPath"].rstrip("/"):
        case "GET", "/health":
            return answer(200, {"healthy": True})
        case "GET", "/hello":
            key = request.get("authorizer", {}).get("lambda", {})
            return answer(200, {"message": "Hello", "keyId": key.get("keyId"), "remaining": key.get("remaining")})
        case "POST", "/hello":
            return answer(200, {"echo": event.get("body"), "isBase64Encoded": event.get("isBase64Encoded", False)})
    return answer(404, {"message": "Not Found"})


def answer(status, content):
    # With a status, so that the layer can add what is left of the plan.
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(content)}
