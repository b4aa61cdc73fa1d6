// Every example of README.md and docs runs as it is written: JavaScript as a file in a project of `npm init -y`, commands as
// a shell reads them, but for `maxSteps`, of which two are enough here. TypeScript is compiled and run by custom-loss.test.ts. What cannot run here is listed with its reason.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../temporary-file.ts';
import { makeProject } from './snippet-project.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = scratchFolder();
const cli = join(root, 'dist', 'cli', 'main.js');

/** Commands that are not Likewise's, or need what this machine may not have. */
const notRun: [RegExp, string][] = [
  [
    /^(npm|npx vitest|make|mkdir|cp|ln|\(cd|ASAN_OPTIONS|git|GIT_LFS_SKIP_SMUDGE|hf|CXXFLAGS|node test\/) ?/,
    'not of Likewise',
  ],
  [/likewise build/, 'compiles; see packaging.test.ts'],
  [/likewise doctor/, 'measures for seconds; see doctor.test.ts'],
  [/[ =]bfloat16\b/, 'needs a CPU with instructions for it'],
];

/** Commands that a made-up model cannot do, with what they say then. */
const refused: [RegExp, RegExp][] = [
  [/likewise (fill-mask|evaluate mlm) --model MODEL\b/, /masked language head/],
];

interface Block {
  language: string;
  code: string;
  line: number;
}

function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(({ 1: language = '', 2: code = '', index }) => ({
    language,
    code,
    line: text.slice(0, index).split('\n').length,
  }));
}

/** Commands of a block: comments off, continued lines joined. */
const commandsOf = (code: string) =>
  code
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(Boolean);

const isOurs = (command: string) => !notRun.some(([pattern]) => pattern.test(command));
const isRun = (language: string, code: string) =>
  language === 'js' || (language === 'sh' && commandsOf(code).some(isOurs));

const files = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const blocks = files.flatMap((file) =>
  blocksOf(file).map((block) => ({ ...block, place: `${file}:${block.line}` })),
);

beforeAll(() => makeProject(folder));

it('every block has a language that is looked at here', () => {
  expect(blocks.length).toBeGreaterThan(15);
  const known = ['js', 'sh', 'yaml', 'json', 'ts', 'python', '']; // Python is sentence-transformers', no language is a drawing
  expect(blocks.filter(({ language }) => !known.includes(language))).toEqual([]);
});

const withExamples = files.filter((file) =>
  blocks.some(({ place, language, code }) => place.startsWith(`${file}:`) && isRun(language, code)),
);

describe.each(withExamples)('%s', (file) => {
  const own = blocks.filter((block) => block.place.startsWith(`${file}:`));
  const configuration = own.find(({ language }) => language === 'yaml')?.code;
  if (configuration !== undefined) beforeAll(() => writeFileSync(join(folder, 'run.yaml'), configuration));
  for (const { language, code, place } of own) {
    if (language === 'js') {
      it(`JavaScript, ${place}`, () => {
        const script = join(folder, 'snippet.mjs');
        writeFileSync(script, fewSteps(code));
        for (const [, name = ''] of code.matchAll(/(?:save\w*\(|output: )'([^']+)'/g)) clear(name);
        const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
        expect([status, stderr.replace(/^note: .*\n/gm, '')]).toEqual([0, '']);
      });
    }
    if (language === 'sh') {
      it.each(commandsOf(code).filter(isOurs))(
        `${place}: %s`,
        (command) => {
          const expected = refused.find(([pattern]) => pattern.test(command));
          const [status, errors] = runShell(command);
          if (expected === undefined) expect([status, errors]).toEqual([0, '']);
          else expect(errors).toMatch(expected[1]);
        },
        180_000,
      );
    }
  }
});

const fewSteps = (code: string) => code.replace(/\bmaxSteps(=|: )\d+/g, 'maxSteps$12');

/** Runs a command in the project, `likewise` being ours; its exit code, and what it says when that is not 0. */
function runShell(command: string): [number | null, string] {
  const ours = fewSteps(command).replace(/^(npx )?likewise /, `"${process.execPath}" "${cli}" `);
  const outputs = [...command.matchAll(/(?:--output|--transformed|output=)[ ]?(\S+)/g)].map(
    ([, name = '']) => name,
  );
  for (const name of /train run\.yaml/.test(command) ? ['trained'] : outputs) clear(name);
  const { status, stderr } = spawnSync(ours, { cwd: folder, encoding: 'utf8', shell: true });
  return [status, status === 0 ? '' : stderr];
}

/** Examples of different pages write to the same places; each begins anew. */
function clear(name: string): void {
  if (name !== 'start') rmSync(join(folder, name), { recursive: true, force: true });
}
