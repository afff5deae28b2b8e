"""Many keys from one gateway into another: killed on the way, resumed, compared, and brought back. tests/import/run calls it."""

import datetime
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import api
import migration
from gateway import Gateway

KEYS_A_FILE = 500
LIMIT = 1000


def main() -> None:
    keys, plans, kills = map(int, sys.argv[1:4])
    gateways: list[Gateway] = []
    try:
        for _ in range(3):
            gateways.append(Gateway("--template", str(migration.STAGES)))
        print(json.dumps(measure(keys, plans, kills, *gateways)))
    finally:
        for gateway in gateways:
            gateway.stop()


def measure(keys: int, plans: int, kills: int, source: Gateway, target: Gateway, third: Gateway) -> dict[str, Any]:
    there, here = api.boto3_client(source), api.boto3_client(target)
    figures: dict[str, Any] = {"keys": keys, "plans": plans}
    used = timed(figures, "fill_s", lambda: fill(there, keys, plans))
    say(f"the source has {keys} keys in {plans} plans; {len(used)} keys have used some of their quotas")

    arguments = migration.importing(source, target.admin_url)
    figures["killed_at_keys"] = []
    for kill in range(1, kills + 1):
        most = keys * kill // (kills + 1)
        killed = timed(figures, f"run_until_{most}_keys_s", lambda most=most: kill_at(arguments, here, most))
        assert killed, "the import ended before it could be killed"
        figures["killed_at_keys"].append(count(here))
        check_nobody_has_a_fresh_quota(here, used)
        say(f"killed at {count(here)} keys; no key that may be used has more left than in the source")

    planned = timed(figures, "dry_run_s", lambda: migration.done(*arguments, "--dry-run"))
    say(f"left to do: {planned['keys']}")
    report = timed(figures, "last_run_s", lambda: migration.done(*arguments))
    assert report["problems"] == [], report["problems"][:3]
    again = timed(figures, "nothing_to_do_s", lambda: migration.done(*arguments))
    assert again["keys"] == {"created": 0, "changed": 0, "unchanged": keys}, again
    assert again["plans"] == {"created": 0, "changed": 0, "unchanged": plans}, again
    wanted = migration.held(there)
    assert migration.held(here) == wanted, "the two sides differ"
    assert left(here) == left(there), "what is left of quotas differs"
    say("both sides hold the same, and a second import finds nothing to do")

    report = timed(figures, "way_back_s", lambda: migration.done(*migration.leaving(target, third)))
    assert report["problems"] == [], report["problems"][:3]
    assert migration.held(api.boto3_client(third)) == wanted, "what came back differs"
    say(f"the way back: {report['keys']['created']} keys, {report['joined']} associations")
    for name, value in figures.items():
        if name.endswith("_s"):
            say(f"measured: {name.removesuffix('_s').replace('_', ' ')}: {value} s")
    return figures


def kill_at(arguments: list[str], target: Any, keys: int) -> bool:
    return migration.killed_when(arguments, lambda: count(target) >= keys)


def timed(figures: dict[str, Any], name: str, work: Callable[[], Any]) -> Any:
    began = time.monotonic()
    made = work()
    figures[name] = round(time.monotonic() - began, 1)
    return made


def say(text: str) -> None:
    print(text, flush=True)


def fill(client: Any, keys: int, plans: int) -> dict[str, tuple[str, int]]:
    """Makes plans and keys. Answers the keys that have used some of their quota, each with its plan and what is left."""
    plan_ids = [
        client.create_usage_plan(
            name=f"plan-{number:03}",
            throttle={"rateLimit": 5 + number, "burstLimit": 10},
            quota={"limit": LIMIT, "period": "MONTH"},
            apiStages=[{"apiId": "shop", "stage": "prod"}],
            tags={"number": str(number)},
        )["id"]
        for number in range(plans)
    ]
    made: list[str] = []
    for first in range(0, keys, KEYS_A_FILE):
        rows = [
            f"key-{number:05},valueOfKeyNumber{number:05},,true,{plan_ids[number % plans]}"
            for number in range(first, min(first + KEYS_A_FILE, keys))
        ]
        body = "\n".join(["name,key,description,enabled,usageplanIds", *rows]).encode()
        made.extend(client.import_api_keys(format="csv", failOnWarnings=True, body=body)["ids"])
    used: dict[str, tuple[str, int]] = {}
    for number, key in enumerate(made):
        if number % 2 == 0:
            plan, requests = plan_ids[number % plans], number % LIMIT
            client.update_usage(usagePlanId=plan, keyId=key, patchOperations=[api.replace("/remaining", str(requests))])
            used[key] = (plan, requests)
    return used


def count(client: Any) -> int:
    return len(migration.listed(client.get_api_keys))


def left(client: Any) -> dict[str, dict[str, int]]:
    """What is left today, by plan and key."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    found: dict[str, dict[str, int]] = {}
    for plan in migration.listed(client.get_usage_plans):
        days: dict[str, Any] = {}
        for page in api.pages(client.get_usage, usagePlanId=plan["id"], startDate=today, endDate=today, limit=500):
            days |= page["items"]
        found[plan["id"]] = {key: values[-1][1] for key, values in days.items()}
    return found


def check_nobody_has_a_fresh_quota(client: Any, used: dict[str, tuple[str, int]]) -> None:
    here = left(client)
    for key in migration.listed(client.get_api_keys):
        if key["enabled"] and key["id"] in used:
            plan, requests = used[key["id"]]
            found = here.get(plan, {}).get(key["id"])
            assert found is not None and found <= requests, f"{key['name']} has {found} left, and should have {requests}"


if __name__ == "__main__":
    main()
