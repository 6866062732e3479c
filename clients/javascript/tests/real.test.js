// The client against the real hub: two fronts, one arena, and what happens when one of them is killed.

import assert from "node:assert/strict";
import { test as anyTest } from "node:test";
import { connect } from "../switchback.js";
import { noCluster, startCluster, until } from "./cluster.js";
import { FakeStorage } from "./harness.js";
import { WebSocket } from "./websocket.js";

const test = (name, run) => anyTest(name, { skip: noCluster, timeout: 60_000 }, run);

/** A client whose last socket is at hand; it ends with the test. */
function client(context, cluster, options = {}) {
  const sockets = [];
  class NotedSocket extends WebSocket {
    constructor(...values) {
      super(...values);
      sockets.push(this);
    }
  }
  const hub = connect(cluster.address, { WebSocket: NotedSocket, storage: null, ...options });
  const statuses = [];
  hub.on("status", ({ status, code }) => statuses.push(code === undefined ? status : `${status} ${code}`));
  context.after(() => {
    hub.close();
    for (const socket of sockets) socket.terminate();
  });
  return Object.assign(hub, { sockets, statuses });
}

/** A client that plays in a room, once it stands on the field and may write. */
async function player(context, cluster, channel = "arena/1", options = {}) {
  const hub = client(context, cluster, options);
  const room = hub.read(channel, { write: true, resend: options.resend });
  await room.ready;
  await until("a player is on the field", () => room.tables.players.has(room.me));
  return { hub, room, own: () => room.tables.players.get(room.me) };
}

/** Two players of one room whom different fronts serve. */
async function playersApart(context, cluster) {
  const one = await player(context, cluster);
  const front = await cluster.frontOf(one.hub.session);
  for (let tryCount = 0; tryCount < 20; tryCount++) {
    const other = await player(context, cluster);
    if ((await cluster.frontOf(other.hub.session)).pid !== front.pid) return [one, other, front];
    other.hub.close();
  }
  throw new Error("one front gets every connection");
}

/** Everything a room shows, as text that is equal if the rows are. */
function shown(room) {
  const tables = room.mirror.tableNames.sort().map((name) => [name, [...room.table(name)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))]);
  return JSON.stringify(tables);
}

/** Notes what a room shows at each version. */
function noting(room) {
  const versions = new Map();
  const note = () => versions.set(`${room.lineage} ${room.version}`, shown(room));
  note();
  room.on("commit", note);
  return versions;
}

const statusOf = (outcome) => outcome.status;
/** Away from the nearer edge, so that many small steps are all walked. */
const inward = (row) => (row.x < 500 ? 1 : -1);
const placeOf = (row) => [row.x, row.y];
const isNear = (one, other) => Math.abs(one - other) < 0.06; // coordinates are sent in steps of 0.1

test("clients at different fronts show the same rows at the same version", async (context) => {
  const cluster = await startCluster(context);
  const [ann, ben] = await playersApart(context, cluster);
  const [seenByAnn, seenByBen] = [noting(ann.room), noting(ben.room)];
  assert.equal((await ann.room.send({ bots: 12 })).status, "acked");
  for (let step = 0; step < 30; step++) {
    const sent = await Promise.all([ann.room.send({ move: [7, -3] }), ben.room.send({ move: [-5, 4] })]);
    assert.deepEqual(sent.map(statusOf), ["acked", "acked"]);
  }
  const late = await player(context, cluster);
  const seenLate = noting(late.room);
  const last = late.room.version + 20;
  await until("all are 20 versions on", () => [ann, ben, late].every(({ room }) => room.version >= last));
  const both = [...seenByAnn.keys()].filter((version) => seenByBen.has(version));
  assert.ok(both.length > 40, `only ${both.length} versions were seen by both`);
  for (const version of both) assert.equal(seenByAnn.get(version), seenByBen.get(version), `at version ${version}`);
  const all = both.filter((version) => seenLate.has(version));
  assert.ok(all.length > 10, `only ${all.length} versions were seen by the one who came late`);
  for (const version of all) assert.equal(seenByAnn.get(version), seenLate.get(version), `at version ${version}`);
  assert.equal(ann.room.tables.players.size, 15);
});

test("every input is acked, or refused with a reason and without effect", async (context) => {
  const cluster = await startCluster(context);
  const { room, own } = await player(context, cluster);
  assert.equal((await room.send({ name: "Ann Ünïcode 🎲" })).status, "acked");
  assert.equal(own().name, "Ann Ünïcode 🎲");
  const [before, step] = [own().x, inward(own())];
  const wishes = [{ move: [step, 0] }, { dance: true }, { move: [step] }, new Uint8Array([0xff]), { name: "" }, { move: [step, 0] }, { bots: 999 }];
  const outcomes = await Promise.all(wishes.map((wish) => room.send(wish)));
  assert.deepEqual(outcomes.map(statusOf), ["acked", "refused", "refused", "refused", "refused", "acked", "refused"]);
  for (const { status, reason } of outcomes) if (status === "refused") assert.ok(reason.length > 10, reason);
  assert.ok(isNear(own().x, before + 2 * step), `${before} + 2 · ${step} is not ${own().x}`);
  const still = await Promise.all(Array.from({ length: 300 }, () => room.send({ move: [0, 0] })));
  assert.deepEqual(new Set(still.map(statusOf)), new Set(["acked"]), "inputs that change nothing are acked too");
});

test("the front is killed: the session plays on through the other within 2 s, nothing lost and nothing twice", async (context) => {
  const cluster = await startCluster(context);
  const [ann, ben, front] = await playersApart(context, cluster);
  const [session, before, step] = [ann.hub.session, ann.own().x, inward(ann.own())];
  const lineage = ann.room.lineage;
  const outcomes = [];
  const send = (count) => {
    for (let index = 0; index < count; index++) outcomes.push(ann.room.send({ move: [step, 0] }));
  };
  send(100);
  await outcomes[40]; // some are acked, some are under way, some wait
  cluster.kill(front);
  const killedAt = performance.now();
  send(100);
  await until("the client notices", () => ann.hub.status !== "connected");
  send(100);
  await until("the client plays again", () => ann.hub.status === "connected" && ann.room.status === "attached", 2_000);
  assert.equal((await outcomes[100]).status, "acked");
  assert.ok(performance.now() - killedAt < 2_000, `it took ${performance.now() - killedAt} ms`);
  assert.deepEqual(new Set((await Promise.all(outcomes)).map(statusOf)), new Set(["acked"]));
  assert.equal(ann.hub.session, session);
  assert.equal(ann.hub.resumed, true);
  assert.equal(ann.room.lineage, lineage);
  assert.ok(isNear(ann.own().x, before + 300 * step), `${before} + 300 · ${step} is not ${ann.own().x}`);
  await until("the other player sees it", () => isNear(ben.room.tables.players.get(ann.room.me).x, ann.own().x));
  assert.deepEqual(ben.hub.statuses, ["connecting", "connected"], "the other front's clients notice nothing");
  const again = await until("the front runs again", async () => (await cluster.status()).processes.find(({ name, pid, state }) => name === front.name && pid !== front.pid && state === "running"));
  assert.equal(again.restarts, 1);
});

test("a front that is killed again and again never makes an input count twice", async (context) => {
  const cluster = await startCluster(context);
  const ann = await player(context, cluster);
  let [expected, sentCount] = [ann.own().x, 0];
  for (let round = 0; round < 4; round++) {
    const front = await cluster.frontOf(ann.hub.session);
    const step = inward(ann.own());
    const outcomes = Array.from({ length: 80 }, () => ann.room.send({ move: [step, 0] }));
    await outcomes[round * 20];
    cluster.kill(front);
    assert.deepEqual(new Set((await Promise.all(outcomes)).map(statusOf)), new Set(["acked"]));
    expected += 80 * step;
    sentCount += 80;
    assert.ok(isNear(ann.own().x, expected), `after ${sentCount} inputs: ${expected} is not ${ann.own().x}`);
  }
});

test("the back is killed: a new lineage, and every unacked input is declared undecided or sent again", async (context) => {
  const cluster = await startCluster(context);
  const strict = await player(context, cluster, "arena/1", { resend: false });
  const keen = await player(context, cluster, "arena/1");
  const players = [strict, keen];
  await Promise.all(players.map(({ room }, index) => room.send({ name: `player ${index}` })));
  const lineage = strict.room.lineage;
  const sessions = players.map(({ hub }) => hub.session);
  const back = await cluster.process("back");
  cluster.kill(back, "SIGSTOP"); // so that what is sent now is certainly under way
  const outcomes = players.map(({ room }) => Array.from({ length: 5 }, () => room.send({ move: [1, 0] })));
  await until("the inputs are out", () => players.every(({ room }) => room.queue.nextFrames().length === 0));
  cluster.kill(back);
  assert.deepEqual((await Promise.all(outcomes[0])).map(statusOf), Array(5).fill("undecided"));
  assert.deepEqual((await Promise.all(outcomes[1])).map(statusOf), Array(5).fill("acked"));
  await until("both are in the new lineage", () => players.every(({ room }) => room.status === "attached" && room.lineage !== lineage));
  assert.equal(strict.room.lineage, keen.room.lineage);
  assert.deepEqual(players.map(({ hub }) => hub.session), sessions, "the sessions outlive the back");
  await until("both are on the new field", () => players.every(({ room }) => players.every((other) => room.tables.players.has(other.room.me))));
  assert.equal((await strict.room.send({ move: [1, 0] })).status, "acked");
  for (const { hub } of players) assert.deepEqual(hub.statuses, ["connecting", "connected"], "the fronts kept their clients");
  const after = await cluster.process("back");
  assert.ok(BigInt(after.epoch) > BigInt(back.epoch), `epoch ${after.epoch} after ${back.epoch}`);
});

test("the hub is killed: players notice nothing, and new ones still get in", async (context) => {
  const cluster = await startCluster(context);
  const [ann, ben] = await playersApart(context, cluster);
  await cluster.killHub();
  for (const { room, own } of [ann, ben]) {
    const [before, step] = [own().x, inward(own())];
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => room.send({ move: [step, 0] })));
    assert.deepEqual(new Set(outcomes.map(statusOf)), new Set(["acked"]));
    assert.ok(isNear(own().x, before + 20 * step));
  }
  const late = await player(context, cluster);
  await until("the others see the new one", () => [ann, ben].every(({ room }) => room.tables.players.has(late.room.me)));
  for (const { hub } of [ann, ben]) assert.deepEqual(hub.statuses, ["connecting", "connected"]);
  assert.equal((await cluster.status()).incomplete, true, "a front's own figures say that they are not everything");
});

test("a token resumes its session after a cut, from another process's memory, and without the attach counter", async (context) => {
  const cluster = await startCluster(context);
  const storage = new FakeStorage();
  const first = await player(context, cluster, "arena/1", { storage });
  assert.equal((await first.room.send({ name: "ann" })).status, "acked");
  const { session } = first.hub;
  first.hub.sockets[0].terminate();
  await until("it comes back by itself", () => first.hub.sockets.length === 2 && first.room.status === "attached");
  assert.equal(first.hub.resumed, true);

  const second = await player(context, cluster, "arena/1", { storage });
  assert.equal(second.hub.session, session);
  assert.equal(second.hub.resumed, true);
  assert.equal(second.own().name, "ann", "the row is the one that was there");
  await until("the first is told", () => first.hub.status === "superseded");

  const third = await player(context, cluster, "arena/1", { token: second.hub.token });
  assert.equal(third.hub.session, session);
  assert.equal(third.own().name, "ann");
  assert.equal((await third.room.send({ move: [1, 0] })).status, "acked");
  await until("the second is told", () => second.hub.status === "superseded");
});

test("a forged token is not taken: its bearer becomes somebody else", async (context) => {
  const cluster = await startCluster(context);
  const ann = await player(context, cluster);
  const last = ann.hub.token.at(-1) === "0" ? "1" : "0";
  const forger = await player(context, cluster, "arena/1", { token: ann.hub.token.slice(0, -1) + last });
  assert.equal(forger.hub.resumed, false);
  assert.notEqual(forger.hub.session, ann.hub.session);
  assert.equal(ann.hub.status, "connected");
});

test("a session reads two rooms at once, one's name a prefix of the other's, and moves its write grant between them", async (context) => {
  const cluster = await startCluster(context);
  const { hub, room: one, own } = await player(context, cluster, "arena/1");
  const twelve = hub.read("arena/12");
  await twelve.ready;
  await until("it stands in the second room too", () => twelve.tables.players.has(twelve.me));
  assert.notEqual(one.lineage, twelve.lineage);
  assert.equal((await twelve.send({ move: [1, 0] })).status, "refused", "it is only read");
  const there = { ...twelve.tables.players.get(twelve.me) };
  const step = inward(own());
  assert.equal((await one.send({ move: [step, 0] })).status, "acked");
  assert.deepEqual(placeOf(twelve.tables.players.get(twelve.me)), placeOf(there));

  const here = { ...own() };
  twelve.write();
  assert.equal((await one.send({ move: [step, 0] })).status, "refused");
  assert.equal((await twelve.send({ move: [inward(there), 0] })).status, "acked");
  assert.ok(isNear(twelve.tables.players.get(twelve.me).x, there.x + inward(there)));
  assert.deepEqual(placeOf(own()), placeOf(here));

  one.write();
  assert.equal((await one.send({ move: [step, 0] })).status, "acked");
  assert.ok(isNear(own().x, here.x + step));
});

test("leaving a room, and saying goodbye, take the player off the field", async (context) => {
  const cluster = await startCluster(context);
  const ann = await player(context, cluster);
  const ben = await player(context, cluster);
  const watched = ben.hub.read("arena/2");
  const second = ann.hub.read("arena/2");
  await Promise.all([watched.ready, second.ready]);
  await until("ann is in both rooms", () => ben.room.tables.players.has(ann.room.me) && watched.tables.players.has(second.me));
  second.close();
  await until("ann left the second room", () => !watched.tables.players.has(second.me));
  assert.ok(ben.room.tables.players.has(ann.room.me), "and stays in the first");
  assert.equal((await ann.room.send({ name: "ann" })).status, "acked");
  const token = ann.hub.token;
  ann.hub.close();
  await until("ann is gone", () => !ben.room.tables.players.has(ann.room.me));
  assert.equal(ben.hub.status, "connected");
  const back = await player(context, cluster, "arena/1", { token });
  assert.equal(back.own().name, "guest", "who said goodbye begins anew");
});

test("in the fog: who comes near is added, who goes is removed, only one's own treasure is seen, also through another front", async (context) => {
  const cluster = await startCluster(context, { back: "fog" });
  const walker = async () => {
    const hub = client(context, cluster);
    const room = hub.read("fog/1", { write: true });
    await room.ready;
    await until("a walker stands in the fog", () => room.tables.walkers.has(room.me));
    return { hub, room, seen: () => [...room.tables.walkers.keys()].sort() };
  };
  const [ann, bob] = [await walker(), await walker()];
  const both = [ann.room.me, bob.room.me].sort();
  const heard = [];
  for (const kind of ["add", "change", "remove"]) ann.room.on(kind, (table, key) => table === "walkers" && key === bob.room.me && heard.push(kind));
  await until("they see each other", () => [ann, bob].every(({ seen }) => JSON.stringify(seen()) === JSON.stringify(both)));
  for (const { room } of [ann, bob]) assert.deepEqual([...room.tables.treasures.keys()], [room.me]);
  heard.length = 0;
  await bob.room.send("right");
  await until(() => `bob moves within sight: ${heard} ${JSON.stringify([...ann.room.tables.walkers])}`, () => heard.length === 1);
  await bob.room.send("right");
  await until("bob is out of sight", () => ann.seen().length === 1 && bob.seen().length === 1);
  assert.deepEqual(heard, ["change", "remove"]);
  // Through another front, or the same one started again: what was kept is kept, what came meanwhile is there.
  const front = await cluster.frontOf(ann.hub.session);
  const gone = bob.room.send("left");
  process.kill(front.pid, "SIGKILL");
  await gone;
  await until("they see each other again", () => [ann, bob].every(({ seen }) => JSON.stringify(seen()) === JSON.stringify(both)), 20_000);
  assert.deepEqual([ann.hub.disagreementCount, bob.hub.disagreementCount], [0, 0]);
  for (const { room } of [ann, bob]) assert.deepEqual([...room.tables.treasures.keys()], [room.me]);
});
