"""What the release binaries write: lines of JSON, one for each decision, one count for each, and no secret."""

import json
from collections.abc import Callable
from typing import Any

from conftest import sample
from rie import Emulator
from store import KEY_VALUE, PEPPER, Store

UNKNOWN_VALUE = "tg_d_0123456789abcdefghijklmnopqrstuvwxyz"


def _use(function: Emulator) -> None:
    """Two admissions and two denials."""
    admitted = sample("users-create.json")
    unknown = json.loads(json.dumps(admitted).replace(KEY_VALUE, UNKNOWN_VALUE))
    for event in (admitted, admitted, unknown, sample("users-create-without-key.json")):
        function.invoke(event)


def _decisions(function: Emulator) -> list[str]:
    return [line["decision"] for line in function.json_lines() if "decision" in line]


def _counts(function: Emulator) -> list[dict[str, Any]]:
    return [line for line in function.json_lines() if "_aws" in line]


def test_at_debug_each_decision_is_one_line(start_function: Callable[..., Emulator], store: Store) -> None:
    function = start_function("users", AWS_LAMBDA_LOG_LEVEL="DEBUG")
    _use(function)
    assert _decisions(function) == ["admitted", "admitted", "unknown_key", "missing_key"]
    admitted = next(line for line in function.json_lines() if line.get("decision") == "admitted")
    assert admitted["level"] == "DEBUG"
    assert (admitted["key.id"], admitted["plan.id"]) == (store.key_id, store.plan_id)


def test_at_info_only_denials_are_lines(start_function: Callable[..., Emulator]) -> None:
    function = start_function("users", AWS_LAMBDA_LOG_LEVEL="INFO")
    _use(function)
    assert _decisions(function) == ["unknown_key", "missing_key"]
    assert {line["level"] for line in function.json_lines() if "decision" in line} == {"INFO"}


def test_each_decision_is_counted_once_by_function_and_plan(start_function: Callable[..., Emulator], store: Store) -> None:
    function = start_function("users", AWS_LAMBDA_LOG_LEVEL="INFO")
    _use(function)
    admitted, again, unknown, missing = _counts(function)
    for count in (admitted, again):
        assert (count["FunctionName"], count["Plan"], count["Admitted"]) == ("users", store.plan_id, 1)
        assert _metric(count) == ("Admitted", [["FunctionName"], ["FunctionName", "Plan"]])
    for count in (unknown, missing):
        assert (count["FunctionName"], count["Forbidden"]) == ("users", 1)
        assert "Plan" not in count
        assert _metric(count) == ("Forbidden", [["FunctionName"]])


def _metric(count: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """The metric's name and dimensions, of a line that is as CloudWatch asks for it."""
    metadata = count["_aws"]
    assert type(metadata["Timestamp"]) is int
    (directive,) = metadata["CloudWatchMetrics"]
    (metric,) = directive["Metrics"]
    assert directive["Namespace"] == "Tollgate"
    assert metric["Unit"] == "Count"
    return metric["Name"], directive["Dimensions"]


def test_a_store_that_does_not_answer_is_counted_and_refused(start_function: Callable[..., Emulator]) -> None:
    # Nothing listens on the discard port.
    function = start_function("users", AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:9", TOLLGATE_STORE_TIMEOUT_MS="100")
    answer = function.invoke(sample("users-create.json"))
    assert answer["statusCode"] == 503
    assert [count["StoreFailed"] for count in _counts(function)] == [1]


def test_no_function_has_written_a_secret(all_output: Callable[[], str]) -> None:
    written = all_output()
    assert written.count('"decision":"admitted"') > 5
    for secret in (KEY_VALUE, PEPPER, UNKNOWN_VALUE):
        assert secret not in written
