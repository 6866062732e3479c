// The arena as people meet it: real pages in a real browser, through a real hub. What they looked like is in .build/screenshots.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test as anyTest } from "node:test";
import { noCluster, root, startCluster, until } from "../../clients/javascript/tests/cluster.js";
import { noBrowser, startBrowser } from "./chromium.js";

const test = (name, run) => anyTest(name, { skip: noBrowser || noCluster, timeout: 90_000 }, run);
const screenshots = join(root, ".build/screenshots");

/** A page of the arena whose player stands on the field. */
async function arena(browser, cluster, query) {
  const page = await browser.open(`${cluster.url}/?${new URLSearchParams(query)}`);
  await isPlaying(page);
  return page;
}

const isPlaying = (page, withinMilliseconds) =>
  until("a page plays", () => page.evaluate("arena.room.status === 'attached' && arena.room.tables.players.has(arena.room.me)"), withinMilliseconds);
const sessionOf = (page) => page.evaluate("arena.hub.session");
/** What the page's player is called in its room. */
const keyOf = (page) => page.evaluate("arena.room.me");
const textOf = (page, selector) => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`);
const figureOf = (page, name) => textOf(page, `[data-figure=${name}]`);
/** The row of a player as a page sees it. */
const rowOf = (page, key) => page.evaluate(`({ ...arena.room.tables.players.get(${key}) })`);
/** The names on the scoreboard. */
const namesOn = async (page) => (await page.evaluate("[...document.querySelectorAll('#scores .name')].map((name) => name.innerText)")).sort();
const inward = (row) => (row.x < 500 ? "ArrowRight" : "ArrowLeft");

/** Holds an arrow key until the player has gone far enough, as another page sees it too. */
async function walk(page, seenBy) {
  const key = await keyOf(page);
  const before = await rowOf(seenBy, key);
  await page.press(inward(before));
  await until("the other page sees the walk", async () => Math.abs((await rowOf(seenBy, key)).x - before.x) > 60);
  await page.release(inward(before));
  await until("the walk is over, for both", async () => {
    const isDecided = await page.evaluate("arena.room.queue.unsettledCount === 0");
    return isDecided && (await rowOf(page, key)).x === (await rowOf(seenBy, key)).x;
  });
}

/** Begins to note which banners a page shows, and when. */
const noteBanners = (page) => page.evaluate(`(() => {
  const place = document.getElementById("banner");
  window.banners = [];
  new MutationObserver(() => banners.push({ at: performance.now(), text: place.hidden ? null : place.innerText }))
    .observe(place, { attributes: true, attributeFilter: ["hidden"] });
})()`);

test("two pages see each other move, and show names, scores and figures", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const ann = await arena(browser, cluster, { name: "ann" });
  const ben = await arena(browser, cluster, { name: "ben" });
  const keys = [await keyOf(ann), await keyOf(ben)];
  assert.notEqual(keys[0], keys[1], "each tab is a player of its own");
  await walk(ann, ben);
  await walk(ben, ann);
  await until("both scoreboards have both names", async () => {
    const names = [await namesOn(ann), await namesOn(ben)];
    return JSON.stringify(names) === '[["ann (you)","ben"],["ann","ben (you)"]]';
  });
  for (const page of [ann, ben]) {
    await until("the figures are there", async () => Number(await figureOf(page, "tick")) > 5);
    // The figures by the second come with the first whole one.
    for (const [name, shape] of [["version", /^[1-9]\d*$/], ["roundTrip", /^\d+\.\d ms$/], ["bytes", /^[\d.]+ k?B\/s$/]]) {
      await until(`${name} is shown`, async () => shape.test(await figureOf(page, name)));
    }
    assert.equal(await figureOf(page, "players"), "2");
    assert.equal(await page.evaluate("document.getElementById('banner').hidden"), true);
  }
  await until("ben's page draws ann where she stands", () => ben.evaluate(`(() => {
    const canvas = document.getElementById("field");
    const { x, y } = arena.room.tables.players.get(${keys[0]});
    const [red, green, blue] = canvas.getContext("2d").getImageData((x / 1000) * canvas.width, (y / 600) * canvas.height, 1, 1).data;
    return Math.max(red, green, blue) > 100;
  })()`));

  await ann.click("#add-bots");
  await until("the bots came, for both", async () => (await namesOn(ann)).length === 7 && (await namesOn(ben)).length === 7);
  await ben.screenshot(join(screenshots, "two-players.png"));
  assert.deepEqual([ann.errors, ben.errors], [[], []]);
});

test("a name is typed into the form and seen by the others, who have numbers until they give one", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const ann = await arena(browser, cluster, {});
  const ben = await arena(browser, cluster, { name: "ben" });
  await until("ann is a guest", async () => (await namesOn(ben))[1]?.startsWith("guest "));
  await ann.click("#name");
  await ann.type("ann <b>");
  await ann.click("#name-form button");
  await until("ben sees her name, as it is", async () => (await namesOn(ben))[0] === "ann <b>");
  const other = await arena(browser, cluster, { room: "2", name: "otto" });
  await until("otto is alone in another room", async () => (await namesOn(other)).join() === "otto (you)");
});

test("a reloaded page goes on where it was; a closed one leaves the field", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const ann = await arena(browser, cluster, { name: "ann" });
  const ben = await arena(browser, cluster, { name: "ben" });
  await walk(ann, ben);
  const [session, key] = [await sessionOf(ann), await keyOf(ann)];
  for (const how of ["reload", "reloadItself"]) {
    const before = await rowOf(ben, key);
    await ann[how]();
    await isPlaying(ann);
    assert.deepEqual(await ann.evaluate("[arena.hub.session, arena.room.me, arena.hub.resumed]"), [session, key, true], how);
    const { x, y, score } = await rowOf(ann, key);
    assert.deepEqual([x, y], [before.x, before.y], how);
    assert.ok(score >= before.score, how); // a coin may drop where she stands
    assert.equal((await rowOf(ben, key)).name, "ann");
  }
  await ann.close();
  await until("ann is gone", async () => !(await ben.evaluate(`arena.room.tables.players.has(${key})`)));
});

test("the front is killed: a banner, and the page plays on within 2 s", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const ann = await arena(browser, cluster, { name: "ann" });
  const ben = await arena(browser, cluster, { name: "ben" });
  const [session, key] = [await sessionOf(ann), await keyOf(ann)];
  const front = await cluster.frontOf(session);
  const before = await rowOf(ben, key);
  await noteBanners(ann);
  await ann.press(inward(before));
  await until("ann walks", async () => Math.abs((await rowOf(ben, key)).x - before.x) > 20);
  const killedAt = await ann.evaluate("performance.now()");
  cluster.kill(front);
  const [shown, hidden] = await until("the banner came and went", async () => {
    const banners = await ann.evaluate("banners");
    const [coming, going] = [banners.findIndex(({ text }) => text !== null), banners.findLastIndex(({ text }) => text === null)];
    return coming >= 0 && going > coming && [banners[coming], banners.slice(coming).find(({ text }) => text === null)];
  });
  const stopped = await rowOf(ben, key);
  await until("ann walks on", async () => Math.abs((await rowOf(ben, key)).x - stopped.x) > 20, 2_000);
  const walkedAt = await ann.evaluate("performance.now()");
  await ann.release(inward(before));
  assert.match(shown.text, /^Disconnected\. Trying again/);
  assert.ok(hidden.at - killedAt < 2_000, `the banner went ${hidden.at - killedAt} ms after the kill`);
  assert.ok(walkedAt - killedAt < 3_000, `it was seen walking ${walkedAt - killedAt} ms after the kill`);
  assert.equal(await sessionOf(ann), session);
});

test("no front at all: the banner stays until there is one again", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const ann = await arena(browser, cluster, { name: "ann" });
  const session = await sessionOf(ann);
  const fronts = (await cluster.status()).processes.filter(({ role }) => role === "front");
  cluster.kill({ pid: cluster.hubPID }, "SIGSTOP"); // so that nobody starts another
  for (const front of fronts) cluster.kill(front);
  await until("the banner says so", async () => /^Disconnected\. Trying again/.test(await textOf(ann, "#banner")));
  await ann.screenshot(join(screenshots, "disconnected.png"));
  cluster.kill({ pid: cluster.hubPID }, "SIGCONT");
  await isPlaying(ann, 20_000);
  await until("the banner is gone", () => ann.evaluate("document.getElementById('banner').hidden"));
  assert.equal(await sessionOf(ann), session);
});

test("the back is killed: the page is in the new game by itself, under its name", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const ann = await arena(browser, cluster, { name: "ann" });
  const [session, lineage] = [await sessionOf(ann), await ann.evaluate("arena.room.lineage")];
  await until("she is named", async () => (await rowOf(ann, await keyOf(ann))).name === "ann");
  cluster.kill(await cluster.process("back"));
  await until("she is in the new game", async () => (await ann.evaluate("arena.room.lineage")) !== lineage);
  await until("she is named again", async () => (await rowOf(ann, await keyOf(ann))).name === "ann");
  await until("the banner is gone", () => ann.evaluate("document.getElementById('banner').hidden"));
  await walk(ann, ann);
  assert.equal(await sessionOf(ann), session);
});

test("the page fits a phone", async (context) => {
  const cluster = await startCluster(context);
  const browser = await startBrowser(context);
  const page = await browser.open(`${cluster.url}/?name=ann&auto=1`, { width: 390, height: 844 });
  await isPlaying(page);
  await until("she is on the scoreboard", async () => (await namesOn(page)).length === 1);
  assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, "nothing sticks out sideways");
  await page.screenshot(join(screenshots, "phone.png"));
});
