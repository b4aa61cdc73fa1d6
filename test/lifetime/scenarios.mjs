// Child processes of lifetime.test.ts: each scenario uses the bare addon and must end with exit code 0 and "ok".
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const addonPath = new URL('../../build/Release/likewise.node', import.meta.url).pathname;
const size = 256;

/** Queues matrix products, some milliseconds each, and one download of the last. */
function queueWork(addon, count, backend = 'reference') {
  const engine = addon.createEngine(backend, 2);
  const { panelWidth } = addon.stats(engine);
  const ops = addon.describe().ops.map((op) => op.name);
  const square = addon.allocate(engine, 'float32', [size, size]);
  addon.upload(square, new Float32Array(size * size).fill(1 / size));
  const packed = addon.allocate(engine, 'float32', [Math.ceil(size / panelWidth), size, panelWidth]);
  addon.run(ops.indexOf('pack_weight'), [square], [packed], [0]);
  let value = square;
  for (let index = 0; index < count; index++) {
    const next = addon.allocate(engine, 'float32', [size, size]);
    addon.run(ops.indexOf('linear'), [value, packed, 0, 0], [next, 0], [0]);
    addon.release(value);
    value = next;
  }
  return { engine, value, result: addon.download(value) };
}

function checkOnes(buffer, what) {
  const wrong = new Float32Array(buffer).findIndex((value) => Math.abs(value - 1 / size) > 1e-6);
  if (wrong >= 0) throw new Error(`${what}: element ${wrong} is wrong`);
}

const startWorker = (role) => new Worker(new URL(import.meta.url), { workerData: { role } });
const message = (worker) =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });

const scenarios = {
  'exit in mid-call'() {
    queueWork(require(addonPath), 1000);
    setTimeout(() => {
      console.log('ok');
      process.exit(0);
    }, 20);
  },

  'end with work queued that nobody awaits'() {
    const addon = require(addonPath);
    const engine = addon.createEngine('reference', 2);
    addon.upload(addon.allocate(engine, 'float32', [size]), new Float32Array(size));
    console.log('ok');
  },

  async 'a pending promise keeps the process alive until it settles'() {
    checkOnes(await queueWork(require(addonPath), 20).result, 'result');
    console.log('ok');
  },

  async 'eight workers, each terminated in mid-call'() {
    for (let round = 0; round < 2; round++) {
      const workers = Array.from({ length: 8 }, () => startWorker('busy'));
      await Promise.all(workers.map(message));
      await sleep(10 * round);
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    checkOnes(await queueWork(require(addonPath), 5).result, 'after the workers');
    console.log('ok');
  },

  async 'workers come and go, and the addon with them'() {
    for (let round = 0; round < 5; round++) {
      const worker = startWorker('finish');
      // Both at once: when this thread is slow, message and exit arrive together, with no turn between them.
      const [answer] = await Promise.all([
        message(worker),
        new Promise((resolve) => worker.once('exit', resolve)),
      ]);
      if (answer !== 'finished') throw new Error('worker did not finish');
    }
    console.log('ok');
  },

  async 'a handle from another thread is refused'() {
    const addon = require(addonPath);
    const { value, result } = queueWork(addon, 1, 'reference');
    await result;
    const worker = startWorker('foreign');
    await message(worker);
    worker.postMessage(value);
    if ((await message(worker)) !== 'disposed') throw new Error('the foreign handle was not refused');
    await worker.terminate();
    console.log('ok');
  },

  async 'two copies of the addon side by side'() {
    const folder = mkdtempSync(join(tmpdir(), 'likewise-copy-'));
    try {
      cpSync(addonPath, join(folder, 'copy.node'));
      const [first, second] = [require(addonPath), require(join(folder, 'copy.node'))];
      const results = [queueWork(first, 10), queueWork(second, 10), queueWork(first, 10)];
      for (const { result } of results) checkOnes(await result, 'copy');
    } finally {
      rmSync(folder, { recursive: true });
    }
    console.log('ok');
  },

  async 'a storm of garbage collections'() {
    const addon = require(addonPath);
    const { engine, value } = queueWork(addon, 3);
    for (let round = 0; round < 60; round++) {
      const waits = Array.from({ length: 5 }, () => addon.download(value));
      globalThis.gc();
      for (const buffer of await Promise.all(waits)) checkOnes(buffer, `round ${round}`);
      globalThis.gc();
    }
    addon.destroyEngine(engine);
    globalThis.gc();
    console.log('ok');
  },

  async 'many engines at once and one after the other'() {
    const addon = require(addonPath);
    const running = Array.from({ length: 24 }, () => queueWork(addon, 3));
    for (const { engine, result } of running) {
      checkOnes(await result, 'engine');
      addon.destroyEngine(engine);
    }
    for (let round = 0; round < 600; round++)
      addon.destroyEngine(addon.createEngine('reference', 1 + (round % 3)));
    checkOnes(await queueWork(addon, 2).result, 'after 600 engines');
    console.log('ok');
  },
};

const roles = {
  busy() {
    queueWork(require(addonPath), 1000);
    parentPort.postMessage('busy');
  },
  async finish() {
    checkOnes(await queueWork(require(addonPath), 5).result, 'worker');
    parentPort.postMessage('finished');
  },
  foreign() {
    const addon = require(addonPath);
    queueWork(addon, 1);
    parentPort.postMessage('ready');
    parentPort.once('message', (handle) => {
      try {
        addon.run(0, [handle], [handle], []);
        parentPort.postMessage('accepted');
      } catch (error) {
        parentPort.postMessage(error.kind);
      }
    });
  },
};

if (isMainThread) await scenarios[process.argv[2]]();
else await roles[workerData.role]();
