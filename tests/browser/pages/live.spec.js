// The live view while a gateway is busy.
import { expect, row, test, unique } from "../fixtures.js";
import { Gateway } from "../gateway.js";
import { mock, openApi } from "../management.js";

/** What is sent: with a key whose plan lets all of it pass, with one whose plan lets a few pass, and with none. */
const SENT = { passed: 3_000, limited: 600, keyless: 400 };
const BURST = 20;
/** How many clients there are, and how long each of them rests after a request: the load lasts for some seconds. */
const CLIENTS = 8;
const REST_MS = 8;
/** The page gets an event each second. */
const FEWEST_COUNTS = 3;

/** An API with a key that always passes, and one that soon does not. */
async function busy(management) {
  const name = unique("busy");
  const api = await management.restApi(openApi(name, { "/": { get: mock(true) } }), "prod");
  const apiStages = [{ apiId: api.id, stage: "prod" }];
  const wide = await management.plan({ name: unique("Wide"), apiStages });
  const narrow = await management.plan({ name: unique("Narrow"), apiStages, throttle: { rateLimit: 0.001, burstLimit: BURST } });
  const passing = await management.key({ name: unique("fay") }, wide.id);
  const limited = await management.key({ name: unique("gil") }, narrow.id);
  return { path: `/_aws/execute-api/${api.id}/prod/`, passing, limited };
}

/** Sends all of it, and answers how often each status came. */
async function load(gateway, { path, passing, limited }) {
  const values = [
    ...Array(SENT.passed).fill(passing.value),
    ...Array(SENT.limited).fill(limited.value),
    ...Array(SENT.keyless).fill(undefined),
  ];
  // In turns, so that each outcome comes all the time.
  const turns = values.map((value, place) => [(place * 7919) % values.length, value]).sort(([a], [b]) => a - b);
  const statuses = {};
  const send = async () => {
    for (let turn = turns.pop(); turn; turn = turns.pop()) {
      const [, value] = turn;
      const response = await fetch(gateway.url + path, { headers: value ? { "x-api-key": value } : {} });
      await response.arrayBuffer();
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, send));
  return statuses;
}

const number = async (cell) => Number((await cell.textContent()).replaceAll(",", ""));
const total = (page, outcome) => row(page, outcome).getByRole("cell").last();
const ADMITTED = /^Admitted$/;
const THROTTLED = /^Throttled$/;
const FORBIDDEN = /^Forbidden$/;

test("its numbers move while requests come, and are what was sent in the end", async ({ page, gateway, management }) => {
  test.setTimeout(180_000);
  const made = await busy(management);
  await management.shown("/console/keys?q=" + made.limited.id, made.limited.name);
  await page.goto("/console/usage/live");
  const before = {};
  for (const outcome of [ADMITTED, THROTTLED, FORBIDDEN]) before[outcome] = await number(total(page, outcome));

  const seen = new Set();
  let isOver = false;
  const sending = load(gateway, made).finally(() => (isOver = true));
  while (!isOver) {
    seen.add(await number(total(page, ADMITTED)));
    await page.waitForTimeout(100);
  }
  const statuses = await sending;
  expect(statuses).toEqual({ 200: SENT.passed + BURST, 429: SENT.limited - BURST, 403: SENT.keyless });
  const expected = (outcome, count) => expect(total(page, outcome)).toHaveText((before[outcome] + count).toLocaleString("en-GB"));
  await expected(ADMITTED, statuses[200]);
  await expected(THROTTLED, statuses[429]);
  await expected(FORBIDDEN, statuses[403]);
  // The page was not reloaded: events have moved the numbers.
  expect([...seen].filter((count) => count > before[ADMITTED]).length, [...seen].join(", ")).toBeGreaterThanOrEqual(FEWEST_COUNTS);
  await expect(row(page, made.passing.name).getByRole("cell").nth(2)).toHaveText(SENT.passed.toLocaleString("en-GB"));
  console.log(`measured: the live view showed ${seen.size} counts while ${Object.values(SENT).reduce((a, b) => a + b)} requests came`);
});

test("it pauses, and goes on with what came meanwhile", async ({ page, gateway, management }) => {
  const { path, passing } = await busy(management);
  await page.goto("/console/usage/live");
  const send = () => fetch(gateway.url + path, { headers: { "x-api-key": passing.value } });
  const before = await number(total(page, ADMITTED));
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Paused." })).toBeVisible();
  await send();
  await page.waitForTimeout(2_500);
  expect(await number(total(page, ADMITTED))).toBe(before);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(total(page, ADMITTED)).toHaveText((before + 1).toLocaleString("en-GB"));
});

test("without JavaScript it shows what is, and what is later when it is refreshed", async ({ browser, gateway, management }) => {
  const { path, passing } = await busy(management);
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: gateway.adminUrl });
  const page = await context.newPage();
  await page.goto("/console/usage/live");
  const before = await number(total(page, ADMITTED));
  await fetch(gateway.url + path, { headers: { "x-api-key": passing.value } });
  await page.getByRole("link", { name: "Refresh" }).click();
  await expect(total(page, ADMITTED)).toHaveText((before + 1).toLocaleString("en-GB"));
  await expect(page.getByRole("button", { name: "Pause" })).toBeHidden();
  await context.close();
});

test("a gateway stops at once although somebody watches", async ({ browser }) => {
  const gateway = await Gateway.start("--no-template");
  const context = await browser.newContext();
  const page = await context.newPage();
  try {
    await page.goto(`${gateway.adminUrl}/console/usage/live`);
    await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  } finally {
    const began = Date.now();
    await gateway.stop();
    expect(Date.now() - began).toBeLessThan(5_000);
  }
  await expect(page.getByRole("status").filter({ hasText: "The gateway does not answer." })).toBeVisible();
  await context.close();
});
