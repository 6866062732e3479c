import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter, ProtocolError, decodePatch, decodeSchema } from "../switchback.js";
import * as wire from "./encoder.js";

const read = (bytes) => new ByteReader(Uint8Array.from(bytes.flat(Infinity)));
const schemaOf = (tables) => decodeSchema(read(wire.schema(tables)));
const patchOf = (bytes, tables) => decodePatch(Uint8Array.from(bytes.flat(Infinity)), schemaOf(tables));

const edges = [0n, 1n, 127n, 128n, 255n, 256n, 16383n, 16384n, 65535n, 2097151n, 2097152n, 16777215n, 268435455n, 268435456n, 2n ** 32n - 1n,
  2n ** 32n, 2n ** 40n - 1n, 2n ** 40n, 2n ** 48n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 56n - 1n, 2n ** 56n, 2n ** 64n - 1n];

test("Every edge of num is read and written in its shortest form", () => {
  for (const edge of edges) {
    const bytes = wire.num(edge);
    assert.deepEqual([...new ByteWriter().num(edge).bytes], bytes);
    assert.equal(BigInt(read(bytes).anyNum()), edge);
    assert.equal(typeof read(bytes).anyNum(), edge < 2n ** 53n ? "number" : "bigint");
    for (let count = 0; count < bytes.length; count++) assert.throws(() => read(bytes.slice(0, count)).anyNum(), ProtocolError);
  }
});

test("Every edge of int survives", () => {
  for (const edge of [0n, -1n, 1n, -64n, 64n, -8192n, 2n ** 31n, -(2n ** 31n), 2n ** 52n, -(2n ** 52n), 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
    assert.equal(BigInt(read(wire.int(edge)).int()), edge);
  }
});

test("A num longer than needed, or begun by a byte that begins none, is refused", () => {
  for (const bytes of [[0x80, 0x7f], [0xc0, 0x3f, 0xff], [0xe0, 0x1f, 0xff, 0xff], [0xf0, 0x0f, 0xff, 0xff, 0xff], [0xf1, 0, 1, 1, 1, 1], [0xf4, 0, 1, 1, 1, 1, 1, 1, 1], [0xf5], [0xff]]) {
    assert.throws(() => read(bytes).anyNum(), ProtocolError);
  }
});

test("A text that is not UTF-8 is refused, a byte order mark is kept", () => {
  assert.throws(() => read([2, 0xc3, 0x28]).text(), ProtocolError);
  assert.throws(() => read([3, 0xed, 0xa0, 0x80]).text(), ProtocolError);
  assert.equal(read(wire.text("\ufeffé€😀")).text(), "\ufeffé€😀");
});

const one = (type, bytes, more) => patchOf([wire.tableHead(0), wire.group("insert", 1, 1, [wire.int(1), bytes])], [["t", "integer", [["f", type, more]]]])[0].values.f;

test("Every type of value is decoded", () => {
  const { value } = wire;
  const cases = [
    ["Bool", value.number(1), true], ["Bool", value.number(0), false], ["Int8", value.integer(-128), -128], ["Int16", value.integer(-32768), -32768],
    ["Int32", value.integer(-2147483648), -2147483648], ["Int64", value.integer(-5), -5], ["Int64", value.integer(-(2n ** 63n)), -(2n ** 63n)],
    ["UInt8", value.number(255), 255], ["UInt16", value.number(65535), 65535], ["UInt32", value.number(4294967295), 4294967295],
    ["UInt64", value.number(2n ** 64n - 1n), 2n ** 64n - 1n], ["Float", value.float(1.5), 1.5], ["Float", value.float(-0), -0],
    ["Float", value.float(NaN), NaN], ["Double", value.double(0.1), 0.1], ["Double", value.double(-Infinity), -Infinity], ["Double", value.double(0), 0],
    ["String", value.text("hé"), "hé"], ["String", value.text(""), ""], ["bytes", value.bytes([1, 0xf6]), Uint8Array.of(1, 0xf6)],
  ];
  for (const [type, bytes, expected] of cases) {
    assert.deepEqual(one(type, bytes), expected);
    assert.deepEqual(one(type, bytes, { optional: true }), expected);
    assert.equal(one(type, value.nil(), { optional: true }), null);
    assert.throws(() => one(type, value.nil()), ProtocolError);
  }
  assert.equal(one("quantised", value.integer(-6), { step: 0.25 }), -1.5);
  assert.deepEqual(value.float(1.5), wire.num(0xc03f), "a round number is short");
});

test("A value outside its type is refused", () => {
  const { value } = wire;
  for (const [type, bytes] of [["Bool", value.number(2)], ["Int8", value.integer(128)], ["UInt8", value.number(256)], ["Int32", value.integer(2n ** 31n)],
    ["Float", value.number(2n ** 32n)], ["Float", value.number(0x0100c07f)], ["Double", value.number(0xc07f0000f87fn)], ["Double", value.number(0x0100_0000_0000_f87fn)], ["String", value.number(1)], ["UInt8", value.text("a")], ["String", [0xf5, 1, 0xff]]]) {
    assert.throws(() => one(type, bytes), ProtocolError, type);
  }
});

test("Groups, consecutive runs and key distances give the rows in order", () => {
  const { value } = wire;
  const tables = [["a", "integer", [["n", "UInt8"], ["m", "UInt8"]]], ["b", "text", [["n", "UInt8"]]]];
  const changes = patchOf([
    wire.tableHead(0),
    wire.group("insert", 4, 3, [wire.int(-2), [1, 2], [3, 4], [5, 6], [7, 8]], true),
    wire.group("set", 2, 2, [wire.num(0), [9], wire.num(3), [10]]),
    wire.group("remove", 5, 0, [wire.num(2n ** 60n)], true),
    0,
    wire.tableHead(1, true),
    wire.group("insert", 2, 1, [wire.text("a"), [1], wire.text("ab"), [2]]),
  ], tables);
  assert.deepEqual(changes.map(({ table, operation, key, values }) => [table.name, operation, key, values && { ...values }]), [
    ["a", "insert", -2, { n: 1, m: 2 }], ["a", "insert", -1, { n: 3, m: 4 }], ["a", "insert", 0, { n: 5, m: 6 }], ["a", "insert", 1, { n: 7, m: 8 }],
    ["a", "set", 2, { m: 9 }], ["a", "set", 6, { m: 10 }],
    ...[7n, 8n, 9n, 10n, 11n].map((more) => ["a", "remove", 2n ** 60n + more, undefined]),
    ["b", "insert", "a", { n: 1 }], ["b", "insert", "ab", { n: 2 }],
  ]);
  assert.deepEqual(patchOf([], tables), [], "nothing at all is the empty patch");
});

test("A patch that breaks the rules is refused", () => {
  const tables = [["a", "integer", [["n", "UInt8"], ["m", "UInt8"]]], ["b", "text", []], ["c", "session", []]];
  const bad = {
    "an unknown table": [wire.tableHead(3)],
    "keys of another kind": [wire.tableHead(0, true), wire.group("remove", 1, 0, [wire.text("a")])],
    "tables out of order": [wire.tableHead(1, true), wire.group("remove", 1, 0, [wire.text("a")]), 0, wire.tableHead(0), wire.group("remove", 1, 0, [wire.int(1)])],
    "an end behind the last table": [wire.tableHead(0), wire.group("remove", 1, 0, [wire.int(1)]), 0],
    "a table without rows": [wire.tableHead(0)],
    "operation 0": [wire.tableHead(0), 8],
    "a mask too wide": [wire.tableHead(0), wire.group("set", 1, 4, [wire.int(1), [1]])],
    "an empty set": [wire.tableHead(0), wire.group("set", 1, 0, [wire.int(1)])],
    "an insert without all fields": [wire.tableHead(0), wire.group("insert", 1, 1, [wire.int(1), [1]])],
    "keys out of order": [wire.tableHead(1, true), wire.group("remove", 2, 0, [wire.text("b"), wire.text("a")])],
    "a key twice": [wire.tableHead(1, true), wire.group("remove", 2, 0, [wire.text("b"), wire.text("b")])],
    "a session number below 1": [wire.tableHead(2), wire.group("remove", 1, 0, [wire.int(0)])],
    "a session that is a text": [wire.tableHead(2, true), wire.group("remove", 1, 0, [wire.text("b")])],
    "consecutive texts": [wire.tableHead(1, true), wire.group("remove", 4, 0, [wire.text("b")], true)],
    "a key beyond 64 bits": [wire.tableHead(0), wire.group("remove", 2, 0, [wire.int(2n ** 63n - 1n), wire.num(0)])],
    "more rows than bytes": [wire.tableHead(0), wire.num(8n * 2n ** 40n + 2n), wire.num(3), wire.int(1)],
    "removals without end": [wire.tableHead(0), wire.num(8n * 2n ** 40n + 5n), wire.int(1)],
    "rows without fields without end": [wire.tableHead(0), wire.num(8n * 2n ** 21n + 5n), wire.int(1)],
  };
  for (const [what, bytes] of Object.entries(bad)) assert.throws(() => patchOf(bytes, tables), ProtocolError, what);
});

test("A schema that breaks the rules is refused", () => {
  const bad = [
    [["a", "integer", [["__proto__", "Bool"]]]], [["a", "integer", []], ["a", "text", []]],
    [["a", "integer", [["f", "quantised", { step: -1 }]]]], [["a", "integer", [["f", "Bool"], ["f", "Int8"]]]],
  ];
  for (const tables of bad) assert.throws(() => schemaOf(tables), ProtocolError);
  for (const bytes of [[1, 1, 0x61, 4, 0], [1, 1, 0x61, 0, 0], [1, 1, 0x61, 1, 1, 1, 0x62, 14], [1, 1, 0x61, 1, 1, 1, 0x62, 0x81], wire.num(1e6)]) {
    assert.throws(() => decodeSchema(read([bytes])), ProtocolError);
  }
});

test("Any prefix and any flipped bit of a patch is an answer or a ProtocolError, never anything else", () => {
  const tables = [["a", "integer", [["n", "Int64"], ["s", "String", { optional: true }]]], ["b", "session", [["x", "Double"]]]];
  const { value } = wire;
  const schema = schemaOf(tables);
  const patch = Uint8Array.from([
    wire.tableHead(0), wire.group("insert", 5, 3, [wire.int(3), ...Array.from({ length: 5 }, (_, n) => [value.integer(n * 1000), value.text("é" + n)])], true),
    wire.group("set", 1, 2, [wire.num(2), value.nil()]), 0,
    wire.tableHead(1), wire.group("insert", 1, 1, [wire.int(3), value.double(0.1)]),
  ].flat(Infinity));
  const attempt = (bytes) => {
    try {
      decodePatch(bytes, schema);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  };
  assert.equal(decodePatch(patch, schema).length, 7);
  for (let count = 0; count < patch.length; count++) attempt(patch.slice(0, count));
  for (let bit = 0; bit < patch.length * 8; bit++) {
    const flipped = patch.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    attempt(flipped);
  }
});

const cells = [["cells", "integer", [["n", "UInt8"], ["tag", "String", { optional: true }]]], ["names", "text", [["n", "UInt8"], ["tag", "String", { optional: true }]]],
  ["seats", "session", [["n", "UInt8"], ["tag", "String", { optional: true }]]]];
const written = (digits) => patchOf(wire.hex(digits.replaceAll(" ", "")), cells).map(({ table, operation, key, values }) => [table.name, operation, key, ...Object.values(values ?? {})]);

test("The bytes that the hub's own encoder is tested for are read", () => {
  assert.deepEqual(wire.schema(cells), wire.hex("03 05 63656c6c73 01 02 01 6e 06 03 746167 4c 05 6e616d6573 02 02 01 6e 06 03 746167 4c 05 7365617473 03 02 01 6e 06 03 746167 4c".replaceAll(" ", "")));
  assert.deepEqual(written("00 1a 03 09 05f6 04 00f6 00 01f6 00 02f6 1e 03 07 0af6 0bf6 0cf6 0df6 02 03 06 14f6"),
    [-5, 0, 1, 2, 10, 11, 12, 13, 20].map((key) => ["cells", "insert", key, Math.abs(key), null]));
  assert.deepEqual(written("00 13 01 00 64 00 65 00 66 01 00 03 02 00 f50174 03 01 01 6a"), [
    ["cells", "set", 0, 100], ["cells", "set", 1, 101], ["cells", "set", 2, 102], ["cells", "remove", 3], ["cells", "set", 4, "t"], ["cells", "set", 6, 106],
  ]);
  assert.deepEqual(written("00 11 00 00 00 1d 01"), [0, 1, 2, 4, 5, 6, 7].map((key) => ["cells", "remove", key]));
  assert.deepEqual(written("00 02 03 02 00f6 00 04 02 03 02 80c8f6"),
    [["cells", "insert", 1, 0, null], ["seats", "insert", 1, 200, null]]);
  assert.deepEqual(written("03 0a 03 00 00f6 01 62 00f500"), [["names", "insert", "", 0, null], ["names", "insert", "b", 0, ""]]);
  for (const digits of ["00", "00 00", "00 02 00 00 00", "00 01 00 00 00", "02 01 00 00 00 01 00", "00 00 02 01 00", "00 04 00", "00 03 00 00", "00 03 01 00 f4",
    "00 03 01 00 f7", "00 03 01 00 f5 05 61", "01 0d 00", "01 09 01 62 01 61", "01 09 01 61 01 61", "00 09 f4fffffffffffffffe 00", "00 f4ffffffffffffffff",
    "00 1d f4fffffffffffffffe", "00 f0ffffffff 00", "00 01 8001", "c01000 01 00"]) {
    assert.throws(() => written(digits), ProtocolError, digits);
  }
});
