// What runs a Node.js function: it asks the Runtime API for events and calls the handler with them, as Lambda's own runtime does.
// It needs nothing but Node.js, from version 18 on.

import { existsSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { env } = process;
const API = "/2018-06-01/runtime";
const [, HOST, PORT] = /^(.*):(\d+)$/.exec(env.AWS_LAMBDA_RUNTIME_API);
const CONCURRENCY = Math.max(Number(env.AWS_LAMBDA_MAX_CONCURRENCY) || 1, 1);
const NODE_OF_RUNTIME = Number(/nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV)?.[1]);

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HTTP_STREAM = "application/vnd.awslambda.http-integration-response";
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";

const agent = new http.Agent({ keepAlive: true, maxSockets: CONCURRENCY * 2 });

/** An error of the runtime's own, with the name that AWS gives it. */
function fault(name, message, stack) {
  const error = new Error(message);
  error.name = name;
  if (stack) error.stack = stack;
  return error;
}

/** The error in the form that AWS gives it. */
function described(error) {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: String(error.stack ?? "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function open(method, requestPath, headers) {
  return http.request({ host: HOST, port: PORT, agent, method, path: API + requestPath, headers });
}

/** Waits for the answer to a request that is being sent. */
function answerTo(request) {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
  });
}

async function send(method, requestPath, headers = {}, body = "") {
  for (;;) {
    const request = open(method, requestPath, headers);
    const answer = answerTo(request);
    request.end(body);
    try {
      const { status, ...rest } = await answer;
      if (status >= 500) throw fault("Runtime.PlatformError", `the Runtime API answered ${method} ${requestPath} with ${status}`);
      return { status, ...rest };
    } catch (error) {
      // The other side may close a connection that it has kept.
      if (!(request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE"))) throw error;
    }
  }
}

async function postError(requestPath, error) {
  const body = described(error);
  console.error(JSON.stringify(body));
  await send("POST", requestPath, { "Content-Type": "application/json", [ERROR_TYPE]: headerText(body.errorType) }, JSON.stringify(body));
}

/** What a header can carry. */
function headerText(text) {
  return String(text).replaceAll(/[^\x20-\x7e]/g, "?");
}

/** The module of the handler: CommonJS or ESM, whichever it is. */
async function loadModule(root, moduleRoot, name) {
  const base = path.resolve(root, moduleRoot, name);
  try {
    for (const extension of [".js", ".mjs", ".cjs"]) {
      // Node.js itself decides by the extension and by the nearest package.json.
      if (existsSync(base + extension)) return await import(pathToFileURL(base + extension));
    }
    const require = createRequire(path.join(root, "handler.js"));
    return require(require.resolve(name, { paths: [root, path.join(root, moduleRoot)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw fault("Runtime.UserCodeSyntaxError", String(error), error.stack);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw fault("Runtime.ImportModuleError", String(error));
    }
    throw error;
  }
}

async function findHandler(root, name) {
  if (name.includes("..")) {
    const message = `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`;
    throw fault("Runtime.MalformedHandlerName", message);
  }
  const last = path.basename(name);
  const match = /^([^.]*)\.(.*)$/.exec(last);
  if (!match) throw fault("Runtime.MalformedHandlerName", "Bad handler");
  const loaded = await loadModule(root, name.slice(0, name.lastIndexOf(last)), match[1]);
  const member = (start) => match[2].split(".").reduce((nested, key) => nested?.[key], start);
  const handler = member(loaded) ?? member(loaded.default);
  if (handler === undefined || handler === null) throw fault("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw fault("Runtime.HandlerNotFound", `${name} is not a function`);
  if (NODE_OF_RUNTIME >= 24 && handler.length >= 3 && !handler[STREAMING]) {
    const message = "Callbacks are gone from Lambda's runtimes of Node.js 24 and later: make the handler async";
    throw fault("Runtime.CallbackHandlerDeprecated", message);
  }
  return handler;
}

/** What a handler is told of its invocation. */
function contextOf(headers) {
  const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    clientContext: undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

/** What becomes of an invocation when nothing is left to do and its handler has not answered. One at a time. */
let onEmptyLoop;
process.on("beforeExit", () => {
  const run = onEmptyLoop;
  onEmptyLoop = undefined;
  run?.();
});

/** Calls a handler that answers with what it returns, with a promise of it, or by a callback. */
function called(handler, event, context) {
  return new Promise((resolve, reject) => {
    const waits = () => CONCURRENCY === 1 && context.callbackWaitsForEmptyEventLoop;
    const settle = (error, result) => (error === undefined || error === null ? resolve(result) : reject(error));
    const done = (error, result) => {
      if (waits()) onEmptyLoop = () => settle(error, result);
      else settle(error, result);
    };
    onEmptyLoop = () => resolve(null);
    context.done = done;
    context.succeed = (result) => settle(null, result);
    context.fail = (error) => settle(error ?? "handled");
    const returned = handler(event, context, done);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
  });
}

function serialized(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

/** The stream of an answer: a request to the Runtime API that begins with the first byte. */
function answerStream(invocation) {
  const stream = open("POST", `${invocation}/response`, {
    "Content-Type": "application/octet-stream",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    Trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
  });
  const write = stream.write.bind(stream);
  const end = stream.end.bind(stream);
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    stream._onBeforeFirstWrite?.((chunk) => write(chunk));
  };
  const raw = (chunk) => (typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk));
  stream.setContentType = (type) => {
    if (hasBegun) throw fault("Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.");
    stream.setHeader("Content-Type", type);
  };
  stream.write = (chunk, ...rest) => {
    begin();
    return write(raw(chunk), ...rest);
  };
  stream.end = (chunk, ...rest) => {
    if (typeof chunk === "function") return stream.end(undefined, undefined, chunk);
    begin();
    return chunk === undefined || chunk === null ? end(...rest.filter((it) => typeof it === "function")) : end(raw(chunk), ...rest);
  };
  return { stream, answer: answerTo(stream), hasBegun: () => hasBegun };
}

async function serveStreamed(handler, event, context, invocation) {
  const { stream, answer, hasBegun } = answerStream(invocation);
  // Whoever waits for it is told, below; until then it is nobody's.
  answer.catch(() => {});
  try {
    const returned = handler(event, stream, context);
    if (typeof returned?.then !== "function") throw new Error("Streaming does not support non-async handlers.");
    await returned;
    await answer;
  } catch (error) {
    if (!hasBegun()) {
      stream.destroy();
      await postError(`${invocation}/error`, error);
      return;
    }
    const body = described(error);
    console.error(JSON.stringify(body));
    stream.addTrailers({ [ERROR_TYPE]: headerText(body.errorType), [ERROR_BODY]: Buffer.from(JSON.stringify(body)).toString("base64") });
    stream.end();
    await answer;
  }
}

async function serveOne(handler) {
  const { status, headers, body } = await send("GET", "/invocation/next");
  if (status !== 200) throw fault("Runtime.PlatformError", `the Runtime API has no invocation: ${status}`);
  const context = contextOf(headers);
  const invocation = `/invocation/${context.awsRequestId}`;
  if (CONCURRENCY === 1) {
    inHand = invocation;
    if (headers["lambda-runtime-trace-id"] === undefined) delete env._X_AMZN_TRACE_ID;
    else env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  }
  let answer;
  try {
    const event = JSON.parse(body);
    if (handler[STREAMING]) return await serveStreamed(handler, event, context, invocation);
    answer = serialized(await called(handler, event, context));
  } catch (error) {
    return await postError(`${invocation}/error`, error);
  } finally {
    onEmptyLoop = undefined;
  }
  await send("POST", `${invocation}/response`, { "Content-Type": "application/json" }, answer);
}

/** The path of the invocation in hand, where there is one at a time. */
let inHand;

/** Ends the process with an error that no handler has caught, and says so to whoever waits. */
async function die(error, status) {
  try {
    await postError(inHand === undefined ? "/init/error" : `${inHand}/error`, error);
  } finally {
    process.exit(status);
  }
}
process.on("uncaughtException", (error) => die(error, 129));
process.on("unhandledRejection", (reason) => {
  const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  die(fault("Runtime.UnhandledPromiseRejection", text, reason?.stack), 128);
});

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMING] = "response";
    if (options?.highWaterMark !== undefined) {
      handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = Number(options.highWaterMark);
    }
    return handler;
  },
  HttpResponseStream: class HttpResponseStream {
    static from(stream, prelude) {
      stream.setContentType(HTTP_STREAM);
      stream._onBeforeFirstWrite = (write) => {
        write(JSON.stringify(prelude));
        // What ends the prelude.
        write(new Uint8Array(8));
      };
      return stream;
    }
  },
};

async function main() {
  let handler;
  try {
    handler = await findHandler(env.LAMBDA_TASK_ROOT, env._HANDLER);
  } catch (error) {
    await postError("/init/error", error);
    process.exit(1);
  }
  const serve = async () => {
    for (;;) await serveOne(handler);
  };
  // Each asks for its own next invocation, as on Lambda Managed Instances.
  await Promise.all(Array.from({ length: CONCURRENCY }, serve));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
