// A gateway of its own: `tollgate start-api` on free ports, with its store in memory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** How long a start may take. A bound for a process that hangs, not an expectation. */
const START_TIMEOUT_MS = 60_000;

/** How long the gateway may take to leave after TERM before it is killed. */
const STOP_TIMEOUT_MS = 10_000;

/** The environment without what would lead the gateway to another table, or to AWS. */
function environment() {
  const others = Object.entries(process.env).filter(([name]) => !/^(AWS|TOLLGATE)_/.test(name));
  return Object.fromEntries(others);
}

export class Gateway {
  #process;
  #lines = [];

  /** Starts it with these further arguments of `start-api`, and waits until it is ready. */
  static async start(...flags) {
    const gateway = new Gateway();
    gateway.#spawn(flags);
    const late = setTimeout(() => gateway.#process.kill("SIGKILL"), START_TIMEOUT_MS);
    await Promise.race([gateway.ready, once(gateway.#process, "exit")]);
    clearTimeout(late);
    if (!gateway.adminUrl) throw new Error(`tollgate start-api did not start:\n${gateway.log}`);
    return gateway;
  }

  #spawn(flags) {
    const ports = ["--port", "0", "--admin-port", "0", "--dynamodb-port", "0"];
    this.#process = spawn(process.env.TOLLGATE_BINARY, ["start-api", "--no-build", ...ports, ...flags], {
      cwd: process.env.TOLLGATE_WORKSPACE,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ready = new Promise((resolve) => {
      const read = (line) => {
        this.#lines.push(line);
        const said = (pattern) => line.match(pattern)?.[1];
        this.url ??= said(/ on (http:\/\/127\.0\.0\.1:\d+)\/(?!\/)\S/);
        this.adminUrl ??= said(/^Admin on (http\S+)/);
        if (line.startsWith("Ready.")) resolve();
      };
      for (const stream of [this.#process.stdout, this.#process.stderr]) createInterface(stream).on("line", read);
    });
  }

  /** What it has written. */
  get log() {
    return this.#lines.join("\n");
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    const late = setTimeout(() => this.#process.kill("SIGKILL"), STOP_TIMEOUT_MS);
    this.#process.kill("SIGTERM");
    await gone;
    clearTimeout(late);
  }
}
