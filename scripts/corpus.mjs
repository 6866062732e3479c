// Turns a corpus of Fuzz/Corpus (a line an input, in hex or as a JSON string) into the files that a fuzzer reads:
// node scripts/corpus.mjs FILE FOLDER

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [file, folder] = process.argv.slice(2);
for (const line of readFileSync(file, "utf8").split("\n")) {
  const text = line.startsWith('"') ? line : line.split("/")[0].replaceAll(" ", "");
  if (text === "") continue;
  const bytes = text.startsWith('"') ? Buffer.from(JSON.parse(text)) : Buffer.from(text, "hex");
  writeFileSync(join(folder, `given-${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`), bytes);
}
