"""The control function as CloudFormation uses it: requests again, at once, and malformed, and answers that are not taken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import StartFunction, sample
from response_url import ResponseUrl
from rie import Emulator, Event
from store import Store

CREATE_PLAN = "control-usage-plan-create.json"
CREATE_KEY = "control-api-key-create.json"


@pytest.fixture
def control(function: StartFunction) -> Emulator:
    return function("control")


@pytest.fixture
def request_of(response_url: ResponseUrl, request: pytest.FixtureRequest) -> Callable[..., Event]:
    """A sample event, of a stack that no other test uses."""

    def make(name: str, **members: Any) -> Event:
        stack = f"arn:aws:cloudformation:us-east-1:000000000000:stack/{request.node.name}/1"
        event = sample(name) | {"ResponseURL": response_url.url, "StackId": stack} | members
        return {name: value for name, value in event.items() if value is not None}

    return make


def test_a_retried_request_is_answered_alike_and_makes_nothing_twice(
    control: Emulator, response_url: ResponseUrl, request_of: Callable[..., Event], store: Store
) -> None:
    for name, partition in ((CREATE_PLAN, "P#"), (CREATE_KEY, "I#")):
        before = store.count(partition)
        for _ in range(3):
            assert control.invoke(request_of(name)) is None
        first, *again = response_url.take_told()
        assert first["Status"] == "SUCCESS"
        assert again == [first, first]
        assert store.count(partition) == before + 1


def test_the_same_request_at_once_in_two_environments_makes_one_resource(
    start_function: StartFunction, response_url: ResponseUrl, request_of: Callable[..., Event], store: Store
) -> None:
    environments = [start_function("control"), start_function("control")]
    for name, partition in ((CREATE_PLAN, "P#"), (CREATE_KEY, "I#")):
        before = store.count(partition)
        with ThreadPoolExecutor(len(environments)) as pool:
            answers = list(pool.map(lambda environment, name=name: environment.invoke(request_of(name)), environments))
        assert answers == [None, None]
        one, other = response_url.take_told()
        assert one["Status"] == "SUCCESS"
        assert one == other
        assert store.count(partition) == before + 1


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"RequestType": None}, "RequestType"),
        ({"RequestType": "Import", "PhysicalResourceId": "p1"}, "Import"),
        ({"ResourceType": "Custom::Queue"}, "Custom::Queue"),
        ({"ResourceProperties": "none"}, "ResourceProperties"),
        ({"ResourceProperties": {"Quota": {"Limit": "many", "Period": "DAY"}}}, "Quota.Limit"),
    ],
)
def test_a_malformed_request_is_refused_with_its_reason(
    members: dict[str, Any],
    reason: str,
    control: Emulator,
    response_url: ResponseUrl,
    request_of: Callable[..., Event],
    store: Store,
) -> None:
    before = store.count("P#")
    control.invoke(request_of(CREATE_PLAN, **members))
    (told,) = response_url.take_told()
    assert told["Status"] == "FAILED"
    assert reason in told["Reason"]
    assert told["PhysicalResourceId"]
    assert store.count("P#") == before


def test_an_answer_that_is_not_taken_at_first_is_put_again(
    control: Emulator, response_url: ResponseUrl, request_of: Callable[..., Event]
) -> None:
    response_url.answer_first([503, 500])
    assert control.invoke(request_of(CREATE_PLAN)) is None
    (told,) = response_url.take_told()
    assert told["Status"] == "SUCCESS"


def test_an_answer_that_is_refused_fails_the_call_and_the_next_one_works(
    control: Emulator, response_url: ResponseUrl, request_of: Callable[..., Event]
) -> None:
    response_url.answer_first([403])
    assert "403" in control.invoke(request_of(CREATE_PLAN))["errorMessage"]
    assert response_url.take_told() == []
    # CloudFormation's retry.
    assert control.invoke(request_of(CREATE_PLAN)) is None
    (told,) = response_url.take_told()
    assert told["Status"] == "SUCCESS"


def test_nobody_at_the_url_is_no_hang(start_function: StartFunction, request_of: Callable[..., Event]) -> None:
    control = start_function("control", AWS_LAMBDA_FUNCTION_TIMEOUT="3")
    # Nothing listens on the discard port.
    answer = control.invoke(request_of(CREATE_PLAN, ResponseURL="http://127.0.0.1:9/response"))
    assert "ResponseURL" in answer["errorMessage"]


def test_neither_the_values_of_keys_nor_response_urls_are_written(
    control: Emulator, response_url: ResponseUrl, request_of: Callable[..., Event], all_output: Callable[[], str]
) -> None:
    control.invoke(request_of(CREATE_KEY))
    chosen = "a-value-that-a-template-names"
    properties = sample(CREATE_KEY)["ResourceProperties"] | {"Value": chosen}
    control.invoke(request_of(CREATE_KEY, LogicalResourceId="Chosen", ResourceProperties=properties))
    values = [told["Data"]["Value"] for told in response_url.take_told()]
    assert values[1] == chosen
    for secret in (*values, "not-for-the-log"):
        assert secret not in all_output()
