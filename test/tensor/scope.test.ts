// Scopes: what was made inside is freed, what is returned survives, a promise is refused, an error frees all.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DTypeError, ScopeError, ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { keep, scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

let engine: Engine;
beforeAll(() => {
  engine = new Engine();
});
afterAll(() => engine.dispose());

const live = () => engine.stats().liveTensors;
const make = () => Tensor.from(engine, new Float32Array(4));

describe('scope', () => {
  it('frees what is not returned, at every depth', () => {
    const before = live();
    const kept = scope(() => {
      make();
      const [inner] = scope(() => [make(), make()]);
      make();
      return { inner, list: [make()], map: new Map([[1, make()]]) };
    });
    expect(live()).toBe(before + 3);
    kept.inner?.dispose();
    kept.list[0]?.dispose();
    kept.map.get(1)?.dispose();
    expect(live()).toBe(before);
  });

  it('frees everything when its body throws', () => {
    const before = live();
    const body = () => {
      make();
      scope(() => make());
      throw new RangeError('stop');
    };
    expect(() => scope(body)).toThrow(RangeError);
    expect(live()).toBe(before);
  });

  it('refuses a promise and says why', () => {
    const before = live();
    expect(() => scope(async () => make())).toThrow(ScopeError);
    expect(() => scope(async () => make())).toThrow(/await after it/);
    expect(live()).toBe(before);
  });

  it('lets go of what is kept by name', () => {
    const before = live();
    let owned: Tensor | undefined;
    scope(() => {
      owned = keep(make());
    });
    expect(live()).toBe(before + 1);
    owned?.dispose();
    expect(live()).toBe(before);
  });

  it('allows disposing inside', () => {
    const before = live();
    scope(() => make().dispose());
    using tensor = make();
    expect(tensor.disposed).toBe(false);
    expect(live()).toBe(before + 1);
  });
});

describe('Tensor', () => {
  it('takes its dtype from the array and gives the same numbers back', async () => {
    for (const data of [Float32Array.of(1.5, -2), Float64Array.of(Math.PI, 1e300), Int32Array.of(-5, 7)]) {
      using tensor = Tensor.from(engine, data, [2]);
      expect(await tensor.data()).toEqual(data);
    }
  });

  it('refuses other arrays and other sizes', () => {
    expect(() => Tensor.from(engine, new Float32Array(5), [2, 3])).toThrow(ShapeError);
    expect(() => Tensor.from(engine, new Float32Array(5), [2, 3])).toThrow(
      'expected 6 elements for shape [2, 3] but received 5',
    );
    expect(() => Tensor.from(engine, new Uint8Array(4) as unknown as Int32Array)).toThrow(DTypeError);
  });

  it('copies at once, so the source may change', async () => {
    const source = Float32Array.of(1, 2, 3);
    using tensor = Tensor.from(engine, source);
    source.fill(9);
    expect(await tensor.data()).toEqual(Float32Array.of(1, 2, 3));
  });
});
