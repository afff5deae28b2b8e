"""Callers of zae-limiter: reads a task from its standard input, as `src/task.rs` describes it, and does it."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from zae_limiter import Limit, RateLimiter, RateLimitExceeded, Repository

RESOURCE = "api"


def limit_of(plan):
    if plan["quota_per_day"]:
        return Limit.quota("requests", plan["quota_per_day"], cron="0 0 * * *")
    return Limit.per_second("requests", plan["rate_per_s"], burst=plan["burst"])


async def open_repository(task):
    repository = await Repository.open(stack=task["table"], region="us-east-1", endpoint_url=task["endpoint"], auto_update=False)
    ahead_ms = task["clock_ahead_ms"]
    now_ms = repository._now_ms
    # The library names this method as the one place where its buckets read the clock.
    repository._now_ms = lambda: now_ms() + ahead_ms
    return repository


async def make_limiters(task):
    if task["makes_table"]:
        # The library deploys its table with CloudFormation, which DynamoDB Local does not have. This is the table's definition.
        table = Repository(task["table"], "us-east-1", task["endpoint"], _skip_deprecation_warning=True)
        await table.create_table()
        await table.close()
    limiters = []
    for _ in range(task["limiters"]):
        limiters.append(RateLimiter(repository=await open_repository(task)))
    if task["makes_table"]:
        # Stored limits are what the library's fast path of one write is for.
        await limiters[0].set_resource_defaults(RESOURCE, [limit_of(task["plan"])])
    return limiters


async def check(limiter, key):
    try:
        async with limiter.acquire(entity_id=key, resource=RESOURCE, consume={"requests": 1}):
            return "a"
    except RateLimitExceeded:
        return "r"
    except Exception:
        return "e"


async def call(limiter, task, keys, records):
    deadline = time.monotonic_ns() + task["duration_ms"] * 1_000_000
    refusals = 0
    turn = 0
    while time.monotonic_ns() < deadline and (keys is None or turn < len(keys)):
        start = time.time_ns()
        began = time.monotonic_ns()
        outcome = await check(limiter, keys[turn] if keys else task["key"])
        took = time.monotonic_ns() - began
        records.append(f"{start} {took} {outcome}")
        turn += 1
        if outcome == "r":
            refusals += 1
            if task["max_refusals"] and refusals >= task["max_refusals"]:
                return
            if took < task["free_refusal_ns"]:
                await asyncio.sleep(task["pause_ms"] / 1000)


async def call_on_time(limiters, task, records):
    """Begins each check when it is due, also when earlier ones are not answered. What is late is late in its record."""

    async def answer(limiter, due):
        outcome = await check(limiter, task["key"])
        records.append(f"{due} {time.time_ns() - due} {outcome}")

    started = time.time_ns()
    answers = []
    for number in range(task["duration_ms"] * task["checks_per_s"] // 1000):
        due = started + number * 1_000_000_000 // task["checks_per_s"]
        await asyncio.sleep(max(0, due - time.time_ns()) / 1e9)
        answers.append(asyncio.create_task(answer(limiters[number % len(limiters)], due)))
    await asyncio.gather(*answers)


async def main():
    task = json.loads(sys.stdin.readline())
    limiters = await make_limiters(task)
    sequences = [None] * task["callers"]
    if task["keys_file"]:
        sequences = [line.split() for line in Path(task["keys_file"]).read_text().splitlines()]
    for _ in range(task["warm_up_checks"]):
        await asyncio.gather(*(check(limiter, task["warm_up_key"]) for limiter in limiters))
    print("ready", flush=True)
    sys.stdin.readline()
    records = []
    if task["checks_per_s"]:
        await call_on_time(limiters, task, records)
    else:
        callers = range(task["callers"])
        await asyncio.gather(*(call(limiters[number % len(limiters)], task, sequences[number], records) for number in callers))
    Path(task["records_file"]).write_text("\n".join(records))
    print("done", flush=True)
    # The pools of open connections are nobody's any more.
    os._exit(0)


asyncio.run(main())
