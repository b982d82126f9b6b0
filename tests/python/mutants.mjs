import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { readOnnx } from "../../dist/formats/onnx/index.js";
import { readPth } from "../../dist/formats/pth/pth.js";
import { readSafetensors } from "../../dist/formats/safetensors.js";
import { openStoredZip } from "../../dist/formats/zip/read.js";
import { writeStoredZip } from "../../dist/formats/zip/write.js";
import { mutate, Random } from "../fuzz/mutate.mjs";

// Damages the files of a folder, and writes those that are still read to another one, each with what was read:
//
//     node mutants.mjs FILES MUTANTS COUNT SEED

/** A few bytes can describe a large tensor. Larger ones take time and find nothing else. */
const MOST_BYTES = 100_000;

const READERS = { ".onnx": readOnnx, ".pth": readPth, ".safetensors": readSafetensors };
const extensions = Object.keys(READERS);

const [folder, output, count, seed] = process.argv.slice(2);
const random = new Random(Number(seed));
const originals = readdirSync(folder)
  .sort()
  .map((name) => ({ name, extension: extname(name), bytes: readFileSync(join(folder, name)) }));

for (let index = 0; index < Number(count); ) {
  const extension = extensions[index % extensions.length];
  const files = originals.filter((file) => file.extension === extension);
  const { name, bytes } = random.pick(files);
  const corpus = files.map((file) => file.bytes);
  const mutant = damaged(extension, bytes, corpus);
  const found = bytes.equals(mutant) ? undefined : attempt(() => READERS[extension](mutant));
  if (!found || sizeOf(found.tensors) > MOST_BYTES) continue;
  const path = join(output, `${index++}-${name}`);
  writeFileSync(path, mutant);
  writeFileSync(`${path}.json`, JSON.stringify({ ...found, tensors: [...found.tensors].map(described) }));
}

/** Either the file is damaged anywhere, or a part of it whose length and checksum are then put right. */
function damaged(extension, bytes, corpus) {
  if (extension === ".safetensors" && random.below(2) === 0) return withDamagedHeader(bytes, corpus);
  const archive = extension === ".pth" && random.below(4) > 0 && attempt(() => openStoredZip(bytes));
  return archive ? withDamagedEntry(archive, corpus) : mutate(bytes, corpus, random);
}

function withDamagedHeader(bytes, corpus) {
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = mutate(bytes.subarray(8, end), corpus, random);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytes.subarray(end)]);
}

/** Mostly the pickle is damaged, sometimes another entry, its name, or the order of all entries. */
function withDamagedEntry(archive, corpus) {
  const entries = archive.names.map((name) => [name, Buffer.from(archive.read(name))]);
  const changed = random.below(4) > 0 ? entries.find(([name]) => name.endsWith("/data.pkl")) : random.pick(entries);
  switch (random.below(8)) {
    case 0:
      changed[0] = mutate(Buffer.from(changed[0]), corpus, random).toString("latin1");
      break;
    case 1:
      entries.push(entries.splice(random.below(entries.length), 1)[0]);
      break;
    case 2:
      entries.splice(random.below(entries.length), 1);
      break;
    default:
      changed[1] = mutate(changed[1], corpus, random);
  }
  return Buffer.from(writeStoredZip(entries, 64));
}

function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function sizeOf(tensors) {
  return [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
}

function described([name, { shape, data }]) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return { name, shape, type: data.constructor.name, base64: bytes.toString("base64") };
}
