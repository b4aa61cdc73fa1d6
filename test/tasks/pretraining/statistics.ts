// Shares of many draws, held to what they should be within three standard deviations of a share.

import { expect } from 'vitest';

/** Expects `count` of `draws` to be a share, within three standard deviations: 3 √(p (1 - p) / n). */
export function expectShare(count: number, draws: number, share: number, what = ''): void {
  const allowed = 3 * Math.sqrt((share * (1 - share)) / draws);
  const found = count / draws;
  expect(
    Math.abs(found - share),
    `${what} ${found} of ${draws}, expected ${share} ± ${allowed}`,
  ).toBeLessThan(allowed);
}
