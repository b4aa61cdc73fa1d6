// native/ops.def is the only list of ops: what the addon describes, and what the TypeScript wrappers queue, is held
// against it.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TensorDescription } from '../../src/native/addon.ts';
import { loadAddon } from '../../src/native/load.ts';

const definition = readFileSync(new URL('../../native/ops.def', import.meta.url), 'utf8').replaceAll(
  /\/\/.*$/gm,
  '',
);
const { description } = loadAddon();

/** `OP(name, (a, OPTIONAL(b)), (c), (d))` as lists of names. */
function definedOps() {
  return [...definition.matchAll(/^OP\((\w+),\s*((?:[^;](?!^OP|^#))*)/gm)].map(([, name = '', rest = '']) => {
    const lists = [...rest.matchAll(/\(((?:(?:OPTIONAL|UPDATED)\([\w()]+\)|[^()])*)\)/g)].map(
      ([, list = '']) =>
        list
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
    );
    return { name, inputs: lists[0] ?? [], outputs: lists[1] ?? [], parameters: lists[2] ?? [] };
  });
}

const enumerators = (macro: string) =>
  [...definition.matchAll(new RegExp(`^${macro}\\((\\w+)\\)`, 'gm'))].map(([, name]) => name);

describe('native/ops.def', () => {
  it('is what the addon describes, in order', () => {
    const plain = ({ name, optional, updated }: TensorDescription) => {
      const written = updated ? `UPDATED(${name})` : name;
      return optional ? `OPTIONAL(${written})` : written;
    };
    const described = description.ops.map(({ name, inputs, outputs, parameters }) => ({
      name,
      inputs: inputs.map(plain),
      outputs: outputs.map(plain),
      parameters,
    }));
    expect(described).toEqual(definedOps());
    expect(described.length).toBeGreaterThan(7);
  });

  it('names the activations and poolings', () => {
    expect(description.activations).toEqual(enumerators('ACTIVATION'));
    expect(description.poolings).toEqual(enumerators('POOLING'));
  });

  it('has a TypeScript wrapper for every op, with as many tensors and parameters', () => {
    const sources = ['ops', 'tensor']
      .map((room) => new URL(`../../src/${room}/`, import.meta.url))
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.ts'))
          .map((file) => readFileSync(new URL(file, folder), 'utf8')),
      )
      .join('\n');
    for (const op of definedOps()) {
      const [first, second] = [`(?:[\\w.]+ \\? (?:'\\w+' : )?)?`, `(?: : '\\w+')?`]; // two ops of the same tensors
      const call = sources.match(
        new RegExp(
          `runOp\\(\\s*${first}'${op.name}'${second},\\s*\\[([^\\]]*)\\],\\s*\\[([^\\]]*)\\](?:,\\s*\\[([^\\]]*)\\])?`,
        ),
      );
      expect(call, `no runOp('${op.name}', …) in src/ops or src/tensor`).not.toBeNull();
      const counts = (call ?? [])
        .slice(1)
        .map((list) => (list ?? '').split(',').filter((item) => item.trim() !== '').length);
      expect([op.name, ...counts]).toEqual([
        op.name,
        op.inputs.length,
        op.outputs.length,
        op.parameters.length,
      ]);
    }
  });
});
