// The Switchback client: mirrors of channels and numbered inputs over one WebSocket that comes back by itself.
//
// One ES module for browsers and Node, no build step, no dependency. docs/WIRE.md of the project is the format it speaks
// (subprotocol `switchback.1`). In this order: limits and codes, primitives, schema and values, patches, the state hash, the
// mirror (pure), the input queue (pure), the room, the hub. The pure parts take bytes and answer; only the hub owns a socket and timers.

/** Every bound of this client. Reaching one is an answer, never silence. */
export const limits = Object.freeze({
  frameBytes: 8 * 1024 * 1024, // a frame from the hub
  sectionBytes: 64 * 1024 * 1024, // a section that travels in pieces
  clientFrameBytes: 256 * 1024 - 16, // a frame of ours, its own count included
  inputBytes: 256 * 1024 - 64, // one input
  windowInputs: 256, // sent and not acked
  windowBytes: 256 * 1024,
  queuedInputs: 2048, // waiting for the window or for a connection
  queuedBytes: 4 * 1024 * 1024,
  heldMessages: 64, // waiting for the version they name
  fieldsPerTable: 64,
  tables: 1024,
  emptyRows: 1 << 20, // rows of a patch that take no bytes of their own
  gapsInARow: 5, // then the connection is at fault
});

/** The codes of `bye`, `unlinked` and the WebSocket's close that mean something to a client. */
export const codes = Object.freeze({
  done: 1000, goingAway: 1001, protocolError: 1002, failed: 1011, moved: 1012, overloaded: 1013, superseded: 4000,
  refused: 4001, version: 4002, unproven: 4003, unknownChannel: 4004, expired: 4005, timedOut: 4006, duplicate: 4007,
  slow: 4008, unavailable: 4009, stale: 4010,
});

const subprotocol = "switchback.1";
const kinds = Object.freeze({
  bye: 0x05, ping: 0x06, pong: 0x07, hello: 0x10, inputs: 0x11, read: 0x12, unread: 0x13, write: 0x14,
  disagreed: 0x15, say: 0x16, inputsNow: 0x17, welcome: 0x20, attached: 0x21, unlinked: 0x22, granted: 0x23, acked: 0x24,
  refused: 0x25, message: 0x26, regrouped: 0x27, section: 0x30, mark: 0x31, piece: 0x32,
});

/** The hub sent bytes that break docs/WIRE.md. Ends the connection with 1002, never the page. */
export class ProtocolError extends Error {
  name = "ProtocolError";
}

// ---------------------------------------------------------------------------------------------------------------------
// Primitives

const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();
const two32 = 0x1_0000_0000;
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** An integer as a number while that is exact, as a BigInt beyond. */
const compact = (big) => (big <= maxSafe && big >= -maxSafe ? Number(big) : big);

function decodeText(bytes) {
  if (bytes.length < 48) {
    let text = "";
    let index = 0;
    while (index < bytes.length && bytes[index] < 0x80) text += String.fromCharCode(bytes[index++]);
    if (index === bytes.length) return text;
  }
  try {
    return strictText.decode(bytes);
  } catch {
    throw new ProtocolError("a text is not UTF-8");
  }
}

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes as lower-case hexadecimal digits, as session ids are written. */
export function hexOf(bytes) {
  let text = "";
  for (const byte of bytes) text += hexDigits[byte];
  return text;
}

/** The bytes of an even number of hexadecimal digits. Throws a TypeError on anything else. */
export function bytesOfHex(text) {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new TypeError("not hexadecimal digits");
  const digitAt = (index) => (text.charCodeAt(index) & 0xf) + (text.charCodeAt(index) > 0x40 ? 9 : 0); // of either case
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) bytes[index] = (digitAt(2 * index) << 4) | digitAt(2 * index + 1);
  return bytes;
}

/** Reads the primitives of docs/WIRE.md. Every read is checked against the end and throws a ProtocolError. */
export class ByteReader {
  #bytes;
  #position = 0;
  #high = 0; // the last `num` as two 32-bit halves
  #low = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get remaining() {
    return this.#bytes.length - this.#position;
  }

  get atEnd() {
    return this.#position === this.#bytes.length;
  }

  u8() {
    if (this.atEnd) throw new ProtocolError("the bytes end inside a field");
    return this.#bytes[this.#position++];
  }

  /** A fixed 64-bit integer as a BigInt. */
  u64() {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  }

  /** A `num` that has to fit a JavaScript number exactly: counts, versions, ticks. */
  num() {
    const bytes = this.#bytes;
    if (this.#position < bytes.length && bytes[this.#position] < 0x80) return bytes[this.#position++];
    this.#wide();
    if (this.#high > 0x1fffff) throw new ProtocolError("a number beyond 2^53 where none can be");
    return this.#high * two32 + this.#low;
  }

  /** A `num` of any size: a number while exact, a BigInt beyond. */
  anyNum() {
    this.#wide();
    if (this.#high <= 0x1fffff) return this.#high * two32 + this.#low;
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /** A zigzag integer: a number while exact, a BigInt beyond. */
  int() {
    this.#wide();
    if (this.#high <= 0x1fffff) {
      const value = this.#high * two32 + this.#low;
      return this.#low & 1 ? -(value + 1) / 2 : value / 2;
    }
    const big = (BigInt(this.#high) << 32n) | BigInt(this.#low);
    return compact(big & 1n ? -((big + 1n) >> 1n) : big >> 1n);
  }

  float() {
    this.#wide();
    if (this.#high) throw new ProtocolError("a Float of more than 32 bits");
    scratch.setUint32(0, this.#low, true);
    return theNaN(scratch.getFloat32(0), this.#low === 0xc07f);
  }

  double() {
    this.#wide();
    scratch.setUint32(0, this.#low, true);
    scratch.setUint32(4, this.#high, true);
    return theNaN(scratch.getFloat64(0), this.#low === 0xf87f && this.#high === 0);
  }

  /** The next `count` bytes, still part of the message. */
  take(count) {
    if (count > this.remaining) throw new ProtocolError("the bytes end inside a field");
    return this.#bytes.subarray(this.#position, (this.#position += count));
  }

  bytes() {
    return this.take(this.num());
  }

  text() {
    return decodeText(this.bytes());
  }

  flag() {
    const value = this.u8();
    if (value > 1) throw new ProtocolError("a flag that is neither 0 nor 1");
    return value === 1;
  }

  /** A list of `num`. The count is checked against the bytes left before anything is allocated. */
  nums() {
    const count = this.num();
    if (count > this.remaining) throw new ProtocolError("a list longer than its bytes");
    return Array.from({ length: count }, () => this.num());
  }

  /** The next byte without taking it, or -1 at the end. */
  peek() {
    return this.atEnd ? -1 : this.#bytes[this.#position];
  }

  rest() {
    return this.take(this.remaining);
  }

  end() {
    if (!this.atEnd) throw new ProtocolError(`${this.remaining} bytes are left over`);
  }

  /** Reads a `num` into the two halves. */
  #wide() {
    const first = this.u8();
    this.#high = 0;
    if (first < 0x80) {
      this.#low = first;
      return;
    }
    if (first > 0xf4) throw new ProtocolError("a byte that begins no integer");
    const tail = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first - 0xf0 + 4;
    const bytes = this.take(tail);
    let high = 0;
    let low = first < 0xc0 ? first & 0x3f : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : 0;
    for (let index = 0; index < tail; index++) {
      if (index >= 4) high = ((high << 8) | (low >>> 24)) >>> 0;
      low = ((low << 8) | bytes[index]) >>> 0;
    }
    const overlong = tail <= 3 ? low < [0, 0x80, 0x4000, 0x20_0000][tail] : tail === 4 ? low < 0x1000_0000 : bytes[0] === 0;
    if (overlong) throw new ProtocolError("an integer longer than it needs to be");
    this.#high = high;
    this.#low = low;
  }
}
const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

function theNaN(value, isTheOne) {
  if (value !== value && !isTheOne) throw new ProtocolError("a NaN other than the one");
  return value;
}

/** Appends the primitives of docs/WIRE.md. `bytes` is the result. */
export class ByteWriter {
  #buffer = new Uint8Array(64);
  #count = 0;

  get count() {
    return this.#count;
  }

  get bytes() {
    return this.#buffer.slice(0, this.#count);
  }

  /** What was written so far, only good until the next write. */
  get view() {
    return this.#buffer.subarray(0, this.#count);
  }

  clear() {
    this.#count = 0;
    return this;
  }

  u8(value) {
    this.#reserve(1);
    this.#buffer[this.#count++] = value;
    return this;
  }

  u64(value) {
    scratch.setBigUint64(0, BigInt(value));
    return this.raw(scratchBytes);
  }

  num(value) {
    if (typeof value === "bigint") return this.#wide(Number(value >> 32n), Number(value & 0xffff_ffffn));
    return this.#wide(Math.floor(value / two32), value >>> 0);
  }

  /** A zigzag integer. */
  int(value) {
    if (typeof value === "bigint") return this.num(value < 0n ? -2n * value - 1n : 2n * value);
    const magnitude = value < 0 ? -value - 1 : value; // twice it may be beyond 2^53
    return this.#wide(Math.floor(magnitude / 2 ** 31), ((magnitude << 1) | (value < 0 ? 1 : 0)) >>> 0);
  }

  float(value) {
    scratch.setFloat32(0, value);
    return this.#wide(0, value !== value ? 0xc07f : scratch.getUint32(0, true));
  }

  double(value) {
    scratch.setFloat64(0, value);
    return value !== value ? this.#wide(0, 0xf87f) : this.#wide(scratch.getUint32(4, true), scratch.getUint32(0, true));
  }

  blob(bytes) {
    return this.num(bytes.length).raw(bytes);
  }

  text(value) {
    if (value.length < 48 && this.#shortText(value)) return this;
    return this.blob(utf8.encode(value));
  }

  nums(values) {
    this.num(values.length);
    for (const value of values) this.num(value);
    return this;
  }

  raw(bytes) {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#count);
    this.#count += bytes.length;
    return this;
  }

  /** Most texts are short and of one byte a character; writes nothing and answers false for another. */
  #shortText(value) {
    this.#reserve(value.length + 1);
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      this.#buffer[this.#count + 1 + index] = code;
    }
    this.#buffer[this.#count] = value.length;
    this.#count += value.length + 1;
    return true;
  }

  #reserve(byteCount) {
    const needed = this.#count + byteCount;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#count));
    this.#buffer = grown;
  }

  /** A `num` given as two 32-bit halves. */
  #wide(high, low) {
    if (high === 0 && low < 0x80) return this.u8(low);
    let tail;
    if (high === 0 && low < 0x1000_0000) {
      tail = low < 0x4000 ? 1 : low < 0x20_0000 ? 2 : 3;
      this.u8([0, 0x80, 0xc0, 0xe0][tail] | (low >>> (8 * tail)));
    } else {
      tail = high === 0 ? 4 : high < 0x100 ? 5 : high < 0x1_0000 ? 6 : high < 0x100_0000 ? 7 : 8;
      this.u8(0xf0 + tail - 4);
    }
    for (let index = tail - 1; index >= 0; index--) this.u8(index >= 4 ? high >>> (8 * (index - 4)) : low >>> (8 * index));
    return this;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Schema and values

const keyKinds = [undefined, "integer", "text", "session"];
const integerRanges = {
  1: [0, 1], 2: [-128, 127], 3: [-32768, 32767], 4: [-2147483648, 2147483647], 5: [-(2n ** 63n), 2n ** 63n - 1n],
  6: [0, 255], 7: [0, 65535], 8: [0, 4294967295], 9: [0, 2n ** 64n - 1n],
};

/** Reads a schema: the tables in the order of their numbers, each `{ name, keys, fields: [{ name, type, optional, step }] }`. */
export function decodeSchema(reader) {
  const names = new Set();
  const tables = listOf(reader, limits.tables, "tables", () => {
    const name = reader.text();
    const keys = keyKinds[reader.u8()];
    if (keys === undefined) throw new ProtocolError("an unknown kind of key");
    if (names.has(name)) throw new ProtocolError("two tables of one name");
    names.add(name);
    const fields = listOf(reader, limits.fieldsPerTable, "fields", () => decodeField(reader));
    if (new Set(fields.map((field) => field.name)).size < fields.length) throw new ProtocolError("two fields of one name");
    return { name, keys, fields };
  });
  return tables;
}

function decodeField(reader) {
  const name = reader.text();
  if (name === "__proto__") throw new ProtocolError("a field that cannot be a property");
  const byte = reader.u8();
  const type = byte & 0x3f;
  if (byte & 0x80 || type === 0 || (type > 13 && type !== 17)) throw new ProtocolError("an unknown type of field");
  let step;
  if (type === 17) {
    scratch.setBigUint64(0, reader.u64());
    step = scratch.getFloat64(0);
    if (!Number.isFinite(step) || step <= 0) throw new ProtocolError("a step that is not a positive number");
  }
  return { name, type, optional: (byte & 0x40) !== 0, step };
}

function listOf(reader, limit, what, read) {
  const count = reader.num();
  if (count > limit || count > reader.remaining) throw new ProtocolError(`too many ${what}`);
  return Array.from({ length: count }, read);
}

function decodeValue(reader, field) {
  if (reader.peek() === 0xf6) {
    reader.u8();
    if (!field.optional) throw new ProtocolError("nil in a field that is not optional");
    return null;
  }
  const type = field.type;
  if (type === 12 || type === 13) {
    if (reader.u8() !== 0xf5) throw new ProtocolError("a text or bytes without their count");
    return type === 12 ? reader.text() : reader.bytes().slice();
  }
  if (type === 10) return reader.float();
  if (type === 11) return reader.double();
  if (type === 17) {
    const steps = reader.int();
    if (steps > 2 ** 50 || steps < -(2 ** 50)) throw new ProtocolError("more steps than there can be");
    return steps * field.step;
  }
  const value = type >= 2 && type <= 5 ? reader.int() : reader.anyNum();
  const [least, most] = integerRanges[type];
  if (value < least || value > most) throw new ProtocolError("an integer outside its type");
  return type === 1 ? value === 1 : value;
}

/** The one encoding that a value has. What is not of the field's type gives other bytes, never an error. */
function encodeValue(writer, value, { type, step }) {
  if (value === null || value === undefined) return writer.u8(0xf6);
  if (type === 12) return writer.u8(0xf5).text(String(value));
  if (type === 13) return writer.u8(0xf5).blob(value instanceof Uint8Array ? value : none);
  if (type === 10) return writer.float(Number(value));
  if (type === 11) return writer.double(Number(value));
  if (type === 17) return writer.int(Math.round(Number(value) / step)); // exact: at most 2^50 steps
  return type >= 2 && type <= 5 ? writer.int(value) : writer.num(type === 1 ? Number(value) : value);
}

// ---------------------------------------------------------------------------------------------------------------------
// Patches

const operations = [undefined, "remove", "insert", "set"];

/**
 * Decodes a patch, which ends where its bytes end. Answers its changes in order: `{ table, operation, key, values }`, `table`
 * being an entry of the schema, `operation` "remove", "insert" or "set", `values` an object of the fields that it carries.
 */
export function decodePatch(bytes, schema) {
  return new PatchDecoder(bytes, schema).changes();
}

/** One pass over one patch. Takes no more time or memory than a fixed multiple of its bytes, whatever they say. */
class PatchDecoder {
  #reader;
  #schema;
  #changes = [];
  #emptyRowCount = 0;
  #lastKey; // of the table being read
  #lastBytes;

  constructor(bytes, schema) {
    this.#reader = new ByteReader(bytes);
    this.#schema = schema;
  }

  changes() {
    let lastTable = -1;
    while (!this.#reader.atEnd) {
      const head = this.#reader.num();
      const number = Math.floor(head / 2);
      const table = this.#schema[number];
      if (table === undefined || number <= lastTable) throw new ProtocolError("a table out of order or unknown");
      if ((head % 2 === 1) !== (table.keys === "text")) throw new ProtocolError("keys of another kind than the schema's");
      lastTable = number;
      this.#table(table);
    }
    return this.#changes;
  }

  #table(table) {
    this.#lastKey = undefined;
    this.#lastBytes = undefined;
    const masks = new Map();
    this.#group(table, masks);
    while (!this.#reader.atEnd) {
      if (this.#reader.peek() === 0) {
        this.#reader.u8();
        if (this.#reader.atEnd) throw new ProtocolError("an end of table behind the last table");
        return;
      }
      this.#group(table, masks);
    }
  }

  #group(table, masks) {
    const reader = this.#reader;
    const head = reader.num();
    const operation = operations[head % 4];
    const consecutive = head % 8 >= 4;
    const rowCount = Math.floor(head / 8) + 1;
    if (operation === undefined) throw new ProtocolError("an unknown operation");
    if (consecutive && table.keys === "text") throw new ProtocolError("consecutive keys that are not integers");
    const fields = operation === "remove" ? none : this.#fields(table, operation, masks);
    const bytesPerRow = fields.length + (consecutive ? 0 : 1);
    if (rowCount * bytesPerRow > reader.remaining) throw new ProtocolError("more rows than bytes");
    if (bytesPerRow === 0 && (this.#emptyRowCount += rowCount) > limits.emptyRows) throw new ProtocolError("too many rows");
    for (let row = 0; row < rowCount; row++) {
      const key = consecutive && row > 0 ? this.#nextKey(0) : this.#key(table);
      let values;
      if (operation !== "remove") {
        values = {};
        for (const field of fields) values[field.name] = decodeValue(reader, field);
      }
      this.#changes.push({ table, operation, key, values });
    }
  }

  #fields(table, operation, masks) {
    const mask = this.#reader.anyNum();
    let fields = masks.get(mask);
    if (fields === undefined) {
      const bits = BigInt(mask);
      if (bits >> BigInt(table.fields.length)) throw new ProtocolError("a mask with fields that the table has not");
      fields = table.fields.filter((_, index) => (bits >> BigInt(index)) & 1n);
      masks.set(mask, fields);
    }
    if (operation === "insert" && fields.length !== table.fields.length) throw new ProtocolError("an insert without all fields");
    if (operation === "set" && fields.length === 0) throw new ProtocolError("a set without fields");
    return fields;
  }

  #key(table) {
    if (table.keys !== "text") {
      if (this.#lastKey !== undefined) return this.#nextKey(this.#reader.anyNum());
      this.#lastKey = this.#reader.int();
      if (table.keys === "session" && this.#lastKey < 1) throw new ProtocolError("a session's number below 1");
      return this.#lastKey;
    }
    const bytes = this.#reader.bytes();
    if (this.#lastBytes !== undefined && !ascends(this.#lastBytes, bytes)) throw new ProtocolError("keys out of order");
    this.#lastBytes = bytes;
    return decodeText(bytes);
  }

  /** The key `distance` + 1 behind the last one. */
  #nextKey(distance) {
    const quick = typeof this.#lastKey === "number" && typeof distance === "number" ? this.#lastKey + distance + 1 : NaN;
    if (Number.isSafeInteger(quick)) return (this.#lastKey = quick);
    const key = BigInt(this.#lastKey) + BigInt(distance) + 1n;
    if (key > integerRanges[5][1]) throw new ProtocolError("a key beyond 64 bits");
    return (this.#lastKey = compact(key));
  }
}
const none = Object.freeze([]);

function ascends(before, after) {
  const shared = Math.min(before.length, after.length);
  for (let index = 0; index < shared; index++) {
    if (before[index] !== after[index]) return before[index] < after[index];
  }
  return before.length < after.length;
}

// ---------------------------------------------------------------------------------------------------------------------
// The state hash

/**
 * Two lanes of 32 bits that have nothing to do with each other: MurmurHash3_x86_32, and the same with the first two multipliers
 * of MurmurHash3_x86_128 (Austin Appleby, 2011, public domain). It tells mistakes from agreement; it is no signature.
 */
export class StateHash {
  #first = 0;
  #second = 0;

  /** Begins a row: its table's number is the seed of both lanes. */
  begin(tableNumber) {
    this.#first = this.#second = tableNumber;
    return this;
  }

  /** Hashes `bytes` with what the lanes hold as the seeds: the row's key first, then all its values. */
  hash(bytes) {
    const count = bytes.length;
    let [first, second] = [this.#first, this.#second];
    let at = 0;
    for (; at + 4 <= count; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      first = (Math.imul(turn(scatterFirst(word) ^ first, 13), 5) + 0xe654_6b64) | 0;
      second = (Math.imul(turn(scatterSecond(word) ^ second, 13), 5) + 0xe654_6b64) | 0;
    }
    if (at < count) {
      const word = bytes[at] | (at + 1 < count ? bytes[at + 1] << 8 : 0) | (at + 2 < count ? bytes[at + 2] << 16 : 0);
      first ^= scatterFirst(word);
      second ^= scatterSecond(word);
    }
    this.#first = finish(first ^ count);
    this.#second = finish(second ^ count);
    return this;
  }

  /** Adds a row's hash to a sum of them, lane by lane. */
  add(row) {
    this.#first = (this.#first + row.#first) | 0;
    this.#second = (this.#second + row.#second) | 0;
  }

  /** Sixteen hexadecimal digits, the first lane before the second, as the u64 of a section. */
  get digits() {
    return [this.#first, this.#second].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

const turn = (word, count) => (word << count) | (word >>> (32 - count));
const scatterFirst = (word) => Math.imul(turn(Math.imul(word, 0xcc9e_2d51), 15), 0x1b87_3593);
const scatterSecond = (word) => Math.imul(turn(Math.imul(word, 0x239b_961b), 15), 0xab0e_9789);

function finish(lane) {
  const word = Math.imul(lane ^ (lane >>> 16), 0x85eb_ca6b);
  const last = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return last ^ (last >>> 16);
}

/**
 * The hash of an audience's rows (table name -> key -> row), which are encoded again for it. Hashes come now and then, changes
 * all the time: so a change costs nothing here, no row has to keep its bytes, and what is compared is what the page sees.
 */
function hashOfRows(schema, tables) {
  const [sum, hash, writer] = [new StateHash(), new StateHash(), new ByteWriter()];
  schema.forEach(({ name, keys, fields }, number) => {
    for (const [key, row] of tables.get(name) ?? none) {
      encodeKey(writer.clear(), key, keys);
      hash.begin(number).hash(writer.view);
      writer.clear();
      for (const field of fields) encodeValue(writer, row[field.name], field);
      sum.add(hash.hash(writer.view));
    }
  });
  return sum.digits;
}

/** A key as the hash takes it: eight bytes, the lowest first, or its own bytes without their count. */
function encodeKey(writer, key, keys) {
  if (keys === "text") return writer.raw(utf8.encode(key));
  if (typeof key === "bigint") {
    scratch.setBigInt64(0, key, true);
  } else {
    scratch.setUint32(0, key, true);
    scratch.setInt32(4, Math.floor(key / two32), true);
  }
  return writer.raw(scratchBytes);
}

// ---------------------------------------------------------------------------------------------------------------------
// Events

/** Handlers by name. One that throws is reported like an uncaught error; the others and the mirror go on. */
class Emitter {
  #handlers = new Map();

  /** Calls `handler` for each such event from now on. Answers the function that ends it. */
  on(name, handler) {
    if (typeof handler !== "function") throw new TypeError("a handler is a function");
    const handlers = this.#handlers.get(name) ?? [];
    this.#handlers.set(name, [...handlers, handler]);
    return () => this.#handlers.set(name, this.#handlers.get(name).filter((other) => other !== handler));
  }

  /** For the client itself. */
  emit(name, ...values) {
    for (const handler of this.#handlers.get(name) ?? none) {
      try {
        handler(...values);
      } catch (error) {
        report(error);
      }
    }
  }
}

/** As an uncaught error: to the page's console, or to the process. */
function report(error) {
  if (typeof globalThis.reportError === "function") return globalThis.reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}

/** Bytes from the application behind a channel. */
export class Data {
  constructor(bytes) {
    this.bytes = bytes;
  }

  get text() {
    return strictText.decode(this.bytes);
  }

  /** Throws if it is not JSON. */
  get json() {
    return JSON.parse(this.text);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The mirror

/**
 * The visible rows of one table: a Map from key to row that changes only when a tick is committed. A row keeps its object from
 * when it is added until it is removed. Read it, never write to it.
 */
export class Table extends Map {
  #events = new Emitter();

  constructor(name) {
    super();
    this.name = name;
  }

  /** `handler(key, row)`, after the whole tick is in place. Answers the function that ends it. */
  onAdd(handler) {
    return this.#events.on("add", handler);
  }

  /** `handler(key, row, fields, before)`: the names of the changed fields, and a copy of the row as it was. */
  onChange(handler) {
    return this.#events.on("change", handler);
  }

  /** `handler(key, row)` with the row as it was last. */
  onRemove(handler) {
    return this.#events.on("remove", handler);
  }

  /** For the room. */
  emit(change) {
    this.#events.emit(change.kind, change.key, change.row, change.fields, change.before);
  }
}

/**
 * What a client holds of one channel. Pure: it is told what arrived and answers; it has no socket and no clock.
 * One partition of rows per audience; sections are staged and the union changes only in `mark`.
 */
export class Mirror {
  /** The committed lineage (decimal digits), version (0: nothing yet) and tick. */
  lineage = null;
  version = 0;
  tick = 0;
  schema = null;
  /** This session's key in tables keyed by sessions, with what is held; null before the first commit. */
  me = null;
  /** What a hash told at the last mark and we do not hold, `{ audience, version, told, held }`, or null. */
  disagreement = null;
  #tables = new Map();
  #partitions = new Map(); // audience -> table name -> key -> row
  #trusted = true; // false: what is held is shown until the next mark, but is not a base
  #stage = null; // what came since the last mark, from `attached` on
  #pieces = new Map(); // audience -> { total, byteCount, parts }

  /** The table of that name; empty until the channel has it. */
  table(name) {
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = new Table(name)));
    return table;
  }

  /** The names of all tables asked for or received. */
  get tableNames() {
    return [...this.#tables.keys()];
  }

  /** What to say in a read, or null to get everything. */
  get held() {
    if (!this.#trusted || this.version === 0) return null;
    return { lineage: this.lineage, version: this.version, audiences: [...this.#partitions.keys()].sort((a, b) => a - b) };
  }

  /** The link is gone: what was staged without its mark never was. */
  linkLost() {
    this.#stage = null;
    this.#pieces.clear();
  }

  /** What is held proved wrong or incomplete. It stays visible until it is replaced at a mark. */
  forget() {
    this.linkLost();
    this.#trusted = false;
  }

  /** The answer to a read: what follows goes on from the `kept` audiences, everything else comes whole. */
  attached({ me = null, lineage, kept }) {
    const goesOn = this.#trusted && lineage === this.lineage && this.version > 0;
    const bases = new Set(goesOn ? kept.filter((audience) => this.#partitions.has(audience)) : []);
    this.#pieces.clear();
    if (bases.size > 0) this.me = me;
    this.#stage = { me, lineage, version: bases.size > 0 ? this.version : 0, bases, versions: new Map(), sections: [], schema: null };
    if (lineage === this.lineage) this.#stage.schema = this.schema;
  }

  /** The audiences are others from the next mark on: of the `kept` ones what is held goes on, others come whole. */
  regrouped({ kept }) {
    const { me, lineage } = this.#staging();
    this.attached({ me, lineage, kept });
  }

  /** Stages a section's body (without its link). Answers "staged", "ignored" (older than what is held) or "gap". */
  section(reader) {
    const stage = this.#staging();
    const [audience, base, version] = [reader.num(), reader.num(), reader.num()];
    const flags = reader.u8();
    if (flags > 3) throw new ProtocolError("unknown flags of a section");
    const told = flags & 1 ? hexOf(reader.take(8)) : null;
    if (flags & 2) stage.schema = decodeSchema(reader);
    if (version < 1 || base > version) throw new ProtocolError("a section whose versions are not in order");
    const held = stage.versions.get(audience) ?? (stage.bases.has(audience) ? stage.version : undefined);
    if (base > 0 && (held === undefined || held < base)) return "gap";
    if (stage.schema === null) return "gap";
    const changes = decodePatch(reader.rest(), stage.schema);
    if (base === 0 && changes.some((change) => change.operation !== "insert")) throw new ProtocolError("a section from nothing that does not only insert");
    if (base > 0 && held > version) return "ignored";
    stage.versions.set(audience, version);
    stage.sections.push({ audience, version, whole: base === 0, told, changes });
    return "staged";
  }

  /** Takes a piece's body (without its link). Answers as `section` once it was the last one, else "staged". */
  piece(reader, link) {
    const [audience, offset, total] = [reader.num(), reader.num(), reader.num()];
    const bytes = reader.rest();
    if (total > limits.sectionBytes) throw new ProtocolError("a section over its limit");
    if (offset === 0) this.#pieces.set(audience, { total, byteCount: 0, parts: [] });
    const whole = this.#pieces.get(audience);
    const fits = whole !== undefined && whole.total === total && whole.byteCount === offset;
    if (!fits || bytes.length === 0 || offset + bytes.length > total) throw new ProtocolError("a piece that does not join");
    whole.parts.push(bytes);
    whole.byteCount += bytes.length;
    if (whole.byteCount < total) return "staged";
    this.#pieces.delete(audience);
    const joined = new Uint8Array(total);
    whole.parts.reduce((at, part) => (joined.set(part, at), at + part.length), 0);
    const section = new ByteReader(joined);
    if (section.num() !== link) throw new ProtocolError("pieces of a section of another link");
    return this.section(section);
  }

  /**
   * Commits what is staged. Answers "gap", "ignored" (older than what is held), or the changes of the union in the order in
   * which they are told: `{ table, kind: "add" | "change" | "remove", key, row, fields, before }`.
   */
  mark({ base, version, tick }) {
    const stage = this.#staging();
    if (version < 1 || base > version) throw new ProtocolError("a mark whose versions are not in order");
    const whole = stage.sections.filter((section) => section.whole).map((section) => section.version);
    if (Math.max(stage.version, ...whole) < base) return "gap";
    if (version < stage.version) {
      stage.sections = [];
      stage.versions.clear();
      return "ignored";
    }
    const touched = new Map();
    this.#dropAllBut(stage.bases, touched);
    let holds = true;
    for (const section of stage.sections) holds = this.#apply(section, touched) && holds;
    this.me = stage.me;
    this.lineage = stage.lineage;
    this.version = version;
    this.tick = tick;
    this.schema = stage.schema;
    this.#trusted = true;
    const changes = this.#settle(touched);
    const bases = new Set(this.#partitions.keys());
    this.#stage = { me: stage.me, lineage: stage.lineage, version, bases, versions: new Map(), sections: [], schema: stage.schema };
    this.disagreement = this.#disagreementWith(stage.sections);
    // Also where a field is of a row that is not there: shown as far as it goes, and read again.
    if (!holds || this.disagreement !== null) this.forget();
    return changes;
  }

  /** True once what is held turned out not to be a base any more. */
  get needsReading() {
    return !this.#trusted;
  }

  /** The state hash of what is held of an audience, sixteen hexadecimal digits. Takes time by the number of its rows. */
  hash(audience = 0) {
    return hashOfRows(this.schema ?? none, this.#partitions.get(audience) ?? new Map());
  }

  /** Of two sections of one audience before a mark only the later one's hash is about what is held now. */
  #disagreementWith(sections) {
    const last = new Map(sections.map((section) => [section.audience, section]));
    for (const { audience, version, told } of last.values()) {
      if (told === null) continue;
      const held = this.hash(audience);
      if (held !== told) return { audience, version, told, held };
    }
    return null;
  }

  #staging() {
    if (this.#stage === null) throw new ProtocolError("state of a channel that is not attached");
    return this.#stage;
  }

  #dropAllBut(bases, touched) {
    for (const [audience, tables] of this.#partitions) {
      if (bases.has(audience)) continue;
      this.#touchAll(tables, touched);
      this.#partitions.delete(audience);
    }
  }

  #touchAll(tables, touched) {
    for (const [name, rows] of tables) for (const key of rows.keys()) this.#touch(name, key, touched);
  }

  /** Remembers a visible row as it was before this tick. */
  #touch(name, key, touched) {
    let keys = touched.get(name);
    if (keys === undefined) touched.set(name, (keys = new Map()));
    if (keys.has(key)) return;
    const row = this.table(name).get(key);
    keys.set(key, row && { ...row });
  }

  /** Answers false if a change has no row to change. */
  #apply({ audience, whole, changes }, touched) {
    let tables = this.#partitions.get(audience);
    if (tables !== undefined && whole) {
      this.#touchAll(tables, touched);
      tables = undefined;
    }
    if (tables === undefined) this.#partitions.set(audience, (tables = new Map()));
    let holds = true;
    for (const { table, operation, key, values } of changes) {
      let rows = tables.get(table.name);
      if (rows === undefined) tables.set(table.name, (rows = new Map()));
      this.#touch(table.name, key, touched);
      if (operation === "insert") rows.set(key, values);
      else if (operation === "remove") rows.delete(key);
      else if (rows.has(key)) Object.assign(rows.get(key), values);
      else holds = false;
    }
    return holds;
  }

  /** Brings the union up to date and answers what became of it: removals, then additions, then changes. */
  #settle(touched) {
    for (const { name } of this.schema ?? none) this.table(name);
    const [removed, added, changed] = [[], [], []];
    for (const [name, keys] of touched) {
      const table = this.table(name);
      for (const [key, before] of keys) {
        const rows = this.#rowsHolding(name, key);
        const now = rows?.get(key);
        const row = table.get(key);
        if (now === undefined) {
          if (row === undefined) continue;
          table.delete(key);
          removed.push({ table, kind: "remove", key, row });
        } else if (row === undefined) {
          table.set(key, now);
          added.push({ table, kind: "add", key, row: now });
        } else {
          if (row !== now) {
            for (const field of Object.keys(row)) if (!Object.hasOwn(now, field)) delete row[field];
            rows.set(key, Object.assign(row, now));
          }
          const fields = changedFields(before, row);
          if (fields.length > 0) changed.push({ table, kind: "change", key, row, fields, before });
        }
      }
    }
    return [...removed, ...added, ...changed];
  }

  #rowsHolding(name, key) {
    for (const tables of this.#partitions.values()) {
      const rows = tables.get(name);
      if (rows?.has(key)) return rows;
    }
    return undefined;
  }
}

function changedFields(before, now) {
  const names = Object.keys(now).filter((name) => !sameValue(before[name], now[name]));
  for (const name of Object.keys(before)) if (!Object.hasOwn(now, name)) names.push(name);
  return names;
}

function sameValue(one, other) {
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((byte, index) => byte === other[index]);
  }
  return Object.is(one, other);
}

// ---------------------------------------------------------------------------------------------------------------------
// Inputs

/**
 * The inputs of one room: numbered per grant, kept until their outcome is known, at most a window of them under way. Pure.
 * Each offered input ends in exactly one outcome: `{ status: "acked", tick }`, `{ status: "refused", reason }` or
 * `{ status: "undecided" }`.
 */
export class InputQueue {
  #entries = []; // in order; the first #sentCount are under way, a settled one of them stays until an ack passes it
  #sentCount = 0;
  #sentBytes = 0;
  #queuedBytes = 0;
  #grant = null;
  #ready = false;
  #isWithdrawn = false; // the grant was given back: its inputs are decided under it or never
  #highest = 0;
  #resentAt = -1;
  #resend;
  #isUrgent = false; // the next inputs that leave are not to wait at the front

  constructor({ resend = true } = {}) {
    this.#resend = resend;
  }

  /** The current grant (decimal digits), or null. */
  get grant() {
    return this.#grant;
  }

  /** How many inputs have no outcome yet. */
  get unsettledCount() {
    return this.#entries.reduce((count, entry) => count + (entry.settle ? 1 : 0), 0);
  }

  /** Takes an input. Answers the promise of its outcome; too large or no room is an outcome too. */
  offer(bytes) {
    if (bytes.length > limits.inputBytes) return refusal(`too large: ${bytes.length} bytes, the limit is ${limits.inputBytes}`);
    const full = this.#entries.length >= limits.queuedInputs || this.#queuedBytes + bytes.length > limits.queuedBytes;
    if (full) return refusal("too many inputs are waiting");
    this.#queuedBytes += bytes.length;
    return new Promise((settle) => this.#entries.push({ bytes, number: 0, attempted: false, settle }));
  }

  /** A grant stands. Inputs that an earlier one left undecided go again, or end so. Answers whether the grant is new. */
  granted(grant, highest, refused) {
    const isNew = grant !== this.#grant;
    if (!isNew) {
      for (const number of refused) this.refused(number, "refused while the connection was away");
      this.#pass(highest, undefined);
    }
    if (isNew) {
      this.#keep((entry) => entry.settle !== null);
      if (!this.#resend || this.#isWithdrawn) this.#abandon((entry) => entry.attempted);
    }
    this.#grant = grant;
    this.#highest = highest;
    this.#ready = true;
    this.#isWithdrawn = false;
    this.#resentAt = -1;
    this.#rewind();
    return isNew;
  }

  /** Everything up to `highest` is done. Said twice without progress it means that the hub misses the next one. */
  acked(highest, tick) {
    const isRepeated = highest === this.#highest;
    if (highest < this.#highest) return;
    this.#pass(highest, tick);
    this.#highest = highest;
    if (!isRepeated || this.#resentAt === highest || this.#sentCount === 0) return;
    this.#resentAt = highest;
    this.#rewind();
  }

  refused(number, reason) {
    const entry = this.#entries.slice(0, this.#sentCount).find((entry) => entry.number === number);
    if (entry !== undefined) settle(entry, { status: "refused", reason });
  }

  /** Nothing may be sent until the next grant. */
  paused() {
    this.#ready = false;
  }

  /** The right to write went elsewhere: what was not sent is refused, what was keeps waiting for its ack. */
  withdrawn(reason) {
    this.#ready = false;
    this.#isWithdrawn = true;
    for (const entry of this.#entries) if (!entry.attempted) settle(entry, { status: "refused", reason });
    this.#keep((entry) => entry.attempted);
  }

  /** No ack will come any more. */
  ended(reason) {
    this.withdrawn(reason);
    this.#abandon(() => true);
    this.#grant = null;
  }

  /** What leaves next goes from the front to the back at once. */
  hurry() {
    this.#isUrgent = true;
  }

  /** The frames to send now. */
  nextFrames() {
    const frames = [];
    const kind = this.#isUrgent ? kinds.inputsNow : kinds.inputs;
    let frame = null;
    while (this.#ready && this.#sentCount < this.#entries.length) {
      const entry = this.#entries[this.#sentCount];
      const isOver = this.#sentCount >= limits.windowInputs || this.#sentBytes + entry.bytes.length > limits.windowBytes;
      if (isOver && this.#sentCount > 0) break;
      entry.number = this.#highest + this.#sentCount + 1;
      entry.attempted = true;
      this.#sentCount += 1;
      this.#sentBytes += entry.bytes.length;
      if (frame === null || frame.count + entry.bytes.length + 5 > limits.clientFrameBytes) {
        frame = new ByteWriter().u8(kind).u64(this.#grant).num(entry.number);
        frames.push(frame);
      }
      frame.blob(entry.bytes);
    }
    if (frames.length > 0) this.#isUrgent = false;
    return frames;
  }

  /** Settles and lets go of what was sent with a number up to `highest`. */
  #pass(highest, tick) {
    let passed = 0;
    while (passed < this.#sentCount && this.#entries[passed].number <= highest) {
      const entry = this.#entries[passed++];
      settle(entry, { status: "acked", tick });
      this.#sentBytes -= entry.bytes.length;
      this.#queuedBytes -= entry.bytes.length;
    }
    this.#entries.splice(0, passed);
    this.#sentCount -= passed;
  }

  #rewind() {
    this.#sentCount = 0;
    this.#sentBytes = 0;
  }

  #abandon(which) {
    for (const entry of this.#entries) if (which(entry)) settle(entry, { status: "undecided" });
    this.#keep((entry) => !which(entry));
  }

  /** Only while nothing is under way, or for entries behind what is. */
  #keep(which) {
    const sent = this.#entries.slice(0, this.#sentCount).filter(which);
    this.#entries = this.#entries.filter(which);
    this.#sentCount = sent.length;
    this.#sentBytes = sent.reduce((count, entry) => count + entry.bytes.length, 0);
    this.#queuedBytes = this.#entries.reduce((count, entry) => count + entry.bytes.length, 0);
  }
}

const refusal = (reason) => Promise.resolve({ status: "refused", reason });

function settle(entry, outcome) {
  entry.settle?.(outcome);
  entry.settle = null;
}

// ---------------------------------------------------------------------------------------------------------------------
// The room

/** Why a channel was left for good, so that reading it again by itself would be wrong. */
const finalCodes = new Set([codes.done, codes.superseded, codes.refused, codes.version, codes.unproven]);

/** One channel as this client sees it: a mirror, and inputs if it writes. Made by `hub.read`. */
export class Room {
  #hub;
  #events = new Emitter();
  #messages = [];
  #readiness;
  #resolveReadiness;

  /** For the hub. */
  constructor(hub, channel, { options, resend }) {
    this.#hub = hub;
    this.channel = channel;
    this.readOptions = encodeData(options);
    this.mirror = new Mirror();
    this.queue = new InputQueue({ resend });
    this.tables = new Proxy(Object.create(null), {
      get: (_, name) => (typeof name === "string" ? this.mirror.table(name) : undefined),
      has: (_, name) => this.mirror.tableNames.includes(name),
      ownKeys: () => this.mirror.tableNames,
      getOwnPropertyDescriptor: (_, name) => ({ value: this.mirror.table(name), enumerable: true, configurable: true }),
    });
    /** "waiting" for the hub's answer, "attached", "unavailable" (the back is away), "unlinked" (for good) or "closed". */
    this.status = "waiting";
    /** What the application said when it let us in, or null. */
    this.data = null;
    this.audiences = [];
    this.link = null;
    this.gapCount = 0;
    this.retryCount = 0;
    this.#readiness = new Promise((resolve) => (this.#resolveReadiness = resolve));
  }

  /** Resolves with this room at the first commit. */
  get ready() {
    return this.#readiness;
  }

  get version() {
    return this.mirror.version;
  }

  get tick() {
    return this.mirror.tick;
  }

  get lineage() {
    return this.mirror.lineage;
  }

  /** This session's key in tables keyed by sessions; null before the first commit. */
  get me() {
    return this.mirror.me;
  }

  /** Whether inputs may go out just now. */
  get isWriting() {
    return this.#hub.writer === this;
  }

  table(name) {
    return this.mirror.table(name);
  }

  /** Events: see switchback.d.ts. Answers the function that ends it. */
  on(name, handler) {
    return this.#events.on(name, handler);
  }

  /** For the hub. */
  emit(name, ...values) {
    this.#events.emit(name, ...values);
  }

  /**
   * Bytes as they are, anything else as JSON. Answers the promise of the outcome. With `{ now: true }` it does not wait at the
   * front for others.
   */
  send(input, { now = false } = {}) {
    const bytes = encodeData(input);
    if (!this.isWriting) return refusal("this room is only read");
    if (this.status === "unlinked" || this.#hub.isStopped) return refusal("nobody is there to take it");
    const outcome = this.queue.offer(bytes);
    if (now) this.queue.hurry();
    this.#hub.flushSoon();
    return outcome;
  }

  /** Says something beside the inputs, at most once, behind those sent before it. False if nobody is there to take it. */
  say(data) {
    return this.#hub.say(data, [this]);
  }

  /** Takes the write grant, which a session has for one channel at a time. Both rules are given the options. */
  write({ options } = {}) {
    this.#hub.writeTo(this, options);
  }

  /** Gives the write grant back. The rule is given the options. */
  release({ options } = {}) {
    if (this.isWriting) this.#hub.writeTo(null, options);
  }

  /** Stops reading. The tables stay as they are. */
  close() {
    this.#hub.unread(this);
  }

  /** For the hub: a commit became visible. */
  committed(changes) {
    this.gapCount = 0;
    this.retryCount = 0;
    for (const change of changes) {
      change.table.emit(change);
      this.emit(change.kind, change.table.name, change.key, change.row, change.fields, change.before);
    }
    this.#resolveReadiness(this);
    this.emit("commit", { version: this.version, tick: this.tick, changes });
    const due = this.#messages.filter((message) => message.version <= this.version);
    this.#messages = this.#messages.filter((message) => message.version > this.version);
    for (const message of due) this.emit("message", message);
  }

  /** For the hub: a message waits for the version that it names. */
  message(message) {
    if (message.version <= this.version) return this.emit("message", message);
    this.#messages.push(message);
    if (this.#messages.length > limits.heldMessages) this.#messages.shift();
  }

  /** For the hub: the link is gone, perhaps only for now. */
  linkLost(status) {
    this.link = null;
    this.status = status;
    this.#messages = [];
    this.mirror.linkLost();
    this.queue.paused();
  }
}

function encodeData(value) {
  if (value === undefined || value === null) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("neither bytes nor JSON");
  return utf8.encode(text);
}

// ---------------------------------------------------------------------------------------------------------------------
// The hub

const systemClock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout: (...values) => globalThis.setTimeout(...values),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
};
const handshakeMilliseconds = 10_000;
const pongMilliseconds = 10_000;
const settledMilliseconds = 2_000; // a connection that lived this long starts the backoff anew
const quietPingMilliseconds = 20_000;

/** Connects to a hub's `/connect` and stays connected. See switchback.d.ts for the options. */
export function connect(url, options = {}) {
  return new Hub(url, options);
}

/** A session with a hub, over one connection after the other. */
export class Hub {
  #url;
  #makeSocket;
  #clock;
  #random;
  #pingMilliseconds;
  #resend;
  #store;
  #page;

  #events = new Emitter();
  #rooms = new Map(); // by channel
  #links = new Map(); // by link number
  #writer = null;
  #writeOptions = none;
  #abandonedGrant = null; // the last whose inputs were given up: what is still said of it is not about those that came since

  #socket = null;
  #isOpen = false; // hello is out
  #welcomedAt = null;
  #bye = null; // what the hub said last on this connection
  #attempt = 0;
  #timers = { connect: null, handshake: null, ping: null };
  #roomTimers = new Map();
  #pingToken = 0;
  #pingSentAt = null;
  #lastReceivedAt = 0;
  #isFlushing = false;

  /** "connecting", "connected", "waiting" (until the next try), "superseded", "refused" or "closed". */
  status = "connecting";
  /** This session's id, 32 hexadecimal digits, or null before the first welcome. */
  session = null;
  /** Whether the hub took the token it was shown. */
  resumed = false;
  roundTripMilliseconds = null;
  /** How often a hash that the hub told was not that of what was held. */
  disagreementCount = 0;
  receivedByteCount = 0;
  sentByteCount = 0;

  constructor(url, options = {}) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (typeof WebSocket !== "function") throw new TypeError("no WebSocket here: pass a constructor as the option `WebSocket`");
    this.#url = String(url);
    this.#makeSocket = () => new WebSocket(this.#url, [subprotocol]);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#resend = options.resend ?? true;
    this.#pingMilliseconds = options.pingMilliseconds ?? (globalThis.document ? 2_000 : quietPingMilliseconds);
    this.#store = new SessionStore(this.#url, options);
    this.#page = watchPage(this, this.#store);
    // One microtask later, so that the reads of the line below `connect` travel in hello.
    queueMicrotask(() => this.status === "connecting" && this.#socket === null && this.#open());
  }

  /** The session's token as hexadecimal digits; whoever has it is this session. */
  get token() {
    return this.#store.token;
  }

  /** The rooms being read. */
  get rooms() {
    return [...this.#rooms.values()];
  }

  /** Whether it takes a `reconnect` to go on. */
  get isStopped() {
    return this.status === "superseded" || this.status === "refused" || this.status === "closed";
  }

  /** The room that writes, or null. */
  get writer() {
    return this.#writer;
  }

  /** Events: see switchback.d.ts. Answers the function that ends it. */
  on(name, handler) {
    return this.#events.on(name, handler);
  }

  /** Mirrors a channel. The same room for the same channel, until it is closed. */
  read(channel, { write = false, options, resend = this.#resend } = {}) {
    let room = this.#rooms.get(channel);
    if (room === undefined) {
      room = new Room(this, channel, { options, resend });
      this.#rooms.set(channel, room);
      this.#sendRead(room);
    } else if (room.status === "unlinked") {
      room.status = "waiting";
      this.#sendRead(room);
    }
    if (write) this.writeTo(room);
    return room;
  }

  /** Says goodbye: the session ends, and so does everything that it had under way. */
  close() {
    if (this.status === "closed") return;
    if (this.#isOpen) this.#send(new ByteWriter().u8(kinds.bye).num(codes.done).text("").num(0));
    this.#dropSocket(codes.done, "");
    this.#store.clear();
    this.#stop("closed", codes.done, "");
    this.#page.end();
    for (const room of this.#rooms.values()) room.status = "closed";
    this.#rooms.clear();
  }

  /** Tries again at once: while waiting, or after the session was superseded or refused. */
  reconnect() {
    if (this.#socket !== null || this.status === "closed") return;
    if (this.status === "superseded") this.#store.overtake();
    this.#open();
  }

  /** For pages: whether the next try may come early, which it may not if the hub named a time. */
  get mayHurry() {
    return this.status === "waiting" && this.#bye?.code !== codes.overloaded;
  }

  /** For pages: leaves without forgetting the session, until `reconnect`. The hub lets it end soon. */
  suspend() {
    if (this.#socket === null && this.status !== "waiting") return;
    if (this.#isOpen) this.#send(new ByteWriter().u8(kinds.bye).num(codes.goingAway).text("").num(0));
    this.#dropSocket(codes.done, "");
    this.#clearTimer("connect");
    this.#setStatus({ status: "waiting", code: codes.done, reason: "the page is hidden away" });
  }

  /** For rooms: moves the write grant. */
  writeTo(room, options) {
    if (this.#writer === room) return;
    const former = this.#writer;
    this.#writer = room;
    this.#writeOptions = encodeData(options);
    former?.queue.withdrawn("the write grant moved");
    this.#sendWish();
  }

  /** Says which room wants to write, with what both rules are given with the change. */
  #sendWish() {
    if (this.#isOpen) this.#send(new ByteWriter().u8(kinds.write).text(this.#writer?.channel ?? "").raw(this.#writeOptions));
  }

  /** No ack will come any more. */
  #endInputs(room, reason) {
    this.#abandonedGrant = room.queue.grant ?? this.#abandonedGrant;
    room.queue.ended(reason);
  }

  /** Gives the grant back and asks for a new one. */
  #askForAnother() {
    this.#send(new ByteWriter().u8(kinds.write).text("").raw(this.#writeOptions));
    this.#sendWish();
  }

  /** For rooms: stops reading. */
  unread(room) {
    if (this.#rooms.get(room.channel) !== room) return;
    this.#rooms.delete(room.channel);
    this.#clearRoomTimer(room);
    if (room.link !== null) this.#links.delete(room.link);
    room.release();
    room.linkLost("closed");
    this.#endInputs(room, "the room was closed");
    if (this.#isOpen) this.#send(new ByteWriter().u8(kinds.unread).text(room.channel));
  }

  /** Says something to all channels that are read, or to those of these rooms. At most once; see switchback.d.ts. */
  say(data, rooms = []) {
    const bytes = encodeData(data);
    if (this.#welcomedAt === null || bytes.length > limits.inputBytes) return false;
    if (!rooms.every((room) => this.#rooms.get(room.channel) === room && room.status !== "unlinked")) return false;
    this.#flush();
    const frame = new ByteWriter().u8(kinds.say).num(rooms.length);
    for (const room of rooms) frame.text(room.channel);
    this.#send(frame.blob(bytes));
    return true;
  }

  /** For rooms: sends what is queued at the end of this turn, in one frame. */
  flushSoon() {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  // The connection

  #open() {
    this.#clearTimer("connect");
    this.#bye = null;
    this.#setStatus({ status: "connecting" });
    let socket;
    try {
      socket = this.#makeSocket();
    } catch (error) {
      this.#retryAfter(codes.failed, String(error?.message ?? error));
      return;
    }
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#socket === socket && this.#opened();
    socket.onmessage = (event) => this.#socket === socket && this.#received(event.data);
    socket.onerror = () => {}; // a close follows
    socket.onclose = (event) => this.#socket === socket && this.#lost(event.code ?? 1006, event.reason ?? "");
    this.#setTimer("handshake", handshakeMilliseconds, () => this.#fail(codes.timedOut, "no welcome in time"));
  }

  #opened() {
    if (this.#socket.protocol !== subprotocol) return this.#fail(codes.version, "the server does not speak switchback.1");
    const hello = new ByteWriter().u8(kinds.hello).num(this.#store.nextAttach()).blob(bytesOfHex(this.#store.token));
    const rooms = this.rooms.filter((room) => room.status !== "unlinked");
    hello.num(rooms.length);
    for (const room of rooms) writeRead(hello, room);
    hello.text(this.#writer?.channel ?? "").raw(this.#writer === null ? none : this.#writeOptions);
    this.#isOpen = true;
    this.#send(hello);
  }

  #received(data) {
    this.#lastReceivedAt = this.#clock.now();
    try {
      if (!(data instanceof ArrayBuffer)) throw new ProtocolError("a message that is not binary");
      this.receivedByteCount += data.byteLength;
      const socket = this.#socket;
      const reader = new ByteReader(new Uint8Array(data));
      if (reader.atEnd) throw new ProtocolError("a message without a frame");
      while (!reader.atEnd && this.#socket === socket) {
        const count = reader.num();
        if (count < 1 || count > limits.frameBytes) throw new ProtocolError("a frame outside its limits");
        const frame = new ByteReader(reader.take(count));
        this.#frame(frame.u8(), frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      for (const room of this.#rooms.values()) room.mirror.forget();
      this.#fail(codes.protocolError, error.message);
    }
  }

  #frame(kind, frame) {
    if (this.#welcomedAt === null && kind !== kinds.welcome && kind > kinds.pong) throw new ProtocolError("a frame before the welcome");
    switch (kind) {
      case kinds.section: return this.#state(frame, (room) => room.mirror.section(frame));
      case kinds.piece: return this.#state(frame, (room) => room.mirror.piece(frame, room.link));
      case kinds.mark: return this.#marked(frame);
      case kinds.acked: return this.#acked(frame);
      case kinds.refused: return this.#refusedInput(frame);
      case kinds.message: return this.#message(frame);
      case kinds.ping: return this.#send(new ByteWriter().u8(kinds.pong).u64(only(frame, frame.u64())));
      case kinds.pong: return this.#pong(only(frame, frame.u64()));
      case kinds.welcome: return this.#welcomed(frame);
      case kinds.attached: return this.#attached(frame);
      case kinds.regrouped: return this.#regrouped(frame);
      case kinds.unlinked: return this.#unlinked(frame);
      case kinds.granted: return this.#granted(frame);
      case kinds.bye: return this.#saidBye(frame);
      default: throw new ProtocolError(`an unknown kind of frame: ${kind.toString(16)}`);
    }
  }

  #welcomed(frame) {
    if (this.#welcomedAt !== null) throw new ProtocolError("a second welcome");
    const session = hexOf(frame.take(16));
    const token = hexOf(frame.bytes());
    const resumed = only(frame, frame.flag());
    this.#clearTimer("handshake");
    this.#welcomedAt = this.#clock.now();
    this.session = session;
    this.resumed = resumed;
    this.#store.keep(token);
    this.#setStatus({ status: "connected" });
    this.#events.emit("welcome", { session, resumed });
    this.#pingLater(0);
  }

  #saidBye(frame) {
    const [code, reason, attach] = [frame.num(), frame.text(), frame.num()];
    frame.end();
    if (attach !== 0 && attach < this.#store.attach) return; // about a connection that is gone already
    if (code === codes.duplicate) this.#store.attachTaken(attach);
    this.#bye = { code, reason };
    this.#fail(code, reason, false);
  }

  /** Ends the connection from this side. */
  #fail(code, reason, tell = true) {
    if (tell && this.#isOpen) this.#send(new ByteWriter().u8(kinds.bye).num(code).text(reason).num(0));
    this.#dropSocket(code, reason);
    this.#decide(code, reason);
  }

  #lost(code, reason) {
    this.#dropSocket(code, reason);
    this.#decide(this.#bye?.code ?? code, this.#bye?.reason ?? reason);
  }

  /** Closes the socket if there is one, and takes back all that depended on it. */
  #dropSocket(code, reason) {
    const socket = this.#socket;
    this.#socket = null;
    this.#isOpen = false;
    this.#clearTimer("handshake");
    this.#clearTimer("ping");
    this.#pingSentAt = null;
    this.#links.clear();
    for (const timer of this.#roomTimers.values()) this.#clock.clearTimeout(timer);
    this.#roomTimers.clear();
    for (const room of this.#rooms.values()) room.linkLost(room.status === "unlinked" ? "unlinked" : "waiting");
    const age = this.#welcomedAt === null ? 0 : this.#clock.now() - this.#welcomedAt;
    this.#welcomedAt = null;
    if (age >= settledMilliseconds) this.#attempt = 0;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(code, closeReason(reason));
    } catch {
      try {
        socket.close(); // browsers let a page say only 1000 and 3000 to 4999
      } catch {} // nor anything before it is open, in some
    }
  }

  /** What the code of an ended connection asks for; docs/WIRE.md, "Codes". */
  #decide(code, reason) {
    switch (code) {
      case codes.done: return this.#stop("closed", code, reason);
      case codes.superseded: return this.#stop("superseded", code, reason);
      case codes.refused:
      case codes.version: return this.#stop("refused", code, reason);
      case codes.unproven:
        if (this.#store.token === "") return this.#stop("refused", code, reason);
        this.#store.clear();
        return this.#retryAfter(code, reason);
      case codes.expired:
        this.#store.clear();
        return this.#retryAfter(code, reason);
      default: return this.#retryAfter(code, reason);
    }
  }

  #retryAfter(code, reason) {
    this.#bye = { code, reason };
    let delay = backoffMilliseconds(this.#attempt++, this.#random());
    if (code === codes.overloaded) delay = Math.max(delay, retryMilliseconds(reason));
    this.#setTimer("connect", delay, () => this.#open());
    this.#setStatus({ status: "waiting", code, reason, retryMilliseconds: delay });
  }

  #stop(status, code, reason) {
    this.#clearTimer("connect");
    for (const room of this.#rooms.values()) room.queue.ended(`the session is ${status}`);
    this.#setStatus({ status, code, reason });
  }

  #setStatus(event) {
    this.status = event.status;
    this.#events.emit("status", event);
  }

  // Channels

  #state(frame, stage) {
    const room = this.#links.get(frame.num());
    if (room === undefined) return; // of a room that was closed, or read again, meanwhile
    if (stage(room) === "gap") this.#readAgain(room, "gap", { what: "a section" });
  }

  #marked(frame) {
    const room = this.#links.get(frame.num());
    const [base, version, tick] = [frame.num(), frame.num(), frame.num()];
    frame.end();
    if (room === undefined) return;
    const changes = room.mirror.mark({ base, version, tick });
    if (changes === "gap") return this.#readAgain(room, "gap", { what: "a mark" });
    if (changes === "ignored") return;
    const { needsReading, disagreement } = room.mirror;
    if (disagreement !== null) this.#disagreed(room, disagreement);
    const gapCount = room.gapCount;
    room.committed(changes);
    if (!needsReading || room.link === null) return; // a handler may have closed the room
    room.gapCount = gapCount;
    if (disagreement !== null) this.#readAgain(room, "disagreement", disagreement);
    else this.#readAgain(room, "gap", { what: "a change of a row that is not there" });
  }

  /** Counted, and told to whoever looks after the hub. */
  #disagreed(room, { audience, version, told, held }) {
    this.disagreementCount += 1;
    const report = new ByteWriter().u8(kinds.disagreed).num(room.link).num(audience).num(version);
    this.#send(report.u64(BigInt(`0x${told}`)).u64(BigInt(`0x${held}`)));
  }

  /** What is held does not reach what came, or is not what it should be: distrust it and read the channel from nothing. */
  #readAgain(room, event, details) {
    room.gapCount += 1;
    if (room.gapCount > limits.gapsInARow) throw new ProtocolError(`${event} after ${event} in ${room.channel}`);
    this.#links.delete(room.link);
    room.link = null;
    room.status = "waiting";
    room.mirror.forget();
    this.#sendRead(room);
    room.emit(event, details);
  }

  #attached(frame) {
    const [link, channel, me, lineage] = [frame.num(), frame.text(), frame.num(), String(frame.u64())];
    frame.num(); // the version to come: the mark says it again
    const [audiences, kept] = [frame.nums(), frame.nums()];
    const bytes = only(frame, frame.bytes());
    const room = this.#rooms.get(channel);
    if (room === undefined) return;
    if (room.link !== null) this.#links.delete(room.link);
    this.#clearRoomTimer(room);
    this.#links.set(link, room);
    room.link = link;
    room.status = "attached";
    room.audiences = audiences;
    room.data = new Data(bytes.slice());
    room.mirror.attached({ me, lineage, kept: kept.filter((audience) => audiences.includes(audience)) });
    // The back takes the grant from a session that comes back without wanting it: no ack will come.
    if (room !== this.#writer) this.#endInputs(room, "the write grant moved");
    room.emit("attached", { audiences, data: room.data });
  }

  #regrouped(frame) {
    const room = this.#links.get(frame.num());
    const [audiences, kept] = [frame.nums(), frame.nums()];
    frame.end();
    if (room === undefined) return;
    room.audiences = audiences;
    room.mirror.regrouped({ kept: kept.filter((audience) => audiences.includes(audience)) });
  }

  #unlinked(frame) {
    const [channel, code, reason] = [frame.text(), frame.num(), frame.text()];
    frame.end();
    const room = this.#rooms.get(channel);
    if (room === undefined) return;
    if (room.link !== null) this.#links.delete(room.link);
    const isFinal = finalCodes.has(code);
    room.linkLost(isFinal ? "unlinked" : code === codes.unavailable ? "unavailable" : "waiting");
    if (isFinal) this.#endInputs(room, `unlinked: ${reason}`);
    else if (code !== codes.unavailable) this.#readLater(room);
    room.emit("unlinked", { code, reason, isFinal });
  }

  /** The hub let go of a channel for now; nobody but us asks for it again. */
  #readLater(room) {
    this.#clearRoomTimer(room);
    const delay = backoffMilliseconds(room.retryCount++, this.#random());
    const timer = this.#clock.setTimeout(() => {
      this.#roomTimers.delete(room);
      this.#sendRead(room);
      if (this.#writer === room) this.#sendWish();
    }, delay);
    this.#roomTimers.set(room, timer);
  }

  #sendRead(room) {
    if (this.#isOpen) this.#send(writeRead(new ByteWriter().u8(kinds.read), room));
  }

  #message(frame) {
    const [channel, version] = [frame.text(), frame.num()];
    const data = new Data(only(frame, frame.bytes()).slice());
    const room = this.#rooms.get(channel);
    if (room !== undefined) room.message({ version, data });
    else this.#events.emit("message", { channel, version, data });
  }

  // Inputs

  #granted(frame) {
    const [channel, grant, highest, refused] = [frame.text(), String(frame.u64()), frame.num(), frame.nums()];
    frame.end();
    const room = this.#rooms.get(channel);
    if (room === undefined || room !== this.#writer) return; // asked for before the grant was moved again
    // Said before our wish was heard, or kept by the back while nobody heard it: its numbers were given up.
    if (grant === this.#abandonedGrant) return this.#askForAnother();
    const isNew = room.queue.granted(grant, highest, refused);
    for (const other of this.#rooms.values()) if (other !== room) this.#endInputs(other, "the write grant moved");
    room.emit("granted", { grant, isNew });
    this.#flush();
  }

  #acked(frame) {
    const [grant, highest, tick] = [String(frame.u64()), frame.num(), frame.num()];
    frame.end();
    this.#roomOf(grant)?.queue.acked(highest, tick);
    this.#flush();
  }

  #refusedInput(frame) {
    const [grant, number, reason] = [String(frame.u64()), frame.num(), frame.text()];
    frame.end();
    this.#roomOf(grant)?.queue.refused(number, reason);
  }

  #roomOf(grant) {
    for (const room of this.#rooms.values()) if (room.queue.grant === grant) return room;
    return undefined;
  }

  #flush() {
    if (!this.#isOpen || this.#writer === null) return;
    for (const frame of this.#writer.queue.nextFrames()) this.#send(frame);
  }

  // Bytes, pings, timers

  #send(frame) {
    const body = frame.bytes;
    const message = new ByteWriter().num(body.length).raw(body).bytes;
    this.sentByteCount += message.length;
    try {
      this.#socket.send(message);
    } catch {} // it is closing; its close event follows
  }

  #pingLater(milliseconds) {
    const dueAt = this.#clock.now() + milliseconds;
    this.#setTimer("ping", milliseconds, () => {
      const now = this.#clock.now();
      const slept = now - dueAt > 1_000; // a throttled or frozen page must not blame the hub
      const isOwed = this.#pingSentAt !== null && now - this.#pingSentAt >= pongMilliseconds;
      if (isOwed && !slept && this.#lastReceivedAt < this.#pingSentAt) return this.#fail(codes.timedOut, "no answer to a ping");
      if (this.#pingSentAt === null || isOwed) {
        this.#pingSentAt = now;
        this.#pingToken = (this.#pingToken + 1) >>> 0;
        this.#send(new ByteWriter().u8(kinds.ping).u64(this.#pingToken));
      }
      const hidden = globalThis.document?.visibilityState === "hidden";
      this.#pingLater(hidden ? quietPingMilliseconds : this.#pingMilliseconds);
    });
  }

  #pong(token) {
    if (this.#pingSentAt === null || token !== BigInt(this.#pingToken)) return;
    this.roundTripMilliseconds = this.#clock.now() - this.#pingSentAt;
    this.#pingSentAt = null;
    this.#events.emit("roundTrip", this.roundTripMilliseconds);
  }

  #setTimer(name, milliseconds, fire) {
    this.#clearTimer(name);
    this.#timers[name] = this.#clock.setTimeout(() => {
      this.#timers[name] = null;
      fire();
    }, milliseconds);
  }

  #clearTimer(name) {
    if (this.#timers[name] !== null) this.#clock.clearTimeout(this.#timers[name]);
    this.#timers[name] = null;
  }

  #clearRoomTimer(room) {
    if (this.#roomTimers.has(room)) this.#clock.clearTimeout(this.#roomTimers.get(room));
    this.#roomTimers.delete(room);
  }
}

function writeRead(writer, room) {
  const held = room.mirror.held;
  writer.text(room.channel).u8(held === null ? 0 : 1);
  if (held !== null) writer.u64(held.lineage).num(held.version).nums(held.audiences);
  return writer.blob(room.readOptions);
}

/** The value of a frame's last field, after nothing else stands behind it. */
function only(frame, value) {
  frame.end();
  return value;
}

/** First within 250 ms, then doubling from half a second to ten, half of it by chance. */
export function backoffMilliseconds(attempt, chance) {
  if (attempt === 0) return chance * 250;
  const most = Math.min(10_000, 500 * 2 ** (attempt - 1));
  return most / 2 + (chance * most) / 2;
}

/** The time in the reason of a 1013: "1500 ms", "1500" or "1.5 s". */
export function retryMilliseconds(reason) {
  const found = /(\d+(?:\.\d+)?)\s*(ms|s)?\b/.exec(reason);
  if (found === null) return 0;
  return Math.min(600_000, Number(found[1]) * (found[2] === "s" ? 1000 : 1));
}

/** At most 123 bytes of UTF-8, as RFC 6455 allows. */
function closeReason(reason) {
  let text = reason.slice(0, 120);
  while (utf8.encode(text).length > 123) text = text.slice(0, -1);
  return text;
}

// ---------------------------------------------------------------------------------------------------------------------
// The session's memory

/**
 * The token and the attach counter. In a browser they live in this page and go to `sessionStorage` only when the page goes, and
 * are taken out again by the next: so a reload resumes, and a duplicated tab, which copies the storage, is a session of its own.
 * A storage given as an option is written whenever something changes.
 */
class SessionStore {
  token = "";
  attach = 0;
  #date;
  #storage;
  #key;
  #isPageStorage;

  constructor(url, { token, storage, storageKey, clock = systemClock }) {
    this.#date = clock.date;
    this.#isPageStorage = storage === undefined;
    this.#storage = storage === undefined ? pageStorage() : storage;
    this.#key = storageKey ?? `switchback ${url}`;
    this.takeOut();
    if (token === undefined || this.token !== "") return;
    this.token = token instanceof Uint8Array ? hexOf(token) : hexOf(bytesOfHex(token));
    this.overtake();
  }

  /** The session may live elsewhere, with a counter that we do not know: goes on from the time, which is ahead of any count. */
  overtake() {
    this.attach = Math.max(this.attach, this.#date());
  }

  nextAttach() {
    this.attach += 1;
    this.#write();
    return this.attach;
  }

  attachTaken(attach) {
    this.attach = Math.max(this.attach, attach);
  }

  keep(token) {
    this.token = token;
    this.#write();
  }

  /** The next session is another. The counter goes on: it may only grow. */
  clear() {
    this.token = "";
    this.#with((storage) => storage.removeItem(this.#key));
  }

  putBack() {
    if (this.token !== "") this.#with((storage) => storage.setItem(this.#key, JSON.stringify({ token: this.token, attach: this.attach })));
  }

  takeOut() {
    this.#with((storage) => {
      const { token, attach } = JSON.parse(storage.getItem(this.#key) ?? "{}");
      if (typeof token === "string" && /^([0-9a-f]{2})+$/.test(token) && Number.isSafeInteger(attach) && attach > 0) {
        this.token = token;
        this.attach = Math.max(attach, this.attach);
      }
      if (this.#isPageStorage) storage.removeItem(this.#key);
    });
  }

  #write() {
    if (!this.#isPageStorage) this.putBack();
  }

  /** A full or forbidden storage costs the resuming of a reload, nothing else. */
  #with(use) {
    try {
      if (this.#storage) use(this.#storage);
    } catch {}
  }
}

function pageStorage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/**
 * Ties a hub to the page it runs in. A page cannot know whether it closes or loads again, so it says that it is going away: the
 * hub keeps its session for the few seconds that a reload takes. Answers `end`, which unties it.
 */
function watchPage(hub, store) {
  const page = globalThis.window;
  if (typeof page?.addEventListener !== "function" || typeof globalThis.document === "undefined") return { end() {} };
  const ending = new AbortController();
  const listen = (target, name, handler) => target?.addEventListener?.(name, handler, { signal: ending.signal });
  listen(page, "pagehide", () => {
    hub.suspend();
    store.putBack();
  });
  listen(page, "pageshow", (event) => {
    if (!event.persisted) return;
    store.takeOut();
    if (hub.status === "waiting") hub.reconnect();
  });
  listen(document, "freeze", () => store.putBack());
  listen(document, "resume", () => store.takeOut());
  const retryNow = () => hub.mayHurry && document.visibilityState === "visible" && hub.reconnect();
  listen(page, "online", retryNow);
  listen(document, "visibilitychange", retryNow);
  return { end: () => ending.abort() };
}
