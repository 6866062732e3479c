// A WebSocket client (RFC 6455) over node:net with the browser's constructor, for tests against real servers. Not for products:
// no TLS, no compression, and every message is held in memory.

import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";

const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

export class WebSocket extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;

  onopen = null;
  onmessage = null;
  onerror = null;
  onclose = null;
  binaryType = "arraybuffer";
  protocol = "";
  readyState = states.CONNECTING;
  bufferedAmount = 0;

  #socket;
  #received = Buffer.alloc(0);
  #head = true;
  #key = randomBytes(16).toString("base64");
  #parts = [];
  #partsOpcode = 0;
  #closeCode = 1006;
  #closeReason = "";

  constructor(url, protocols = [], { headers = {} } = {}) {
    super();
    const { hostname, port, pathname, search, host, protocol } = new URL(url);
    if (protocol !== "ws:") throw new SyntaxError("only ws: here");
    this.url = url;
    for (const name of ["open", "message", "error", "close"]) this.addEventListener(name, (event) => this[`on${name}`]?.(event));
    this.#socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80), noDelay: true });
    const lines = [
      `GET ${pathname}${search} HTTP/1.1`, `Host: ${host}`, "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Key: ${this.#key}`,
      "Sec-WebSocket-Version: 13", ...([protocols].flat().length ? [`Sec-WebSocket-Protocol: ${[protocols].flat().join(", ")}`] : []),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    this.#socket.on("connect", () => this.#socket.write(`${lines.join("\r\n")}\r\n\r\n`));
    this.#socket.on("data", (bytes) => this.#take(bytes));
    this.#socket.on("error", (error) => this.#dispatch("error", { message: error.message }));
    this.#socket.on("close", () => this.#ended());
  }

  send(data) {
    if (this.readyState === states.CONNECTING) throw new Error("not open yet");
    if (this.readyState !== states.OPEN) return;
    if (typeof data === "string") this.#write(opcodes.text, Buffer.from(data));
    else this.#write(opcodes.binary, ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data));
  }

  close(code, reason = "") {
    if (this.readyState >= states.CLOSING) return;
    if (this.readyState === states.CONNECTING) return this.terminate();
    this.readyState = states.CLOSING;
    setTimeout(() => this.terminate(), 2_000).unref(); // a server that never answers the close
    this.#write(opcodes.close, code === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
  }

  /** Cuts the connection without a word, as a crash would. */
  terminate() {
    this.#socket.destroy();
  }

  /** Stops reading, as a slow client would, until `resume`. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /** Bytes as they are: for tests that break the rules. */
  sendRaw(bytes) {
    this.#socket.write(Buffer.from(bytes));
  }

  #take(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (this.#head && !this.#takeHead()) return;
    while (this.#takeFrame());
  }

  #takeHead() {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [status, ...lines] = this.#received.subarray(0, end).toString("latin1").split("\r\n");
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
    const expected = createHash("sha1").update(`${this.#key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    this.#received = this.#received.subarray(end + 4);
    this.#head = false;
    if (!/^HTTP\/1\.1 101 /.test(status) || headers["sec-websocket-accept"] !== expected) {
      this.#dispatch("error", { message: `no upgrade: ${status}` });
      this.terminate();
      return false;
    }
    this.protocol = headers["sec-websocket-protocol"] ?? "";
    this.readyState = states.OPEN;
    this.#dispatch("open");
    return true;
  }

  #takeFrame() {
    const bytes = this.#received;
    if (bytes.length < 2) return false;
    const [isLast, opcode, short] = [bytes[0] >= 128, bytes[0] & 15, bytes[1] & 127];
    if (bytes[0] & 0x70 || bytes[1] & 0x80) return this.#broken("reserved bits or a mask from the server");
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return false;
    const count = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + count) return false;
    const payload = Buffer.from(bytes.subarray(start, start + count));
    this.#received = bytes.subarray(start + count);
    if (opcode === opcodes.close) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#closeReason = payload.subarray(2).toString();
      if (this.readyState === states.OPEN) this.#write(opcodes.close, payload.subarray(0, 2));
      this.readyState = states.CLOSING;
      this.#socket.end();
      return false;
    }
    if (opcode === opcodes.ping) this.#write(opcodes.pong, payload);
    if (opcode >= 8) return true;
    if ((opcode === opcodes.continuation) !== (this.#parts.length > 0)) return this.#broken("a fragment out of place");
    if (opcode !== opcodes.continuation) this.#partsOpcode = opcode;
    this.#parts.push(payload);
    if (!isLast) return true;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    const data = this.#partsOpcode === opcodes.text ? whole.toString() : whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length);
    this.#dispatch("message", { data });
    return this.readyState !== states.CLOSED;
  }

  #broken(message) {
    this.#dispatch("error", { message });
    this.close(1002, message);
    this.#socket.end();
    return false;
  }

  #write(opcode, payload) {
    if (this.#socket.destroyed) return;
    const mask = randomBytes(4);
    const count = payload.length;
    const head = count < 126 ? Buffer.alloc(2) : count < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (count < 126 ? count : count < 65536 ? 126 : 127);
    if (head.length === 4) head.writeUInt16BE(count, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(count), 2);
    const masked = Buffer.from(payload);
    for (let index = 0; index < count; index++) masked[index] ^= mask[index & 3];
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  #ended() {
    if (this.readyState === states.CLOSED) return;
    this.readyState = states.CLOSED;
    this.#dispatch("close", { code: this.#closeCode, reason: this.#closeReason, wasClean: this.#closeCode !== 1006 });
  }

  #dispatch(name, properties = {}) {
    this.dispatchEvent(Object.assign(new Event(name), properties));
  }
}
