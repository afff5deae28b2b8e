"""Does what the path's parameter says, so that tests see how answers and errors come back."""

import decimal
import logging
import os
import sys
import time

COLD_STARTS = []
logger = logging.getLogger()
logger.setLevel(logging.INFO)


class OutOfStock(Exception):
    pass


def context_of(context):
    return {
        "names": [context.function_name, context.function_version, context.log_group_name],
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "requestId": context.aws_request_id,
        "logStream": context.log_stream_name,
        "remainingMs": context.get_remaining_time_in_millis(),
        "directory": os.getcwd(),
        "environment": {name: os.environ.get(name) for name in ("_HANDLER", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT", "PYTHONPATH")},
    }


def handler(event, context):
    act = event.get("pathParameters", {}).get("act") or event.get("act")
    COLD_STARTS.append(act)
    if act == "echo":
        print("printed: grüß")
        print("printed to stderr", file=sys.stderr)
        logger.info("logged")
        return {"event": event, "text": "grüß 🎉", "price": decimal.Decimal(12)}
    if act == "context":
        return context_of(context)
    if act == "large":
        return {"statusCode": 200, "body": "x" * 5_900_000}
    if act == "too-large":
        return "x" * 6_300_000
    if act == "fail":
        raise OutOfStock("no more of №7")
    if act == "unserializable":
        return {"object": object()}
    if act == "nothing":
        return None
    if act == "hang":
        time.sleep(3600)
    if act == "exit":
        sys.exit(7)
    return {"statusCode": 200, "body": str(len(COLD_STARTS))}
