"use strict";

module.exports.health = async () => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: '{"status":"ok"}',
});
