// The streams that the Swift code recorded (Tests/Vectors/state, described there), through this client's mirror.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ByteReader, Mirror, ProtocolError, bytesOfHex, decodePatch, decodeSchema } from "../switchback.js";
import * as wire from "./encoder.js";

const folder = process.env.SWITCHBACK_VECTORS ?? new URL("../../../Tests/Vectors/state/", import.meta.url);
const recorded = (name) => JSON.parse(readFileSync(new URL(name, folder instanceof URL ? folder : `file://${folder}/`)));

/** A value as text mode writes it. */
function textOf(value, type) {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (type === 5 || type === 9) return String(value);
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  return value === -Infinity ? "-inf" : value;
}

/** What is held, as the records say it; Floats of a record are rounded to 32 bits for comparison. */
function rowsOf(mirror) {
  const tables = {};
  for (const { name, fields } of mirror.schema) {
    const rows = [...mirror.table(name)];
    if (rows.length === 0) continue;
    tables[name] = Object.fromEntries(rows.map(([key, row]) => [String(key), Object.fromEntries(fields.map((field) => [field.name, textOf(row[field.name], field.type)]))]));
  }
  return tables;
}

function rounded(tables, schema) {
  for (const { name, fields } of schema) {
    for (const row of Object.values(tables[name] ?? {})) {
      for (const field of fields) if (field.type === 10 && typeof row[field.name] === "number") row[field.name] = Math.fround(row[field.name]);
    }
  }
  return tables;
}

for (const name of ["types.json", "keys.json", "random.json"]) {
  test(`The rows of ${name} are those recorded, at every version`, () => {
    const { schema, sections } = recorded(name);
    const mirror = new Mirror();
    mirror.attached({ lineage: "1", kept: [] });
    assert.ok(sections.length > 0);
    for (const { base, version, patch, rows } of sections) {
      const held = mirror.version;
      const schemaBytes = base === 0 ? [...bytesOfHex(schema)] : [];
      const body = [...wire.num(0), ...wire.num(base), ...wire.num(version), base === 0 ? 2 : 0, ...schemaBytes, ...bytesOfHex(patch)];
      assert.equal(mirror.section(new ByteReader(Uint8Array.from(body))), "staged");
      const changes = mirror.mark({ base: held, version, tick: version });
      assert.ok(Array.isArray(changes));
      assert.equal(mirror.needsReading, false);
      assert.deepEqual(rowsOf(mirror), rounded(rows, mirror.schema), `version ${version}`);
    }
  });
}

test("Every patch of refused.json is refused", () => {
  const { schema, patches } = recorded("refused.json");
  const tables = decodeSchema(new ByteReader(bytesOfHex(schema)));
  assert.ok(patches.length > 0);
  for (const digits of patches) assert.throws(() => decodePatch(bytesOfHex(digits), tables), ProtocolError, digits);
});
