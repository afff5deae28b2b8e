// What a person does with usage plans.
import { done, expect, open, row, test, unique } from "../fixtures.js";
import { mock, openApi } from "../management.js";

/** The stage of the template's HTTP API. */
const USERS = "users:dev";

const field = (page, label) => page.getByLabel(label, { exact: true });

/** Creates a plan with a throttle and a quota for a day, as the form comes. */
async function create(page, name) {
  await open(page, "Usage plans");
  await page.getByRole("link", { name: "Create a usage plan" }).click();
  await page.getByLabel("Name").fill(name);
  await field(page, "Rate, requests a second").fill("5");
  await field(page, "Burst, requests").fill("10");
  await page.getByLabel("Limit how many requests each key has in a period").check();
  await field(page, "Requests").fill("1000");
  await page.getByRole("button", { name: "Create the usage plan" }).click();
  await expect(done(page)).toHaveText(`The usage plan ${name} was created.`);
}

test("a plan is created with its limits and stages, and stands in the list", async ({ page, management }) => {
  const name = unique("Bronze");
  await open(page, "Usage plans");
  await page.getByRole("link", { name: "Create a usage plan" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Description").fill("For the first customers");
  await field(page, "Rate, requests a second").fill("2.5");
  await field(page, "Burst, requests").fill("40");
  await page.getByLabel("Limit how many requests each key has in a period").check();
  await field(page, "Requests").fill("20000");
  await field(page, "Period").selectOption("a week");
  await field(page, "Offset, days").fill("1");
  await page.getByLabel(/^users · dev/).check();
  await page.getByRole("button", { name: "Create the usage plan" }).click();

  await expect(done(page)).toHaveText(`The usage plan ${name} was created.`);
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  const main = page.getByRole("main");
  await expect(main).toContainText("For the first customers");
  await expect(main).toContainText("2.5 requests a second for each key, and up to 40 at once.");
  await expect(main).toContainText("20,000 requests a week for each key; it starts again each Monday at 00:00 UTC.");
  await expect(main).toContainText(/Next reset.*in /s);
  await expect(row(page, USERS)).toBeVisible();

  await open(page, "Usage plans");
  const cells = row(page, name).getByRole("cell");
  await expect(cells.nth(0)).toHaveText("2.5 a second");
  await expect(cells.nth(1)).toHaveText("40");
  await expect(cells.nth(2)).toHaveText("20,000 a week");
  await expect(cells.nth(3)).toContainText("users · dev");
  await expect(cells.nth(4)).toHaveText("0");

  const plan = await management.planNamed(name);
  expect(plan.throttle).toEqual({ rateLimit: 2.5, burstLimit: 40 });
  expect(plan.quota).toEqual({ limit: 20000, offset: 1, period: "WEEK" });
  expect(plan.apiStages).toEqual([{ apiId: "users", stage: "dev" }]);
});

test("what is wrong is said beside its field, and what was entered is kept", async ({ page, watch }) => {
  watch.expectRefusals(422);
  const name = unique("Wrong");
  await open(page, "Usage plans");
  await page.getByRole("link", { name: "Create a usage plan" }).click();
  await page.getByLabel("Name").fill(name);
  await field(page, "Rate, requests a second").fill("5");
  await page.getByLabel("Limit how many requests each key has in a period").check();
  await field(page, "Requests").fill("100");
  await field(page, "Period").selectOption("a day");
  await field(page, "Offset, days").fill("3");
  await page.getByRole("button", { name: "Create the usage plan" }).click();

  const summary = page.getByRole("alert");
  await expect(summary).toContainText("Nothing was saved");
  await expect(summary).toContainText("A quota for a day has no offset: enter 0.");
  await expect(page.getByLabel("Name")).toHaveValue(name);
  const burst = field(page, "Burst, requests");
  await expect(burst).toHaveAttribute("aria-invalid", "true");
  await expect(burst).toHaveAccessibleDescription(/The burst is a whole number of requests/);

  // The summary leads to the field, and the mended form is taken.
  await summary.getByRole("link", { name: /The burst/ }).click();
  await expect(burst).toBeFocused();
  await burst.fill("10");
  await field(page, "Offset, days").fill("0");
  await page.getByRole("button", { name: "Create the usage plan" }).click();
  await expect(done(page)).toHaveText(`The usage plan ${name} was created.`);
});

test("what the management API refuses is shown in its words", async ({ page, watch, management }) => {
  watch.expectRefusals(422);
  await open(page, "Usage plans");
  await page.getByRole("link", { name: "Create a usage plan" }).click();
  const name = "n".repeat(1100);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Limit how fast each key may go").uncheck();
  await page.getByRole("button", { name: "Create the usage plan" }).click();
  await expect(page.getByRole("alert")).toContainText("Nothing was saved");
  await expect(page.getByLabel("Name")).toHaveValue(name);
  expect(await management.planNamed(name)).toBeUndefined();
});

test("limits are changed, and taken away", async ({ page, management }) => {
  const name = unique("Silver");
  await create(page, name);
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByLabel("Name")).toHaveValue(name);
  await field(page, "Rate, requests a second").fill("7");
  await field(page, "Requests").fill("3000");
  await field(page, "Period").selectOption("a month");
  await field(page, "Offset, days").fill("14");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(done(page)).toHaveText(`The usage plan ${name} was saved.`);
  await expect(page.getByRole("main")).toContainText("it starts again on the 15th of each month at 00:00 UTC.");
  let plan = await management.planNamed(name);
  expect(plan.throttle).toEqual({ rateLimit: 7, burstLimit: 10 });
  expect(plan.quota).toEqual({ limit: 3000, offset: 14, period: "MONTH" });

  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Limit how fast each key may go").uncheck();
  await page.getByLabel("Limit how many requests each key has in a period").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("main")).toContainText("Requests are not throttled.");
  plan = await management.planNamed(name);
  expect(plan.throttle).toBeUndefined();
  expect(plan.quota).toBeUndefined();
});

test("what two people change at the same time is not lost", async ({ page, management, watch }) => {
  const name = unique("Shared");
  await create(page, name);
  const { id } = await management.planNamed(name);
  const others = (rate) => management.patch(`/usageplans/${id}`, { op: "replace", path: "/throttle/rateLimit", value: rate });
  await page.getByRole("link", { name: "Edit" }).click();
  await others("9");
  await field(page, "Requests").fill("77");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(done(page)).toHaveText(`The usage plan ${name} was saved.`);
  const limits = async () => {
    const { throttle, quota } = await management.planNamed(name);
    return [throttle.rateLimit, quota.limit];
  };
  expect(await limits()).toEqual([9, 77]);

  // Both change the same: who saves is told so, and decides.
  watch.expectRefusals(422);
  await page.getByRole("link", { name: "Edit" }).click();
  await others("11");
  await field(page, "Rate, requests a second").fill("13");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("Somebody else has changed this meanwhile");
  expect(await limits()).toEqual([11, 77]);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(done(page)).toHaveText(`The usage plan ${name} was saved.`);
  expect(await limits()).toEqual([13, 77]);
});

test("@javascript the form says in words what is being entered", async ({ page }) => {
  await open(page, "Usage plans");
  await page.getByRole("link", { name: "Create a usage plan" }).click();
  const words = page.getByRole("status").filter({ hasText: "With this offset" });
  await expect(words).toContainText("starts again each day at 00:00 UTC");
  await field(page, "Period").selectOption("a week");
  await field(page, "Offset, days").fill("3");
  await expect(words).toContainText("starts again each Wednesday at 00:00 UTC. The next reset is on ");
});

test("a stage is added to a plan and removed again, after a warning", async ({ page, management }) => {
  const name = unique("Gold");
  await create(page, name);
  await page.getByRole("link", { name: "Add a stage" }).first().click();
  await page.getByRole("radio", { name: /^users · dev/ }).check();
  await page.getByRole("button", { name: "Add the stage" }).click();
  await expect(done(page)).toHaveText(`The keys of ${name} open users · dev now.`);

  let plan = await management.planNamed(name);
  expect(plan.apiStages).toEqual([{ apiId: "users", stage: "dev" }]);

  await row(page, USERS).getByRole("link", { name: /^Remove/ }).click();
  await expect(page.getByRole("main")).toContainText("What this breaks");
  await page.getByRole("button", { name: "Remove the stage" }).click();
  await expect(done(page)).toContainText(`The keys of ${name} no longer open users`);
  plan = await management.planNamed(name);
  expect(plan.apiStages).toEqual([]);
});

test("a stage that cannot be is refused beside its field", async ({ page, watch }) => {
  watch.expectRefusals(422);
  await create(page, unique("Odd"));
  await page.getByRole("link", { name: "Add a stage" }).first().click();
  await page.getByLabel("Another stage").fill("no stage");
  await page.getByRole("button", { name: "Add the stage" }).click();
  await expect(page.getByLabel("Another stage")).toHaveAccessibleDescription(/with a slash between them/);
  await expect(page.getByLabel("Another stage")).toHaveValue("no stage");
  await page.getByLabel("Another stage").fill("a1b2c3d4e5/prod");
  await page.getByRole("button", { name: "Add the stage" }).click();
  await expect(page.getByRole("alert")).toContainText("API Stage not found: a1b2c3d4e5:prod");
});

test("a method gets a throttle of its own, and loses it", async ({ page, management }) => {
  const name = unique("Methods");
  await create(page, name);
  await page.getByRole("link", { name: "Add a stage" }).first().click();
  await page.getByRole("radio", { name: /^users · dev/ }).check();
  await page.getByRole("button", { name: "Add the stage" }).click();
  await row(page, USERS).getByRole("link", { name: /^Set the method throttles/ }).click();
  await page.getByLabel("Method").fill("/users/{id}/GET");
  await field(page, "Rate, requests a second (required)").fill("1");
  await field(page, "Burst, requests (required)").fill("2");
  await page.getByRole("button", { name: "Set the throttle" }).click();
  await expect(done(page)).toHaveText("The throttle of /users/{id}/GET was saved.");
  await expect(row(page, "/users/{id}/GET")).toContainText("1 a second");
  let plan = await management.planNamed(name);
  expect(plan.apiStages[0].throttle).toEqual({ "/users/{id}/GET": { rateLimit: 1, burstLimit: 2 } });

  await row(page, "/users/{id}/GET").getByRole("button", { name: /^Remove/ }).click();
  await expect(done(page)).toContainText("has no throttle of its own any more");
  plan = await management.planNamed(name);
  expect(plan.apiStages[0].throttle ?? {}).toEqual({});
});

test("the exclamation mark leads to the methods that need no key, and to the step that mends it", async ({ page, management }) => {
  const title = unique("shop");
  const paths = (isKeyRequired) => ({ "/articles": { get: mock(true), post: mock(isKeyRequired) }, "/prices": { get: mock(isKeyRequired) } });
  const api = await management.restApi(openApi(title, paths(false)), "dev");
  const name = unique("Open");
  const plan = await management.plan({ name, apiStages: [{ apiId: api.id, stage: "dev" }] });
  await management.shown("/console/plans?q=" + plan.id, title);

  await open(page, "Usage plans");
  await page.getByLabel("Search by name, id or stage").fill(title);
  await page.getByRole("button", { name: "Search" }).click();
  await row(page, name).getByRole("link", { name: /need no key/ }).click();
  const main = page.getByRole("main");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Methods of ${title} · dev that need no key`);
  await expect(main).toContainText("Anybody may call these methods.");
  await expect(page.getByRole("row", { name: "POST /articles" })).toBeVisible();
  await expect(page.getByRole("row", { name: "GET /prices" })).toBeVisible();
  await expect(page.getByRole("row", { name: "GET /articles" })).toHaveCount(0);
  await expect(main).toContainText("Deploy for this to take effect.");
  await expect(main).toContainText(`aws apigateway create-deployment --rest-api-id ${api.id} --stage-name dev`);

  // Edited, and not deployed: the page says that this is not enough.
  await management.edit(api.id, openApi(title, paths(true)));
  await page.reload();
  await expect(page.getByRole("row", { name: "GET /prices" })).toContainText("deploy for this to take effect");
  await management.deploy(api.id, "dev");
  await expect(async () => {
    await page.reload();
    await expect(main).toContainText("Every method that this stage serves requires a key");
  }).toPass({ timeout: 30_000 });
});

test("keys are put into a plan and taken out of it", async ({ page, management }) => {
  const name = unique("Members");
  const keyName = unique("alice");
  const key = await management.key({ name: keyName });
  await create(page, name);
  const { id } = await management.planNamed(name);
  await management.shown(`/console/plans/${id}/keys/add?q=${key.id}`, keyName);
  await page.getByRole("link", { name: "Add API keys" }).first().click();
  await page.getByLabel("Search by name, id or customer").fill(keyName);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: `Add ${keyName} to the plan` }).click();
  await expect(done(page)).toContainText(`is in ${name} now.`);
  await page.getByRole("link", { name: `Back to ${name}` }).click();
  await expect(row(page, keyName)).toContainText("enabled");
  const members = () => management.items(`/usageplans/${id}/keys`);
  expect((await members()).map((member) => member.id)).toEqual([key.id]);

  await page.getByRole("button", { name: `Remove ${keyName} from the plan` }).click();
  await expect(done(page)).toContainText(`is no longer in ${name}.`);
  expect(await members()).toEqual([]);
});

test("a plan is deleted after its page has said what that breaks", async ({ page, management }) => {
  const name = unique("Doomed");
  const plan = await management.plan({ name, apiStages: [{ apiId: "users", stage: "dev" }] });
  const keyName = unique("bob");
  await management.key({ name: keyName }, plan.id);
  await management.shown("/console/plans/" + plan.id, keyName);

  await page.goto("/console/plans/" + plan.id);
  await page.getByRole("link", { name: "Delete" }).click();
  const main = page.getByRole("main");
  await expect(main).toContainText("1 key is in this plan and loses what it opens.");
  await expect(main).toContainText("1 has no other plan, and opens nothing any more.");
  await expect(main).toContainText("users · dev");
  await page.getByRole("link", { name: "Keep it" }).click();
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the usage plan" }).click();
  await expect(done(page)).toHaveText(`The usage plan ${name} was deleted.`);
  await expect(row(page, name)).toHaveCount(0);
  expect(await management.planNamed(name)).toBeUndefined();
});

test("a search finds plans by name, id and stage", async ({ page, management }) => {
  const [one, other] = [unique("Needle"), unique("Needle")];
  const haystack = unique("haystack");
  const api = await management.restApi(openApi(haystack, { "/": { get: mock(true) } }), "prod");
  const first = await management.plan({ name: one, apiStages: [{ apiId: api.id, stage: "prod" }] });
  const second = await management.plan({ name: other });
  await management.shown("/console/plans?q=" + second.id, other);
  await management.shown("/console/plans?q=" + first.id, haystack);
  await open(page, "Usage plans");
  for (const [text, found] of [["needle", [one, other]], [first.id, [one]], [haystack, [one]], [`${api.id}:prod`, [one]]]) {
    await page.getByLabel("Search by name, id or stage").fill(text);
    await page.getByRole("button", { name: "Search" }).click();
    for (const name of [one, other]) await expect(row(page, name)).toHaveCount(found.includes(name) ? 1 : 0);
  }
  await page.getByLabel("Search by name, id or stage").fill("nothing has this");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: /^Show all/ }).click();
  await expect(row(page, one)).toBeVisible();
});

test("further quotas, costs and alerts of a plan are set with a form, and what cannot be is said", async ({ page, management, watch }) => {
  const name = unique("Metered");
  await create(page, name);
  await page.getByRole("link", { name: "Settings" }).click();
  watch.expectRefusals(422);
  await field(page, "Further quotas").fill("100 a minute");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("Invalid value of tag tollgate:quotas specified");
  await field(page, "Further quotas").fill("100/minute, 50000/month soft");
  await field(page, "What methods count for").fill("GET /users=2");
  await field(page, "Alerts").fill("80,100");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(done(page)).toHaveText(`The settings of ${name} were saved.`);
  await expect(page.getByRole("main")).toContainText("100/minute, 50000/month soft.");
  const plan = await management.planNamed(name);
  const { tags } = await management.call("GET", `/usageplans/${plan.id}`);
  expect(tags).toEqual({ "tollgate:quotas": "100/minute, 50000/month soft", "tollgate:costs": "GET /users=2", "tollgate:alerts": "80,100" });
});
