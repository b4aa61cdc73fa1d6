// Configurations: defaults, files, key=value pairs, and what is said about each kind of mistake.

import { expect, test } from 'vitest';
import { ArgumentError, ConfigError, FileError, FormatError } from '../../src/errors.ts';
import { nearestName } from '../../src/options/nearest-name.ts';
import { readConfig, setValue } from '../../src/tasks/read-config.ts';
import { OBJECTIVES } from '../../src/tasks/sentence/config.ts';
import { READY_CONFIGS } from '../../src/tasks/sentence/ready-configs.ts';
import { sentenceTask } from '../../src/tasks/sentence/sentence-task.ts';
import { checkConfig } from '../../src/train/config/check-config.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFile } from '../temporary-file.ts';

const least = { model: 'm', data: 'd.txt', output: 'o' };

test('model, data and output are enough; a text stands for a table', () => {
  const config = checkConfig(
    sentenceTask(),
    { ...least, evaluation: 'dev.csv', objective: 'su-ntxent' },
    'here',
  );
  expect(config).toMatchObject({
    data: [{ path: 'd.txt', onCorrupt: 'stop' }],
    objective: { name: 'su-ntxent' },
    evaluation: { data: 'dev.csv', columns: ['1', '2', '3'], steps: 250 },
    seed: 1,
    optimizer: { name: 'adamw', convention: 'pytorch', beta1: 0.9, beta2: 0.999 },
  });
  const mixed = checkConfig(
    sentenceTask(),
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
  [
    { schedule: 'steps' },
    'key "schedule": expected one of linear, cosine, constant, bert, polynomial but found "steps"',
  ],
  [{ power: 2 }, 'key "power": expected the schedule polynomial, which has this option'],
  [{ endLearningRate: 0, schedule: 'bert' }, 'key "endLearningRate": expected the schedule polynomial'],
  [{ optimizer: { name: 'lamp' } }, 'key "optimizer.name": expected one of adamw, lamb but found "lamp"'],
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
    'key "data.0.objective.head": expected no head for a single data set, because all share one: set objective.head',
  ],
  [
    { gradCache: 8, objective: { name: 'simcse-unsupervised', maskedLanguageWeight: 0.1 } },
    'key "objective.maskedLanguageWeight": expected 0 with gradCache, ',
  ],
  [
    { temperature: 0.001, objective: { name: 'su-ntxent', learnableTemperature: true } },
    'key "objective.learnableTemperature": expected a temperature of at least 0.01, ',
  ],
  [{ shuffle: 'yes' }, 'key "shuffle": expected true or false but found "yes"'],
  [{ data: 5 }, 'key "data.0": expected a file, or a table with its path but found 5'],
  [{ data: { path: 'x', header: 3 } }, 'key "data.0.header": expected true or false but found 3'],
  [{ data: { path: 'x', columns: 1 } }, 'key "data.0.columns": expected a list of columns but found 1'],
  [{ objective: 'foo' }, 'key "objective.name": expected one of simcse-unsupervised, '],
  [{ optimizer: 3 }, 'key "optimizer": expected a table of keys but found 3'],
  [{ earlyStopping: 5 }, 'key "earlyStopping": expected a table with its patience but found 5'],
  [{ noDecay: 'bias' }, 'key "noDecay": expected a list of regular expressions but found "bias"'],
  [{ data: [{ pth: 's.txt' }] }, 'unknown key "data.0.pth"; did you mean data.0.path?'],
  [
    { output: 2024 },
    `key "output": expected a text but found 2024, a number: put it in quotes to make it a text, as in --set output='"2024"'`,
  ],
  [{ earlyStopping: { patience: 2 } }, 'key "earlyStopping": expected an evaluation, which it depends on: '],
  [
    { objective: 'triplet', temperature: 0.1 },
    'key "temperature": expected an objective that divides cosines by it, but triplet',
  ],
  [{ mixing: 'round_robin' }, 'key "mixing": expected several data sets to mix'],
  [{ noDecay: ['bias'] }, 'key "noDecay": expected a weightDecay above 0'],
  [{ warmup: 1.5 }, 'key "warmup": expected steps, a whole number, or a share below 1 but found 1.5'],
  [
    {
      data: { path: 'x.tsv', columns: [1, 2] },
      objective: { name: 'simcse-supervised', hardNegativeWeight: 2 },
    },
    'key "objective.hardNegativeWeight": expected triplets, but data.0.columns names pairs',
  ],
  [
    { batchSize: 8, data: [{ path: 'x', batchSize: 4 }] },
    'key "batchSize": expected a data set without batchSize of its own, but every one has it: set it here or there',
  ],
  [
    { noDuplicates: false, data: ['x', 'y'].map((path) => ({ path, noDuplicates: true })) },
    'key "noDuplicates": expected a data set without noDuplicates of its own, but every one has it',
  ],
  [
    { objective: { maskedLanguageWeight: 0.1 }, data: [{ path: 'x', objective: 'su-ntxent' }] },
    'key "objective.maskedLanguageWeight": expected a data set without an objective of its own, but every one has it',
  ],
  [
    { objective: 'triplet', data: [{ path: 'x', objective: 'su-ntxent' }] },
    'key "objective": expected a data set without an objective of its own, but every one has it',
  ],
])('%j is refused', (change, message) => {
  let error: unknown;
  try {
    checkConfig(sentenceTask(), { ...least, ...change }, 'run.yaml');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain(`run.yaml: ${message}`);
});

test('whatever kind of value a key is given, the message says what is expected in our words, and what came', () => {
  const messages: string[] = [];
  const paths = Object.keys(checkConfig(sentenceTask(), least, 'here')).concat(
    'noDecay',
    'learningRateFactors',
    'evaluation',
  );
  for (const key of [
    ...paths,
    'optimizer.beta1',
    'evaluation.columns',
    'data.columns',
    'earlyStopping.patience',
  ]) {
    for (const value of [5, -1, 'x', '', true, null, [], [5], {}, { x: 'y' }, 2 ** 40]) {
      const config: Record<string, unknown> = { ...least };
      setValue(config, `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
      try {
        checkConfig(sentenceTask(), config, 'here');
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        messages.push((error as Error).message);
      }
    }
  }
  expect(messages.length).toBeGreaterThan(200);
  expect(messages.filter((message) => /Invalid|Too (small|big)|undefined/.test(message))).toEqual([]);
  expect(() => checkConfig(sentenceTask(), undefined, 'here')).toThrow(
    'here: expected a table of keys but found nothing',
  );
});

test('an option of the objective alone leaves its name at the default', () => {
  expect(
    checkConfig(sentenceTask(), { ...least, objective: { head: 'training' } }, 'here').objective,
  ).toEqual({
    name: 'simcse-unsupervised',
    head: 'training',
  });
});

test('the run’s own settings stand beside those of data sets where they count for one of them, or are the head', () => {
  const own = { path: 'x', batchSize: 4, objective: 'su-ntxent' } as const;
  const change = { batchSize: 8, objective: { maskedLanguageWeight: 0.1 }, data: [own, 'y'] };
  expect(checkConfig(sentenceTask(), { ...least, ...change }, 'here').batchSize).toBe(8);
  const head = { name: 'simcse-unsupervised', head: 'training', maskedLanguageWeight: 0 };
  expect(checkConfig(sentenceTask(), { ...least, objective: head, data: own }, 'here').objective.head).toBe(
    'training',
  );
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

test('every objective has a ready configuration of its name, complete but for model, data and output', async () => {
  expect(Object.keys(READY_CONFIGS).sort()).toEqual(OBJECTIVES.toSorted());
  for (const name of OBJECTIVES) {
    const config = checkConfig(sentenceTask(), { ...(await readConfig(name)), ...least }, name);
    expect(config).toMatchObject(READY_CONFIGS[name] as object);
    expect(config.objective.name).toBe(name);
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

test('the path that a message names can be set', () => {
  const config: Record<string, unknown> = { ...least };
  setValue(config, 'data.0.columns=["1","2"]');
  setValue(config, 'data.0.objective.name=triplet');
  setValue(config, 'data.1=b.txt');
  setValue(config, 'data.1.header=true');
  expect(config.data).toEqual([
    { path: 'd.txt', columns: ['1', '2'], objective: { name: 'triplet' } },
    { path: 'b.txt', header: true },
  ]);
  const alone: Record<string, unknown> = {};
  setValue(alone, 'data.0.path=x.csv');
  expect(alone).toEqual({ data: [{ path: 'x.csv' }] });
  expect(() => setValue(config, 'data.columns=[1]')).toThrow(
    /expected a number from 0 to 2 below data, which is a list, .*: data\.0 is its first/,
  );
  expect(() => setValue(config, 'data.7.path=x')).toThrow(/expected a number from 0 to 2 below data/);
});

test('lists with commas wherever a list is expected, and tables as YAML writes them in a line', () => {
  const set = (...pairs: string[]) => {
    const config: Record<string, unknown> = { ...least };
    for (const pair of pairs) setValue(config, pair);
    return config;
  };
  const checked = (...pairs: string[]) => checkConfig(sentenceTask(), set(...pairs), 'here');
  for (const columns of ['1,2', '1, 2', '["1","2"]', '[1, 2]']) {
    expect(checked('objective=multiple-negatives', `data.columns=${columns}`).data[0]?.columns).toEqual([
      '1',
      '2',
    ]);
  }
  expect(checked('data.columns=text').data[0]?.columns).toEqual(['text']);
  expect(checked('data.columns=2').data[0]?.columns).toEqual(['2']);
  expect(checked('data.0.columns=2').data[0]?.columns).toEqual(['2']);
  expect(checked('evaluation=e.csv', 'evaluation.columns=a,b,3').evaluation?.columns).toEqual([
    'a',
    'b',
    '3',
  ]);
  expect(checked('weightDecay=0.1', 'noDecay=bias,norm.{1,2},[a,b]$').noDecay).toEqual([
    'bias',
    'norm.{1,2}',
    '[a,b]$',
  ]);
  const directions = checked('objective=multiple-negatives', 'objective.directions=query_to_doc,doc_to_query')
    .objective.directions;
  expect(directions).toEqual(['query_to_doc', 'doc_to_query']);
  expect(set('data={path: p.csv, columns: [1, 2]}').data).toEqual({ path: 'p.csv', columns: [1, 2] });
  expect(set('data=[a.txt, {path: b.csv, columns: [text]}]').data).toEqual([
    'a.txt',
    { path: 'b.csv', columns: ['text'] },
  ]);
  expect(set('data=a,b.txt').data).toBe('a,b.txt'); // a file's name
  expect(() => set('data={path: p.csv')).toThrow(
    /expected a list or a table, .* "data=\{path: p\.csv" is neither/,
  );
  expect(() => checked('evaluation=e.csv', 'evaluation.columns=a,,3')).toThrow(
    /key "evaluation\.columns\.1": expected a text that is not empty/,
  );
});

test('keys that every object has are unknown keys too', () => {
  const config: Record<string, unknown> = { ...least };
  setValue(config, 'constructor.x=1');
  expect(() => checkConfig(sentenceTask(), config, 'here')).toThrow(/unknown key "constructor"/);
  expect(() => setValue({ ...least }, '__proto__.x=1')).toThrow(
    /expected a key of the configuration but received "__proto__\.x=1"/,
  );
  expect(() => setValue({ ...least }, 'simcse-unsupervised')).toThrow(
    /name or file comes first, before --set/,
  );
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
