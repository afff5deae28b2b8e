"""Ten thousand keys and a thousand plans: every list pages to its end, in order, without gap or repetition."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

import api
from gateway import Gateway

KEYS, KEYS_A_FILE = 10_000, 500
PLANS = 1_000


@pytest.fixture(scope="module")
def client(empty_gateway: Gateway) -> Any:
    return api.boto3_client(empty_gateway)


@pytest.fixture(scope="module")
def keys(client: Any) -> list[str]:
    """The ids of all keys, in the order in which they were made."""
    made: list[str] = []
    for first in range(0, KEYS, KEYS_A_FILE):
        rows = [f"key-{number:05},valueOfKeyNumber{number:05}" for number in range(first, first + KEYS_A_FILE)]
        imported = client.import_api_keys(format="csv", failOnWarnings=True, body="\n".join(["name,key", *rows]).encode())
        made.extend(imported["ids"])
    return made


@pytest.fixture(scope="module")
def plans(client: Any) -> list[str]:
    """The ids of all plans, in the order in which they were made."""
    return [client.create_usage_plan(name=f"plan-{number:04}")["id"] for number in range(PLANS)]


@pytest.fixture
def measured(capsys: pytest.CaptureFixture[str]) -> Callable[[str, Callable[..., Any]], list[dict[str, Any]]]:
    """Pages through a list, and says how long a page took."""

    def measure(what: str, operation: Callable[..., Any], **parameters: Any) -> list[dict[str, Any]]:
        times_ms: list[float] = []

        def timed(**asked: Any) -> Any:
            began = time.perf_counter()
            try:
                return operation(**asked)
            finally:
                times_ms.append((time.perf_counter() - began) * 1000)

        pages = list(api.pages(timed, **parameters))
        with capsys.disabled():
            p50, longest = statistics.median(times_ms), max(times_ms)
            print(f"\nmeasured: {what}: {len(pages)} pages, p50 {p50:.1f} ms, max {longest:.1f} ms")
        return pages

    return measure


@pytest.mark.parametrize("limit", [25, 500])
def test_all_keys_are_listed_newest_first(client: Any, keys: list[str], measured: Any, limit: int) -> None:
    pages = measured(f"{KEYS} keys by {limit}", client.get_api_keys, limit=limit)
    assert {len(page["items"]) for page in pages} == {limit}
    listed = api.ids(pages)
    assert len(set(listed)) == KEYS
    assert set(listed) == set(keys)
    assert listed == sorted_by_date(pages)


def sorted_by_date(pages: list[dict[str, Any]]) -> list[str]:
    """The ids by the date of creation, newest first. Those of one second, as clients see dates, stay as they are."""
    items = [item for page in pages for item in page["items"]]
    return [item["id"] for item in sorted(items, key=lambda item: item["createdDate"], reverse=True)]


def test_a_prefix_finds_its_keys_among_all(client: Any, keys: list[str], measured: Any) -> None:
    pages = measured(f"the 10 of {KEYS} keys with a prefix", client.get_api_keys, nameQuery="key-0123", limit=500)
    assert {item["name"] for page in pages for item in page["items"]} == {f"key-0123{last}" for last in range(10)}
    assert set(api.ids(pages)) == set(keys[1230:1240])


@pytest.mark.parametrize("limit", [25, 500])
def test_all_plans_are_listed(client: Any, plans: list[str], measured: Any, limit: int) -> None:
    pages = measured(f"{PLANS} plans by {limit}", client.get_usage_plans, limit=limit)
    assert {len(page["items"]) for page in pages} == {limit}
    listed = api.ids(pages)
    assert len(set(listed)) == PLANS
    assert set(listed) == set(plans)


def test_the_keys_of_a_large_plan_are_listed(client: Any, keys: list[str], measured: Any) -> None:
    plan = client.create_usage_plan(name="large")["id"]
    for key in keys[:1000]:
        client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    pages = measured("the 1000 keys of a plan by 100", client.get_usage_plan_keys, usagePlanId=plan, limit=100)
    assert api.ids(pages) == keys[:1000][::-1]
    client.delete_usage_plan(usagePlanId=plan)


def test_one_key_is_found_among_all(client: Any, keys: list[str], measured: Any) -> None:
    def get(**_: Any) -> Any:
        return client.get_api_key(apiKey=keys[KEYS // 2], includeValue=True) | {"items": []}

    [found] = measured("one key", get)
    assert found["id"] == keys[KEYS // 2]
