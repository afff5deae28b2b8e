// What a person sees of APIs.
import { expect, open, row, test, unique } from "../fixtures.js";
import { mock, openApi } from "../management.js";

/** A resource or a method in the tree of a stage. */
const method = (page, path, verb) => page.getByRole("list", { name: `Methods of ${path}`, exact: true }).getByRole("listitem").filter({ hasText: verb });

test("the APIs of the template stand in the list, each with its plans", async ({ page }) => {
  await open(page, "APIs");
  const users = row(page, /^users users$/);
  await expect(users).toContainText("HTTP API");
  await expect(users.getByRole("link", { name: "Bronze" })).toBeVisible();
  await expect(users).toContainText("1 that no plan limits");
  await expect(page.getByRole("row", { name: /UsersFunction.*function URL/ })).toBeVisible();
});

test("a stage shows its methods as a tree, with who answers and whether a key is required", async ({ page }) => {
  await open(page, "APIs");
  await row(page, /^users users$/).getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("users · dev");
  const create = method(page, "/users", "POST");
  await expect(create).toContainText("API key required");
  await expect(create).toContainText("UsersFunction");
  await expect(method(page, "/health", "GET")).toContainText("no key required");
  await expect(method(page, "/reports/users", "GET")).toContainText("PlanAuthorizer");
  await expect(method(page, "/users/{id}", "DELETE")).toContainText("API key required");

  await create.getByRole("link", { name: /^Try it.*POST \/users$/ }).click();
  await expect(page.getByLabel("Method")).toHaveValue("POST");
  await expect(page.getByLabel("Path")).toHaveValue("/users");
});

test("what was edited since a stage was deployed is marked, until it is deployed", async ({ page, management }) => {
  const title = unique("orders");
  const before = { "/orders": { get: mock(false), delete: mock(true) }, "/old": { get: mock(true) } };
  const after = { "/orders": { get: mock(true), delete: mock(true) }, "/new": { get: mock(true) } };
  const api = await management.restApi(openApi(title, before), "prod");
  await page.goto(`/console/apis/${api.id}/prod`);
  const main = page.getByRole("main");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${title} · prod`);
  await expect(main).toContainText("Nothing has been edited since it was deployed.");

  await management.edit(api.id, openApi(title, after));
  await page.reload();
  await expect(main).toContainText("Edited since it was deployed");
  await expect(main).toContainText(`aws apigateway create-deployment --rest-api-id ${api.id} --stage-name prod`);
  await expect(method(page, "/orders", "GET")).toContainText("edited, served as it was");
  await expect(method(page, "/orders", "GET")).toContainText("API key: deployed not required, edited required");
  await expect(method(page, "/orders", "DELETE")).not.toContainText("edited");
  await expect(method(page, "/old", "GET")).toContainText("removed, still served");
  await expect(method(page, "/new", "GET")).toContainText("added, not deployed yet");

  await management.deploy(api.id, "prod");
  await page.reload();
  await expect(main).toContainText("Nothing has been edited since it was deployed.");
  await expect(method(page, "/old", "GET")).toHaveCount(0);
});

test("a stage that does not exist is told so", async ({ page, watch }) => {
  watch.expectRefusals(404);
  await page.goto("/console/apis/nothing/dev");
  await expect(page.getByRole("alert")).toContainText("nothing");
  await expect(page.getByRole("link", { name: "APIs" })).toBeVisible();
});
