// The console without a mouse.
import { done, expect, test, unique } from "../fixtures.js";

/** More stops than this and nobody gets there. */
const MOST_STOPS = 40;

/** Whether it is seen what has the focus: an outline of 2 px or more, on the page. */
async function hasVisibleFocus(page) {
  const focus = await page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { width, height, top } = element.getBoundingClientRect();
    const isOnPage = width > 0 && height > 0 && top >= 0;
    return { html: element.outerHTML.slice(0, 200), isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && isOnPage };
  });
  expect(focus.isSeen, focus.html).toBe(true);
}

/** Presses Tab until this has the focus, which is seen at every stop. */
async function tabTo(page, locator) {
  await expect(locator).toBeVisible();
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press("Tab");
    await hasVisibleFocus(page);
    if (await locator.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`the focus does not come to ${locator} in ${MOST_STOPS} stops`);
}

/** The main thing to do on each page, by its role and name. */
const ACTIONS = {
  "/console/plans": ["link", "Create a usage plan"],
  "/console/keys": ["link", /^Create/],
  "/console/keys/new": ["button", /^Create/],
  "/console/apis": ["link", "users"],
  "/console/usage": ["link", "Live view"],
  "/console/usage/live": ["button", "Pause"],
  "/console/try": ["button", "Send and explain"],
};

for (const [address, [role, name]] of Object.entries(ACTIONS)) {
  test(`the keyboard gets to what is done on ${address}`, async ({ page }) => {
    await page.goto(address);
    await tabTo(page, page.getByRole("main").getByRole(role, { name }).first());
  });
}

test("the first stop leads over the menu to the content", async ({ page }) => {
  await page.goto("/console/plans");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Create a usage plan" })).toBeFocused();
});

test("a plan is created and deleted without a mouse", async ({ page, management }) => {
  const name = unique("Typed");
  await page.goto("/console/plans");
  await tabTo(page, page.getByRole("link", { name: "Create a usage plan" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByLabel("Name"));
  await page.keyboard.type(name);
  await tabTo(page, page.getByLabel("Limit how fast each key may go"));
  await page.keyboard.press("Space");
  await tabTo(page, page.getByLabel("Period", { exact: true }));
  await page.keyboard.press("ArrowDown");
  await tabTo(page, page.getByRole("button", { name: "Create the usage plan" }));
  await page.keyboard.press("Enter");
  await expect(done(page)).toHaveText(`The usage plan ${name} was created.`);
  expect(await management.planNamed(name)).toBeDefined();
  await tabTo(page, page.getByRole("link", { name: "Delete" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Delete the usage plan" }));
  await page.keyboard.press("Enter");
  await expect(done(page)).toHaveText(`The usage plan ${name} was deleted.`);
});

test("a search keeps the focus where it is typed", async ({ page, management }) => {
  const name = unique("Sought");
  const plan = await management.plan({ name });
  await management.shown(`/console/plans?q=${plan.id}`, name);
  await page.goto("/console/plans");
  const box = page.getByLabel("Search by name, id or stage");
  await tabTo(page, box);
  await page.keyboard.type(name);
  await expect(page.getByRole("row")).toHaveCount(2);
  await expect(page).toHaveURL(new RegExp(`q=${name}`));
  await expect(box).toBeFocused();
  await expect(box).toHaveValue(name);
});
