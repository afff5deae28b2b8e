// Pictures of the main pages, for the README.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, row, test } from "./fixtures.js";
import { fill, pages } from "./sample.js";

const FOLDER = process.env.TOLLGATE_SCREENSHOTS;

let addresses;
test.beforeAll(async ({ gateway, management }) => {
  test.setTimeout(120_000);
  addresses ??= pages(await fill(gateway, management));
  await mkdir(FOLDER, { recursive: true });
});

/** As high as what a page is about. */
async function take(page, name, height = 800) {
  await page.setViewportSize({ width: 1280, height });
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled", caret: "hide" });
}

for (const [file, name, height] of [
  ["plans", "plans"],
  ["plan", "a plan"],
  ["keys", "keys"],
  ["key", "a key"],
  ["apis", "a stage", 940],
  ["usage", "usage of a key", 940],
]) {
  test(file, async ({ page }) => {
    await page.goto(addresses[name]);
    await take(page, file, height);
  });
}

test("try", async ({ page }) => {
  await page.goto(addresses["try it"]);
  await page.getByLabel("Stage", { exact: true }).selectOption("shop · prod (REST API)");
  await page.getByLabel("Path").fill("/articles");
  const key = page.getByLabel("Key", { exact: true });
  await key.selectOption(await key.getByRole("option", { name: /^grace-hopper/ }).getAttribute("value"));
  await page.getByRole("button", { name: "Send and explain" }).click();
  await expect(page.getByRole("main").getByRole("status").first()).toContainText("200 OK");
  await take(page, "try", 1030);
});

test("live", async ({ page, gateway, management }) => {
  test.setTimeout(120_000);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(addresses["live view"]);
  const [, api] = addresses["a stage"].match(/apis\/([^/]+)/);
  const values = [];
  for (const name of ["ada-lovelace", "annie-easley", "grace-hopper", "donald-knuth"]) {
    const [key] = await management.items(`/apikeys?includeValues=true&name=${name}`);
    values.push(key.value);
  }
  // Half a minute in which each key asks at its own pace, some of them faster than their plans allow.
  let isOver = false;
  const ask = async (value, place) => {
    for (let turn = 0; !isOver; turn++) {
      await (await fetch(`${gateway.url}/_aws/execute-api/${api}/prod/articles`, { headers: { "x-api-key": value } })).arrayBuffer();
      await new Promise((resolve) => setTimeout(resolve, (12 + 9 * place) * (1.5 + Math.sin(turn / 40))));
    }
  };
  const asking = values.map(ask);
  await page.waitForTimeout(30_000);
  await expect(row(page, "ada-lovelace")).toBeVisible();
  await take(page, "live", 1000);
  isOver = true;
  await Promise.all(asking);
});
