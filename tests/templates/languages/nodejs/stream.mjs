// Handlers that stream their answers, for a function URL.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const act = event.rawPath;
  if (act === "/early") throw new Error("before the first byte");
  const prelude = { statusCode: 418, headers: { "content-type": "text/plain", "x-act": act }, cookies: ["a=1"] };
  const answer = awslambda.HttpResponseStream.from(stream, prelude);
  if (act === "/empty") {
    answer.end();
    return;
  }
  if (act === "/pipeline") {
    await pipeline(Readable.from(["short ", "and ", "stout 🫖"]), answer);
    return;
  }
  answer.write("short ");
  if (act === "/late") throw new Error("after the first byte");
  answer.write("and ");
  answer.end("stout");
});
