// What others have written, and other pages' forms, do nothing on the console.
import { createServer } from "node:http";
import { expect, test, unique } from "../fixtures.js";
import { mock, openApi } from "../management.js";
import { pages } from "../sample.js";

const MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>\'"&';

test("markup in names is text on every page", async ({ page, gateway, management }) => {
  test.setTimeout(120_000);
  const name = `${unique("Hostile")} ${MARKUP}`;
  const api = await management.restApi(openApi(name, { "/articles": { get: mock(true), post: mock(false) } }), "prod");
  const stages = [{ apiId: api.id, stage: "prod" }];
  const plan = await management.plan({ name, description: MARKUP, tags: { [MARKUP.replaceAll(/[<>"'&()]/g, "-")]: MARKUP }, apiStages: stages });
  const key = await management.key({ name, description: MARKUP, customerId: MARKUP }, plan.id);
  await management.shown("/console/keys", key.id);
  await management.shown("/console/plans", plan.id);
  const request = await fetch(`${gateway.url}/_aws/execute-api/${api.id}/prod/articles`, { headers: { "x-api-key": key.value } });
  expect(request.status).toBe(200);

  const ids = { api: api.id, plans: { Silver: plan.id }, keys: { "grace-hopper": key.id, "john-mccarthy": key.id } };
  const own = `/console/plans?q=${encodeURIComponent(MARKUP)}`;
  for (const address of [own, ...Object.values(pages(ids))]) {
    await page.goto(address);
    await expect(page.locator("img, main script, main [onerror]"), address).toHaveCount(0);
  }
  await page.goto(`/console/plans/${plan.id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);

  // What scripts put into pages: the list that a search brings, and the events of the live view.
  await page.goto("/console/plans");
  await page.getByLabel("Search by name, id or stage").fill(MARKUP);
  await expect(page).toHaveURL(/q=/);
  await expect(page.getByRole("rowheader", { name })).toBeVisible();
  await page.goto("/console/usage/live");
  await expect(page.locator("#live").getByRole("link", { name }).first()).toBeVisible();
  await expect(page.locator("img, main script")).toHaveCount(0);
});

test("what the answer of an API holds is text", async ({ page, management }) => {
  const name = unique("echo");
  const api = await management.restApi(openApi(name, { "/": { get: mock(false, MARKUP) } }), "prod");
  await management.shown("/console/try", `${name} · prod`);
  await page.goto(`/console/try?stage=${api.id}:prod`);
  await page.getByRole("button", { name: "Send and explain" }).click();
  await expect(page.getByLabel("Body of the answer")).toHaveText(MARKUP);
  await expect(page.locator("img, main script")).toHaveCount(0);
});

test("another page's form changes nothing", async ({ page, gateway, management, watch }) => {
  const name = unique("Foreign");
  const html = `<!doctype html><form method="post" action="${gateway.adminUrl}/console/plans">
    <input name="name" value="${name}"><button>Win a prize</button></form>`;
  const other = createServer((_, response) => response.setHeader("content-type", "text/html").end(html)).listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => other.once("listening", resolve));
    // The visitor has been to the console, and its cookies are sent.
    await page.goto("/console/plans");
    watch.expectOrigin(`http://127.0.0.1:${other.address().port}`);
    watch.expectRefusals(403);
    await page.goto(`http://127.0.0.1:${other.address().port}/`);
    const answer = page.waitForResponse((response) => response.url().endsWith("/console/plans"));
    await page.getByRole("button").click();
    expect((await answer).status()).toBe(403);
    expect(await management.planNamed(name)).toBeUndefined();
  } finally {
    other.close();
  }
});

test("a form without its token is refused, and says what to do", async ({ page, management, watch }) => {
  watch.expectRefusals(403);
  const name = unique("Tokenless");
  await page.goto("/console/plans/new");
  await page.getByLabel("Name").fill(name);
  await page.context().clearCookies();
  await page.getByLabel("Limit how fast each key may go").uncheck();
  await page.getByRole("button", { name: "Create the usage plan" }).click();
  await expect(page.getByRole("alert")).toContainText("Nothing was changed.");
  await expect(page.getByRole("main")).toContainText("reload the page");
  expect(await management.planNamed(name)).toBeUndefined();
});
