"""Whether an answer is as it has to be."""

import json
import re
from typing import Any

from rows import Http


def differences(expected: Any, actual: Any, path: str = "$") -> list[str]:
    """What in a JSON value is not as expected, one sentence each.

    In what is expected, a pattern stands for the texts that it matches as a whole, and a type for its values. Objects have
    exactly the members that are expected.
    """
    match expected:
        case Http():
            return _http_differences(expected, actual)
        case re.Pattern():
            matches = isinstance(actual, str) and expected.fullmatch(actual) is not None
            return [] if matches else [f"{path} does not match {expected.pattern}: {actual!r}"]
        case type():
            return [] if type(actual) is expected else [f"{path} is no {expected.__name__}: {actual!r}"]
        case dict():
            if not isinstance(actual, dict):
                return [f"{path} is no object: {actual!r}"]
            missing = [f"{path}.{name} is missing" for name in expected.keys() - actual.keys()]
            excess = [f"{path}.{name} is not expected: {actual[name]!r}" for name in actual.keys() - expected.keys()]
            common = expected.keys() & actual.keys()
            inner = [found for name in common for found in differences(expected[name], actual[name], f"{path}.{name}")]
            return missing + excess + inner
        case list():
            if not isinstance(actual, list) or len(actual) != len(expected):
                return [f"{path} is no list of {len(expected)}: {actual!r}"]
            pairs = enumerate(zip(expected, actual, strict=True))
            return [found for index, (one, other) in pairs for found in differences(one, other, f"{path}[{index}]")]
        case _:
            equal = type(actual) is type(expected) and actual == expected
            return [] if equal else [f"{path} is {actual!r}, not {expected!r}"]


def _http_differences(expected: Http, actual: Any) -> list[str]:
    if not isinstance(actual, dict) or "statusCode" not in actual:
        return [f"$ is no answer to a request: {actual!r}"]
    # REST APIs and load balancers are answered with lists of values.
    many = {name: values[0] for name, values in (actual.get("multiValueHeaders") or {}).items()}
    headers = {name.lower(): value for name, value in ((actual.get("headers") or {}) | many).items()}
    text = actual.get("body")
    body = json.loads(text) if text else None
    read = {"status": actual["statusCode"], "headers": headers, "body": body}
    return differences({"status": expected.status, "headers": expected.headers, "body": expected.body}, read)
