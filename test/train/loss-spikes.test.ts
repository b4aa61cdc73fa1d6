// Spikes of the loss: which steps are told of, and that a run says so and goes on.
import { expect, it } from 'vitest';
import { countStep, freshState, parseState } from '../../src/train/checkpoint/run-state.ts';
import { followLoss, type LossLevel, noLevel } from '../../src/train/step/loss-spikes.ts';

function spikesOf(losses: readonly number[], from: LossLevel = noLevel): number[] {
  const found: number[] = [];
  let level = from;
  for (const [index, loss] of losses.entries()) {
    const next = followLoss(level, loss);
    level = next.level;
    if (next.spike) found.push(index);
  }
  return found;
}

/** A loss that falls from 10 to 3, with noise. */
const falling = Array.from(
  { length: 400 },
  (_, step) => 3 + 7 * Math.exp(-step / 60) + 0.2 * Math.sin(37 * step) * Math.cos(11 * step),
);

it('tells of none where a loss falls with noise', () => {
  expect(spikesOf(falling)).toEqual([]);
});

it('tells of each step that stands far above those before it', () => {
  const losses = falling.slice();
  for (const step of [120, 123, 300]) losses[step] = 9;
  expect(spikesOf(losses)).toEqual([120, 123, 300]);
});

it('tells of nothing in the first steps, nor of a loss of 0 that stays there', () => {
  expect(spikesOf([5, 5, 5, 50, 5])).toEqual([]);
  expect(spikesOf(new Array(100).fill(0))).toEqual([]);
});

it('takes a loss that stays up for the new level', () => {
  const losses = [...new Array(100).fill(3), ...new Array(300).fill(6)];
  const found = spikesOf(losses);
  expect(found[0]).toBe(100);
  expect(found.length).toBeLessThan(60);
  expect(found.at(-1)).toBeLessThan(200);
});

it("a run's state counts the loss, and has what is told of a spike", () => {
  const state = freshState(100, null, {});
  const result = { metrics: {}, gradientNorm: 1, learningRate: 1, examples: 1, tokens: 1, finite: true };
  for (let step = 1; step <= 40; step++) {
    expect(countStep(state, { ...result, step, loss: 2 + 0.01 * (step % 3) })).toBeUndefined();
  }
  expect(countStep(state, { ...result, step: 41, loss: Number.NaN, finite: false })).toBeUndefined();
  expect(countStep(state, { ...result, step: 42, loss: 7 })).toMatch(
    /^the loss of step 42, 7\.000, .* 2\.01/,
  );
  expect(parseState(JSON.parse(JSON.stringify(state)), 'state')).toEqual(state);
});
