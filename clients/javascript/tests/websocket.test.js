import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { connect } from "../switchback.js";
import * as wire from "./encoder.js";
import { WebSocket } from "./websocket.js";

/** Serves one connection after the other: `serve(socket, frames)` after the handshake, `frames` yielding `[opcode, payload]`. */
async function serving(context, serve, { status = "101 Switching Protocols" } = {}) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    context.after(() => socket.destroy());
    let head = "";
    socket.on("data", function read(bytes) {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", read);
      const key = /sec-websocket-key: (\S+)/i.exec(head)[1];
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(`HTTP/1.1 ${status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: switchback.1\r\n\r\n`);
      serve(socket, framesOf(socket));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return `ws://127.0.0.1:${server.address().port}/connect`;
}

async function* framesOf(socket) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of untilCut(socket)) {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      if (bytes.length < 6) break;
      const short = bytes[1] & 127;
      const [start, count] = short < 126 ? [2, short] : short === 126 ? [4, bytes.readUInt16BE(2)] : [10, Number(bytes.readBigUInt64BE(2))];
      if (bytes.length < start + 4 + count) break;
      assert.ok(bytes[1] & 128, "a client masks");
      const mask = bytes.subarray(start, start + 4);
      yield [bytes[0] & 15, Buffer.from(bytes.subarray(start + 4, start + 4 + count).map((byte, index) => byte ^ mask[index & 3]))];
      bytes = bytes.subarray(start + 4 + count);
    }
  }
}

async function* untilCut(socket) {
  try {
    yield* socket;
  } catch {} // the other side went away without a word
}

/** An unmasked frame; `first` is its first byte. */
const serverFrame = (first, payload) => {
  const bytes = Buffer.from(payload);
  const count = bytes.length;
  const head = count < 126 ? [count] : count < 65536 ? [126, count >> 8, count & 255] : [127, 0, 0, 0, 0, count >>> 24, (count >> 16) & 255, (count >> 8) & 255, count & 255];
  return Buffer.concat([Buffer.from([first, ...head]), bytes]);
};
const next = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));

test("Messages of every length class go there and come back, whole, dripped and in fragments with a ping between", async (context) => {
  const url = await serving(context, async (socket, frames) => {
    for await (const [opcode, payload] of frames) {
      if (opcode !== 2) continue;
      socket.write(serverFrame(0x82, payload));
      for (const byte of serverFrame(0x82, payload.subarray(0, 300))) socket.write(Buffer.of(byte));
      socket.write(serverFrame(0x02, payload.subarray(0, 1)));
      socket.write(serverFrame(0x89, "are you there"));
      socket.write(serverFrame(0x80, payload.subarray(1)));
    }
  });
  const socket = new WebSocket(url, ["switchback.1"]);
  await next(socket, "open");
  assert.equal(socket.protocol, "switchback.1");
  for (const count of [1, 125, 126, 65535, 65536, 200_000]) {
    const sent = Uint8Array.from({ length: count }, (_, index) => index % 251);
    const received = [];
    socket.onmessage = ({ data }) => received.push(new Uint8Array(data));
    socket.send(sent);
    while (received.length < 3) await next(socket, "message");
    assert.deepEqual(received, [sent, sent.slice(0, 300), sent]);
  }
  socket.terminate();
  assert.equal((await next(socket, "close")).code, 1006);
});

test("A close from the server gives its code and reason; a refused upgrade is an error and a close", async (context) => {
  const closing = await serving(context, (socket) => socket.write(serverFrame(0x88, [0x0f, 0xa0, ...Buffer.from("newer")])));
  const closed = await next(new WebSocket(closing), "close");
  assert.deepEqual([closed.code, closed.reason, closed.wasClean], [4000, "newer", true]);
  const refusing = await serving(context, () => {}, { status: "403 Forbidden" });
  const socket = new WebSocket(refusing);
  const [error, end] = await Promise.all([next(socket, "error"), next(socket, "close")]);
  assert.match(error.message, /403/);
  assert.deepEqual([end.code, socket.readyState], [1006, WebSocket.CLOSED]);
});

test("The client mirrors, sends and comes back over real sockets", async (context) => {
  let attach = 0;
  const url = await serving(context, async (socket, frames) => {
    const send = (...parts) => socket.write(serverFrame(0x82, parts.flat(Infinity)));
    for await (const [opcode, payload] of frames) {
      if (opcode === 8) return socket.end(serverFrame(0x88, payload.subarray(0, 2)));
      if (payload[1] === 0x10 && (attach = payload[2])) {
        send(wire.welcome("11".repeat(16), "aa", attach > 1 ? 1 : 0), wire.attached(1, "a", { kept: attach > 1 ? [0] : [] }));
        if (attach === 1) send(wire.section(1, 0, 0, 1, [], { schema: [["t", "text", []]] }), wire.mark(1, 0, 1));
        send(wire.granted("a", 5, attach === 1 ? 0 : 1));
      }
      if (payload[1] === 0x11 && attach === 1) socket.destroy(); // applied, but its ack is lost
      if (payload[1] === 0x11 && attach === 2) send(wire.section(1, 0, 1, 2, [1, ...wire.group("insert", 1, 0, [wire.text("k")])]), wire.mark(1, 1, 2), wire.acked(5, 2, 2));
    }
  });
  const hub = connect(url, { WebSocket, random: () => 0 });
  context.after(() => hub.close());
  const room = hub.read("a", { write: true });
  await room.ready;
  assert.deepEqual(await room.send("one"), { status: "acked", tick: undefined });
  assert.equal(attach, 2);
  assert.deepEqual(await room.send("two"), { status: "acked", tick: 2 });
  assert.deepEqual([hub.resumed, room.version, [...room.tables.t.keys()]], [true, 2, ["k"]]);
});
