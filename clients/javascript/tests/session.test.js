import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMilliseconds, connect, limits, retryMilliseconds } from "../switchback.js";
import * as wire from "./encoder.js";
import { rehearse, session, settled } from "./harness.js";

const channel = "a";
const kinds = { hello: 0x10, inputs: 0x11, write: 0x14, say: 0x16, inputsNow: 0x17, bye: 0x05, ping: 0x06 };

async function writingRoom(options) {
  const stage = rehearse(options);
  stage.room = stage.hub.read(channel, { write: true });
  await stage.open();
  await stage.socket.receive(wire.attached(1, channel), wire.mark(1, 0, 1), wire.granted(channel, 50));
  stage.comeBack = async () => {
    await stage.clock.advance(10_000);
    await stage.open(wire.welcome(session, "aa", 1));
    return stage.socket;
  };
  return stage;
}

/** `[grant, first number, text, text, …]` of each frame of inputs. */
const inputsOf = (socket) =>
  socket.of(kinds.inputs).map((bytes) => {
    const texts = [];
    const first = bytes[8] < 0x80 ? bytes[8] : (bytes[8] & 0x3f) * 256 + bytes[9];
    let at = bytes[8] < 0x80 ? 9 : 10;
    while (at < bytes.length) {
      texts.push(String.fromCharCode(...bytes.slice(at + 1, at + 1 + bytes[at])));
      at += 1 + bytes[at];
    }
    return [bytes[7], first, ...texts];
  });
const acked = (tick) => ({ status: "acked", tick });

test("Inputs of one turn travel in one frame, numbered from 1, and acks are cumulative", async () => {
  const { room, socket } = await writingRoom();
  const outcomes = [room.send(1), room.send({ a: 2 }), room.send(new TextEncoder().encode("raw"))];
  await settled();
  assert.deepEqual(inputsOf(socket), [[50, 1, "1", '{"a":2}', "raw"]]);
  await socket.receive(wire.refused(50, 2, "no"), wire.acked(50, 3, 77));
  assert.deepEqual(await Promise.all(outcomes), [acked(77), { status: "refused", reason: "no" }, acked(77)]);
  room.send(4);
  await settled();
  assert.deepEqual(inputsOf(socket)[1], [50, 4, "4"]);
});

test("C14: an immediate input takes what was sent before it along in one frame, and the next one waits for company again", async () => {
  const { room, socket } = await writingRoom();
  room.send(1);
  room.send(2, { now: true });
  await settled();
  assert.deepEqual(socket.of(kinds.inputsNow), [[0, 0, 0, 0, 0, 0, 0, 50, 1, 1, 49, 1, 50]]);
  room.send(3);
  await settled();
  assert.deepEqual(inputsOf(socket), [[50, 3, "3"]]);
  await socket.receive(wire.acked(50, 3, 77));
});

test("C15: what a room or a hub says leaves at once, behind the inputs before it, and is not kept while the connection is away", async () => {
  const { hub, room, socket } = await writingRoom();
  const said = () => socket.sent.filter(([kind]) => kind === kinds.say || kind === kinds.inputs).map(([kind]) => kind);
  room.send(1);
  assert.equal(room.say("hi"), true);
  assert.deepEqual(said(), [kinds.inputs, kinds.say]);
  assert.equal(hub.say(new Uint8Array([7])), true);
  assert.deepEqual(socket.of(kinds.say), [[1, 1, 97, 4, 34, 104, 105, 34], [0, 1, 7]]);
  assert.equal(hub.say(new Uint8Array(limits.inputBytes + 1)), false);
  await socket.lose();
  assert.equal(room.say("lost"), false);
  const other = hub.read("b");
  other.close();
  assert.equal(other.say("closed"), false);
});

test("Inputs wait for the grant, and a grant seen before by the session goes on with its numbers", async () => {
  const stage = rehearse();
  const room = stage.hub.read(channel, { write: true });
  const outcome = room.send(1);
  await stage.open();
  await stage.socket.receive(wire.attached(1, channel));
  assert.deepEqual(inputsOf(stage.socket), []);
  await stage.socket.receive(wire.granted(channel, 50, 41, [40]));
  assert.deepEqual(inputsOf(stage.socket), [[50, 42, "1"]]);
  await stage.socket.receive(wire.acked(50, 42, 3));
  assert.deepEqual(await outcome, acked(3));
});

test("At most a window is under way; the rest follows the acks", async () => {
  const { room, socket } = await writingRoom();
  const outcomes = Array.from({ length: 300 }, (_, n) => room.send(n));
  await settled();
  assert.deepEqual(inputsOf(socket).map((frame) => frame.length - 2), [256]);
  await socket.receive(wire.acked(50, 100, 9));
  assert.deepEqual(inputsOf(socket)[1].slice(0, 3), [50, 257, "256"]);
  await socket.receive(wire.acked(50, 300, 10));
  assert.deepEqual([(await outcomes[0]).tick, (await outcomes[299]).tick], [9, 10]);
});

test("The byte window lets one large input out alone", async () => {
  const { room, socket } = await writingRoom();
  room.send(new Uint8Array(limits.inputBytes));
  room.send(new Uint8Array(200));
  await settled();
  assert.equal(socket.of(kinds.inputs).length, 1);
  await socket.receive(wire.acked(50, 1, 1));
  assert.equal(socket.of(kinds.inputs).length, 2);
});

test("Too large, too many, or not writing is refused at once", async () => {
  const { hub, room } = await writingRoom();
  assert.match((await room.send(new Uint8Array(limits.inputBytes + 1))).reason, /too large/);
  assert.match((await hub.read("b").send(1)).reason, /only read/);
  for (let count = 0; count < limits.queuedInputs; count++) room.send(0);
  assert.match((await room.send(0)).reason, /too many/);
});

test("After a reconnect under the same grant what is above highest goes again, with the same numbers", async () => {
  const stage = await writingRoom();
  const outcomes = [1, 2, 3, 4].map((input) => stage.room.send(input));
  await settled();
  await stage.socket.lose();
  outcomes.push(stage.room.send(5));
  const socket = await stage.comeBack();
  assert.deepEqual(inputsOf(socket), []);
  await socket.receive(wire.granted(channel, 50, 2, [1]));
  assert.deepEqual(inputsOf(socket), [[50, 3, "3", "4", "5"]]);
  assert.deepEqual([(await outcomes[0]).status, await outcomes[1]], ["refused", acked(undefined)]);
  await socket.receive(wire.acked(50, 5, 12));
  assert.deepEqual(await Promise.all(outcomes.slice(2)), [acked(12), acked(12), acked(12)]);
});

test("A refused input keeps its number when the others go again", async () => {
  const stage = await writingRoom();
  const outcomes = [1, 2, 3].map((input) => stage.room.send(input));
  await settled();
  await stage.socket.receive(wire.refused(50, 2, "no"));
  await stage.socket.lose();
  const socket = await stage.comeBack();
  await socket.receive(wire.granted(channel, 50, 0));
  assert.deepEqual(inputsOf(socket), [[50, 1, "1", "2", "3"]]);
  await socket.receive(wire.acked(50, 3, 5));
  assert.deepEqual(await Promise.all(outcomes), [acked(5), { status: "refused", reason: "no" }, acked(5)]);
});

test("An ack without progress asks for the rest again, once", async () => {
  const { room, socket } = await writingRoom();
  [1, 2, 3].forEach((input) => room.send(input));
  await settled();
  await socket.receive(wire.acked(50, 1, 1));
  await socket.receive(wire.acked(50, 1, 2));
  await socket.receive(wire.acked(50, 1, 3));
  assert.deepEqual(inputsOf(socket), [[50, 1, "1", "2", "3"], [50, 2, "2", "3"]]);
});

test("Under a new grant undecided inputs go again from number 1, by default", async () => {
  const stage = await writingRoom();
  const outcomes = [1, 2].map((input) => stage.room.send(input));
  await settled();
  await stage.socket.receive(wire.acked(50, 1, 4), wire.granted(channel, 51));
  assert.deepEqual(inputsOf(stage.socket), [[50, 1, "1", "2"], [51, 1, "2"]]);
  await stage.socket.receive(wire.acked(50, 2, 5));
  await stage.socket.receive(wire.acked(51, 1, 6));
  assert.deepEqual(await Promise.all(outcomes), [acked(4), acked(6)]);
});

test("With resend: false a new grant leaves what was sent undecided and sends what was not", async () => {
  const stage = await writingRoom({ resend: false });
  const sent = stage.room.send(1);
  await settled();
  await stage.socket.lose();
  stage.room.send(2);
  const socket = await stage.comeBack();
  await socket.receive(wire.granted(channel, 51));
  assert.deepEqual([await sent, inputsOf(socket)], [{ status: "undecided" }, [[51, 1, "2"]]]);
});

test("The options of a wish to write go with it, and with each hello", async () => {
  const { hub, room, socket, ...stage } = await writingRoom();
  room.write({ options: "no change" });
  const other = hub.read("b");
  other.write({ options: { as: "white" } });
  other.release({ options: new Uint8Array([33]) });
  other.write();
  room.write({ options: "again" });
  const bytes = (channel, options) => [...wire.text(channel), ...new TextEncoder().encode(options)];
  assert.deepEqual(socket.of(kinds.write).map((body) => [...body]), [
    bytes("b", '{"as":"white"}'), bytes("", "!"), bytes("b", ""), bytes("a", '"again"'),
  ]);
  await socket.lose();
  const next = await stage.comeBack();
  assert.deepEqual([...next.of(kinds.hello)[0]].slice(-9), bytes("a", '"again"'));
});

test("Moving the grant lets the old channel's acks come, then what is left is undecided", async () => {
  const { hub, room, socket } = await writingRoom();
  const outcomes = [room.send(1), room.send(2)];
  await settled();
  const other = hub.read("b", { write: true });
  const refused = room.send(3);
  const waiting = other.send(9);
  await settled();
  assert.deepEqual(socket.of(kinds.write), [wire.text("b")]);
  assert.equal((await refused).status, "refused");
  await socket.receive(wire.acked(50, 1, 3), wire.attached(2, "b"), wire.granted("b", 60));
  assert.deepEqual(await Promise.all(outcomes), [acked(3), { status: "undecided" }]);
  await socket.receive(wire.acked(60, 1, 4));
  assert.deepEqual(await waiting, acked(4));
});

test("A grant under which inputs were given up is not taken again, and what is still said of it is about them", async () => {
  const { room, socket } = await writingRoom();
  const before = room.send(1);
  await settled();
  room.release();
  await socket.receive(wire.attached(1, channel));
  assert.deepEqual(await before, { status: "undecided" });
  room.write();
  const after = room.send(2);
  await settled();
  await socket.receive(wire.granted(channel, 50, 0), wire.acked(50, 1, 3));
  assert.equal(inputsOf(socket).length, 1);
  assert.equal(await Promise.race([after, "not decided"]), "not decided");
  const wishes = socket.of(kinds.write).map((body) => [...body]);
  assert.deepEqual(wishes, ["", channel, "", channel].map((name) => [...wire.text(name)]));
  await socket.receive(wire.granted(channel, 51));
  assert.deepEqual(inputsOf(socket).slice(1), [[51, 1, "2"]]);
  await socket.receive(wire.acked(51, 1, 4));
  assert.deepEqual(await after, acked(4));
});

const ends = [
  [1000, "", "closed"], [4000, "newer", "superseded"], [4001, "no", "refused"], [4002, "", "refused"],
];
for (const [code, reason, status] of ends) {
  test(`${code} ends the session as ${status}, by a bye or by a close`, async () => {
    for (const end of [(socket) => socket.receive(wire.bye(code, reason, 1)), (socket) => socket.lose(code, reason)]) {
      const stage = await writingRoom();
      const outcome = stage.room.send(1);
      await settled();
      const heard = [];
      stage.hub.on("status", (event) => heard.push(event));
      await end(stage.socket);
      assert.deepEqual(heard, [{ status, code, reason }]);
      assert.deepEqual(await outcome, { status: "undecided" });
      assert.equal((await stage.room.send(2)).status, "refused");
      assert.equal(stage.clock.timerCount, 0);
      assert.equal(stage.sockets.length, 1);
    }
  });
}

test("After superseded, reconnect takes the session back with an attach ahead of any count: the time", async () => {
  const stage = await writingRoom();
  await stage.socket.receive(wire.bye(4000, "", 2));
  stage.hub.reconnect();
  await stage.open();
  assert.deepEqual(stage.socket.of(kinds.hello)[0].slice(0, 5), [0xcf, 0x42, 0x41, 1, 0xaa]);
});

test("A bye about an older attach is not for this connection", async () => {
  const stage = await writingRoom();
  await stage.socket.lose();
  const socket = await stage.comeBack();
  await socket.receive(wire.bye(4000, "", 1));
  assert.deepEqual([stage.hub.status, socket.closed], ["connected", null]);
});

test("A duplicate attach tries a number above the one in use", async () => {
  const stage = await writingRoom();
  await stage.socket.receive(wire.bye(4007, "", 8));
  const socket = await stage.comeBack();
  assert.equal(socket.of(kinds.hello)[0][0], 9);
});

test("A token that is not believed is forgotten; without one there is nothing left to try", async () => {
  const stage = rehearse({ token: "beef" });
  await stage.open(null);
  assert.deepEqual(stage.socket.of(kinds.hello)[0].slice(0, 6), [0xcf, 0x42, 0x41, 2, 0xbe, 0xef]);
  await stage.socket.receive(wire.bye(4003, "expired"));
  assert.equal(stage.hub.status, "waiting");
  await stage.clock.advance(250);
  await stage.open(null);
  assert.deepEqual(stage.socket.of(kinds.hello)[0].slice(0, 4), [0xcf, 0x42, 0x42, 0]);
  await stage.socket.receive(wire.bye(4003, "wrong"));
  assert.equal(stage.hub.status, "refused");
});

test("Lost connections are tried again with growing waits, 1013 after the time it names", async () => {
  const stage = await writingRoom();
  const waits = [];
  stage.hub.on("status", (event) => event.status === "waiting" && waits.push(event.retryMilliseconds));
  await stage.socket.lose(1006);
  for (let count = 0; count < 3; count++) {
    await stage.clock.advance(10_000);
    await stage.socket.lose(1006);
  }
  await stage.clock.advance(10_000);
  await stage.open();
  await stage.socket.receive(wire.bye(1013, "try again in 31.5 s"));
  assert.deepEqual(waits, [125, 375, 750, 1500, 31_500]);
  await stage.clock.advance(31_499);
  const count = stage.sockets.length;
  await stage.clock.advance(2);
  assert.equal(stage.sockets.length, count + 1);
  await stage.open();
  await stage.clock.advance(6_000);
  await stage.socket.lose(1012);
  assert.equal(waits.at(-1), 125, "a connection that lived begins the backoff anew");
});

test("The backoff stays in its bounds", () => {
  for (let attempt = 0; attempt < 60; attempt++) {
    for (const chance of [0, 0.5, 0.999]) {
      const delay = backoffMilliseconds(attempt, chance);
      assert.ok(attempt === 0 ? delay >= 0 && delay < 250 : delay >= 250 && delay <= 10_000, `${attempt} ${delay}`);
    }
  }
  assert.deepEqual(["1500", "1500 ms", "2 s", "soon", "retry in 3s please"].map(retryMilliseconds), [1500, 1500, 2000, 0, 3000]);
});

test("A handshake that never ends, and a ping that is never answered, end the connection", async () => {
  const silent = rehearse();
  await settled();
  await silent.clock.advance(10_001);
  assert.equal(silent.sockets[0].closed.code, 4006);
  const stage = rehearse({ pingMilliseconds: 2_000 });
  await stage.open();
  await stage.clock.advance(0);
  await stage.clock.advance(30);
  assert.deepEqual(stage.socket.of(kinds.ping), [wire.u64(1)]);
  await stage.socket.receive(wire.pong(1));
  assert.equal(stage.hub.roundTripMilliseconds, 30);
  await stage.clock.advance(13_000);
  assert.equal(stage.sockets[0].closed?.code, 4006);
});

test("A server that does not speak switchback.1 is not spoken to", async () => {
  const stage = rehearse();
  await settled();
  stage.socket.protocol = "";
  await stage.open(null);
  assert.deepEqual([stage.socket.sent, stage.hub.status], [[], "refused"]);
});

test("A given storage keeps the session for the next hub, and close forgets it", async () => {
  const stage = await writingRoom();
  const next = rehearse({ storage: stage.storage });
  await next.open();
  assert.deepEqual(next.socket.of(kinds.hello)[0].slice(0, 3), [2, 1, 0xaa]);
  next.hub.close();
  assert.deepEqual([next.socket.of(kinds.bye)[0], next.socket.closed.code, next.hub.status], [[...wire.num(1000), 0, 0], 1000, "closed"]);
  assert.equal(stage.storage.size, 0);
  assert.equal(next.clock.timerCount, 0);
});

test("A storage that holds nonsense, or throws, costs nothing", async () => {
  for (const item of ["{", '{"token":7}', '{"token":"zz","attach":1}', "null"]) {
    const stage = rehearse({ storage: { getItem: () => item, setItem() {}, removeItem() {} } });
    await stage.open();
    assert.deepEqual(stage.socket.of(kinds.hello)[0].slice(0, 2), [1, 0]);
  }
  const forbidden = () => {
    throw new Error("forbidden");
  };
  await rehearse({ storage: { getItem: forbidden, setItem: forbidden, removeItem: forbidden } }).open();
});

test("Without a WebSocket anywhere connect says what to pass", (context) => {
  const original = globalThis.WebSocket;
  delete globalThis.WebSocket;
  context.after(() => original && (globalThis.WebSocket = original));
  assert.throws(() => connect("ws://test/connect"), /option `WebSocket`/);
});
