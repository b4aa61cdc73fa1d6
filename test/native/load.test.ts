// What stands in the addon's place: nothing, another file, another machine's or another version's addon.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AddonError } from '../../src/errors.ts';
import { libraryDefect } from '../../src/native/library-file.ts';
import { addonPath, loadAddon, packageVersion } from '../../src/native/load.ts';
import { seededRandom } from '../seeded-random.ts';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';

const remedy =
  /run "npx likewise build" .*"npm install-scripts approve likewise" \(npm 12\), then "npm rebuild likewise"$/;

function expectRefusal(path: string, reason: RegExp): void {
  let error: unknown;
  try {
    loadAddon(path);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(AddonError);
  expect((error as Error).message).toContain(path);
  expect((error as Error).message).toMatch(reason);
  expect((error as Error).message).toMatch(remedy);
  expect((error as Error).message).not.toContain('\n');
}

describe('loadAddon', () => {
  it('says that there is none', () => {
    expectRefusal(join(temporaryFolder(), 'likewise.node'), /^the native addon is not built: no file at /);
  });

  it('says what the system says of a file that is no library', () => {
    const reason = new RegExp(
      `cannot be loaded by Node ${process.version} on ${process.platform} ${process.arch} \\(.+\\)`,
    );
    expectRefusal(temporaryFile('likewise.node', 'not a library\n'), reason);
    expectRefusal(temporaryFile('likewise.node', ''), reason);
    expectRefusal(temporaryFile('likewise.node', readFileSync(addonPath).subarray(0, 40)), reason);
  });

  // Each of these once killed the process inside the system's loader.
  it.runIf(process.platform === 'linux')('says so of an addon cut short anywhere', () => {
    const bytes = readFileSync(addonPath);
    const parts = [0.2, 0.5, 0.9, 0.99].map((part) => Math.floor(part * bytes.length));
    for (const cut of [0, 1, 3, 4, 40, 63, 64, 100, 4096, 20_000, ...parts, bytes.length - 1]) {
      const reason = /\((it has only|it ends inside its header|it is cut short)/;
      expectRefusal(temporaryFile('likewise.node', bytes.subarray(0, cut)), reason);
    }
  });

  it('looks at a damaged header without believing it', () => {
    const bytes = readFileSync(addonPath).subarray(0, 8192);
    const random = seededRandom(7);
    for (let round = 0; round < 300; round++) {
      const damaged = Buffer.from(bytes);
      for (let flips = 0; flips < 8; flips++) damaged[4 + Math.floor(random() * 120)] = random() * 256;
      const defect = libraryDefect(temporaryFile('likewise.node', damaged));
      if (defect !== undefined) expect(defect).toMatch(/^it /);
    }
  });

  it('says so for the addon of another architecture', () => {
    const bytes = readFileSync(addonPath);
    bytes.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18); // e_machine: x86-64, AArch64
    expectRefusal(temporaryFile('likewise.node', bytes), /cannot be loaded by Node/);
  });

  it('refuses the addon of another version, naming both', () => {
    const version = packageVersion();
    const older = version.replace(/\d+$/, (patch) => (patch === '9' ? '8' : '9').padEnd(patch.length, '0'));
    const bytes = readFileSync(addonPath);
    for (let at = bytes.indexOf(`${version}\0`); at >= 0; at = bytes.indexOf(`${version}\0`))
      bytes.write(older, at);
    const path = temporaryFile('likewise.node', bytes);
    expectRefusal(
      path,
      new RegExp(`expected the native addon of version ${version} at .* but found ${older};`),
    );
  });
});
