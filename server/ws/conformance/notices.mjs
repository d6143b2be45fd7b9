// Receives notices with the real graphql-ws client while its connection is reset again and again, and
// checks that each arrives exactly once and in order.
//
//   node notices.mjs --url ws://127.0.0.1:8080/graphql --token TOKEN --count 1000 --resets 20
//
//   --url      WebSocket address of the server; plain ws:// only, because a proxy stands between
//   --token    access token of a driver; without it the viewer is anonymous
//   --count    notices to receive (default 1000); somebody else must cause them, before or meanwhile
//   --resets   TCP resets on the way, in the middle of frames (default 20), fewer than notices
//   --after    cursor to start behind (default: none); as --after=CURSOR, because one may begin with a dash
//   --timeout  seconds for everything (default 120)
//
// The client subscribes to
//   subscription($after: String) { noticeReceived(after: $after) { cursor notice { id } } }
// and after each reset resumes behind the last cursor it saw. What it received is then compared with
// an undisturbed subscription from the same place. Exit status: 0 as expected, 1 otherwise, 2 for
// wrong arguments.
import process from "node:process";
import { parseArgs } from "node:util";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { resettingProxy } from "./proxy.mjs";

const query =
  "subscription($after: String) { noticeReceived(after: $after) { cursor notice { id } } }";

const options = readArguments();
const deadline = AbortSignal.timeout(options.timeout * 1000);
try {
  const { received, resets } = await receiveThroughResets();
  const start = options.after ?? received[0].cursor;
  const expected = await collect(options.url, start, options.count - (options.after ? 0 : 1));
  compare(received, options.after ? expected : [received[0], ...expected]);
  console.log(`notices: ${received.length} received exactly once, in order, through ${resets} resets`);
  process.exit(0);
} catch (error) {
  console.error(`notices: ${error.message}`);
  process.exit(1);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: "string" },
        token: { type: "string" },
        count: { type: "string", default: "1000" },
        resets: { type: "string", default: "20" },
        after: { type: "string" },
        timeout: { type: "string", default: "120" },
      },
    });
    const numbers = { count: +values.count, resets: +values.resets, timeout: +values.timeout };
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
    }
    if (numbers.count < 1) throw new Error("--count must be at least 1");
    if (numbers.resets >= numbers.count) throw new Error("--resets must be fewer than --count");
    if (!values.url || new URL(values.url).protocol !== "ws:") throw new Error("--url ws://… is required");
    return { ...values, ...numbers };
  } catch (error) {
    console.error(`notices: ${error.message}`);
    process.exit(2);
  }
}

async function receiveThroughResets() {
  const target = new URL(options.url);
  const proxy = await resettingProxy(
    { host: target.hostname, port: +(target.port || 80) },
    resetPlan(options.count, options.resets),
  );
  const url = new URL(target);
  url.hostname = "127.0.0.1";
  url.port = proxy.port;
  try {
    const received = await collect(url.href, options.after, options.count);
    if (proxy.resets() !== options.resets) {
      throw new Error(`only ${proxy.resets()} of ${options.resets} resets happened`);
    }
    return { received, resets: proxy.resets() };
  } finally {
    proxy.close();
  }
}

// After how many forwarded notices to reset: one place in each of as many equal parts. The notice that
// a reset cuts may arrive uncounted, so the last places must not be too near the end.
function resetPlan(count, resets) {
  const part = (count - resets) / Math.max(resets, 1);
  return Array.from({ length: resets }, (_, i) => Math.floor((i + Math.random()) * part));
}

// Receives count notices after a cursor, with the client's own retries.
function collect(url, after, count) {
  if (count === 0) return Promise.resolve([]);
  const received = [];
  let last = after ?? null;
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: options.token ? { Authorization: `Bearer ${options.token}` } : {},
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80)),
  });
  // The client sends the same payload again after a reset: the getter lets it say the newest cursor.
  const variables = {
    get after() {
      return last;
    },
  };
  return new Promise((resolve, reject) => {
    deadline.addEventListener("abort", () =>
      reject(new Error(`timed out with ${received.length} of ${count} notices`)),
    );
    const unsubscribe = client.subscribe({ query, variables }, {
      next({ data, errors }) {
        if (errors) return reject(new Error(`the server answered ${JSON.stringify(errors)}`));
        if (received.length === count) return;
        const { cursor, notice } = data.noticeReceived;
        last = cursor;
        received.push({ cursor, id: notice.id });
        if (received.length === count) {
          unsubscribe();
          resolve(received);
        }
      },
      error: (error) => reject(new Error(`the subscription failed: ${describe(error)}`)),
      complete: () => reject(new Error(`completed with ${received.length} of ${count} notices`)),
    });
  }).finally(() => client.dispose());
}

function describe(error) {
  if (Array.isArray(error)) return JSON.stringify(error);
  return error.code ? `closed with ${error.code} ${error.reason ?? ""}` : String(error.message ?? error);
}

function compare(received, expected) {
  for (const key of ["cursor", "id"]) {
    const seen = new Set();
    for (const notice of received) {
      if (seen.has(notice[key])) throw new Error(`${key} ${notice[key]} arrived twice`);
      seen.add(notice[key]);
    }
  }
  received.forEach((notice, i) => {
    if (notice.cursor !== expected[i].cursor || notice.id !== expected[i].id) {
      throw new Error(
        `notice ${i + 1} is ${JSON.stringify(notice)}, undisturbed it is ${JSON.stringify(expected[i])}`,
      );
    }
  });
}
