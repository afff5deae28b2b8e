// How long a gateway with many keys and plans takes to answer each page of the console.
import { writeFile } from "node:fs/promises";
import { Gateway } from "./gateway.js";
import { Management, mock, openApi } from "./management.js";

const KEYS = 10_000;
const KEYS_A_FILE = 500;
const PLANS = 1_000;
/** How many keys have sent a request, each one. */
const USED_KEYS = 500;
const REPETITIONS = 20;
/** How many requests are under way at once where many have to be sent. */
const AT_ONCE = 8;
/** A page is to take no longer. */
const TARGET_MS = 100;

const value = (number) => `valueOfKeyNumber${String(number).padStart(5, "0")}`;

function tell(text) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

/** Does something for each number below `count`, several at once. */
async function forEach(count, task) {
  let next = 0;
  const work = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** One plan that half of the keys are in, and many with a few keys each. */
async function fill(gateway, management) {
  const api = await management.restApi(openApi("shop", { "/articles": { get: mock(true), post: mock(false) } }), "prod");
  const large = await management.plan({
    name: "Everybody",
    throttle: { rateLimit: 100, burstLimit: 200 },
    quota: { limit: 1_000_000, period: "MONTH" },
    apiStages: [{ apiId: api.id, stage: "prod" }],
  });
  const small = [];
  await forEach(PLANS - 1, async (number) => {
    const plan = await management.plan({
      name: `Plan ${String(number).padStart(4, "0")}`,
      throttle: { rateLimit: 5, burstLimit: 10 },
      quota: { limit: 1_000, period: "DAY" },
      apiStages: [{ apiId: api.id, stage: "prod" }],
    });
    small[number] = plan.id;
  });
  tell(`${PLANS} plans`);
  let first;
  for (let from = 0; from < KEYS; from += KEYS_A_FILE) {
    const rows = Array.from({ length: KEYS_A_FILE }, (_, index) => {
      const number = from + index;
      const plan = number % 2 === 0 ? large.id : small[number % small.length];
      return `customer-${number},${value(number)},Customer number ${number},${number % 10 !== 9},${plan}`;
    });
    const imported = await management.importKeys(["name,key,description,enabled,usageplanids", ...rows].join("\n"));
    first ??= imported.ids[0];
    tell(`${from + KEYS_A_FILE} of ${KEYS} keys`);
  }
  await forEach(USED_KEYS, async (number) => {
    const headers = { "x-api-key": value(2 * number) };
    await (await fetch(`${gateway.url}/_aws/execute-api/${api.id}/prod/articles`, { headers })).text();
  });
  tell(`a request with each of ${USED_KEYS} keys`);
  await management.shown(`/console/keys?q=customer-${KEYS - 1}`, `customer-${KEYS - 1}`);
  return { api: api.id, large: large.id, small: small[0], key: first };
}

/** Pages, each with what it is to be called. */
const pages = ({ api, large, small, key }) => [
  ["plans", "/console/plans"],
  ["plans, last page", "/console/plans?page=20"],
  ["plans, search", "/console/plans?q=plan+0500"],
  ["a plan with 5,000 keys", `/console/plans/${large}`],
  ["a plan with 5 keys", `/console/plans/${small}`],
  ["deleting a plan with 5,000 keys", `/console/plans/${large}/delete`],
  ["adding keys to a plan", `/console/plans/${small}/keys/add`],
  ["a new plan", "/console/plans/new"],
  ["keys", "/console/keys"],
  ["keys, last page", "/console/keys?page=200"],
  ["keys, search", "/console/keys?q=customer-1234"],
  ["keys, disabled", "/console/keys?enabled=disabled"],
  ["keys of a plan", `/console/keys?plan=${large}`],
  ["a key", `/console/keys/${key}`],
  ["a new key", "/console/keys/new"],
  ["APIs", "/console/apis"],
  ["a stage", `/console/apis/${api}/prod`],
  ["usage", "/console/usage"],
  ["usage of a plan with 5,000 keys", `/console/usage/plans/${large}`],
  ["usage of a plan with 5 keys", `/console/usage/plans/${small}`],
  ["usage of a key", `/console/usage/keys/${key}`],
  ["live view", "/console/usage/live"],
  ["try it", "/console/try"],
];

async function measure(url) {
  const times = [];
  let bytes = 0;
  // The first one is not counted: it opens the connection.
  for (let turn = 0; turn <= REPETITIONS; turn++) {
    const began = performance.now();
    const response = await fetch(url);
    bytes = (await response.arrayBuffer()).byteLength;
    if (turn > 0) times.push(performance.now() - began);
    if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  }
  times.sort((a, b) => a - b);
  const median = (times[REPETITIONS / 2 - 1] + times[REPETITIONS / 2]) / 2;
  return { median_ms: median, max_ms: times.at(-1), bytes };
}

const gateway = await Gateway.start("--no-template");
try {
  const management = new Management(gateway.adminUrl);
  const made = await fill(gateway, management);
  console.log(`${KEYS} keys, ${PLANS} plans; each page ${REPETITIONS} times, one after the other; times in ms\n`);
  console.log(`${"page".padEnd(34)}${"median".padStart(9)}${"max".padStart(9)}${"KB".padStart(8)}`);
  const rows = [];
  for (const [page, path] of pages(made)) {
    const row = { page, ...(await measure(gateway.adminUrl + path)) };
    const [median, max] = [row.median_ms, row.max_ms].map((ms) => ms.toFixed(1).padStart(9));
    const slow = row.max_ms > TARGET_MS ? `  over ${TARGET_MS}` : "";
    console.log(`${page.padEnd(34)}${median}${max}${(row.bytes / 1000).toFixed(0).padStart(8)}${slow}`);
    rows.push(row);
  }
  if (process.argv[2]) await writeFile(process.argv[2], `${JSON.stringify(rows, null, 2)}\n`);
} finally {
  await gateway.stop();
}
