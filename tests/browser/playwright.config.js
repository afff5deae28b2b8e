import { defineConfig } from "@playwright/test";

const TASKS = /tasks\/.*\.spec\.js$/;
const isRoot = process.getuid() === 0;

export default defineConfig({
  outputDir: process.env.TOLLGATE_RESULTS,
  forbidOnly: true,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.TOLLGATE_CHROMIUM,
      // It keeps reports of crashes in the home directory.
      env: { ...process.env, HOME: process.env.TMPDIR },
      // Its sandbox does not work for root.
      chromiumSandbox: !isRoot,
      // Nothing but this machine is reachable, whatever a page or the browser itself asks for.
      args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
    },
  },
  // All that forms do works in a browser that runs scripts, and in one that does not.
  projects: [
    { name: "with JavaScript", testMatch: TASKS },
    { name: "without JavaScript", testMatch: TASKS, grepInvert: /@javascript/, use: { javaScriptEnabled: false } },
    { name: "all pages", testMatch: /pages\/.*\.spec\.js$/ },
    { name: "screenshots", testMatch: "screenshots.spec.js" },
  ],
});
