// Each page: whether everybody can read and use it, in light and dark colours, on a desk and on a telephone.
import axe from "axe-core";
import { expect, test } from "../fixtures.js";
import { fill, pages } from "../sample.js";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const DESK = { width: 1280, height: 800 };
const TELEPHONE = { width: 360, height: 740 };

/** The names of pages do not depend on what is in the gateway. */
const NAMES = Object.keys(pages({ plans: {}, keys: {} }));

let addresses;
test.beforeAll(async ({ gateway, management }) => {
  test.setTimeout(120_000);
  addresses ??= pages(await fill(gateway, management));
});

/** What axe-core has to say against a page as it is now, a line for each element. */
async function violations(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), RULES);
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary}`));
}

/** Checks a page in both colour schemes and both widths. */
async function check(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const size of [DESK, TELEPHONE]) {
      await page.setViewportSize(size);
      const where = `${colorScheme}, ${size.width} px`;
      expect.soft(await violations(page), where).toEqual([]);
      const overflow = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const isScrolled = (element) => element.closest(".scroll, pre, .visually-hidden, .skip");
        const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width + 1 && !isScrolled(element));
        return document.documentElement.scrollWidth > width ? wide.map((element) => element.outerHTML.slice(0, 120)) : [];
      });
      expect.soft(overflow, `${where}: what is wider than the page`).toEqual([]);
    }
  }
}

/** What all pages have in common. */
async function checkFrame(page) {
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(page.getByRole("banner")).toBeVisible();
  await expect(page.getByRole("main")).toBeVisible();
  await expect(page.getByRole("contentinfo")).toBeVisible();
  await expect(page).toHaveTitle(/ · Tollgate$/);
  await expect(page.getByRole("navigation", { name: "Console" }).locator("[aria-current]")).toHaveCount(1);
}

for (const name of NAMES) {
  test(`everybody can use the page: ${name}`, async ({ page }) => {
    await page.goto(addresses[name]);
    await checkFrame(page);
    await check(page);
  });
}

test("everybody can use a form that has been refused", async ({ page, watch }) => {
  watch.expectRefusals(422);
  await page.goto(addresses["a new plan"]);
  await page.getByLabel("Name").fill("Wrong");
  await page.getByRole("button", { name: "Create the usage plan" }).click();
  await expect(page.getByRole("alert")).toBeFocused();
  await check(page);
});

test("everybody can use the page that follows a request which was tried", async ({ page }) => {
  await page.goto(addresses["try it"]);
  await page.getByLabel("Stage", { exact: true }).selectOption("shop · prod (REST API)");
  await page.getByLabel("Path").fill("/articles");
  await page.getByLabel("Key", { exact: true }).selectOption({ index: 2 });
  await page.getByRole("button", { name: "Send and explain" }).click();
  await expect(page.getByRole("main").getByRole("status").first()).toBeVisible();
  await check(page);
});

test("everybody can use the page that says that there is none", async ({ page, watch }) => {
  watch.expectRefusals(404);
  for (const address of ["/console/nothing", "/console/plans/nothing", "/console/keys/nothing", "/console/usage/plans/nothing", "/console/usage/keys/nothing"]) {
    await page.goto(address);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not found");
  }
  await check(page);
});
