import assert from "node:assert/strict";
import { test } from "node:test";
import * as wire from "./encoder.js";
import { coins, insertPlayer, movePlayer, players, rehearse, removePlayer, session, settled } from "./harness.js";

const ann = 10;
const bob = 11;
const channel = "arena/1";
const kinds = { hello: 0x10, read: 0x12, unread: 0x13, pong: 0x07, bye: 0x05 };
const everything = (link, version, patch) => [wire.section(link, 0, 0, version, patch, { schema: players }), wire.mark(link, 0, version)];
const fields = (row) => row && { ...row };
const rows = (room) => Object.fromEntries([...room.tables.players].map(([key, row]) => [key, row.x]));

async function attachedRoom(options) {
  const stage = rehearse(options);
  stage.room = stage.hub.read(channel);
  await stage.open();
  await stage.socket.receive(wire.attached(1, channel));
  return stage;
}

/** What a read says: `text channel · maybe held · bytes options`, with short fields only. */
function readOf(bytes) {
  const name = String.fromCharCode(...bytes.slice(1, 1 + bytes[0]));
  const rest = bytes.slice(1 + bytes[0]);
  if (rest[0] === 0) return { name, held: null };
  return { name, held: { lineage: rest[8], version: rest[9], audiences: rest.slice(11, 11 + rest[10]) } };
}

test("Hello carries the attach, the reads and the options; the welcome names the session", async () => {
  const stage = rehearse();
  const room = stage.hub.read("a", { write: true, options: { team: 1 } });
  await stage.open();
  assert.deepEqual(stage.socket.protocols, ["switchback.1"]);
  assert.deepEqual(stage.socket.of(kinds.hello)[0], [1, 0, 1, 1, 0x61, 0, ...wire.text('{"team":1}'), 1, 0x61]);
  assert.equal(stage.hub.session, session);
  assert.equal(stage.hub.status, "connected");
  assert.equal(room.status, "waiting");
});

test("State appears at its mark and not before, and handlers hear of it once all is in place", async () => {
  const { hub, room, socket } = await attachedRoom();
  const heard = [];
  room.table("players").onAdd((key, row) => heard.push(["add", key, row.name, room.version, room.tables.players.size]));
  room.on("commit", ({ version, tick }) => heard.push(["commit", version, tick]));
  await socket.receive(wire.section(1, 0, 0, 5, insertPlayer(ann, "ann", 1, 2, 3), { schema: players }));
  assert.equal(room.tables.players.size, 0);
  await socket.receive(wire.mark(1, 0, 5, 99));
  assert.deepEqual(heard, [["add", ann, "ann", 5, 1], ["commit", 5, 99]]);
  assert.deepEqual(fields(room.tables.players.get(ann)), { name: "ann", x: 1, y: 2, score: 3 });
  assert.deepEqual([room.version, room.tick, room.lineage], [5, 99, "7"]);
  assert.equal(await room.ready, room);
  assert.ok(hub.receivedByteCount > 50);
});

test("A change tells the fields and keeps the row's object; a removal tells the row", async () => {
  const { room, socket } = await attachedRoom();
  await socket.receive(everything(1, 1, insertPlayer(ann, "ann", 1, 2, 3)));
  const row = room.tables.players.get(ann);
  const heard = [];
  room.table("players").onChange((key, row, fields, before) => heard.push([key, row.x, fields, before.x]));
  room.table("players").onRemove((key, row) => heard.push([key, row.name]));
  await socket.receive(wire.section(1, 0, 1, 2, movePlayer(ann, 7.5)), wire.mark(1, 1, 2));
  await socket.receive(wire.section(1, 0, 2, 3, insertPlayer(ann, "ann", 8, 2, 3)), wire.mark(1, 2, 3));
  assert.equal(room.tables.players.get(ann), row);
  await socket.receive(wire.section(1, 0, 3, 4, removePlayer(ann)), wire.mark(1, 3, 4));
  assert.deepEqual(heard, [[ann, 7.5, ["x"], 1], [ann, 8, ["x"], 7.5], [ann, "ann"]]);
});

test("A patch applies to any held version from its base up to its own; older ones change nothing", async () => {
  const { room, socket } = await attachedRoom();
  await socket.receive(everything(1, 5, insertPlayer(ann, "ann", 1, 2, 3)));
  await socket.receive(wire.section(1, 0, 3, 6, movePlayer(ann, 6)), wire.mark(1, 5, 6));
  assert.deepEqual([room.version, rows(room)[ann]], [6, 6]);
  await socket.receive(wire.section(1, 0, 4, 5, movePlayer(ann, 5)), wire.mark(1, 4, 5));
  assert.deepEqual([room.version, rows(room)[ann]], [6, 6]);
  await socket.receive(wire.section(1, 0, 6, 7, movePlayer(ann, 7)), wire.section(1, 0, 7, 8, movePlayer(ann, 8)), wire.mark(1, 6, 8));
  assert.deepEqual([room.version, rows(room)[ann]], [8, 8]);
});

for (const [what, frames] of [
  ["section", [wire.section(1, 0, 7, 8, movePlayer(ann, 8))]],
  ["mark", [wire.mark(1, 7, 8)]],
  ["section of an audience that is not held", [wire.section(1, 3, 2, 6, [])]],
]) {
  test(`A gap in a ${what} reads the channel from nothing, and shows the old rows until then`, async () => {
    const { room, socket } = await attachedRoom();
    await socket.receive(everything(1, 5, [...insertPlayer(ann, "ann", 1, 2, 3)]));
    await socket.receive(frames);
    assert.deepEqual(socket.of(kinds.read).map(readOf), [{ name: channel, held: null }]);
    assert.equal(socket.closed, null);
    await socket.receive(wire.mark(1, 5, 9)); // still the old link: nothing
    assert.deepEqual([room.version, rows(room)], [5, { [ann]: 1 }]);
    const heard = [];
    for (const kind of ["add", "change", "remove"]) room.on(kind, (table, key) => heard.push([kind, key]));
    await socket.receive(wire.attached(2, channel), everything(2, 9, insertPlayer(bob, "bob", 1, 2, 3)));
    assert.deepEqual([room.version, rows(room)], [9, { [bob]: 1 }]);
    assert.deepEqual(heard, [["remove", ann], ["add", bob]]);
  });
}

test("A set of a row that is not there is healed by reading again", async () => {
  const { room, socket } = await attachedRoom();
  await socket.receive(everything(1, 1, insertPlayer(ann, "ann", 1, 2, 3)));
  await socket.receive(wire.section(1, 0, 1, 2, movePlayer(bob, 1)), wire.mark(1, 1, 2));
  assert.deepEqual(socket.of(kinds.read).map(readOf), [{ name: channel, held: null }]);
  assert.equal(room.tables.players.size, 1);
});

test("Gap after gap ends the connection instead of going round for ever", async () => {
  const { socket } = await attachedRoom();
  for (let link = 1; link < 10 && socket.closed === null; link++) await socket.receive(wire.attached(link, channel), wire.mark(link, 7, 8));
  assert.equal(socket.closed?.code, 1002);
});

test("A cut between a section and its mark commits nothing, and resume names what was committed", async () => {
  const stage = await attachedRoom();
  const { room } = stage;
  await stage.socket.receive(everything(1, 5, insertPlayer(ann, "ann", 1, 2, 3)));
  await stage.socket.receive(wire.section(1, 0, 5, 6, movePlayer(ann, 9)));
  await stage.socket.lose();
  assert.deepEqual([rows(room)[ann], room.version, room.status, stage.hub.status], [1, 5, "waiting", "waiting"]);
  await stage.clock.advance(250);
  await stage.open(wire.welcome(session, "aa", 1));
  const hello = stage.socket.of(kinds.hello)[0];
  assert.deepEqual(hello.slice(0, 4), [2, 1, 0xaa, 1], "a higher attach and the token");
  assert.deepEqual(readOf(hello.slice(4)), { name: channel, held: { lineage: 7, version: 5, audiences: [0] } });
  await stage.socket.receive(wire.attached(4, channel, { version: 6, kept: [0] }));
  await stage.socket.receive(wire.section(4, 0, 5, 6, movePlayer(ann, 9)), wire.mark(4, 5, 6));
  assert.deepEqual([rows(room)[ann], room.version], [9, 6]);
});

test("A room's own key is what the last attached said, as soon as it is that of the rows that are shown", async () => {
  const { room, socket } = await attachedRoom();
  assert.equal(room.me, null);
  await socket.receive(everything(1, 5, insertPlayer(ann, "ann", 1, 2, 3)));
  assert.equal(room.me, ann);
  await socket.receive(wire.regrouped(1, [0, 4], [0]), wire.section(1, 4, 0, 6, insertPlayer(bob, "bob", 2, 0, 0)), wire.mark(1, 5, 6));
  assert.equal(room.me, ann);
  await socket.receive(wire.attached(2, channel, { me: bob, version: 6, kept: [0] }));
  assert.equal(room.me, bob, "the rows are kept, so they have the session by its new number");
});

test("A new lineage replaces everything at its first mark", async () => {
  const { room, socket } = await attachedRoom();
  await socket.receive(everything(1, 5, insertPlayer(ann, "ann", 1, 2, 3)));
  await socket.receive(wire.attached(2, channel, { me: bob, lineage: 8, kept: [0] }));
  assert.deepEqual([rows(room), room.lineage, room.me], [{ [ann]: 1 }, "7", ann]);
  await socket.receive(everything(2, 1, insertPlayer(bob, "bob", 2, 2, 3)));
  assert.deepEqual([rows(room), room.version, room.lineage, room.me], [{ [bob]: 2 }, 1, "8", bob]);
});

test("Audiences that change while a channel is read: new ones come whole, those not listed go at the mark, kept ones go on", async () => {
  const stage = await attachedRoom();
  const { room, socket } = stage;
  await socket.receive(everything(1, 1, insertPlayer(ann, "ann", 1, 0, 0)));
  await socket.receive(wire.regrouped(1, [0, 4], [0]), wire.section(1, 4, 0, 2, insertPlayer(bob, "bob", 2, 0, 0)));
  assert.deepEqual([rows(room), room.audiences], [{ [ann]: 1 }, [0, 4]]);
  await socket.receive(wire.mark(1, 1, 2));
  assert.deepEqual(rows(room), { [ann]: 1, [bob]: 2 });
  await socket.receive(wire.regrouped(1, [0, 5], [0]), wire.section(1, 5, 0, 2, insertPlayer(bob, "bob", 7, 0, 0)), wire.mark(1, 2, 2));
  assert.deepEqual([rows(room), room.mirror.held.audiences], [{ [ann]: 1, [bob]: 7 }, [0, 5]], "at the same version, a row that is in the new one");
  await socket.receive(wire.section(1, 4, 2, 3, movePlayer(bob, 9)), wire.mark(1, 2, 3));
  assert.equal(room.status, "waiting", "an audience that is gone has no sections");
  assert.equal(socket.closed, null);
});

test("Audiences are partitions: the union is shown, a move between them is a change, one not listed is dropped", async () => {
  const stage = await attachedRoom();
  const { room, socket } = stage;
  await socket.receive(
    wire.section(1, 0, 0, 1, insertPlayer(ann, "ann", 1, 0, 0), { schema: players }),
    wire.section(1, 4, 0, 1, insertPlayer(bob, "bob", 2, 0, 0)),
    wire.mark(1, 0, 1),
  );
  assert.deepEqual(rows(room), { [ann]: 1, [bob]: 2 });
  const heard = [];
  for (const kind of ["add", "change", "remove"]) room.on(kind, (table, key, row, fields) => heard.push([kind, key, fields]));
  await socket.receive(wire.section(1, 0, 1, 2, removePlayer(ann)), wire.section(1, 4, 1, 2, insertPlayer(ann, "ann", 5, 0, 0)), wire.mark(1, 1, 2));
  assert.deepEqual(heard.splice(0), [["change", ann, ["x"]]]);
  await socket.receive(wire.section(1, 0, 0, 3, []), wire.mark(1, 2, 3));
  assert.deepEqual([heard.splice(0), rows(room)], [[], { [ann]: 5, [bob]: 2 }], "a section from nothing touches its own audience only");
  await stage.socket.lose();
  await stage.clock.advance(250);
  await stage.open(wire.welcome(session, "aa", 1));
  assert.deepEqual(readOf(stage.socket.of(kinds.hello)[0].slice(4)).held, { lineage: 7, version: 3, audiences: [0, 4] });
  await stage.socket.receive(wire.attached(2, channel, { version: 4, kept: [0] }));
  assert.equal(room.tables.players.size, 2);
  await stage.socket.receive(wire.mark(2, 3, 4));
  assert.deepEqual(rows(room), {});
});

test("A section in pieces, between marks of other versions, is joined and caught up", async () => {
  const { room, socket } = await attachedRoom();
  const parts = wire.pieces(7, 1, 0, 0, 5, insertPlayer(ann, "ann", 1, 2, 3), { schema: players });
  assert.ok(parts.length > 5);
  for (const part of parts.slice(0, 4)) await socket.receive(part);
  await socket.receive(wire.mark(1, 0, 6));
  for (const part of parts.slice(4)) await socket.receive(part);
  assert.equal(room.tables.players.size, 0);
  await socket.receive(wire.section(1, 0, 5, 7, movePlayer(ann, 7)), wire.mark(1, 6, 7));
  assert.deepEqual([rows(room)[ann], room.version], [7, 7]);
});

test("The same frames whole in one message or one by one give the same state", async () => {
  const frames = [
    wire.section(1, 0, 0, 1, [...insertPlayer(ann, "ann", 1, 2, 3), 0, ...wire.tableHead(1), ...wire.group("insert", 4, 3, [wire.int(-1),
      ...Array.from({ length: 4 }, (_, n) => [wire.value.float(n), wire.value.float(-n)])], true)], { schema: coins }),
    wire.mark(1, 0, 1), wire.section(1, 0, 1, 2, movePlayer(ann, 4)), wire.mark(1, 1, 2),
  ];
  const seen = [];
  for (const messages of [[frames], frames]) {
    const { room, socket } = await attachedRoom();
    for (const message of messages) await socket.receive(message);
    seen.push(JSON.stringify([[...room.tables.players], [...room.tables.coins], room.version]));
  }
  assert.equal(seen[0], seen[1]);
  assert.match(seen[0], /\[2,\{"x":3,"y":-3\}\]/);
});

test("Bytes that break the rules close with 1002, wherever they are cut or flipped, and the hub tries again", async () => {
  const good = [everything(1, 5, insertPlayer(ann, "ann", 1, 2, 3))].flat(Infinity);
  for (let count = 1; count < good.length; count++) {
    const { socket, hub, room } = await attachedRoom();
    await socket.receive(good.slice(0, count));
    const isWholeFrames = socket.closed === null;
    if (!isWholeFrames) assert.deepEqual([socket.closed.code, hub.status], [1002, "waiting"]);
    assert.equal(room.version, 0);
    hub.close();
  }
  const bad = [wire.frame(0x7f), wire.frame(0x40, 1), [0], wire.num(9 * 1024 * 1024), wire.frame(0x06, [1, 2]), wire.frame(0x20, wire.hex(session), 0, 0),
    wire.frame(0x22, [1, 0xff], 0, 0), wire.mark(1, 3, 2), wire.section(1, 0, 0, 1, [9], { schema: players }), wire.section(1, 0, 0, 1, removePlayer(ann), { schema: players }), wire.frame(0x30, 1, 0, 0, 1, 8), []];
  for (const bytes of bad) {
    const { socket, hub } = await attachedRoom();
    await socket.receive(bytes);
    assert.deepEqual([socket.closed?.code, hub.status], [1002, "waiting"], JSON.stringify(bytes));
    assert.equal(socket.of(kinds.bye).length, 1);
  }
  const early = rehearse();
  await early.open(null);
  await early.socket.receive(wire.attached(1, channel));
  assert.equal(early.socket.closed.code, 1002);
});

test("Flipping any bit never throws and never hangs", async () => {
  const good = [everything(1, 5, insertPlayer(ann, "ann", 1, 2, 3))].flat(Infinity);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const { socket, hub } = await attachedRoom();
    const flipped = [...good];
    flipped[bit >> 3] ^= 1 << (bit & 7);
    await socket.receive(flipped);
    hub.close();
  }
});

test("A message waits for the version that it names", async () => {
  const { room, socket } = await attachedRoom();
  const heard = [];
  room.on("message", ({ version, data }) => heard.push([version, data.json, room.version]));
  await socket.receive(wire.message(channel, 2, '{"a":1}'));
  await socket.receive(everything(1, 1, []));
  assert.deepEqual(heard, []);
  await socket.receive(wire.section(1, 0, 1, 2, []), wire.mark(1, 1, 2), wire.message(channel, 2, "2"));
  assert.deepEqual(heard, [[2, { a: 1 }, 2], [2, 2, 2]]);
});

test("Unlinked for now is read again later; unlinked for good is not; an absent back is waited for", async () => {
  const stage = await attachedRoom();
  const { room, socket, clock } = stage;
  await socket.receive(everything(1, 1, insertPlayer(ann, "ann", 1, 2, 3)));
  const heard = [];
  room.on("unlinked", ({ code, isFinal }) => heard.push([code, isFinal]));
  await socket.receive(wire.unlinked(channel, 1012, "moved"));
  await clock.advance(250);
  assert.deepEqual(socket.of(kinds.read).map(readOf), [{ name: channel, held: { lineage: 7, version: 1, audiences: [0] } }]);
  await socket.receive(wire.attached(2, channel, { kept: [0] }), wire.unlinked(channel, 4009, "away"));
  assert.equal(room.status, "unavailable");
  await clock.advance(5_000);
  assert.equal(socket.of(kinds.read).length, 1);
  await socket.receive(wire.attached(3, channel, { kept: [0] }), wire.unlinked(channel, 4001, "banned"));
  await clock.advance(15_000);
  assert.equal(socket.of(kinds.read).length, 1);
  assert.deepEqual([room.status, heard], ["unlinked", [[1012, false], [4009, false], [4001, true]]]);
});

test("A handler that throws stops neither the others nor the mirror", async (context) => {
  const { room, socket } = await attachedRoom();
  const reported = new Promise((resolve) => (globalThis.reportError = resolve));
  context.after(() => delete globalThis.reportError);
  const heard = [];
  room.on("commit", () => {
    throw new Error("mine");
  });
  room.on("commit", () => heard.push("second"));
  await socket.receive(everything(1, 1, []));
  assert.equal((await reported).message, "mine");
  assert.deepEqual([heard, room.version], [["second"], 1]);
});

test("A room that is closed says unread, and late state of it is ignored", async () => {
  const { hub, room, socket } = await attachedRoom();
  room.close();
  assert.deepEqual(socket.of(kinds.unread), [wire.text(channel)]);
  await socket.receive(everything(1, 1, insertPlayer(ann, "ann", 1, 2, 3)), wire.unlinked(channel, 1000, "as you asked"));
  assert.deepEqual([room.status, room.tables.players.size, hub.rooms], ["closed", 0, []]);
  assert.notEqual(hub.read(channel), room);
});

test("A ping of the hub is answered with its token", async () => {
  const { socket } = await attachedRoom();
  await socket.receive(wire.ping(2n ** 63n + 5n));
  assert.deepEqual(socket.of(kinds.pong), [wire.u64(2n ** 63n + 5n)]);
  await settled();
});

test("A mark behind a section from nothing may name that section's own version as its base", async () => {
  const { room, socket } = await attachedRoom();
  await socket.receive(wire.section(1, 0, 0, 5, insertPlayer(ann, "ann", 1, 2, 3), { schema: players }), wire.mark(1, 5, 5));
  assert.deepEqual([room.version, rows(room)[ann]], [5, 1]);
});
