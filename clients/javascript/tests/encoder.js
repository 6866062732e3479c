// A second, independent encoder of docs/WIRE.md, as plain arrays of bytes: what a front would send.

export const num = (value) => {
  const big = BigInt(value);
  const tail = (count) => Array.from({ length: count }, (_, index) => Number((big >> BigInt(8 * (count - 1 - index))) & 255n));
  if (big < 1n << 7n) return tail(1);
  if (big < 1n << 14n) return prefixed(0x80, tail(2));
  if (big < 1n << 21n) return prefixed(0xc0, tail(3));
  if (big < 1n << 28n) return prefixed(0xe0, tail(4));
  for (let count = 4; ; count++) if (big < 1n << BigInt(8 * count)) return [0xf0 + count - 4, ...tail(count)];
};
const prefixed = (prefix, [first, ...others]) => [prefix | first, ...others];
export const int = (value) => num(BigInt(value) < 0n ? -BigInt(value) * 2n - 1n : BigInt(value) * 2n);
export const u64 = (value) => Array.from({ length: 8 }, (_, index) => Number((BigInt(value) >> BigInt(56 - 8 * index)) & 255n));
export const blob = (bytes) => [...num(bytes.length), ...bytes];
export const text = (value) => blob([...Buffer.from(value)]);
export const list = (items, encode) => [...num(items.length), ...items.flatMap((item) => encode(item))];
export const hex = (value) => [...Buffer.from(value, "hex")];
export const frame = (kind, ...parts) => {
  const body = [kind, ...parts.flat(Infinity)];
  return [...num(body.length), ...body];
};

export const types = {
  Bool: 1, Int8: 2, Int16: 3, Int32: 4, Int64: 5, UInt8: 6, UInt16: 7, UInt32: 8, UInt64: 9, Float: 10, Double: 11, String: 12,
  bytes: 13, quantised: 17,
};
/** `tables`: `[name, keys, [[field, type, { optional, step }]]]`. */
export const schema = (tables) =>
  list(tables, ([name, keys, fields]) => [
    ...text(name),
    { integer: 1, text: 2, session: 3 }[keys],
    ...list(fields, ([field, type, { optional, step } = {}]) => [
      ...text(field), types[type] + (optional ? 64 : 0), ...(step ? u64(bitsOf(step)) : []),
    ]),
  ]);

const bitsOf = (value) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const reversed = (byteCount, write) => {
  const view = new DataView(new ArrayBuffer(8));
  write(view);
  const bytes = [...new Uint8Array(view.buffer, 0, byteCount)].reverse();
  return num(bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n));
};
export const value = {
  number: num, integer: int, nil: () => [0xf6],
  float: (x) => reversed(4, (view) => view.setFloat32(0, x)),
  double: (x) => reversed(8, (view) => view.setFloat64(0, x)),
  text: (x) => [0xf5, ...text(x)],
  bytes: (x) => [0xf5, ...blob(x)],
};

const operations = { remove: 1, insert: 2, set: 3 };
/** `rows`: arrays of bytes, key and values together, or for `consecutive` the first key and then values only. */
export const group = (operation, rowCount, mask, rows, consecutive = false) => [
  ...num((rowCount - 1) * 8 + (consecutive ? 4 : 0) + operations[operation]),
  ...(operation === "remove" ? [] : num(mask)),
  ...rows.flat(Infinity),
];
export const tableHead = (number, textKeys) => num(number * 2 + (textKeys ? 1 : 0));

export const welcome = (session, token = "aa", resumed = 0) => frame(0x20, hex(session), blob(hex(token)), resumed);
export const attached = (link, channel, { me = 10, lineage = 7, version = 1, audiences = [0], kept = [], data = [] } = {}) =>
  frame(0x21, num(link), text(channel), num(me), u64(lineage), num(version), list(audiences, num), list(kept, num), blob(data));
export const unlinked = (channel, code, reason) => frame(0x22, text(channel), num(code), text(reason));
export const granted = (channel, grant, highest = 0, refused = []) => frame(0x23, text(channel), u64(grant), num(highest), list(refused, num));
export const acked = (grant, highest, tick) => frame(0x24, u64(grant), num(highest), num(tick));
export const refused = (grant, number, reason) => frame(0x25, u64(grant), num(number), text(reason));
export const message = (channel, version, data) => frame(0x26, text(channel), num(version), text(data));
export const regrouped = (link, audiences, kept) => frame(0x27, num(link), list(audiences, num), list(kept, num));
export const sectionBody = (link, audience, base, version, patch, { schema: tables, hash } = {}) => [
  ...num(link), ...num(audience), ...num(base), ...num(version), (hash === undefined ? 0 : 1) + (tables ? 2 : 0),
  ...(hash === undefined ? [] : u64(hash)), ...(tables ? schema(tables) : []), ...patch,
];
export const section = (...values) => frame(0x30, sectionBody(...values));
export const mark = (link, base, version, tick = version) => frame(0x31, num(link), num(base), num(version), num(tick));
/** A section in pieces of `size` bytes. */
export const pieces = (size, ...values) => {
  const body = sectionBody(...values);
  const frames = [];
  for (let at = 0; at < body.length; at += size) {
    frames.push(frame(0x32, num(values[0]), num(values[1]), num(at), num(body.length), body.slice(at, at + size)));
  }
  return frames;
};
export const bye = (code, reason = "", attach = 0) => frame(0x05, num(code), text(reason), num(attach));
export const ping = (token) => frame(0x06, u64(token));
export const pong = (token) => frame(0x07, u64(token));
