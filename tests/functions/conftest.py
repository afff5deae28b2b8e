"""What all tests of the functions share: the store, and one emulator for each function and environment."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway import ROOT
from response_url import ResponseUrl
from rie import Emulator, Event
from store import Store

# How much of what a function wrote a failing test shows.
SHOWN_LINES = 60

_running: list[Emulator] = []

StartFunction = Callable[..., Emulator]


@pytest.fixture(scope="session")
def store() -> Store:
    """The tables, with the plan and the key of the sample events."""
    endpoint = os.environ.get("TOLLGATE_DYNAMODB_LOCAL_ENDPOINT")
    if not endpoint:
        pytest.exit("TOLLGATE_DYNAMODB_LOCAL_ENDPOINT does not name Amazon DynamoDB Local: tests/run starts it", returncode=2)
    store = Store(endpoint, f"-{uuid.uuid4().hex}")
    store.sell_a_plan()
    return store


@pytest.fixture(scope="session")
def start_function(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartFunction]:
    """Starts functions with variables beside those of the store. They end with the run."""

    exports = {"TOLLGATE_EXPORT_TO": str(tmp_path_factory.mktemp("exports"))}

    def start(function: str, **variables: str) -> Emulator:
        emulator = Emulator(function, store.variables() | exports | variables)
        _running.append(emulator)
        return emulator

    yield start
    for emulator in _running:
        emulator.stop()


@pytest.fixture(scope="session")
def function(start_function: StartFunction) -> StartFunction:
    """A function with these variables: the same one for the same variables."""
    known: dict[tuple[Any, ...], Emulator] = {}

    def get(name: str, **variables: str) -> Emulator:
        wanted = (name, *sorted(variables.items()))
        if wanted not in known:
            known[wanted] = start_function(name, **variables)
        return known[wanted]

    return get


@pytest.fixture(scope="session")
def response_url() -> Iterator[ResponseUrl]:
    """Where the answers of custom resources go."""
    response_url = ResponseUrl()
    yield response_url
    response_url.stop()


@pytest.fixture(scope="session")
def all_output() -> Callable[[], str]:
    """Everything that all functions of the run have written so far."""
    return lambda: "\n".join(emulator.output() for emulator in _running)


def sample(name: str) -> Event:
    """An event of events/."""
    event: Event = json.loads((ROOT / "events" / name).read_text())
    return event


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Shows the end of what each running function wrote beside a failure."""
    report = yield
    if report.failed:
        for emulator in _running:
            lines = emulator.output().splitlines()[-SHOWN_LINES:]
            report.sections.append((f"function {emulator.function}", "\n".join(lines)))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that read what all functions have written last."""
    items.sort(key=lambda item: "all_output" in getattr(item, "fixturenames", ()))
