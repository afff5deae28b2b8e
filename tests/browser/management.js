// The management API, as its clients use it: to prepare what a test is about, and to look at what it has done.

const JSON_TYPE = "application/json";

/** How long something may take until the console shows it, which reads its lists again every few seconds. */
const PATIENCE_MS = 30_000;

export class Management {
  #url;

  constructor(adminUrl) {
    this.#url = adminUrl;
  }

  /** What is answered to a request, which has to succeed. */
  async call(method, path, body, type = JSON_TYPE) {
    const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(this.#url + path, { method, body: sent, headers: { "content-type": type } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** All items of a list with this name in it, first page. */
  async items(path) {
    const answer = await this.call("GET", path);
    return answer.item ?? [];
  }

  plan(settings) {
    return this.call("POST", "/usageplans", settings);
  }

  /** The plan with this name. */
  async planNamed(name) {
    const plans = await this.items("/usageplans?limit=500");
    return plans.find((plan) => plan.name === name);
  }

  async key(settings, ...planIds) {
    const key = await this.call("POST", "/apikeys", { enabled: true, ...settings });
    for (const id of planIds) await this.call("POST", `/usageplans/${id}/keys`, { keyId: key.id, keyType: "API_KEY" });
    return key;
  }

  /** Keys of a CSV text. */
  importKeys(csv) {
    return this.call("POST", "/apikeys?mode=import&format=csv&failonwarnings=true", csv, "text/csv");
  }

  patch(path, ...patchOperations) {
    return this.call("PATCH", path, { patchOperations });
  }

  /** A REST API of an OpenAPI document, deployed to a stage. */
  async restApi(document, stage) {
    const api = await this.call("POST", "/restapis?mode=import", document);
    await this.deploy(api.id, stage);
    return api;
  }

  deploy(apiId, stageName) {
    return this.call("POST", `/restapis/${apiId}/deployments`, { stageName });
  }

  /** Edits a REST API. What it serves stays as it was deployed. */
  edit(apiId, document) {
    return this.call("PUT", `/restapis/${apiId}?mode=overwrite`, document);
  }

  /** Waits until a page of the console has a text. */
  async shown(page, text) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const response = await fetch(this.#url + page);
      const html = await response.text();
      if (html.includes(text)) return;
      if (Date.now() > end) throw new Error(`${page} does not show ${text}: ${response.status}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A method that answers by itself. */
export function mock(isKeyRequired, answer = "{}") {
  return {
    responses: { 200: { description: "It is so." } },
    security: isKeyRequired ? [{ api_key: [] }] : [],
    "x-amazon-apigateway-integration": {
      type: "mock",
      requestTemplates: { [JSON_TYPE]: '{"statusCode": 200}' },
      responses: { default: { statusCode: "200", responseTemplates: { [JSON_TYPE]: answer } } },
    },
  };
}

/** An OpenAPI document of paths with methods. */
export function openApi(title, paths) {
  return {
    openapi: "3.0.1",
    info: { title, version: "1" },
    paths,
    components: { securitySchemes: { api_key: { type: "apiKey", name: "x-api-key", in: "header" } } },
  };
}
