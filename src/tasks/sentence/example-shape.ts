// What the rows of a data set hold for the objective that learns them.

import type { DataSetConfig, ObjectiveConfig } from './config.ts';

export interface ExampleShape {
  texts: number;
  scored: boolean;
  /** Whether an example is learned from the others of its batch alone. */
  inBatch?: boolean;
  /** How few would do, were the columns named. */
  fewestTexts?: number;
  /** Where a score has to lie; anywhere by default. */
  scoreRange?: readonly [number, number];
}

const shapes: Record<Exclude<ObjectiveConfig['name'], 'custom'>, ExampleShape> = {
  'simcse-unsupervised': { texts: 1, scored: false, inBatch: true },
  'simcse-supervised': { texts: 2, scored: false, inBatch: true },
  'multiple-negatives': { texts: 2, scored: false, inBatch: true },
  'su-ntxent': { texts: 1, scored: false, inBatch: true },
  triplet: { texts: 3, scored: false },
  'cosine-regression': { texts: 2, scored: true, scoreRange: [-1, 1] },
};

/** How many texts an example has; a third column makes SimCSE's pairs triplets, columns name any number of negatives. */
export function exampleShape(objective: ObjectiveConfig, set: Pick<DataSetConfig, 'columns'>): ExampleShape {
  const { name, texts = 1, scored = false } = objective;
  if (name === 'custom') return { texts, scored };
  const shape = shapes[name];
  if (name === 'multiple-negatives') {
    const columns = Math.max(2, set.columns?.length ?? 2);
    return { ...shape, texts: columns, inBatch: columns === 2 };
  }
  const hardNegatives = name === 'simcse-supervised' && (set.columns?.length ?? 3) === 3;
  return hardNegatives ? { ...shape, texts: 3, fewestTexts: 2, inBatch: false } : shape;
}
