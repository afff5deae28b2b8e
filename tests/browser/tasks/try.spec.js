// Requests that a person tries, with their decisions explained.
import { expect, open, test, unique } from "../fixtures.js";
import { mock, openApi } from "../management.js";

/** An API with a plan and a key, all of which the console knows. */
async function shop(management, limits) {
  const name = unique("shop");
  const api = await management.restApi(openApi(name, { "/articles": { get: mock(true, '{"articles":["tea"]}'), post: mock(false) } }), "prod");
  const plan = await management.plan({ name, apiStages: [{ apiId: api.id, stage: "prod" }], ...limits });
  const key = await management.key({ name: unique("carol") }, plan.id);
  await management.shown(`/console/try?stage=${api.id}:prod`, key.id);
  await management.shown(`/console/try?stage=${api.id}:prod`, `${name} · prod`);
  return { api, plan, key, stage: `${name} · prod (REST API)`, keyOption: `${key.name} (${key.id})` };
}

async function fill(page, { stage, path = "/articles", method = "GET", keyOption }) {
  await page.getByLabel("Stage", { exact: true }).selectOption(stage);
  await page.getByLabel("Method", { exact: true }).selectOption(method);
  await page.getByLabel("Path").fill(path);
  if (keyOption) await page.getByLabel("Key", { exact: true }).selectOption(keyOption);
}

const send = (page) => page.getByRole("button", { name: "Send and explain" }).click();

/** A step of the explanation of what was before the request. */
const step = (page, title) => page.getByRole("main").getByRole("list").first().getByRole("listitem").filter({ has: page.getByText(title, { exact: true }) });

const LIMITS = { throttle: { rateLimit: 0.01, burstLimit: 2 }, quota: { limit: 5, period: "DAY" } };

test("a request with a key passes, and each step says why", async ({ page, management }) => {
  const made = await shop(management, LIMITS);
  await open(page, "Try it");
  await fill(page, made);
  await send(page);
  const main = page.getByRole("main");
  await expect(main.getByRole("status").first()).toContainText("200 OK");
  await expect(page.getByLabel("Body of the answer")).toHaveText('{"articles":["tea"]}');
  for (const title of ["Stage", "Method", "API key required", "API key", "State of the key", "Usage plan", "Throttle", "Quota", "Integration"]) {
    await expect(step(page, title)).toContainText("passes");
  }
  await expect(step(page, "API key")).toContainText(made.key.name);
  await expect(step(page, "Usage plan")).toContainText(made.plan.name);
  await expect(step(page, "Throttle")).toContainText("2 of 2 left");
  await expect(step(page, "Quota")).toContainText("5 of 5 left");
  await expect(main).toContainText("What the same request would meet now.");
  await expect(main).toContainText("4 of 5 left");
});

test("a request that is too fast is refused, and told when another try can help", async ({ page, management }) => {
  const made = await shop(management, { ...LIMITS, throttle: { rateLimit: 0.01, burstLimit: 1 } });
  await open(page, "Try it");
  await fill(page, made);
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("200 OK");
  // The form under the answer still has what was entered.
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("429 Too Many Requests");
  await expect(step(page, "Throttle")).toContainText("refuses");
  await expect(page.getByRole("main")).toContainText(/Another try can help in \d/);
});

test("a request beyond the quota is refused, and told so", async ({ page, management }) => {
  const made = await shop(management, { quota: { limit: 1, period: "MONTH" } });
  await open(page, "Try it");
  await fill(page, made);
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("200 OK");
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("429");
  await expect(page.getByLabel("Body of the answer")).toHaveText('{"message":"Limit Exceeded"}');
  await expect(step(page, "Quota")).toContainText("refuses");
  await expect(step(page, "Quota")).toContainText("0 of 1 left");
});

test("without a key the method that requires one refuses, and the open one answers", async ({ page, management }) => {
  const made = await shop(management, LIMITS);
  await open(page, "Try it");
  await fill(page, { ...made, keyOption: "none" });
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("403 Forbidden");
  await expect(step(page, "API key")).toContainText("the header x-api-key is missing");
  await fill(page, { ...made, method: "POST", keyOption: "none" });
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("200 OK");
  await expect(page.getByRole("main")).toContainText("The method requires no key: no plan is asked and nothing is charged.");
});

test("explaining alone sends nothing, and charges nothing", async ({ page, management }) => {
  const made = await shop(management, LIMITS);
  await open(page, "Try it");
  await fill(page, made);
  await page.getByRole("button", { name: "Explain only" }).click();
  await expect(page.getByRole("status").first()).toContainText("Nothing was sent, and nothing was charged.");
  await page.getByRole("button", { name: "Explain only" }).click();
  await expect(step(page, "Throttle")).toContainText("2 of 2 left");
  await expect(step(page, "Quota")).toContainText("5 of 5 left");
});

test("a value that is typed is sent, and on no page afterwards", async ({ page, management }) => {
  const made = await shop(management, LIMITS);
  await open(page, "Try it");
  await fill(page, { ...made, keyOption: "the value typed below" });
  await page.getByLabel("Or its value").fill(made.key.value);
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("200 OK");
  await expect(step(page, "API key")).toContainText(made.key.name);
  await expect(page.getByLabel("Or its value")).toHaveValue("");
  expect(await page.content()).not.toContain(made.key.value);
  expect(page.url()).not.toContain(made.key.value);
});

test("a function behind the layer answers, with a body that was entered", async ({ page, management }) => {
  const plan = await management.planNamed("Gold");
  const key = await management.key({ name: unique("dora") }, plan.id);
  await management.shown("/console/try", key.id);
  await open(page, "Try it");
  await fill(page, { stage: "users · dev (HTTP API)", path: "/users", method: "POST", keyOption: `${key.name} (${key.id})` });
  await page.getByText("Header fields and body").click();
  await page.getByLabel("Header fields").fill("content-type: application/json");
  await page.getByLabel("Body", { exact: true }).fill('{"name":"Ada","email":"ada@example.com"}');
  await send(page);
  await expect(page.getByRole("status").first()).toContainText("201 Created");
  await expect(page.getByLabel("Body of the answer")).toContainText("ada@example.com");
  await expect(page.getByLabel("Body", { exact: true })).toHaveValue('{"name":"Ada","email":"ada@example.com"}');
});

test("what cannot be sent is said beside its field", async ({ page, watch }) => {
  watch.expectRefusals(422);
  await open(page, "Try it");
  await page.getByText("Header fields and body").click();
  await page.getByLabel("Header fields").fill("this is no field");
  await send(page);
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByLabel("Header fields")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Header fields")).toHaveValue("this is no field");
});
