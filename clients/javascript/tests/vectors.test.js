// The streams that the Swift code recorded (Tests/Vectors/state, described there), through this client's mirror in Node;
// Tests/Browser/vectors.test.js does the same in a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as client from "../switchback.js";
import * as wire from "./encoder.js";
import { play, taken } from "./vectors.js";

const folder = process.env.SWITCHBACK_VECTORS ?? new URL("../../../Tests/Vectors/state/", import.meta.url);
const recorded = (name) => JSON.parse(readFileSync(new URL(name, folder instanceof URL ? folder : `file://${folder}/`)));

for (const name of ["types.json", "keys.json", "random.json", "audiences.json"]) {
  test(`The rows and hashes of ${name} are those recorded, at every version`, () => {
    const steps = play(client, wire, recorded(name));
    assert.ok(steps.length > 0);
    for (const { version, seen, wanted } of steps) assert.deepEqual(seen, wanted, `version ${version}`);
  });
}

test("Every patch of refused.json is refused", () => {
  const { schema, patches } = recorded("refused.json");
  assert.ok(patches.length > 0);
  assert.deepEqual(taken(client, { schema, patches }), []);
});
