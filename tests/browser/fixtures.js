// What every test has: a gateway for each worker, its management API, and a watch over all that pages ask for and complain of.
import { expect, test as base } from "@playwright/test";
import { Gateway } from "./gateway.js";
import { Management } from "./management.js";

/** The fields of every answer of the console, each with what has to be in it. */
const FIELDS = {
  "content-security-policy": /^default-src 'none'; script-src 'self'; style-src 'self';/,
  "x-content-type-options": /^nosniff$/,
  "x-frame-options": /^DENY$/,
  "referrer-policy": /^same-origin$/,
};

/** Watches a browser context. What is wrong is in `faults`. */
class Watch {
  faults = [];
  #refusals = new Set();
  #origins;

  constructor(context, origin) {
    this.#origins = new Set([origin]);
    context.on("request", (request) => {
      const { origin: asked, protocol } = new URL(request.url());
      if (!this.#origins.has(asked) && protocol !== "data:") this.faults.push(`request to ${request.url()}`);
    });
    context.on("response", (response) => this.#check(response));
    context.on("weberror", (error) => this.faults.push(`uncaught: ${error.error()}`));
    context.on("console", (message) => {
      // The browser says of each refusal that it is one. `#check` knows which of them are meant.
      const isRefusal = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
      if (["error", "warning"].includes(message.type()) && !isRefusal) this.faults.push(`console: ${message.text()}`);
    });
    context.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
  }

  /** Statuses of 400 and more that this test wants to see. */
  expectRefusals(...statuses) {
    for (const status of statuses) this.#refusals.add(status);
  }

  /** Another origin that this test goes to. */
  expectOrigin(origin) {
    this.#origins.add(origin);
  }

  #check(response) {
    const where = `${response.request().method()} ${response.url()}: ${response.status()}`;
    if (response.status() >= 400 && !this.#refusals.has(response.status())) this.faults.push(where);
    const headers = response.headers();
    // What the admin port refuses before the console sees it is JSON, and no page.
    const [console] = this.#origins;
    if (!response.url().startsWith(console) || headers["content-type"] === "application/json") return;
    for (const [name, pattern] of Object.entries(FIELDS)) {
      if (!pattern.test(headers[name] ?? "")) this.faults.push(`${where} has ${name}: ${headers[name]}`);
    }
    if (headers["content-type"]?.startsWith("text/html") && headers["cache-control"] !== "no-store") {
      this.faults.push(`${where} has cache-control: ${headers["cache-control"]}`);
    }
  }
}

export const test = base.extend({
  gateway: [
    async ({}, use) => {
      const gateway = await Gateway.start();
      await use(gateway);
      await gateway.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  management: [async ({ gateway }, use) => use(new Management(gateway.adminUrl)), { scope: "worker" }],
  baseURL: async ({ gateway }, use) => use(gateway.adminUrl),
  watch: [
    async ({ context, gateway }, use) => {
      const watch = new Watch(context, gateway.adminUrl);
      await use(watch);
      expect(watch.faults).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** The message of what was done on the page before. */
export const done = (page) => page.getByRole("main").getByRole("status").first();

/** The row of a table whose head has this text. */
export const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });

/** Goes to a page of the console by its link at the top. */
export async function open(page, section) {
  if (page.url() === "about:blank") await page.goto("/");
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: section, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: section })).toBeVisible();
}

let last = 0;

/** A name that no other test has. */
export const unique = (name) => `${name}-${process.pid}-${++last}`;
