// The streams that the Swift code recorded (Tests/Vectors/state), through the JavaScript client in a headless browser: what it
// holds is what Node holds and what was recorded.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test as anyTest } from "node:test";
import { root } from "../../clients/javascript/tests/cluster.js";
import { noBrowser, startBrowser } from "./chromium.js";

const test = (name, run) => anyTest(name, { skip: noBrowser, timeout: 90_000 }, run);
const streams = ["types", "keys", "random", "audiences"];
const read = (path) => readFileSync(join(root, path), "utf8");
/** A recorded stream as an expression: its text, for only that keeps minus zero. */
const recorded = (name) => `JSON.parse(${JSON.stringify(read(`Tests/Vectors/state/${name}.json`))})`;
/** A module that a page without an address can import: it has no imports of its own. */
const moduleOf = (path) => `import("data:text/javascript;base64,${Buffer.from(read(path)).toString("base64")}")`;

test("a browser decodes the recorded streams to the rows and hashes that were recorded, and refuses what is to be refused", async (context) => {
  const browser = await startBrowser(context);
  const page = await browser.open("about:blank");
  await page.evaluate(`(async () => {
    window.client = await ${moduleOf("clients/javascript/switchback.js")};
    window.wire = await ${moduleOf("clients/javascript/tests/encoder.js")};
    window.vectors = await ${moduleOf("clients/javascript/tests/vectors.js")};
  })()`);
  for (const name of streams) {
    const steps = await page.evaluate(`vectors.play(client, wire, ${recorded(name)})`);
    assert.ok(steps.length > 0);
    for (const { version, seen, wanted } of steps) assert.deepEqual(seen, wanted, `${name}, version ${version}`);
  }
  assert.ok((await page.evaluate(`${recorded("refused")}.patches.length`)) > 0);
  assert.deepEqual(await page.evaluate(`vectors.taken(client, ${recorded("refused")})`), []);
  assert.deepEqual(page.errors, []);
});
