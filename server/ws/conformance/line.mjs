// A raw WebSocket client that writes down what a server says, in a form in which two servers compare.
import WebSocket from "ws";

const patience = 15_000;
const probe = "what was sent before this has been handled";

// Connects, and answers a line once it stands. Header is the value of Sec-WebSocket-Protocol: given beneath the
// client library, which would not let a server close what it cannot agree to.
export async function connect(url, protocols, header) {
  const beneath = header ? { "Sec-WebSocket-Protocol": header } : {};
  const socket = new WebSocket(url, header === undefined ? protocols : [], { perMessageDeflate: false, headers: beneath });
  const line = new Line(socket);
  await within(
    new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    }),
    "the connection does not open",
  );
  return line;
}

class Line {
  heard = [];
  #socket;
  #waiting = [];
  #closed;

  constructor(socket) {
    this.#socket = socket;
    socket.on("message", (data, isBinary) => this.#note(isBinary ? { type: "binary" } : JSON.parse(data)));
    socket.on("pong", (data) => this.#note({ type: `control pong ${data}` }));
    this.#closed = new Promise((resolve) =>
      socket.once("close", (code, reason) => {
        this.#note({ type: `closed ${code}${code >= 4400 ? ` ${reason}` : ""}` });
        resolve();
      }),
    );
    socket.on("error", () => {}); // the close that follows tells
  }

  #note(message) {
    this.heard.push(message);
    this.#waiting = this.#waiting.filter((wait) => !wait());
  }

  // Sends a message; a string or bytes go as they are.
  say(message, options) {
    const raw = typeof message === "string" || Buffer.isBuffer(message);
    this.#socket.send(raw ? message : JSON.stringify(message), options);
  }

  // Writes bytes beneath WebSocket.
  write(bytes) {
    this.#socket._socket.write(bytes);
  }

  control(data) {
    this.#socket.ping(data);
  }

  // Says several messages in one packet.
  together(...messages) {
    this.#socket._socket.cork();
    for (const message of messages) this.say(message);
    this.#socket._socket.uncork();
  }

  async hears(type, count = 1, id) {
    const isMeant = (message) => message.type === type && (id === undefined || message.id === id);
    const isThere = () => this.heard.filter(isMeant).length >= count;
    if (isThere()) return;
    await within(
      new Promise((resolve) => this.#waiting.push(() => (isThere() ? (resolve(), true) : false))),
      `${count} of ${type} do not come`,
    );
  }

  async initialises(authorization) {
    this.say({ type: "connection_init", ...(authorization && { payload: { Authorization: authorization } }) });
    await this.hears("connection_ack");
  }

  subscribes(id, query, variables) {
    this.say({ type: "subscribe", id, payload: { query, ...(variables && { variables }) } });
  }

  async closes(code) {
    this.#socket.close(code);
    await this.isClosed();
  }

  isClosed() {
    return within(this.#closed, "the server does not close");
  }

  // Answers what was said, once all that was asked before has been handled.
  async transcript() {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.say({ type: "ping", payload: { probe } });
      const isProbe = (message) => message.type === "pong" && message.payload?.probe === probe;
      await within(
        Promise.race([
          this.#closed,
          new Promise((resolve) => this.#waiting.push(() => (this.heard.some(isProbe) ? (resolve(), true) : false))),
        ]),
        "a ping is not answered",
      );
      this.heard = this.heard.filter((message) => !isProbe(message));
      this.#socket.terminate();
    } else {
      await this.isClosed();
    }
    return this.heard;
  }
}

async function within(promise, complaint) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// A transcript as one line of text. Of results and errors it keeps the shape; what a pong carries it keeps whole.
export function normalised(heard, byID) {
  const messages = byID ? [...heard].sort((a, b) => (a.id ?? "").localeCompare(b.id ?? "")) : heard;
  return messages.map(describe).join("; ");
}

function describe({ type, id, payload, ...rest }) {
  const parts = [type];
  if (id !== undefined) parts.push(id === "" ? "(empty id)" : id);
  if (payload !== undefined) parts.push(type === "pong" ? JSON.stringify(payload) : JSON.stringify(shape(payload)));
  if (Object.keys(rest).length > 0) parts.push(`and ${Object.keys(rest).sort()}`);
  return parts.join(" ");
}

// What an error says beside its message, and where, is each server's own.
function shape(value) {
  if (Array.isArray(value)) return value.length > 0 ? [shape(value[0])] : [];
  if (value === null) return null;
  if (typeof value !== "object") return typeof value;
  if (typeof value.message === "string") return { message: "string" };
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, shape(value[key])]));
}
