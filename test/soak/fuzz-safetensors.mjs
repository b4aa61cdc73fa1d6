// Test 18, the long part: mutated safetensors files are read, or refused with a typed error, within the memory that the
// file takes and 32 MB. Bytes are flipped, cut, inserted and copied; numbers, names and punctuation of the header are
// replaced by others, with the header's length corrected or not.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LikewiseError } from '../../dist/errors.js';
import { SafetensorsFile } from '../../dist/io/safetensors/safetensors.js';
import { Random } from '../native/fuzz-values.mjs';

// What a header is made of, and what it should not be made of.
const tokens = [
  ...'0 1 -1 2 3 4 8 16 24 64 1e3 1e400 0.5 4294967296 9007199254740993 18446744073709551616'.split(' '),
  ...'"F32" "F16" "BF16" "I64" "BOOL" "F64" "F8_E4M3" "a" "b" "dtype" "shape" "data_offsets"'.split(' '),
  ...String.raw`"__metadata__" "__proto__" "\ud800" "\u0000" null true [] {} [0,0] { } [ ] , : [[[[[[[[[[`.split(
    ' ',
  ),
  ...[' ', '\n', '\0', 'é', '/**/'],
];

const shape = (dtype, size, begin, end) => ({ dtype, shape: [size], data_offsets: [begin, end] });

/** Well-formed files that mutations start from. */
const starts = [
  file({ a: shape('F32', 4, 0, 16), b: shape('F16', 4, 16, 24), __metadata__: { format: 'pt' } }, 24),
  file({ a: { dtype: 'BF16', shape: [2, 3, 0], data_offsets: [0, 0] }, n: shape('I64', 1, 0, 8) }, 8),
  file({ s: { dtype: 'F64', shape: [], data_offsets: [0, 8] }, t: shape('BOOL', 5, 8, 13) }, 13),
  file({}, 0),
];

function file(header, dataBytes) {
  const data = Buffer.from(Array.from({ length: dataBytes }, (_, index) => (index * 37) % 128));
  return join8(Buffer.from(JSON.stringify(header)), data);
}

function join8(header, data) {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}

function replaced(bytes, start, end, middle) {
  return Buffer.concat([bytes.subarray(0, start), middle, bytes.subarray(end)]);
}

/** One token of the header becomes another. */
function mutateHeader(random, bytes) {
  const end = 8 + Number(bytes.readBigUInt64LE(0) & 0xffffn);
  const header = bytes.subarray(8, end).toString('latin1');
  const found = [...header.matchAll(/"[^"]*"|-?\d+|[{}[\],:]/g)];
  if (found.length === 0) return bytes;
  const token = random.pick(found);
  const other = random.chance(0.3) ? random.pick(found)[0] : random.pick(tokens);
  const mutated = header.slice(0, token.index) + other + header.slice(token.index + token[0].length);
  if (random.chance(0.9))
    return join8(Buffer.from(mutated, random.chance(0.5) ? 'utf8' : 'latin1'), bytes.subarray(end));
  return replaced(bytes, 8, end, Buffer.from(mutated));
}

/** Another spelling of the header that means much the same: white space, a new name, an element type of equal width. */
function respell(random, bytes) {
  const end = 8 + Number(bytes.readBigUInt64LE(0) & 0xffffn);
  let header = bytes.subarray(8, end).toString('latin1');
  const same = {
    '"F32"': '"I32"',
    '"I64"': '"F64"',
    '"F16"': '"BF16"',
    '"BOOL"': '"U8"',
    '"a"': '"\\u0061a"',
  };
  if (random.chance(0.5)) header = header.replace(random.pick(Object.keys(same)), (found) => same[found]);
  else header = header.replaceAll(random.pick([',', ':', '[', ']']), (mark) => `${mark}\n `);
  return join8(Buffer.from(header, 'latin1'), bytes.subarray(end));
}

function mutate(random, bytes) {
  const at = random.below(bytes.length + 1);
  switch (random.below(10)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[random.below(flipped.length)] = random.below(256);
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return replaced(bytes, at, at, Buffer.from(random.pick(tokens)));
    case 3:
      return replaced(bytes, at, at, bytes.subarray(random.below(bytes.length + 1)));
    case 4:
      if (bytes.length < 8) return bytes;
      return replaced(bytes, random.below(8), 8, Buffer.from([random.below(256)]));
    case 5:
    case 6:
      return bytes.length < 10 ? bytes : respell(random, bytes);
    default:
      return bytes.length < 10 ? bytes : mutateHeader(random, bytes);
  }
}

async function readEverything(path) {
  const open = await SafetensorsFile.open(path);
  try {
    for (const name of open.names) {
      await open.readRaw(name);
      await open.readFloat32(name);
    }
  } finally {
    await open.close();
  }
}

/** Reads `count` mutated files; gives the summary. */
export async function fuzzSafetensors(count, seed) {
  const memory = '/dev/shm'; // where there is one: a disk would be most of the time
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'likewise-soak-'));
  const random = new Random(seed);
  const outcomes = {};
  let done = 0;
  let baseline = 0;
  let peak = 0;
  async function lane(index) {
    const path = join(folder, `${index}.safetensors`);
    while (done < count) {
      const round = done++;
      let bytes = random.pick(starts);
      for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) bytes = mutate(random, bytes);
      writeFileSync(path, bytes);
      let outcome = 'read';
      try {
        await readEverything(path);
      } catch (error) {
        if (!(error instanceof LikewiseError)) {
          throw new Error(`seed ${seed}, input ${round}: ${bytes.toString('base64')}`, { cause: error });
        }
        outcome = error.name;
      }
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (round % 1000 !== 0) continue;
      const { rss } = process.memoryUsage();
      if (round <= Math.min(count / 4, 50_000)) baseline = Math.max(baseline, rss); // the heap finds its size
      peak = Math.max(peak, rss);
    }
  }
  try {
    await Promise.all([0, 1, 2, 3].map(lane));
  } finally {
    rmSync(folder, { recursive: true });
  }
  const growth = (peak - baseline) / 1e6;
  if (growth > 32) throw new Error(`memory grew by ${growth.toFixed(0)} MB`);
  if (!(outcomes.read > count / 100))
    throw new Error('hardly any input was read: the mutations are too wild');
  return `${count} inputs, ${JSON.stringify(outcomes)}, memory grew by ${growth.toFixed(1)} MB`;
}
