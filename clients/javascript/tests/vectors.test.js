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

/** A section as a front sends it, its hash with it. */
function sectionOf({ audience = 0, base, version, hash, patch }, schema) {
  const flags = base === 0 && audience === 0 ? 3 : 1;
  const head = [...wire.num(audience), ...wire.num(base), ...wire.num(version), flags, ...bytesOfHex(hash)];
  return new ByteReader(Uint8Array.from([...head, ...(flags & 2 ? bytesOfHex(schema) : []), ...bytesOfHex(patch)]));
}

for (const name of ["types.json", "keys.json", "random.json", "audiences.json"]) {
  test(`The rows and hashes of ${name} are those recorded, at every version`, () => {
    const { schema, sections, marks } = recorded(name);
    const mirror = new Mirror();
    mirror.attached({ lineage: "1", kept: [] });
    const steps = marks ?? sections.map((section) => ({ version: section.version, sections: [section], rows: section.rows }));
    assert.ok(steps.length > 0);
    for (const { attached, base = mirror.version, version, sections, rows } of steps) {
      if (attached) mirror.attached({ lineage: "1", kept: attached.kept.filter((audience) => attached.listed.includes(audience)) });
      for (const section of sections) assert.equal(mirror.section(sectionOf(section, schema)), "staged");
      const changes = mirror.mark({ base, version, tick: version });
      assert.ok(Array.isArray(changes), `version ${version}: ${changes}`);
      for (const { audience, hash } of sections) assert.equal(mirror.hash(audience), hash, `audience ${audience} at version ${version}`);
      assert.deepEqual([mirror.disagreement, mirror.needsReading], [null, false]);
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
