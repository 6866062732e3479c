// The message board as people meet it, with and without JavaScript. What it looked like is in .build/screenshots.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test as anyTest } from "node:test";
import { noCluster, root, startCluster, until } from "../../clients/javascript/tests/cluster.js";
import { noBrowser, startBrowser } from "./chromium.js";

const test = (name, run, { needsBrowser = true } = {}) => anyTest(name, { skip: (needsBrowser && noBrowser) || noCluster, timeout: 90_000 }, run);
const screenshots = join(root, ".build/screenshots");

async function startBoard(context) {
  const cluster = await startCluster(context, { back: "board" });
  await until("there is a front page", async () => (await fetch(`${cluster.url}/`)).status === 200, 30_000);
  return cluster;
}

const textOf = (page, selector) => page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`);
const pathOf = (page) => page.evaluate("location.pathname + location.hash");

async function fill(page, selector, text) {
  await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
  await page.type(text);
}

/** Fills in the form that is there and presses its button. */
async function write(page, fields) {
  for (const [name, text] of Object.entries(fields)) await fill(page, `form.write [name=${name}]`, text);
  await page.evaluate("document.querySelector('form.write button').scrollIntoView({ block: 'center', behavior: 'instant' })");
  await page.leadsOn(() => page.click("form.write button"));
}

/** Posts as a browser's form does, and answers the answer without going on. */
const post = (cluster, fields, headers = {}) => fetch(`${cluster.url}/post`, { method: "POST", body: new URLSearchParams(fields), redirect: "manual", headers });

const nasty = `<script>document.title = "taken"</script> & "quotes" <b>bold</b>`;

test("without JavaScript: a thread is begun and answered through the forms, and stands on its page, the board's, the catalog and the front page", async (context) => {
  const cluster = await startBoard(context);
  const browser = await startBrowser(context);
  const page = await browser.open("about:blank", { width: 390, height: 844 });
  await page.forbidScripts();
  await page.goTo(`${cluster.url}/b/general`);
  await page.screenshot(join(screenshots, "board-empty-phone.png"));
  await write(page, { title: `Soup ${nasty}`, author: "Ann <i>", text: `Which soup is best?\n>a quoted line\n${nasty}\nhttps://example.org/soup?a=1&b=2.` });
  assert.equal(await pathOf(page), "/b/general/t/1#p1", "the writer is where the post stands");
  assert.equal(await textOf(page, "h1"), `Soup ${nasty}`);
  assert.equal(await textOf(page, "#p1 .author"), "Ann <i>");
  assert.equal(await page.evaluate("document.querySelector('#p1 a[rel]').href"), "https://example.org/soup?a=1&b=2");
  assert.equal(await page.evaluate("document.querySelectorAll('main script, #p1 b:not(.author), #p1 i').length"), 0, "what was written is text");
  for (const number of [2, 3, 4, 5, 6]) {
    await write(page, { text: `Answer ${number}, to >>1` });
    assert.equal(await pathOf(page), `/b/general/t/1#p${number}`);
    assert.equal(await page.evaluate("document.querySelectorAll('.post').length"), number, "a page is never older than what its reader has done");
  }
  assert.equal(await page.evaluate("document.querySelector('#p6 a.ref').getAttribute('href')"), "#p1");
  await page.screenshot(join(screenshots, "board-thread-phone.png"));
  for (const path of ["/b/general", "/b/general/catalog", "/"]) {
    await until(`${path} shows the thread with its answers`, async () => {
      await page.goTo(cluster.url + path);
      const text = await textOf(page, "main");
      return text.includes("Soup <script>") && /5 answers|2 earlier answers/.test(text);
    });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, `${path}: nothing sticks out sideways`);
    await page.screenshot(join(screenshots, `board${path.replaceAll("/", "-")}-phone.png`));
  }
  assert.deepEqual(page.errors, []);
});

test("with JavaScript: an answer appears in an open thread by itself, a board says that there is something new", async (context) => {
  const cluster = await startBoard(context);
  const browser = await startBrowser(context);
  const ann = await browser.open(`${cluster.url}/b/making`);
  await write(ann, { title: "A chair", author: "Ann", text: "Oak, three legs." });
  assert.equal(await pathOf(ann), "/b/making/t/1#p1");
  const ben = await browser.open(`${cluster.url}/b/making`);
  await until("ben's page listens", () => ben.evaluate("window.board?.room.status === 'attached'"));
  await until("ann's page listens", () => ann.evaluate("window.board?.room.status === 'attached'"));
  assert.equal((await post(cluster, { board: "making", thread: "1", author: "Cy", text: `Why not four?\n>Oak\n>>1 ${nasty}` })).status, 303);
  await until("the answer is there", () => ann.evaluate("document.getElementById('p2') !== null"));
  assert.equal(await textOf(ann, "#p2 .author"), "Cy");
  assert.equal(await textOf(ann, "#p2 .quote"), ">Oak");
  assert.equal(await ann.evaluate("document.querySelectorAll('main script').length + document.querySelectorAll('#p2 b:not(.author)').length"), 0);
  await until("ben is told", async () => (await textOf(ben, "#live")).startsWith("1 new post."));
  await ann.screenshot(join(screenshots, "board-live.png"));
  // The page that was built says the same as the page that was told.
  const live = await ann.evaluate("[...document.querySelectorAll('.post .text')].map((text) => text.innerText)");
  await ann.reload();
  assert.deepEqual(await ann.evaluate("[...document.querySelectorAll('.post .text')].map((text) => text.innerText)"), live);
  await ben.goTo(`${cluster.url}/`);
  await ben.screenshot(join(screenshots, "board-front.png"));
  assert.deepEqual([ann.errors, ben.errors], [[], []]);
});

test("L9: however many readers miss a page at both fronts, it is built once", async (context) => {
  const cluster = await startBoard(context);
  const counted = async (name) => {
    const text = await (await fetch(`${cluster.url}/metrics`, { headers: { connection: "close" } })).text();
    return [...text.matchAll(new RegExp(`^switchback_${name}(?:{[^}]*})? (\\d+)`, "gm"))].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  await until("the site is built", async () => (await counted("jobs_done_total")) > 0);
  await until("nothing is left to build", async () => {
    const before = await counted("jobs_done_total");
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // figures come once a second
    return before === (await counted("jobs_done_total"));
  });
  const before = await counted("jobs_done_total");
  const answers = await Promise.all(Array.from({ length: 200 }, () => fetch(`${cluster.url}/b/help/t/77`, { headers: { connection: "close" } })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([404]));
  await until("the figures are there", async () => (await counted("page_misses_total")) + (await counted("page_hits_total")) >= 200);
  const built = (await counted("jobs_done_total")) - before;
  assert.equal(built, 1, "builds for 200 readers at two fronts");
}, { needsBrowser: false });

test("posts that cannot be are answered with the reason and the text; forms of other sites, long bodies and other methods are refused", async (context) => {
  const cluster = await startBoard(context);
  const cases = [
    [{ board: "general", title: "x", text: " \n " }, 422, "Write something first."],
    [{ board: "general", text: "kept text" }, 422, "A new thread needs a title."],
    [{ board: "general", thread: "99", text: "kept text" }, 422, "This thread is gone."],
    [{ board: "general", title: "x", text: "y".repeat(4001) }, 422, "The text is too long"],
    [{ board: "general", title: "x", text: "y", website: "spam" }, 422, "Leave the last field empty."],
    [{ board: "nope", title: "x", text: "y" }, 404, "there is no such board"],
  ];
  for (const [fields, status, reason] of cases) {
    const answer = await post(cluster, fields);
    const text = await answer.text();
    assert.equal(answer.status, status, reason);
    assert.ok(text.includes(reason), text);
    if (fields.text === "kept text") assert.ok(text.includes("kept text</textarea>"));
  }
  assert.equal((await post(cluster, { board: "general", title: "x", text: "y" }, { origin: "https://elsewhere.example" })).status, 403);
  assert.equal((await post(cluster, { text: "z".repeat(1 << 20) })).status, 413);
  const wrong = await fetch(`${cluster.url}/post`);
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
  assert.equal((await fetch(`${cluster.url}/b/nope`)).status, 404);
  const page = await fetch(`${cluster.url}/b/general`);
  const again = await fetch(`${cluster.url}/b/general`, { headers: { "if-none-match": page.headers.get("etag") } });
  assert.equal(again.status, 304);
  const head = await fetch(`${cluster.url}/b/general`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text(), head.headers.get("etag")], [200, "", page.headers.get("etag")]);
}, { needsBrowser: false });
