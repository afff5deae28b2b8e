// Callers of rate-limiter-flexible: reads a task from its standard input, as `src/task.rs` describes it, and does it.
"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const { setImmediate: turn, setTimeout: pause } = require("node:timers/promises");

const { DynamoDB } = require("@aws-sdk/client-dynamodb");
const { RateLimiterDynamo } = require("rate-limiter-flexible");

const SECONDS_A_DAY = 86_400;

// A client of its own for each limiter, as in processes of their own.
function makeClient(endpoint) {
  return new DynamoDB({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
}

function makeLimiter(task, isFirst) {
  const { plan } = task;
  const points = plan.quota_per_day ?? plan.burst;
  const options = {
    storeClient: makeClient(task.endpoint),
    tableName: task.table,
    tableCreated: !isFirst,
    ttlSet: !isFirst,
    points,
    // A window of one second holds the burst; the library has no bucket.
    duration: plan.quota_per_day ? SECONDS_A_DAY : plan.burst / plan.rate_per_s,
    inMemoryBlockOnConsumed: task.system === "rate-limiter-flexible-local-block" ? points : 0,
  };
  return new Promise((resolve, reject) => {
    const limiter = new RateLimiterDynamo(options, (error) => (error ? reject(error) : resolve(limiter)));
  });
}

// Nanoseconds since the epoch. `performance` is not what a task's clock offset changes.
function nowNs() {
  return BigInt(Math.round(performance.timeOrigin * 1e6)) + BigInt(Math.round(performance.now() * 1e6));
}

async function check(limiter, key) {
  try {
    await limiter.consume(key);
    return "a";
  } catch (refusal) {
    if (refusal instanceof Error) {
      return "e";
    }
    return "r";
  }
}

async function call(limiter, task, keys, records) {
  const deadline = performance.now() + task.duration_ms;
  let refusals = 0;
  for (let asked = 0; performance.now() < deadline; asked += 1) {
    if (keys && asked >= keys.length) {
      return;
    }
    const start = nowNs();
    const outcome = await check(limiter, keys ? keys[asked] : task.key);
    const took = nowNs() - start;
    records.push(`${start} ${took} ${outcome}`);
    if (outcome === "r") {
      refusals += 1;
      if (task.max_refusals && refusals >= task.max_refusals) {
        return;
      }
      if (took < BigInt(task.free_refusal_ns)) {
        await pause(task.pause_ms);
      }
    }
  }
}

// Begins each check when it is due, also when earlier ones are not answered. What is late is late in its record.
async function callOnTime(limiters, task, records) {
  const startNs = nowNs();
  const answers = [];
  for (let number = 0; ; number += 1) {
    const afterMs = (number * 1000) / task.checks_per_s;
    if (afterMs >= task.duration_ms) {
      break;
    }
    const due = startNs + BigInt(Math.round(afterMs * 1e6));
    const earlyMs = Number(due - nowNs()) / 1e6;
    await (earlyMs > 0 ? pause(earlyMs) : turn());
    const answer = check(limiters[number % limiters.length], task.key);
    answers.push(answer.then((outcome) => records.push(`${due} ${nowNs() - due} ${outcome}`)));
  }
  await Promise.all(answers);
}

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const task = JSON.parse((await lines.next()).value);
  const realNow = Date.now;
  Date.now = () => realNow() + task.clock_ahead_ms;
  const limiters = [await makeLimiter(task, task.makes_table)];
  while (limiters.length < task.limiters) {
    limiters.push(await makeLimiter(task, false));
  }
  const sequences = task.keys_file
    ? fs.readFileSync(task.keys_file, "utf8").trimEnd().split("\n").map((line) => line.split(" "))
    : [];
  for (let round = 0; round < task.warm_up_checks; round += 1) {
    await Promise.all(limiters.map((limiter) => check(limiter, task.warm_up_key)));
  }
  console.log("ready");
  await lines.next();
  const records = [];
  if (task.checks_per_s) {
    await callOnTime(limiters, task, records);
  } else {
    const callers = [];
    for (let number = 0; number < task.callers; number += 1) {
      callers.push(call(limiters[number % limiters.length], task, sequences[number], records));
    }
    await Promise.all(callers);
  }
  fs.writeFileSync(task.records_file, records.join("\n"));
  console.log("done");
  process.exit(0);
}

main();
