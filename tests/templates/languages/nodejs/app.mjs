// Does what the path's parameter says, so that tests see how answers and errors come back.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
let calls = 0;
const waiting = [];

class OutOfStock extends Error {
  name = "OutOfStock";
}

export const handler = async (event, context) => {
  calls += 1;
  switch (event.pathParameters?.act ?? event.act) {
    case "echo":
      console.log("printed: grüß");
      console.error("printed to stderr");
      console.info("logged");
      return { event, text: "grüß 🎉" };
    case "context":
      return {
        names: [context.functionName, context.functionVersion, context.logGroupName],
        arn: context.invokedFunctionArn,
        memory: context.memoryLimitInMB,
        requestId: context.awsRequestId,
        logStream: context.logStreamName,
        remainingMs: context.getRemainingTimeInMillis(),
        waits: context.callbackWaitsForEmptyEventLoop,
        directory: process.cwd(),
        greeting: require("greeting"),
        wrapped: process.env.WRAPPED_BY,
        plain: process.env.PLAIN,
        path: process.env.PATH,
        handler: process.env._HANDLER,
        environment: process.env.AWS_EXECUTION_ENV,
      };
    case "large":
      return { statusCode: 200, body: "x".repeat(5_900_000) };
    case "too-large":
      return "x".repeat(6_300_000);
    case "fail":
      throw new OutOfStock("no more of №7");
    case "text":
      throw "just a text";
    case "unserializable":
      return { number: 1n };
    case "nothing":
      return undefined;
    case "never":
      return new Promise(() => {});
    case "meet":
      // Each waits for the others.
      await new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 3) waiting.forEach((go) => go());
      });
      return { statusCode: 200, body: "met" };
    case "reject":
      Promise.reject(new Error("nobody caught it"));
      return new Promise((resolve) => setTimeout(resolve, 10_000));
    default:
      return { statusCode: 200, body: String(calls) };
  }
};
