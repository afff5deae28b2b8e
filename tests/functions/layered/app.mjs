// A function that knows nothing of Tollgate: it says what it was told of a request, or does what its header `x-do` asks for.

export async function handler(event) {
  if (event.Records) return { records: event.Records.length };
  const headers = event.headers ?? {};
  switch (headers["x-do"]) {
    case "raise":
      throw new RangeError("as it was asked to");
    case "exit":
      process.exit(3);
      break;
    case "sleep":
      await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  const told = event.requestContext.authorizer;
  const ours = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-tollgate-")));
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ told, headers: ours }) };
}
