// Lets the real graphql-sse client speak to a running server in both modes of the protocol.
//
//   node events.mjs --url http://127.0.0.1:8080/graphql --token=TOKEN --after=CURSOR --notices 4 --lot WT-1
//
//   --url      address of the server
//   --token    access token of a driver
//   --after    cursor behind which the driver has --notices notices
//   --lot      code of a lot where nothing happens meanwhile
//
// Prints how many checks are met in each mode. Exit status: 0 when all are, 1 otherwise, 2 for wrong arguments.
import assert from "node:assert/strict";
import process from "node:process";
import { parseArgs } from "node:util";
import { createClient } from "graphql-sse";

const patience = 20_000;
const tier = "{ viewer { tier } }";
const idle = "subscription($lot: String!) { lotOccupancyChanged(lotCode: $lot) { code } }";
const notices = "subscription($after: String) { noticeReceived(after: $after) { cursor notice { id } } }";

const options = readArguments();
const checks = {
  "a query answers once and completes": async (client) => {
    assert.deepEqual(await all(client, { query: tier }), [{ data: { viewer: { tier: "FOLLOWED" } } }]);
  },
  "what its execution refuses comes as a result": async (client) => {
    const [{ data, errors }] = await all(client, { query: '{ lot(code: "nowhere") { code } viewer { tier } }' });
    assert.equal(data.viewer.tier, "FOLLOWED");
    assert.ok(data.lot === null || errors.length > 0);
  },
  "a subscription replays and goes on": async (client) => {
    const got = await first(client, { query: notices, variables: { after: options.after } }, options.notices);
    const cursors = got.map(({ data }) => data.noticeReceived.cursor);
    assert.equal(new Set(cursors).size, options.notices);
  },
  "ten subscriptions and ten queries at once": async (client) => {
    const subscriptions = Array.from({ length: 10 }, () => first(client, { query: idle, variables: { lot: options.lot } }, 1));
    const queries = Array.from({ length: 10 }, () => all(client, { query: tier }));
    for (const [{ data }] of await Promise.all(subscriptions)) assert.equal(data.lotOccupancyChanged.code, options.lot);
    for (const got of await Promise.all(queries)) assert.equal(got.length, 1);
  },
  "a document that is not valid is told": async (client, mode) => {
    const refusal = all(client, { query: "{ nothing }" });
    if (mode === "distinct") return assert.ok((await refusal)[0].errors[0].message);
    await assert.rejects(refusal, (error) => error.response.status === 400); // GraphQL over HTTP, as the protocol says
  },
  "a client may come back after it has left": async (client) => {
    for (let i = 0; i < 3; i++) await first(client, { query: idle, variables: { lot: options.lot } }, 1);
  },
};

let failed = 0;
for (const mode of ["distinct", "single"]) {
  const met = [];
  for (const [what, check] of Object.entries(checks)) {
    if (await isMet(mode, what, check)) met.push(what);
  }
  failed += Object.keys(checks).length - met.length;
  console.log(`events: ${mode} connections: ${met.length} of ${Object.keys(checks).length} checks met`);
}
process.exit(failed > 0 ? 1 : 0);

async function isMet(mode, what, check) {
  const client = createClient({
    url: options.url,
    singleConnection: mode === "single",
    headers: () => ({ Authorization: `Bearer ${options.token}` }),
    retryAttempts: 0,
  });
  try {
    await within(check(client, mode));
    return true;
  } catch (error) {
    console.error(`events: ${mode}: ${what}: ${error.message}`);
    return false;
  } finally {
    client.dispose();
  }
}

async function all(client, request) {
  const results = [];
  for await (const result of client.iterate(request)) results.push(result);
  return results;
}

// The first results of an operation, which is stopped then.
async function first(client, request, count) {
  const results = [];
  for await (const result of client.iterate(request)) {
    results.push(result);
    if (results.length === count) break;
  }
  return results;
}

async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it takes too long")), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: "string" },
        token: { type: "string" },
        after: { type: "string" },
        notices: { type: "string", default: "4" },
        lot: { type: "string" },
      },
    });
    for (const name of ["url", "token", "after", "lot"]) {
      if (!values[name]) throw new Error(`--${name} is required`);
    }
    return { ...values, notices: +values.notices };
  } catch (error) {
    console.error(`events: ${error.message}`);
    process.exit(2);
  }
}
