// A CommonJS handler, which answers by its callback.

exports.handlers = {
  answer(event, context, callback) {
    const act = event.pathParameters.act;
    if (act === "later") setTimeout(() => callback(null, { statusCode: 200, body: "later" }), 20);
    if (act === "fail") callback(new RangeError("out of range"));
    if (act === "at-once") {
      context.callbackWaitsForEmptyEventLoop = false;
      setTimeout(() => {}, 60_000).unref();
      callback(null, { statusCode: 200, body: "at once" });
    }
    if (act === "never") return;
  },
};
