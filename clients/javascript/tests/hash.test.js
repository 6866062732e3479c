// The state hash (docs/WIRE.md): how it is made, and what happens when it is not that of what is held.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter, Mirror, StateHash, limits } from "../switchback.js";
import * as wire from "./encoder.js";
import { insertPlayer, movePlayer, players, rehearse } from "./harness.js";

const ann = 10;
const bob = 11;
const channel = "arena/1";
const kinds = { read: 0x12, disagreed: 0x15, bye: 0x05 };
const { value } = wire;

/** A mirror that committed one section of `patch`; what it says of its hash. */
function mirrorOf(schema, patch, audience = 0) {
  const mirror = new Mirror();
  mirror.attached({ lineage: "1", kept: [] });
  mirror.section(new ByteReader(Uint8Array.from(wire.sectionBody(0, audience, 0, 1, patch.flat(Infinity), { schema }).slice(1))));
  mirror.mark({ base: 0, version: 1, tick: 1 });
  return mirror;
}
const hashOf = (...values) => BigInt(`0x${mirrorOf(...values).hash()}`);

for (const [what, number, key, row, keyDigits, rowDigits] of [
  ["an integer key", 0, "0100000000000000", "0af500f6", "53075d44b82f198e", "85e806d85c73fa6c"],
  ["a text key", 1, "62", "f5026f6b02", "77937a473ae09efd", "8dff6ed499e7d578"],
]) {
  test(`The worked example with ${what}: the key's hash seeds that of the values`, () => {
    const hash = new StateHash().begin(number).hash(Uint8Array.from(wire.hex(key)));
    assert.equal(hash.digits, keyDigits);
    assert.equal(hash.hash(Uint8Array.from(wire.hex(row))).digits, rowDigits);
  });
}

const optionalInt = ["c", "Int8", { optional: true }];
const example = [["one", "integer", [["a", "Int8"], ["b", "String"], optionalInt]], ["two", "text", [["a", "String"], ["b", "UInt8"]]]];
const exampleRows = [
  [...wire.tableHead(0), ...wire.group("insert", 1, 7, [wire.int(1), value.integer(5), value.text(""), value.nil()])],
  [...wire.tableHead(1, true), ...wire.group("insert", 1, 3, [wire.text("b"), value.text("ok"), value.number(2)])],
];

test("The hash of rows is the sum of theirs, lane by lane; of no rows it is 0, and of what is not held too", () => {
  assert.equal(mirrorOf(example, exampleRows[0]).hash(), "85e806d85c73fa6c");
  assert.equal(mirrorOf(example, exampleRows[1]).hash(), "8dff6ed499e7d578");
  const both = mirrorOf(example, [exampleRows[0], 0, exampleRows[1]]);
  assert.equal(both.hash(), "13e775acf65bcfe4");
  assert.equal(both.hash(3), "0".repeat(16));
  assert.equal(mirrorOf(example, []).hash(), "0".repeat(16));
});

test("Integers are written as a second encoder does, at every width and up to 64 bits", () => {
  for (let bits = 0; bits <= 64; bits++) {
    for (const distance of [-2n, -1n, 0n, 1n]) {
      const big = (1n << BigInt(bits)) + distance;
      if (big < 0n || big >> 64n) continue;
      for (const number of big <= 2n ** 53n ? [big, Number(big)] : [big]) assert.deepEqual([...new ByteWriter().num(number).bytes], wire.num(big), `num ${number}`);
      for (const signed of [big, -big]) {
        if (BigInt.asIntN(64, signed) !== signed) continue;
        const isExact = BigInt(Number(signed)) === signed && big <= 2n ** 53n;
        for (const number of isExact ? [signed, Number(signed)] : [signed]) assert.deepEqual([...new ByteWriter().int(number).bytes], wire.int(signed), `int ${number}`);
      }
    }
  }
});

test("Texts are written as a second encoder does, short or long, of one byte a character or more", () => {
  for (const count of [0, 1, 46, 47, 48, 49, 200]) {
    for (const end of ["", "\x7f", "\x80", "é", "\ufeff", "\u0000", "🏳️‍🌈"]) {
      const text = "a".repeat(count) + end;
      assert.deepEqual([...new ByteWriter().num(7).text(text).text(end + "b").bytes], [7, ...wire.text(text), ...wire.text(end + "b")], text);
    }
  }
});

test("Keys and values beyond 2^53, -0, NaN and many steps are hashed by their bytes on the wire", () => {
  const schema = [["t", "integer", [["n", "Int64"], ["u", "UInt64"], ["d", "Double"], ["f", "Float"], ["q", "quantised", { step: 0.1 }]]]];
  const nan = { double: wire.num(0xf87f), float: wire.num(0xc07f) };
  for (const key of [0n, -1n, 2n ** 32n, -(2n ** 32n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
    for (const [n, u, d, f, steps] of [
      [key, 2n ** 64n - 1n, value.double(-0), value.float(-0), 2n ** 50n],
      [-key - 1n, 2n ** 53n + 1n, nan.double, nan.float, -(2n ** 50n) + 1n],
      [0n, 1n, value.double(0.1), value.float(-Infinity), 3n],
    ]) {
      const row = [value.integer(n), value.number(u), d, f, value.integer(steps)].flat();
      const keyBytes = new Uint8Array(new BigInt64Array([key]).buffer);
      const expected = new StateHash().begin(0).hash(keyBytes).hash(Uint8Array.from(row)).digits;
      assert.equal(mirrorOf(schema, [...wire.tableHead(0), ...wire.group("insert", 1, 31, [wire.int(key), row])]).hash(), expected, `${key} ${steps}`);
    }
  }
});

test("More than 2^50 steps are refused", () => {
  const schema = [["t", "integer", [["q", "quantised", { step: 0.1 }]]]];
  const patch = (steps) => [...wire.tableHead(0), ...wire.group("insert", 1, 1, [wire.int(0), value.integer(steps)])];
  for (const steps of [2n ** 50n + 1n, -(2n ** 50n) - 1n, 2n ** 60n]) assert.throws(() => mirrorOf(schema, patch(steps)), /steps/);
});

// What a client does about it

async function attachedRoom(...marks) {
  const stage = rehearse();
  stage.room = stage.hub.read(channel);
  stage.heard = [];
  for (const name of ["disagreement", "gap"]) stage.room.on(name, (event) => stage.heard.push([name, event]));
  stage.room.on("commit", ({ version }) => stage.heard.push(["commit", version]));
  await stage.open();
  await stage.socket.receive(wire.attached(1, channel), ...marks);
  stage.reads = () => stage.socket.of(kinds.read).map((bytes) => [String.fromCharCode(...bytes.slice(1, 1 + bytes[0])), bytes[1 + bytes[0]]]);
  return stage;
}
const everything = (link, version, patch, hash) => [wire.section(link, 0, 0, version, patch, { schema: players, hash }), wire.mark(link, 0, version)];
const annAt = (x) => insertPlayer(ann, "ann", x, 2, 3);

test("A hash that agrees changes nothing, be it with everything, a change, or of an audience without rows", async () => {
  const { hub, room, socket, heard, reads } = await attachedRoom(...everything(1, 1, annAt(1), hashOf(players, annAt(1))));
  await socket.receive(wire.section(1, 0, 1, 2, movePlayer(ann, 8), { hash: hashOf(players, annAt(8)) }), wire.section(1, 4, 0, 2, [], { hash: 0n }), wire.mark(1, 1, 2));
  assert.deepEqual([heard, hub.disagreementCount, reads(), room.status], [[["commit", 1], ["commit", 2]], 0, [], "attached"]);
});

test("A hash that does not agree is told, counted and healed by reading from nothing; the rows stay until then", async () => {
  const { hub, room, socket, heard, reads } = await attachedRoom(...everything(1, 1, annAt(1)));
  const told = hashOf(players, annAt(9));
  await socket.receive(wire.section(1, 0, 1, 2, movePlayer(ann, 8), { hash: told }), wire.mark(1, 1, 2), wire.mark(1, 2, 3));
  const details = { audience: 0, version: 2, told: told.toString(16).padStart(16, "0"), held: hashOf(players, annAt(8)).toString(16).padStart(16, "0") };
  assert.deepEqual(heard.splice(0), [["commit", 1], ["commit", 2], ["disagreement", details]]);
  assert.deepEqual([hub.disagreementCount, reads(), room.status, socket.closed], [1, [[channel, 0]], "waiting", null]);
  assert.deepEqual(socket.of(kinds.disagreed), [[1, 0, 2, ...wire.hex(details.told), ...wire.hex(details.held)]], "and whoever looks after the hub hears of it");
  assert.equal(room.tables.players.get(ann).x, 8);
  const row = room.tables.players.get(ann);
  await socket.receive(wire.attached(2, channel), everything(2, 3, annAt(9), told));
  assert.deepEqual([heard, hub.disagreementCount, reads().length, room.status, row.x], [[["commit", 3]], 1, 1, "attached", 9]);
});

test("Of two sections of an audience before one mark the later one's hash counts, and if it has none nothing is compared", async () => {
  const early = wire.section(1, 0, 1, 2, movePlayer(ann, 7), { hash: hashOf(players, annAt(7)) });
  for (const [hash, count] of [[hashOf(players, annAt(8)), 0], [undefined, 0], [hashOf(players, annAt(7)), 1]]) {
    const { hub, socket } = await attachedRoom(...everything(1, 1, annAt(1)));
    await socket.receive(early, wire.section(1, 0, 2, 3, movePlayer(ann, 8), { hash }), wire.mark(1, 1, 3));
    assert.equal(hub.disagreementCount, count);
  }
});

test("Each audience has a hash of its own, and a hash without its mark is nothing", async () => {
  const { hub, socket, heard } = await attachedRoom(...everything(1, 1, annAt(1)));
  const ofBob = insertPlayer(bob, "bob", 1, 2, 3);
  await socket.receive(wire.section(1, 4, 0, 2, ofBob, { hash: hashOf(players, ofBob) }), wire.mark(1, 1, 2));
  await socket.receive(wire.section(1, 4, 2, 3, movePlayer(bob, 5), { hash: 1n }), wire.attached(2, channel, { version: 3, audiences: [0, 4], kept: [0, 4] }));
  await socket.receive(wire.section(2, 4, 2, 3, movePlayer(bob, 5)), wire.mark(2, 2, 3));
  assert.deepEqual([hub.disagreementCount, heard.length], [0, 3]);
  await socket.receive(wire.section(2, 4, 3, 4, [], { hash: 1n }), wire.mark(2, 3, 4));
  assert.deepEqual([hub.disagreementCount, heard.at(-1)[1].audience], [1, 4]);
});

test("A row that the page wrote to is found out and healed", async () => {
  for (const [field, nonsense] of [["x", 5], ["x", 5n], ["name", undefined], ["name", 7], ["score", "many"], ["score", 0.5]]) {
    const { hub, room, socket } = await attachedRoom(...everything(1, 1, annAt(1)));
    room.tables.players.get(ann)[field] = nonsense;
    await socket.receive(wire.section(1, 0, 1, 2, [], { hash: hashOf(players, annAt(1)) }), wire.mark(1, 1, 2));
    assert.equal(hub.disagreementCount, 1, `${field} ${String(nonsense)}`);
    await socket.receive(wire.attached(2, channel), everything(2, 2, annAt(1), hashOf(players, annAt(1))));
    assert.deepEqual([hub.disagreementCount, { ...room.tables.players.get(ann) }], [1, { name: "ann", x: 1, y: 2, score: 3 }]);
  }
});

test("A room that is closed by a handler of the commit that disagreed is not read again", async () => {
  const { hub, room, socket, reads } = await attachedRoom();
  room.on("commit", () => room.close());
  await socket.receive(everything(1, 1, annAt(1), 1n));
  assert.deepEqual([hub.disagreementCount, reads(), room.status], [1, [], "closed"]);
});

test("Disagreement after disagreement ends the connection instead of going round for ever", async () => {
  const { hub, socket } = await attachedRoom();
  for (let link = 1; link < 20 && socket.closed === null; link++) await socket.receive(wire.attached(link, channel), everything(link, 1, annAt(1), 1n));
  assert.deepEqual([socket.closed?.code, hub.disagreementCount], [1002, limits.gapsInARow + 1]);
});
