// What a person sees of usage.
import { readFile } from "node:fs/promises";
import { expect, open, row, test, unique } from "../fixtures.js";
import { mock, openApi } from "../management.js";

/** A key that has sent 3 requests of which its plan has admitted 2. */
async function used(gateway, management, limits) {
  const name = unique("metered");
  const api = await management.restApi(openApi(name, { "/": { get: mock(true) } }), "prod");
  const plan = await management.plan({ name, apiStages: [{ apiId: api.id, stage: "prod" }], ...limits });
  const key = await management.key({ name: unique("erin") }, plan.id);
  await management.shown(`/console/usage/keys/${key.id}`, name);
  const statuses = [];
  for (let request = 0; request < 3; request++) {
    const response = await fetch(`${gateway.url}/_aws/execute-api/${api.id}/prod/`, { headers: { "x-api-key": key.value } });
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 200, 429]);
  return { plan, key };
}

const BY_THROTTLE = { throttle: { rateLimit: 0.01, burstLimit: 2 }, quota: { limit: 100, period: "MONTH" } };
const BY_QUOTA = { quota: { limit: 2, period: "DAY" } };
const today = () => new Date().toISOString().slice(0, 10);

const cell = async (page, name, column) => {
  const table = page.getByRole("table").filter({ has: page.getByRole("rowheader", { name }) }).first();
  const heads = await table.getByRole("columnheader").allTextContents();
  return table.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) }).locator("th, td").nth(heads.indexOf(column));
};

test("the usage of a plan is told by key: admitted, throttled, and what is left", async ({ page, gateway, management }) => {
  const { plan, key } = await used(gateway, management, BY_THROTTLE);
  await open(page, "Usage");
  await page.getByLabel("Search by name or id").fill(plan.name);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(await cell(page, plan.name, "Admitted today")).toHaveText("2");
  await expect(await cell(page, plan.name, "Throttled")).toHaveText("1");
  await row(page, plan.name).getByRole("link", { name: plan.name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Usage of ${plan.name}`);
  await expect(await cell(page, key.name, "Admitted today")).toHaveText("2");
  await expect(await cell(page, key.name, "Left of the quota")).toHaveText("98");
  await expect(await cell(page, key.name, "Throttled")).toHaveText("1");
  await expect(await cell(page, today(), "Admitted")).toHaveText("2");
});

test("the usage of a key is told by day, with when its quota is used up", async ({ page, gateway, management }) => {
  const { plan, key } = await used(gateway, management, BY_THROTTLE);
  await page.goto(`/console/usage/keys/${key.id}`);
  const main = page.getByRole("main");
  await expect(main).toContainText(`In the plan ${plan.name}`);
  await expect(main).toContainText("98 of 100");
  await expect(main).toContainText(/Projected.*At the mean rate so far/s);
  await expect(page.getByRole("figure").getByRole("img", { name: /Requests left of 100/ })).toBeVisible();
  await expect(await cell(page, today(), "Admitted")).toHaveText("2");
  await expect(await cell(page, today(), "Throttled")).toHaveText("1");
  await page.getByLabel("Show", { exact: true }).selectOption("7 days");
  await page.getByRole("button", { name: "Show these days" }).click();
  await expect(main).toContainText("Requests in the last 7 days");
});

test("a quota that is used up is told so", async ({ page, gateway, management }) => {
  const { key } = await used(gateway, management, BY_QUOTA);
  await page.goto(`/console/usage/keys/${key.id}`);
  await expect(page.getByRole("main")).toContainText("The quota is used up. Requests are refused until it starts again.");
  await expect(await cell(page, today(), "Quota exceeded")).toHaveText("1");
});

test("usage is exported as CSV, of all plans, one plan and one key", async ({ page, gateway, management }) => {
  const { plan, key } = await used(gateway, management, BY_THROTTLE);
  const exported = async (link) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
    return readFile(await download.path(), "utf8");
  };
  await open(page, "Usage");
  expect(await exported("Export as CSV")).toMatch(new RegExp(`^${today()},${plan.id},${plan.name},2,0,0,0,1,0,`, "m"));
  await page.goto(`/console/usage/plans/${plan.id}`);
  const ofPlan = await exported("Export all keys as CSV");
  expect(ofPlan).toContain(key.id);
  expect(ofPlan).toContain(today());
  await page.goto(`/console/usage/keys/${key.id}`);
  const ofKey = await exported("Export as CSV");
  expect(ofKey).toContain(plan.id);
  expect(ofKey).toContain(today());
  expect(ofKey).not.toContain(key.value);
});
