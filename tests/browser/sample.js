// A gateway as a small company has it: who looks at the pages sees something on each of them.
import { mock, openApi } from "./management.js";

const PATHS = {
  "/articles": { get: mock(true, '{"articles": ["tea", "coffee"]}'), post: mock(true) },
  "/articles/{id}": { get: mock(true), delete: mock(true) },
  "/prices": { get: mock(false) },
};

/** The keys with their customers and plans, and how many requests each of them has sent. */
const KEYS = [
  ["joe-black-shop", "joe-black", "Bronze", 14],
  ["ada-lovelace", "analytical-engines", "Gold", 96],
  ["grace-hopper", "navy", "Silver", 31],
  ["alan-turing", "bletchley", "Silver", 22],
  ["annie-easley", "lewis-centre", "Gold", 54],
  ["edsger-dijkstra", "eindhoven", "Bronze", 9],
  ["katherine-johnson", "langley", "Silver", 17],
  ["donald-knuth", "stanford", "Bronze", 12],
  ["barbara-liskov", "cambridge", "Silver", 3],
  ["margaret-hamilton", "apollo", "Gold", 71],
  ["tony-hoare", "oxford", "Bronze", 5],
  ["john-mccarthy", "dartmouth", "Trial", 83],
  ["radia-perlman", "spanning-trees", "Bronze", 0],
];

/**
 * Fills a gateway of the workspace's own template. Answers the ids that the pages have in their addresses.
 */
export async function fill(gateway, management) {
  const api = await management.restApi(openApi("shop", PATHS), "prod");
  const trial = await management.plan({
    name: "Trial",
    description: "For whoever wants to look first",
    quota: { limit: 100, period: "DAY" },
    apiStages: [{ apiId: api.id, stage: "prod" }],
  });
  const plans = { Trial: trial.id };
  for (const name of ["Bronze", "Silver", "Gold"]) {
    const plan = await management.planNamed(name);
    plans[name] = plan.id;
    await management.patch(`/usageplans/${plan.id}`, { op: "add", path: "/apiStages", value: `${api.id}:prod` });
  }
  await management.patch(
    `/usageplans/${plans.Silver}`,
    { op: "replace", path: `/apiStages/${api.id}:prod/throttle/~1articles~1POST/rateLimit`, value: "2" },
    { op: "replace", path: `/apiStages/${api.id}:prod/throttle/~1articles~1POST/burstLimit`, value: "4" },
  );
  const keys = {};
  for (const [name, customerId, plan, requests] of KEYS) {
    const key = await management.key({ name, customerId, description: `The key of ${customerId}` }, plans[plan]);
    keys[name] = key.id;
    for (let request = 0; request < requests; request++) {
      const url = `${gateway.url}/_aws/execute-api/${api.id}/prod/articles`;
      await (await fetch(url, { headers: { "x-api-key": key.value } })).arrayBuffer();
    }
  }
  await management.patch(`/apikeys/${keys["tony-hoare"]}`, { op: "replace", path: "/enabled", value: "false" });
  // Edited, and not deployed.
  await management.edit(api.id, openApi("shop", { ...PATHS, "/prices": { get: mock(true) }, "/orders": { post: mock(true) } }));
  await management.shown("/console/keys", KEYS.at(-1)[0]);
  await management.shown("/console/plans", "shop");
  return { api: api.id, plans, keys };
}

/** A page that each test of all pages has, by what it is called. */
export function pages({ api, plans, keys }) {
  const plan = `/console/plans/${plans.Silver}`;
  const key = `/console/keys/${keys["grace-hopper"]}`;
  const stage = `stage=${api}:prod`;
  return {
    plans: "/console/plans",
    "plans that no search finds": "/console/plans?q=nothing",
    "a new plan": "/console/plans/new",
    "a plan": plan,
    "a plan's settings": `${plan}/edit`,
    "a plan's tags": `${plan}/tags`,
    "a plan to be deleted": `${plan}/delete`,
    "a stage to be added": `${plan}/stages/add`,
    "a stage to be removed": `${plan}/stages/remove?${stage}`,
    "open methods of a stage": `${plan}/stages/unprotected?api=${api}&stage=prod`,
    "method throttles": `${plan}/methods?${stage}`,
    "keys to be added to a plan": `${plan}/keys/add`,
    keys: "/console/keys",
    "a new key": "/console/keys/new",
    "keys to be imported": "/console/keys/import",
    "a key": key,
    "a key's settings": `${key}/edit`,
    "a key's tags": `${key}/tags`,
    "a key to be topped up": `${key}/top-up`,
    "a key to be put into a plan": `${key}/plans/add`,
    "a key to be taken out of a plan": `${key}/plans/remove?plan=${plans.Silver}`,
    "a key to be rotated": `${key}/rotate`,
    "a key to be deleted": `${key}/delete`,
    APIs: "/console/apis",
    "a stage": `/console/apis/${api}/prod`,
    "a stage of the template": "/console/apis/users/dev",
    usage: "/console/usage",
    "usage of a plan": `/console/usage/plans/${plans.Silver}`,
    "usage of a key": `/console/usage/keys/${keys["john-mccarthy"]}`,
    "live view": "/console/usage/live",
    alerts: "/console/usage/alerts",
    "try it": "/console/try",
  };
}
