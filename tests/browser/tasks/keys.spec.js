// What a person does with API keys.
import { done, expect, open, row, test, unique } from "../fixtures.js";

const field = (page, label) => page.getByLabel(label, { exact: true });

/** The value of the key on the page. */
const value = (page) => page.getByRole("code").filter({ hasText: /^\S{20,}$/ });

/** Creates a key with a generated value in the plan Bronze, and answers its value. */
async function create(page, name) {
  await open(page, "API keys");
  await page.getByRole("link", { name: "Create an API key" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel(/^Bronze/).check();
  await page.getByRole("button", { name: "Create the API key" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${name} was created`);
  return value(page).textContent();
}

/** What a request to the template's API is answered with. */
async function statusWith(gateway, key) {
  const response = await fetch(`${gateway.url}/dev/users`, { headers: { "x-api-key": key } });
  await response.arrayBuffer();
  return response.status;
}

test("a key is created in a plan, its value is shown once, and it opens the stages of the plan", async ({ page, gateway, management }) => {
  const name = unique("alice");
  await open(page, "API keys");
  await page.getByRole("link", { name: "Create an API key" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Description").fill("Alice's first key");
  await page.getByLabel("Customer id").fill("customer-17");
  await page.getByLabel(/^Bronze/).check();
  await page.getByRole("button", { name: "Create the API key" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${name} was created`);
  await expect(page.getByRole("main")).toContainText("users · dev through Bronze");
  const shown = await value(page).textContent();
  expect(await statusWith(gateway, shown)).toBe(200);

  await page.getByRole("link", { name: "Go on to the key" }).click();
  const main = page.getByRole("main");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  await expect(main).toContainText("Alice's first key");
  await expect(main).toContainText("customer-17");
  await expect(row(page, "users · dev")).toContainText("Bronze");
  expect(await page.content()).not.toContain(shown);

  await open(page, "API keys");
  await page.getByLabel("Search by name, id or customer").fill(name);
  await page.getByRole("button", { name: "Search" }).click();
  const listed = row(page, name);
  await expect(listed).toContainText("customer-17");
  await expect(listed).toContainText("enabled");
  await expect(listed).toContainText("Bronze");
  await expect(listed.getByRole("cell").nth(3)).toHaveText(/within the last minute|minutes? ago/);
  await expect(listed.getByRole("cell").nth(4)).toHaveText("1");
  const [key] = await management.items(`/apikeys?name=${name}&includeValues=true`);
  expect(key.value).toBe(shown);
});

test("a key is created with a value of one's own, once", async ({ page, management, watch }) => {
  watch.expectRefusals(422);
  const own = unique("value-of-twenty-characters");
  const names = [unique("bob"), unique("bob")];
  for (const name of names) {
    await open(page, "API keys");
    await page.getByRole("link", { name: "Create an API key" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Value of your own").fill(own);
    await page.getByRole("button", { name: "Create the API key" }).click();
    if (name === names[0]) await expect(value(page)).toHaveText(own);
  }
  await expect(page.getByRole("alert")).toContainText("Another key has this value");
  await expect(page.getByLabel("Value of your own")).toHaveAccessibleDescription(/Another key has this value/);
  await page.getByLabel("Value of your own").fill("short");
  await page.getByRole("button", { name: "Create the API key" }).click();
  await expect(page.getByLabel("Value of your own")).toHaveAccessibleDescription(/at least 20 characters/);
  await expect(page.getByLabel("Name")).toHaveValue(names[1]);
  expect((await management.items(`/apikeys?name=${names[1]}`)).length).toBe(0);
});

test("a value is revealed with a click, and is on no page before it", async ({ page }) => {
  const name = unique("carol");
  const created = await create(page, name);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  expect(await page.content()).not.toContain(created);
  const answer = page.waitForResponse((response) => response.url().endsWith("/reveal"));
  await page.getByRole("button", { name: "Reveal the value" }).click();
  expect((await answer).headers()["cache-control"]).toBe("no-store");
  await expect(value(page)).toHaveText(created);
  await page.getByRole("link", { name: "Hide it" }).click();
  await expect(page.getByRole("button", { name: "Reveal the value" })).toBeVisible();
  expect(await page.content()).not.toContain(created);
});

test("@javascript a value is copied", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const created = await create(page, unique("copied"));
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(created);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("button", { name: "Reveal the value" }).click();
  await expect(page).not.toHaveURL(/reveal/);
  await expect(page.getByRole("button", { name: "Copy" })).toBeVisible();
});

test("a key is disabled, refused, and enabled again", async ({ page, gateway }) => {
  const name = unique("dave");
  const created = await create(page, name);
  expect(await statusWith(gateway, created)).toBe(200);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("button", { name: "Disable" }).click();
  await expect(done(page)).toContainText(`${name} is disabled`);
  expect(await statusWith(gateway, created)).toBe(403);
  await page.getByRole("button", { name: "Enable" }).click();
  await expect(done(page)).toContainText(`${name} is enabled`);
  await expect.poll(() => statusWith(gateway, created), { timeout: 40_000 }).toBe(200);
});

test("what is known of a key is changed", async ({ page, management }) => {
  const name = unique("erin");
  await create(page, name);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Name").fill(`${name}-2`);
  await page.getByLabel("Customer id").fill("customer-18");
  await page.getByLabel("Expires (UTC)").fill("2099-12-31T23:30");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(done(page)).toContainText(`${name}-2 was saved`);
  await expect(page.getByRole("main")).toContainText("customer-18");
  await expect(page.getByRole("main")).toContainText("2099-12-31 23:30 UTC");
  const [key] = await management.items(`/apikeys?name=${name}-2`);
  expect(key.customerId).toBe("customer-18");
});

test("a key that would be expired already is refused beside its field", async ({ page, watch }) => {
  watch.expectRefusals(422);
  await create(page, unique("late"));
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Expires (UTC)").fill("2020-01-01T00:00");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByLabel("Expires (UTC)")).toHaveAccessibleDescription(/This instant has passed/);
  await expect(page.getByLabel("Expires (UTC)")).toHaveValue("2020-01-01T00:00");
});

test("a key is rotated: its new value works at once, and the one before for as long as was chosen", async ({ page, gateway, management }) => {
  const name = unique("frank");
  const old = await create(page, name);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("link", { name: "Rotate" }).click();
  await page.getByLabel("The value that the client has").selectOption("works on for 7 days");
  await page.getByRole("button", { name: "Rotate the API key" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${name} was rotated`);
  await expect(page.getByRole("main")).toContainText("The value before it works until");
  const fresh = await value(page).textContent();
  expect(fresh).not.toBe(old);
  expect(await statusWith(gateway, fresh)).toBe(200);
  expect(await statusWith(gateway, old)).toBe(200);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await expect(row(page, "users · dev")).toContainText("Bronze");
  const keys = await management.items(`/apikeys?name=${name}`);
  expect(keys.length).toBe(1);
});

test("a key is put into another plan and taken out of it", async ({ page, management }) => {
  const name = unique("grace");
  const other = unique("Other");
  const plan = await management.plan({ name: other });
  await management.shown(`/console/plans?q=${plan.id}`, other);
  await create(page, name);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("link", { name: "Add to a usage plan" }).first().click();
  // A plan with a stage that the key has already is not offered.
  await expect(row(page, /^Silver/)).toContainText("is in Bronze already");
  await page.getByLabel("Search by name or id").fill(other);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: `Add the key to ${other}` }).click();
  await expect(done(page)).toContainText(`${name} is in ${other} now.`);
  const members = async () => (await management.items(`/usageplans/${plan.id}/keys`)).map((key) => key.name);
  expect(await members()).toEqual([name]);
  await page.getByRole("link", { name: `Remove the key from ${other}` }).click();
  await expect(page.getByRole("main")).toContainText("The plan covers no stage: the key opens as much as before.");
  await page.getByRole("button", { name: "Remove the key from the plan" }).click();
  await expect(done(page)).toContainText(`is no longer in ${other}`);
  expect(await members()).toEqual([]);
});

test("a key is deleted after its page has said what that breaks", async ({ page, gateway, management }) => {
  const name = unique("heidi");
  const created = await create(page, name);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("link", { name: "Delete" }).click();
  const main = page.getByRole("main");
  await expect(main).toContainText("What this breaks");
  await expect(main).toContainText("Bronze");
  await expect(main).toContainText("users · dev");
  await page.getByRole("link", { name: "Keep it" }).click();
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the API key" }).click();
  await expect(done(page)).toContainText("was deleted.");
  await expect(row(page, name)).toHaveCount(0);
  expect(await management.items(`/apikeys?name=${name}`)).toEqual([]);
  expect(await statusWith(gateway, created)).toBe(403);
});

test("keys are found by name, id and customer, and by their state and plan", async ({ page, management }) => {
  const base = unique("ivan");
  const [one, other] = [`${base}-one`, `${base}-other`];
  const customerId = unique("customer");
  const plan = await management.plan({ name: unique("Found") });
  const first = await management.key({ name: one, customerId }, plan.id);
  const second = await management.key({ name: other, enabled: false });
  await management.shown(`/console/keys?q=${second.id}`, other);
  await management.shown(`/console/keys?q=${first.id}`, plan.name);
  await open(page, "API keys");
  const search = async (fields) => {
    await page.getByLabel("Search by name, id or customer").fill(fields.text ?? "");
    await page.getByLabel("State").selectOption(fields.state ?? "any");
    await page.getByLabel("Usage plan").selectOption(fields.plan ?? "any or none");
    await page.getByRole("button", { name: "Search" }).click();
  };
  for (const [fields, found] of [
    [{ text: base.toUpperCase() }, [one, other]],
    [{ text: first.id }, [one]],
    [{ text: customerId }, [one]],
    [{ text: base, state: "disabled" }, [other]],
    [{ text: base, state: "enabled" }, [one]],
    [{ plan: plan.name }, [one]],
  ]) {
    await search(fields);
    for (const name of [one, other]) await expect(row(page, name), JSON.stringify(fields)).toHaveCount(found.includes(name) ? 1 : 0);
  }
  await search({ text: "nothing has this" });
  await expect(page.getByRole("main")).toContainText("No API key fits the search.");
});

test("a long list has pages", async ({ page, management }) => {
  const base = unique("many");
  const rows = Array.from({ length: 60 }, (_, number) => `${base}-${number},${base}-value-of-the-key-${number}`);
  await management.importKeys(["name,key", ...rows].join("\n"));
  await management.shown(`/console/keys?q=${base}`, "60 keys");
  await page.goto(`/console/keys?q=${base}`);
  await expect(page.getByRole("rowheader")).toHaveCount(50);
  await page.getByRole("link", { name: /Next/ }).click();
  await expect(page.getByRole("rowheader")).toHaveCount(10);
  await expect(page).toHaveURL(new RegExp(`q=${base}`));
  await page.getByRole("link", { name: /Previous/ }).click();
  await expect(page.getByRole("rowheader")).toHaveCount(50);
});

const LIST = (base, plan) => `Name,key,Description,Enabled,UsageplanIds
${base}-1,${base}-value-of-the-first-key,The first,TRUE,${plan}
${base}-2,${base}-value-of-the-second-key,,FALSE,
${base}-3,short,,,
${base}-4,${base}-value-of-the-fourth-key,,,nothing
`;

/** The cards above a preview, by what they count. */
const card = (page, label) => page.getByRole("main").locator(".card").filter({ hasText: label }).locator(".figure");

test("a list is imported after a preview with its warnings", async ({ page, management }) => {
  const base = unique("import");
  const plan = await management.planNamed("Gold");
  await open(page, "API keys");
  await page.getByRole("link", { name: "Import a list" }).click();
  await page.getByLabel("Or paste the list").fill(LIST(base, plan.id));
  await page.getByRole("button", { name: "Show what it would do" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("What the import would do");
  await expect(card(page, "To be created")).toHaveText("3");
  await expect(card(page, "Left out")).toHaveText("1");
  await expect(card(page, "Warnings")).toHaveText("2");
  await expect(row(page, `${base}-1`)).toContainText("Gold");
  await expect(row(page, `${base}-2`)).toContainText("disabled");
  await expect(page.getByRole("main")).toContainText("at least 20 characters");
  expect(await page.getByRole("main").textContent()).not.toContain("value-of-the-first-key");
  expect(await management.items(`/apikeys?name=${base}`)).toEqual([]);

  await page.getByRole("button", { name: "Import the list" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("3 API keys imported");
  await expect(page.getByRole("status")).toContainText("2 warnings");
  await row(page, `${base}-1`).getByRole("link").click();
  await expect(page.getByRole("main")).toContainText("The first");
  const keys = await management.items(`/apikeys?name=${base}&includeValues=true`);
  expect(keys.map((key) => [key.name, key.value, key.enabled]).sort()).toEqual([
    [`${base}-1`, `${base}-value-of-the-first-key`, true],
    [`${base}-2`, `${base}-value-of-the-second-key`, false],
    [`${base}-4`, `${base}-value-of-the-fourth-key`, true],
  ]);
});

test("a list is imported from a file, and overwrites the keys that have its values", async ({ page, management }) => {
  const base = unique("file");
  const old = await management.key({ name: `${base}-old`, value: `${base}-value-of-the-old-key` });
  const list = `key,name\r\n${base}-value-of-the-old-key,${base}-new\r\n`;
  await page.goto("/console/keys/import");
  await page.getByLabel("File").setInputFiles({ name: "keys.csv", mimeType: "text/csv", buffer: Buffer.from(list) });
  await page.getByRole("button", { name: "Show what it would do" }).click();
  await expect(card(page, "To be overwritten")).toHaveText("1");
  await expect(row(page, `${base}-new`)).toContainText(`overwrites`);
  await expect(row(page, `${base}-new`)).toContainText(old.id);
  await page.getByRole("button", { name: "Import the list" }).click();
  await expect(page.getByRole("status")).toContainText("There were no warnings.");
  expect((await management.call("GET", `/apikeys/${old.id}`)).name).toBe(`${base}-new`);
});

test("what is no list is refused beside its field", async ({ page, watch }) => {
  watch.expectRefusals(422);
  await page.goto("/console/keys/import");
  const list = page.getByLabel("Or paste the list");
  const show = () => page.getByRole("button", { name: "Show what it would do" }).click();
  await show();
  await expect(list).toHaveAccessibleDescription(/Choose a file, or paste a list/);
  await list.fill("colour,size\nred,7\n");
  await show();
  await expect(list).toHaveAccessibleDescription(/Missing required column 'name'/);
  await expect(list).toHaveValue("colour,size\nred,7\n");
});

test("a key is topped up, and the top-up is taken away again", async ({ page }) => {
  const name = unique("topped");
  await create(page, name);
  await page.getByRole("link", { name: "Go on to the key" }).click();
  await page.getByRole("link", { name: "Top up" }).click();
  await field(page, "Usage plan").selectOption({ index: 0 });
  await page.getByLabel(/^Requests to add/).fill("50");
  await field(page, "Name").fill("invoice-1");
  await page.getByRole("button", { name: "Top up" }).click();
  await expect(done(page)).toContainText(`${name} may make 50 requests more in Bronze until `);
  await page.getByRole("link", { name: "Tags", exact: true }).click();
  await field(page, "tollgate:top-up:invoice-1").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(done(page)).toHaveText(`The tags of ${name} were saved.`);
  await expect(page.getByRole("main")).not.toContainText("invoice-1");
});
