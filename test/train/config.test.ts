// Configurations: defaults, files, key=value pairs, and what is said about each kind of mistake.

import { expect, test } from 'vitest';
import { ArgumentError, ConfigError, FileError, FormatError } from '../../src/errors.ts';
import { nearestName } from '../../src/train/nearest-name.ts';
import { checkConfig, readConfig, setValue } from '../../src/train/read-config.ts';
import { READY_CONFIGS } from '../../src/train/ready-configs.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFile } from '../temporary-file.ts';

const least = { model: 'm', data: 'd.txt', output: 'o' };

test('model, data and output are enough; a text stands for a table', () => {
  const config = checkConfig({ ...least, evaluation: 'dev.csv', objective: 'su-ntxent' }, 'here');
  expect(config).toMatchObject({
    data: [{ path: 'd.txt', onCorrupt: 'stop' }],
    objective: { name: 'su-ntxent' },
    evaluation: { data: 'dev.csv', columns: ['1', '2', '3'], steps: 250 },
    seed: 1,
    optimizer: { convention: 'pytorch', beta1: 0.9, beta2: 0.999 },
  });
  const mixed = checkConfig(
    { ...least, data: ['a.txt', { path: 'b.tsv', columns: [1, 'x'], objective: 'triplet' }] },
    'here',
  );
  expect(mixed.data).toEqual([
    { path: 'a.txt', onCorrupt: 'stop' },
    { path: 'b.tsv', columns: ['1', 'x'], onCorrupt: 'stop', objective: { name: 'triplet' } },
  ]);
});

test.each([
  [{ learningrate: 1 }, 'unknown key "learningrate"; did you mean learningRate?'],
  [{ data: { path: 'x', colums: ['1'] } }, 'unknown key "data.0.colums"; did you mean data.0.columns?'],
  [{ optimizer: { beta3: 1 } }, 'unknown key "optimizer.beta3"; did you mean optimizer.beta'],
  [{ objective: { name: 'triplet', zzz: 1 } }, 'unknown key "objective.zzz"; expected one of name, '],
  [{ model: undefined }, 'key "model": expected a text but it is missing'],
  [
    { data: undefined },
    'key "data": expected a file, a table with its path, or several of them but it is missing',
  ],
  [{ batchSize: 0 }, 'key "batchSize": expected a whole number from 1 but found 0'],
  [{ batchSize: 1.5 }, 'key "batchSize": expected a whole number from 1 but found 1.5'],
  [{ dropout: 1 }, 'key "dropout": expected a number from 0, below 1 but found 1'],
  [{ schedule: 'steps' }, 'key "schedule": expected one of linear, cosine, constant, bert but found "steps"'],
  [{ objective: 'simcs' }, 'key "objective.name": expected one of simcse-unsupervised, '],
  [
    { data: [{ path: 'x', onCorrupt: 'ignore' }] },
    'key "data.0.onCorrupt": expected one of stop, skip but found "ignore"',
  ],
  [
    { objective: { name: 'simcse-unsupervised', margin: 1 } },
    'key "objective.margin": expected an option of simcse-unsupervised: head, hideEqualTexts, maskedLanguageWeight, ',
  ],
  [
    { data: [{ path: 'x', objective: { name: 'triplet', head: 'always' } }] },
    'key "data.0.objective.head": expected no head for one data set, since all share one: set objective.head',
  ],
  [
    { gradCache: 8, objective: { name: 'simcse-unsupervised', maskedLanguageWeight: 0.1 } },
    'key "objective.maskedLanguageWeight": expected 0 with gradCache, ',
  ],
  [
    { temperature: 0.001, objective: { name: 'su-ntxent', learnableTemperature: true } },
    'key "objective.learnableTemperature": expected a temperature from 0.01, ',
  ],
  [{ shuffle: 'yes' }, 'key "shuffle": expected true or false but found "yes"'],
])('%j is refused', (change, message) => {
  let error: unknown;
  try {
    checkConfig({ ...least, ...change }, 'run.yaml');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain(`run.yaml: ${message}`);
});

test('JSON and YAML files say the same', async () => {
  const expected = { ...least, batchSize: 8, optimizer: { convention: 'bert' }, data: [{ path: 'a.txt' }] };
  const json = temporaryFile('run.json', JSON.stringify(expected));
  const yaml = temporaryFile(
    'run.yaml',
    '# a comment\nmodel: m\noutput: o\nbatchSize: 8\noptimizer: { convention: bert }\ndata:\n  - path: a.txt\n',
  );
  expect(await readConfig(json)).toEqual(expected);
  expect(await readConfig(yaml)).toEqual(expected);
});

test('files that cannot be used', async () => {
  await expectError(readConfig('/none/run.json'), FileError, /cannot read '\/none\/run\.json'/);
  await expectError(readConfig(temporaryFile('run.json', '{"a": 1,}')), FormatError, /line 1, column 9/);
  await expectError(
    readConfig(temporaryFile('run.yaml', 'a: 1\na: 2\n')),
    ConfigError,
    /run\.yaml: expected YAML: .*unique/,
  );
  await expectError(
    readConfig(temporaryFile('run.yaml', 'a: [1\n')),
    ConfigError,
    /run\.yaml: expected YAML: .* at line/,
  );
  await expectError(
    readConfig(temporaryFile('run.yaml', '- a\n')),
    ConfigError,
    /expected a table of keys but found \["a"\]/,
  );
  await expectError(
    readConfig('simcse-unsupervise'),
    ArgumentError,
    /\(did you mean simcse-unsupervised\?\)/,
  );
});

test('every ready configuration is complete but for model, data and output', async () => {
  for (const name of Object.keys(READY_CONFIGS)) {
    expect(checkConfig({ ...(await readConfig(name)), ...least }, name)).toMatchObject(
      READY_CONFIGS[name] as object,
    );
  }
});

test('key=value pairs: numbers, flags, tables, and texts for everything else', () => {
  const config: Record<string, unknown> = { data: 'x.csv', objective: { name: 'triplet' } };
  const pairs = [
    'model=./a=b',
    'epochs=2',
    'learningRate=1e-4',
    'shuffle=false',
    'data.columns=["1","2"]',
    'objective.margin=2',
    'optimizer.beta2=0.99',
    'output=2024-run',
    'evaluation=',
  ];
  for (const pair of pairs) setValue(config, pair);
  expect(config).toEqual({
    model: './a=b',
    epochs: 2,
    learningRate: 1e-4,
    shuffle: false,
    data: { path: 'x.csv', columns: ['1', '2'] },
    objective: { name: 'triplet', margin: 2 },
    optimizer: { beta2: 0.99 },
    output: '2024-run',
    evaluation: '',
  });
  expect(() => setValue(config, 'epochs')).toThrow(/expected key=value but received "epochs"/);
  expect(() => setValue(config, 'epochs.x=1')).toThrow(/expected epochs to be a table/);
});

test('a ready configuration is not changed by setting values on it', async () => {
  const before = JSON.stringify(READY_CONFIGS);
  setValue(await readConfig('simcse-unsupervised'), 'objective.head=none');
  expect(JSON.stringify(READY_CONFIGS)).toBe(before);
});

test('the nearest name', () => {
  const names = ['batchSize', 'epochs', 'maxSteps', 'maxSamples', 'seed'];
  expect(['batchsize', 'epoch', 'maxStep', 'sede', 'banana'].map((name) => nearestName(name, names))).toEqual(
    ['batchSize', 'epochs', 'maxSteps', 'seed', undefined],
  );
});
