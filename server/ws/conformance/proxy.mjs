// A TCP proxy that resets connections in the middle of what the server sends.
import net from "node:net";

// Server frames are neither masked nor compressed, so a notice can be seen as it passes.
const notice = Buffer.from('"type":"next"');

// Forwards to target. Plan holds, in rising order, after how many notices passed to reset the
// connection they came on. Answers { port, resets(), close() }.
export function resettingProxy(target, plan) {
  const places = [...plan].sort((a, b) => a - b);
  const sockets = new Set();
  let passed = 0;
  let resets = 0;

  const server = net.createServer((client) => {
    const upstream = net.connect(target);
    let cut = false;
    const destroy = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {}); // resets are what this proxy is for
      socket.on("close", () => {
        sockets.delete(socket);
        if (!cut) destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      if (cut) return;
      const end = cutAt(chunk);
      if (end < 0) {
        if (!client.write(chunk)) {
          upstream.pause();
          client.once("drain", () => upstream.resume());
        }
        return;
      }
      cut = true;
      resets++;
      client.write(chunk.subarray(0, end), () => setTimeout(destroy, Math.random() * 5));
    });
  });

  // Counts the notices in chunk, and answers where to cut it, or -1. A notice whose mark is split
  // between two chunks is not counted, which only moves a reset.
  function cutAt(chunk) {
    for (let at = chunk.indexOf(notice); at >= 0; at = chunk.indexOf(notice, at + 1)) {
      if (passed >= places[0]) {
        places.shift();
        const next = chunk.indexOf(notice, at + 1);
        return at + Math.floor(Math.random() * ((next < 0 ? chunk.length : next) - at));
      }
      passed++;
    }
    return -1;
  }

  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: server.address().port,
        resets: () => resets,
        close() {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      }),
    );
  });
}
