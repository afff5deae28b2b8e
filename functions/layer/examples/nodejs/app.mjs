// A small API in Node.js, which streams its answers. It knows nothing of keys: Tollgate's layer stands before it, and tells it whose key
// it was.

import { setTimeout } from "node:timers/promises";

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const { http, authorizer } = event.requestContext;
  const answer = (statusCode, type = "application/json") =>
    awslambda.HttpResponseStream.from(stream, { statusCode, headers: { "content-type": type } });
  const key = authorizer?.lambda ?? {};
  switch (`${http.method} ${event.rawPath.replace(/\/$/, "")}`) {
    case "GET /health":
      answer(200).end(JSON.stringify({ healthy: true }));
      break;
    case "GET /hello":
      answer(200).end(JSON.stringify({ message: "Hello", keyId: key.keyId, remaining: key.remaining }));
      break;
    case "POST /hello":
      answer(200).end(JSON.stringify({ echo: event.body, isBase64Encoded: event.isBase64Encoded }));
      break;
    case "GET /stream": {
      const lines = answer(200, "text/plain");
      for (const word of ["one", "two", "three"]) {
        lines.write(`${word}\n`);
        await setTimeout(200);
      }
      lines.end();
      break;
    }
    default:
      answer(404).end(JSON.stringify({ message: "Not Found" }));
  }
});
