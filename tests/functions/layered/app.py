"""A function that knows nothing of Tollgate: it says what it was told of a request, or does what its header `x-do` asks for."""

import json
import os
import time
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    if "Records" in event:
        return {"records": len(event["Records"])}
    headers = event.get("headers") or {}
    match headers.get("x-do"):
        case "raise":
            raise ValueError("as it was asked to")
        case "exit":
            os._exit(3)
        case "sleep":
            time.sleep(60)
    told = event["requestContext"].get("authorizer")
    answer = {"told": told, "headers": {name: value for name, value in headers.items() if name.startswith("x-tollgate-")}}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(answer)}
