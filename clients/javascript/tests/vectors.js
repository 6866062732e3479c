// Plays the recorded streams (Tests/Vectors/state, described there) through a client's mirror. It imports nothing, so that it
// runs wherever the client does: `client` is switchback.js, `wire` is encoder.js.

/** What a client holds after each step of a stream beside what was recorded: rows and hashes, as values to be compared. */
export function play(client, wire, { schema, sections, marks }) {
  const mirror = new client.Mirror();
  mirror.attached({ lineage: "1", kept: [] });
  const steps = marks ?? sections.map((section) => ({ version: section.version, sections: [section], rows: section.rows }));
  return steps.map(({ attached, base = mirror.version, version, sections, rows }) => {
    if (attached) mirror.attached({ lineage: "1", kept: attached.kept.filter((audience) => attached.listed.includes(audience)) });
    const staged = sections.map((section) => mirror.section(sectionOf(client, wire, section, schema)));
    const changes = mirror.mark({ base, version, tick: version });
    const seen = {
      staged, isCommitted: Array.isArray(changes), disagreement: mirror.disagreement, needsReading: mirror.needsReading,
      hashes: sections.map(({ audience = 0 }) => mirror.hash(audience)), rows: rowsOf(mirror),
    };
    const wanted = {
      staged: sections.map(() => "staged"), isCommitted: true, disagreement: null, needsReading: false,
      hashes: sections.map(({ hash }) => hash), rows: rounded(rows, mirror.schema),
    };
    return { version, seen, wanted };
  });
}

/** Of the patches that break a rule of the format, those that the client takes all the same. */
export function taken(client, { schema, patches }) {
  const tables = client.decodeSchema(new client.ByteReader(client.bytesOfHex(schema)));
  return patches.filter((digits) => {
    try {
      client.decodePatch(client.bytesOfHex(digits), tables);
      return true;
    } catch (error) {
      if (error instanceof client.ProtocolError) return false;
      throw error;
    }
  });
}

/** A value as text mode writes it; minus zero, which JSON would lose on its way out of a browser, as a text. */
function textOf(value, type) {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  if (type === 5 || type === 9) return String(value);
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  if (Object.is(value, -0)) return "-0";
  return value === -Infinity ? "-inf" : value;
}

/** What is held, as the records say it. */
function rowsOf(mirror) {
  const tables = {};
  for (const { name, fields } of mirror.schema) {
    const rows = [...mirror.table(name)];
    if (rows.length === 0) continue;
    tables[name] = Object.fromEntries(rows.map(([key, row]) => [String(key), Object.fromEntries(fields.map((field) => [field.name, textOf(row[field.name], field.type)]))]));
  }
  return tables;
}

/** Recorded rows with their Floats rounded to 32 bits. */
function rounded(tables, schema) {
  for (const { name, fields } of schema) {
    for (const row of Object.values(tables[name] ?? {})) {
      for (const { name, type } of fields) {
        if (typeof row[name] === "number") row[name] = textOf(type === 10 ? Math.fround(row[name]) : row[name], type);
      }
    }
  }
  return tables;
}

/** A section as a front sends it, its hash with it. */
function sectionOf(client, wire, { audience = 0, base, version, hash, patch }, schema) {
  const flags = base === 0 && audience === 0 ? 3 : 1;
  const head = [...wire.num(audience), ...wire.num(base), ...wire.num(version), flags, ...client.bytesOfHex(hash)];
  return new client.ByteReader(Uint8Array.from([...head, ...(flags & 2 ? client.bytesOfHex(schema) : []), ...client.bytesOfHex(patch)]));
}
