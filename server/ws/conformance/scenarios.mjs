// What a client may do to a server of graphql-transport-ws. Each scenario speaks on a connection of its own;
// what the server says to it is compared: all of it in order, but for the order between ids where byID is set, and of what is said before
// the connection is closed where onlyEnd is.
const tier = "{ viewer { tier } }";
const idle = `subscription($lot: String!) { lotOccupancyChanged(lotCode: $lot) { code } }`;
const notices = "subscription($after: String) { noticeReceived(after: $after) { cursor notice { id kind } } }";

const subscribe = (id, payload) => ({ type: "subscribe", id, payload });

// The vacancy of a lot comes once, and then for as long as it does not change nothing.
async function waits(line, env, id) {
  line.subscribes(id, idle, { lot: env.lot });
  await line.hears("next", 1, id);
}

// Messages that are none: the connection is closed with 4400 whichever comes, acknowledged or not.
const malformed = {
  "not JSON": '{"type":',
  "empty": "",
  "an array": [],
  "a string": '"connection_init"',
  "null": "null",
  "no type": {},
  "an empty type": { type: "" },
  "a type that is no string": { type: 1 },
  "an unknown type": { type: "begin" },
  "a type in other letters": { type: "Ping" },
  "a key in other letters": '{"Type":"ping"}',
  "a type of the legacy protocol": { type: "start", id: "1", payload: { query: tier } },
  "a payload of connection_init that is no object": { type: "connection_init", payload: "x" },
  "a payload of ping that is no object": { type: "ping", payload: [] },
  "a payload of pong that is no object": { type: "pong", payload: 1 },
  "subscribe without id": { type: "subscribe", payload: { query: tier } },
  "subscribe with an empty id": subscribe("", { query: tier }),
  "subscribe with a number as id": subscribe(1, { query: tier }),
  "subscribe with null as id": subscribe(null, { query: tier }),
  "subscribe without payload": { type: "subscribe", id: "1" },
  "subscribe with a list as payload": subscribe("1", []),
  "subscribe without query": subscribe("1", {}),
  "subscribe with a number as query": subscribe("1", { query: 1 }),
  "subscribe with a key in other letters": subscribe("1", { Query: tier }),
  "subscribe with a list of variables": subscribe("1", { query: tier, variables: [] }),
  "subscribe with text as variables": subscribe("1", { query: tier, variables: "{}" }),
  "subscribe with a number as operationName": subscribe("1", { query: tier, operationName: 1 }),
  "subscribe with text as extensions": subscribe("1", { query: tier, extensions: "{}" }),
  "complete without id": { type: "complete" },
  "complete with an empty id": { type: "complete", id: "" },
  "complete with a number as id": { type: "complete", id: 1 },
};

// What only a server says.
const serverSays = {
  connection_ack: { type: "connection_ack" },
  next: { type: "next", id: "1", payload: { data: {} } },
  error: { type: "error", id: "1", payload: [{ message: "x" }] },
};

const masked = (text) => [0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text, "latin1")];

// A client frame of text that breaks RFC 6455; the mask is all zeros.
const frames = {
  "a ping of text that is no UTF-8": masked('{"type":"ping","payload":{"a":"\xc3("}}'),
  "text that is no UTF-8": [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28],
  "a frame without mask": [0x81, 0x02, 0x7b, 0x7d],
  "a reserved opcode": [0x83, 0x80, 0, 0, 0, 0],
  "a reserved bit": [0xc1, 0x80, 0, 0, 0, 0],
  "a continuation of nothing": [0x80, 0x80, 0, 0, 0, 0],
  "a control frame in parts": [0x09, 0x80, 0, 0, 0, 0],
};

export const scenarios = [
  // Handshake
  { name: "no sub-protocol", header: "", run: (line) => line.isClosed() },
  { name: "the sub-protocol in other letters", header: "GraphQL-Transport-WS", run: (line) => line.isClosed() },
  { name: "an unknown sub-protocol", header: "mqtt", run: (line) => line.isClosed() },
  { name: "an unknown sub-protocol beside ours", protocols: ["mqtt", "graphql-transport-ws"], run: (line) => line.initialises() },

  // Initialisation
  { name: "initialisation", run: (line) => line.initialises() },
  { name: "initialisation with null as payload", run: (line) => line.say({ type: "connection_init", payload: null }) },
  { name: "initialisation with more than the protocol knows", run: (line) => line.say({ type: "connection_init", id: "1", more: 1 }) },
  { name: "initialisation in parts", run: inParts },
  { name: "no initialisation in time", run: (line) => line.isClosed() },
  { name: "a ping is no initialisation", run: pingsAndWaits },
  { name: "a sign-in that is refused", run: refused },
  { name: "subscribe before initialisation", run: (line) => line.subscribes("1", tier) },
  { name: "subscribe in one packet with initialisation", run: (line) => line.together({ type: "connection_init" }, subscribe("1", { query: tier })) },
  { name: "complete before initialisation", run: (line) => line.say({ type: "complete", id: "1" }) },
  { name: "a second initialisation after the acknowledgement", run: initialisesAgain },
  { name: "a second initialisation before the acknowledgement", onlyEnd: true, run: (line) => line.together({ type: "connection_init" }, { type: "connection_init" }) },

  // Messages that are none
  ...Object.entries(malformed).flatMap(([what, message]) => [
    { name: `${what}, first`, run: (line) => line.say(message) },
    { name: `${what}, acknowledged`, run: async (line) => (await line.initialises(), line.say(message)) },
  ]),
  ...Object.entries(serverSays).map(([what, message]) => ({
    name: `${what} from a client`, run: async (line) => (await line.initialises(), line.say(message)),
  })),
  { name: "a binary message", run: async (line) => (await line.initialises(), line.say(Buffer.from('{"type":"ping"}'), { binary: true })) },
  { name: "a binary message that is no JSON", run: (line) => line.say(Buffer.from([0, 1, 2]), { binary: true }) },
  { name: "a message too large", run: async (line, env) => (await line.initialises(), line.say(filler(env.maxMessage + 1))) },
  { name: "a message as large as allowed", run: async (line, env) => (await line.initialises(), line.say(filler(env.maxMessage))) },
  ...Object.entries(frames).map(([what, bytes]) => ({
    name: what, run: async (line) => (line.write(Buffer.from(bytes)), line.isClosed()),
  })),

  // Pings
  { name: "a ping", run: (line) => line.say({ type: "ping" }) },
  { name: "a ping with null", run: (line) => line.say({ type: "ping", payload: null }) },
  { name: "a ping with an empty payload", run: (line) => line.say({ type: "ping", payload: {} }) },
  { name: "a ping with a payload", run: (line) => line.say({ type: "ping", payload: { a: [1, { b: "停" }], c: null } }) },
  { name: "pings after initialisation", run: async (line) => (await line.initialises(), [1, 2, 3].forEach((n) => line.say({ type: "ping", payload: { n } }))) },
  { name: "a pong nobody asked for", run: (line) => line.say({ type: "pong", payload: { a: 1 } }) },
  { name: "a ping of WebSocket", run: async (line) => (line.control("beneath"), line.hears("control pong beneath")) },

  // Operations
  { name: "a query", run: asks(tier) },
  { name: "a query by name", run: asks({ query: `query A { viewer { tier } } query B { lots(first: 1) { edges { node { code } } } }`, operationName: "A" }) },
  { name: "a query of nulls", run: asks({ query: tier, operationName: null, variables: null, extensions: null }) },
  { name: "a mutation", run: asks('mutation { sendLoginCode(input: {mobile: "1"}) { userErrors { code } } }') },
  { name: "an event with an error in a field", run: failsInPart },
  { name: "a query with an error in a field", run: asks("{ lots(first: 1) { edges { node { code gates { code } } } } }") },
  { name: "a document that does not parse", run: asks("{", "error") },
  { name: "an empty document", run: asks("", "error") },
  { name: "a document that is not valid", run: asks("{ nothing }", "error") },
  { name: "a subscription that is not valid", run: asks("subscription { nothing }", "error") },
  { name: "an operation that is not there", run: asks({ query: `query A { viewer { tier } }`, operationName: "B" }, "error") },
  { name: "variables that do not fit", run: asks({ query: idle, variables: { lot: 1 } }) },
  { name: "a subscription that is refused to its viewer", run: asks(notices) },
  { name: "a subscription that waits", run: async (line, env) => (await line.initialises(), await waits(line, env, "1")) },
  { name: "a subscription delivers", authorised: true, run: receives },
  { name: "a client completes and nothing more comes", authorised: true, run: completesMidway },
  { name: "complete for an unknown id", run: async (line) => (await line.initialises(), line.say({ type: "complete", id: "1" })) },
  { name: "complete twice", run: async (line, env) => (await line.initialises(), await waits(line, env, "1"), line.say({ type: "complete", id: "1" }), line.say({ type: "complete", id: "1" })) },
  { name: "complete with a payload", run: async (line) => (await line.initialises(), line.say({ type: "complete", id: "1", payload: "x" })) },

  // Ids
  { name: "an id that is live", run: repeats },
  { name: "an id that is live, for a document that is not valid", run: async (line, env) => (await line.initialises(), await waits(line, env, "1"), line.subscribes("1", "{ nothing }")) },
  { name: "an id that is live and long", run: async (line, env) => (await line.initialises(), await waits(line, env, "a".repeat(90)), line.subscribes("a".repeat(90), tier)) },
  { name: "an id again after complete", run: async (line) => (await line.initialises(), line.subscribes("1", tier), await line.hears("complete"), line.subscribes("1", tier), await line.hears("complete", 2)) },
  { name: "an id again after error", run: async (line) => (await line.initialises(), line.subscribes("1", "{ nothing }"), await line.hears("error"), line.subscribes("1", tier), await line.hears("complete")) },
  { name: "an id again after the client completed", run: async (line, env) => (await line.initialises(), await waits(line, env, "1"), line.say({ type: "complete", id: "1" }), line.say({ type: "ping" }), await line.hears("pong"), line.subscribes("1", tier), await line.hears("complete")) },
  { name: "an id of any letters", run: async (line) => (await line.initialises(), line.subscribes('停"\\\n<&>__proto__', tier), await line.hears("complete")) },
  { name: "many ids", byID: true, run: async (line) => (await line.initialises(), range(20).forEach((id) => line.subscribes(id, tier)), await line.hears("complete", 20)) },
  { name: "many subscriptions, completed in another order", run: manyCompleted },
  { name: "queries between the events of a subscription", authorised: true, byID: true, run: interleaved },

  // Farewells of a client
  { name: "a client closes", run: async (line) => (await line.initialises(), line.closes(1000)) },
  { name: "a client closes before initialisation", run: (line) => line.closes(1000) },
  { name: "a client closes with a subscription", run: async (line, env) => (await line.initialises(), await waits(line, env, "1"), line.closes(1000)) },
  { name: "a client closes with a code of its own", run: async (line) => (await line.initialises(), line.closes(4321)) },
  { name: "a client closes without a code", run: async (line) => (await line.initialises(), line.closes()) },
];

const range = (count) => Array.from({ length: count }, (_, i) => `id-${i + 10}`);

// A ping of that many bytes.
function filler(bytes) {
  const around = JSON.stringify({ type: "pong", payload: { filler: "" } }).length;
  return { type: "pong", payload: { filler: "x".repeat(bytes - around) } };
}

function asks(operation, last = "complete") {
  const payload = typeof operation === "string" ? { query: operation } : operation;
  return async (line, env, authorization) => {
    await line.initialises(authorization);
    line.say(subscribe("1", payload));
    await Promise.race([line.hears(last), line.hears("error"), line.isClosed()].map((end) => end.catch(() => {})));
  };
}

function inParts(line) {
  line.say('{"type":"conn', { fin: false });
  line.say('ection_init"}', { fin: true });
}

async function pingsAndWaits(line) {
  line.say({ type: "ping" });
  await line.isClosed();
}

async function refused(line, env) {
  line.say({ type: "connection_init", payload: { Authorization: env.hopeless } });
  await line.isClosed();
}

async function initialisesAgain(line) {
  await line.initialises();
  line.say({ type: "connection_init" });
}

async function repeats(line, env) {
  await line.initialises();
  await waits(line, env, "1");
  line.subscribes("1", idle, { lot: env.lot });
}

async function receives(line, env, authorization) {
  await line.initialises(authorization);
  line.subscribes("1", notices, { after: env.after });
  await line.hears("next", env.notices);
}

async function failsInPart(line, env) {
  await line.initialises();
  line.subscribes("1", idle.replace("code", "code gates { code }"), { lot: env.lot });
  await line.hears("next");
}

async function completesMidway(line, env, authorization) {
  await receives(line, env, authorization);
  line.say({ type: "complete", id: "1" });
}

async function manyCompleted(line, env) {
  await line.initialises();
  for (const id of range(20)) await waits(line, env, id);
  for (const id of range(20).reverse()) line.say({ type: "complete", id });
}

async function interleaved(line, env, authorization) {
  await line.initialises(authorization);
  line.subscribes("s", notices, { after: env.after });
  for (const id of range(5)) line.subscribes(id, tier);
  await Promise.all([line.hears("complete", 5), line.hears("next", 5 + env.notices)]);
}
