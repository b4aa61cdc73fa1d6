// Spikes of the loss: which steps are told of, and that a run says so and goes on.
import { expect, it } from 'vitest';
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
