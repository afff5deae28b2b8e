"""What all tests of the management API with real clients share."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import api
from gateway import TEMPLATE, Gateway

# How much of what a gateway wrote a failing test shows.
SHOWN_LINES = 60


_running: list[Gateway] = []


@pytest.fixture(scope="module")
def start_gateway() -> Iterator[Callable[..., Gateway]]:
    """Starts gateways with options of the test's own. They end with the tests of the file."""
    started: list[Gateway] = []

    def start(*arguments: str, variables: dict[str, str] | None = None) -> Gateway:
        gateway = Gateway(*arguments, variables=variables)
        started.append(gateway)
        _running.append(gateway)
        return gateway

    yield start
    for gateway in started:
        _running.remove(gateway)
        gateway.stop()


@pytest.fixture(scope="module")
def gateway(start_gateway: Callable[..., Gateway]) -> Gateway:
    """A gateway with the users API of the workspace's REST API template, and its function."""
    return start_gateway("--template", str(TEMPLATE))


@pytest.fixture(scope="module")
def empty_gateway(start_gateway: Callable[..., Gateway]) -> Gateway:
    """A gateway without a template: no API, no plan, no key."""
    return start_gateway("--no-template")


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Any:
    """boto3's client for API Gateway, which checks parameters before it sends them."""
    return api.boto3_client(gateway)


@pytest.fixture
def aws(gateway: Gateway, tmp_path: Path) -> api.AwsCli:
    """The AWS CLI."""
    return api.AwsCli(gateway, tmp_path)


@pytest.fixture
def tollgate(gateway: Gateway) -> api.Tollgate:
    """Tollgate's own command line."""
    return api.Tollgate(gateway)


@pytest.fixture
def name(request: pytest.FixtureRequest, numbers: Iterator[int]) -> str:
    """A name that no other test uses."""
    return f"{request.node.originalname.removeprefix('test_')}-{next(numbers)}"


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Shows the end of what each running gateway wrote beside a failure."""
    report = yield
    if report.failed:
        for gateway in _running:
            lines = gateway.output().splitlines()[-SHOWN_LINES:]
            report.sections.append((f"tollgate on {gateway.admin_url}", "\n".join(lines)))
    return report
