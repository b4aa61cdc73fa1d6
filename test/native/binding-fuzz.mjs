// Test 20: calls every function of the bare addon with random arguments. Only errors with a known kind may come out, as
// exceptions or as rejections; anything else, a crash above all, is a failed exit code.
//   node test/native/binding-fuzz.mjs [calls] [seed] [addon]
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { anyTypedArray, HostileError, junk, Random, trap, wildNumbers } from './fuzz-values.mjs';
import { knownOps, opCall } from './op-calls.mjs';

const [
  calls = '3000',
  seed = '1',
  path = fileURLToPath(new URL('../../build/Release/likewise.node', import.meta.url)),
] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(path);
const random = new Random(Number(seed));
const { ops, backends } = addon.describe();
const backendNames = backends.filter(({ available }) => available).map(({ name }) => name);
const kinds = new Set(['argument', 'shape', 'dtype', 'disposed', 'backend', 'memory', 'queue', 'execution']);

const functions = Object.getOwnPropertyNames(addon).filter((name) => typeof addon[name] === 'function');
const counts = Object.fromEntries(functions.map((name) => [name, { fine: 0, refused: 0 }]));
let made = 0;
let rejected = 0;
let filled = 0;
const pending = [];

const engines = []; // { id, width }
let tensors = []; // { handle, engine, dtype, shape }
const stale = [0, 1, 2 ** 53 - 1];

function check(error, what) {
  if (error instanceof HostileError || (error instanceof Error && kinds.has(error.kind))) return;
  throw new Error(`seed ${seed}, call ${made}: ${what} gave an error without a known kind`, { cause: error });
}

/** One call of the addon: its result, or undefined when it was refused. A promise is awaited later. */
function call(name, ...args) {
  made += 1;
  let result;
  try {
    result = addon[name](...args);
  } catch (error) {
    check(error, name);
    counts[name].refused += 1;
    return undefined;
  }
  counts[name].fine += 1;
  if (result instanceof Promise) {
    const settled = result.catch((error) => {
      check(error, `a promise of ${name}`);
      rejected += 1;
    });
    pending.push(settled);
  }
  return result;
}

/** What a hostile getter does while its array is read: frees what the call is about to use. */
function interfere() {
  if (random.chance(0.5)) removeTensor();
  else if (random.chance(0.1)) removeEngine();
  else addTensor();
}

function addEngine() {
  const id = call('createEngine', random.pick(backendNames), random.pick([1, 1, 2, 3]));
  if (id !== undefined) engines.push({ id, width: addon.stats(id).panelWidth });
}

function removeEngine() {
  const engine = engines.splice(random.below(engines.length), 1)[0];
  if (engine === undefined) return;
  call('destroyEngine', engine.id);
  for (const tensor of tensors) if (tensor.engine === engine) stale.push(tensor.handle);
  tensors = tensors.filter((tensor) => tensor.engine !== engine);
}

function removeTensor() {
  const [tensor] = tensors.splice(random.below(tensors.length), 1);
  if (tensor === undefined) return;
  call('release', tensor.handle);
  stale.push(tensor.handle);
  if (stale.length > 100) stale.splice(3, 50);
}

const arrayOf = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  bfloat16: Uint16Array,
};
const dtypeOf = { int: 'int32', double: 'float64', single: 'float32', byte: 'int8', half: 'bfloat16' }; // 'real': as the call has it
const elements = (shape) => shape.reduce((product, size) => product * size, 1);

function addTensor(
  engine = random.pick(engines),
  dtype = random.pick(Object.keys(arrayOf)),
  shape = smallShape(),
) {
  if (engine === undefined) return undefined;
  const handle = call('allocate', engine.id, dtype, shape, random.chance(0.3));
  if (handle === undefined) return undefined;
  const tensor = { handle, engine, dtype, shape };
  tensors.push(tensor);
  return tensor;
}

function smallShape() {
  return Array.from({ length: random.below(5) }, () => random.pick([0, 1, 1, 2, 3, 5, 8, 17]));
}

function upload({ handle, dtype, shape }, values) {
  const count = elements(shape);
  const number = () => (random.chance(0.02) ? random.pick(wildNumbers) : random.uniform() * 4 - 2);
  call('upload', handle, arrayOf[dtype].from(values ?? Array.from({ length: count }, number)));
}

/** A tensor as op-calls.mjs describes it, sometimes as a view with rows that lie apart. */
function tensorFor(description, engine, dtype) {
  if (description === null) return 0;
  const { kind, shape, values } = description;
  const type = dtypeOf[kind] ?? dtype;
  if (kind !== 'int' && kind !== 'double' && shape.length === 2 && random.chance(0.3)) {
    const [rows, columns] = shape;
    const wide = addTensor(engine, type, [rows, columns + 3]);
    if (wide === undefined) return 0;
    upload(wide);
    const handle = call('view', wide.handle, 1, shape, columns + 3);
    if (handle !== undefined) tensors.push({ ...wide, handle, shape });
    return handle ?? 0;
  }
  const tensor = addTensor(engine, type, shape);
  if (tensor === undefined) return 0;
  if (values === undefined || values.length === elements(shape)) upload(tensor, values);
  return tensor.handle;
}

function runOp(engine = random.pick(engines)) {
  if (engine === undefined) return;
  const index = random.below(ops.length);
  const [inputs, outputs, parameters] = opCall(random, ops[index].name, engine.width);
  const dtype = random.pick(['float32', 'float32', 'float64']);
  const handles = [inputs, outputs].map((list) => list.map((each) => tensorFor(each, engine, dtype)));
  if (random.chance(0.05)) handles[random.below(2)][0] = anyHandle();
  if (random.chance(0.03)) handles[1][0] = handles[0][0]; // in place
  const written = [...handles[1]]; // before a trap may take its place
  if (random.chance(0.03)) handles[random.below(2)] = trap(random, handles[0], interfere);
  call('run', index, handles[0], handles[1], parameters);
  for (const handle of written) if (handle) call('download', handle);
}

/** Keeps an engine's thread busy for some tens of milliseconds. */
function occupy(engine) {
  const [left, right, output] = Array.from({ length: 3 }, () => addTensor(engine, 'float32', [256, 256]));
  if (output === undefined || left === undefined || right === undefined) return;
  for (const tensor of [left, right]) upload(tensor, new Float32Array(256 * 256).fill(0.5));
  const matmul = ops.findIndex(({ name }) => name === 'matmul');
  for (let i = 0; i < 4; i++) call('run', matmul, [left.handle, right.handle], [output.handle], [0, 0]);
}

/** Queues until an engine refuses, and then does what frees memory that the waiting commands use. */
function fillQueue() {
  const engine = random.pick(engines);
  if (engine === undefined) return;
  occupy(engine);
  for (let i = 0; i < 20; i++) runOp(engine);
  const tensor = addTensor(engine, 'float32', [2]);
  if (tensor === undefined) return;
  const fill = ops.findIndex(({ name }) => name === 'fill');
  try {
    for (let i = 0; i < 100_000; i++) addon.run(fill, [], [tensor.handle], [i]);
  } catch (error) {
    check(error, 'run');
    if (error.kind === 'queue') filled += 1;
  }
  for (let i = 0; i < 100; i++) {
    random.pick([removeTensor, removeTensor, garbageCall, runOp, () => call('trim', engine.id)])();
  }
  if (random.chance(0.3)) removeEngine();
}

const anyHandle = () =>
  random.pick([
    () => random.pick(tensors)?.handle ?? 0,
    () => random.pick(stale),
    () => random.pick(wildNumbers),
    () => (random.pick(tensors)?.handle ?? 0) + random.pick([1, -1, 2 ** 24, 2 ** 44, 0.5]),
  ])();

const anyShape = () =>
  random.pick([
    smallShape,
    smallShape,
    () => [random.pick(wildNumbers), 2],
    () => trap(random, [2, 3], interfere),
  ])();

/** Arguments that fit most of the time, so that random calls go past the first check. */
const plausible = {
  createEngine: () => [random.pick([...backendNames, '', 'cuda']), random.pick([1, 2, -1, 1025, 0.5])],
  destroyEngine: () => [random.pick([0, 511, 512, 1000, ...wildNumbers])],
  allocate: () => [
    random.pick(engines)?.id,
    random.pick([...Object.keys(arrayOf), 'int64']),
    anyShape(),
    random.chance(0.3),
  ],
  view: () => [
    anyHandle(),
    random.pick([0, 1, 5, 2 ** 40, -1]),
    anyShape(),
    random.pick([0, 1, 3, 8, 2 ** 40]),
  ],
  release: () => [anyHandle()],
  upload: () => [anyHandle(), anyTypedArray(random, interfere)],
  download: () => [anyHandle()],
  run: () => [
    random.below(ops.length + 1),
    Array.from({ length: random.below(9) }, anyHandle),
    Array.from({ length: random.below(3) }, anyHandle),
    Array.from({ length: random.below(4) }, () => random.pick([0, 1, ...wildNumbers])),
  ],
  ready: () => [random.pick(engines)?.id, random.pick([0, 1, 256, 1e6, -1])],
  stats: () => [random.pick(engines)?.id],
  trim: () => [random.pick(engines)?.id],
  measurePeak: () => [
    random.chance(0.01) ? random.pick(engines)?.id : 0,
    random.pick([0, 1, 2, ...wildNumbers]),
  ], // milliseconds each
  capTokenizerThreads: () => [random.pick([0, 1, 1024, ...wildNumbers])],
  describe: () => [],
  failAllocation: () => [random.pick(engines)?.id, random.pick([0, 1, 2, 2 ** 31])],
};

/** Any function with arguments of which some are anything, in any number. */
function garbageCall() {
  const name = random.pick(functions);
  const args = plausible[name]();
  if (random.chance(0.4)) args[random.below(args.length + 1)] = junk(random, interfere);
  if (random.chance(0.1)) args.length = random.below(args.length + 1);
  const result = call(name, ...args);
  if (result === undefined) return;
  if (name === 'createEngine') engines.push({ id: result, width: addon.stats(result).panelWidth });
  // what was made behind our back goes at once
  if (name === 'allocate' || name === 'view') {
    call('release', result);
    stale.push(result);
  }
  if (name === 'release' && result) tensors = tensors.filter(({ handle }) => handle !== args[0]);
}

async function settle() {
  if (random.chance(0.5)) for (const { id } of engines) call('ready', id, 0);
  await Promise.all(pending.splice(0));
}

const missing = ops.map(({ name }) => name).filter((name) => !knownOps.includes(name));
if (missing.length > 0 || functions.some((name) => plausible[name] === undefined))
  throw new Error(`nothing here calls ${missing} or one of ${functions}`);

while (made < Number(calls)) {
  if (engines.length === 0 || (engines.length < 4 && random.chance(0.01))) addEngine();
  if (engines.length > 4 || random.chance(0.0005)) removeEngine();
  while (tensors.length > 60) removeTensor();
  if (random.chance(0.0005) || (filled === 0 && made > calls / 2)) fillQueue();
  if (random.chance(0.25)) runOp();
  else garbageCall();
  if (pending.length > 50) await settle();
}
await settle();
while (engines.length > 0) removeEngine();
await settle();

// A fuzz that is always refused, or never, tests nothing.
const oneSided = functions.filter((name) => counts[name].fine === 0 || counts[name].refused === 0);
const odd = oneSided.filter((name) => name !== 'describe' && name !== 'measurePeak'); // hardly refused, slow
if (made >= 3000 && odd.length > 0) throw new Error(`never both accepted and refused: ${odd}`);
const fine = Object.values(counts).reduce((sum, count) => sum + count.fine, 0);
const { run } = counts;
console.log(
  JSON.stringify({ calls: made, seed: Number(seed), fine, refused: made - fine, rejected, filled, run }),
);
