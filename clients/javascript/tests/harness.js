// A clock, a storage and a socket without a network: everything that a hub is given, in the hands of a test.

import { connect } from "../switchback.js";
import * as wire from "./encoder.js";

export const session = "00112233445566778899aabbccddeeff";

export class FakeClock {
  #now = 0;
  #timers = new Map();
  #lastID = 0;

  now = () => this.#now;
  date = () => 1_000_000 + this.#now; // milliseconds since 1970, early in it so that it encodes shortly
  setTimeout = (fire, milliseconds) => {
    this.#timers.set(++this.#lastID, { fire, at: this.#now + milliseconds });
    return this.#lastID;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  /** Lets time pass and fires what falls due, in order. */
  async advance(milliseconds) {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].fire();
      await settled();
    }
    this.#now = end;
  }

  get timerCount() {
    return this.#timers.size;
  }
}

export class FakeStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => void this.set(key, value);
  removeItem = (key) => void this.delete(key);
}

/** Lets promises and microtasks run. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A hub over fake sockets; `stage.socket` is the newest one. */
export function rehearse(options = {}) {
  const stage = { sockets: [], clock: new FakeClock(), storage: new FakeStorage() };
  class FakeSocket {
    sent = [];
    closed = null;
    protocol = "switchback.1";
    constructor(url, protocols) {
      this.url = url;
      this.protocols = protocols;
      stage.sockets.push(this);
    }
    send(bytes) {
      this.sent.push(...framesIn(bytes));
    }
    close(code, reason) {
      this.closed ??= { code, reason };
    }
    /** The frames of one kind that the client sent, without their kind. */
    of(kind) {
      return this.sent.filter((frame) => frame[0] === kind).map((frame) => frame.slice(1));
    }
    async receive(...frames) {
      this.onmessage?.({ data: Uint8Array.from(frames.flat(Infinity)).buffer });
      await settled();
    }
    async lose(code = 1006, reason = "") {
      this.onclose?.({ code, reason });
      await settled();
    }
  }
  Object.defineProperty(stage, "socket", { get: () => stage.sockets.at(-1) });
  stage.hub = connect("ws://test/connect", {
    WebSocket: FakeSocket, clock: stage.clock, storage: stage.storage, random: () => 0.5, ...options,
  });
  stage.open = async (welcome = wire.welcome(session)) => {
    await settled();
    stage.socket.onopen?.({});
    await settled();
    if (welcome) await stage.socket.receive(welcome);
    return stage.socket;
  };
  return stage;
}

/** Splits a message of ours into frames; every count here is shorter than 16,384 or read by its prefix. */
function framesIn(bytes) {
  const frames = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at];
    const tail = first < 0x80 ? 0 : first < 0xc0 ? 1 : first < 0xe0 ? 2 : 3;
    let count = first & [0x7f, 0x3f, 0x1f, 0x0f][tail];
    for (let index = 1; index <= tail; index++) count = count * 256 + bytes[at + index];
    at += tail + 1;
    frames.push([...bytes.subarray(at, at + count)]);
    at += count;
  }
  return frames;
}

export const players = [["players", "session", [["name", "String"], ["x", "Float"], ["y", "Float"], ["score", "Int32"]]]];
export const coins = [...players, ["coins", "integer", [["x", "Float"], ["y", "Float"]]]];

const { value } = wire;
export const playerRow = (key, name, x, y, score) => [
  wire.int(key), value.text(name), value.float(x), value.float(y), value.integer(score),
];
export const insertPlayer = (...row) => [...wire.tableHead(0), ...wire.group("insert", 1, 15, playerRow(...row))];
export const movePlayer = (key, x) => [...wire.tableHead(0), ...wire.group("set", 1, 2, [wire.int(key), value.float(x)])];
export const removePlayer = (key) => [...wire.tableHead(0), ...wire.group("remove", 1, 0, [wire.int(key)])];
