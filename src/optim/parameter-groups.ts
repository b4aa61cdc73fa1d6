// Parameters in groups by the patterns their names match: which decay, and by which factor each one's learning rate
// differs. Neighbours with equal settings are one group, since the optimizer's op walks over flat memory.
import { ArgumentError } from '../errors.ts';

/** What is left out of weight decay: biases and layer norms, as BERT and transformers have it, and CLIP's logit scale. */
export const DEFAULT_NO_DECAY: readonly string[] = [
  '(^|\\.)bias$',
  'LayerNorm',
  'layer_norm',
  '^logit_scale$',
];

export interface GroupOptions {
  weightDecay: number;
  /** Regular expressions over names: what matches one does not decay. {@link DEFAULT_NO_DECAY} by default. */
  noDecay?: readonly string[] | undefined;
  /** Regular expression over names to a factor of the learning rate; of several that match, the first counts. */
  learningRateFactors?: Readonly<Record<string, number>> | undefined;
}

/** A parameter's place in flat memory. */
export interface NamedSpan {
  name: string;
  /** First element. */
  offset: number;
  /** Elements. */
  size: number;
}

export interface ParameterGroups {
  /** [groups]; group g has the elements up to ends[g]. */
  ends: Int32Array;
  /** [groups, 2]: learning-rate factor, weight decay. */
  settings: Float32Array;
}

/**
 * The groups of parameters that lie end to end (padding between them goes with the one before).
 * @param total elements of the flat memory
 * @throws ArgumentError when a pattern is no regular expression or matches no parameter
 */
export function parameterGroups(
  parameters: readonly NamedSpan[],
  total: number,
  options: GroupOptions,
): ParameterGroups {
  const noDecay = (options.noDecay ?? DEFAULT_NO_DECAY).map(compile);
  const factors = Object.entries(options.learningRateFactors ?? {}).map(
    ([pattern, factor]) => [compile(pattern), factor] as const,
  );
  const wanted = [...(options.noDecay ?? []).map(compile), ...factors.map(([pattern]) => pattern)];
  for (const pattern of wanted) {
    if (parameters.some(({ name }) => pattern.test(name))) continue;
    const sample = parameters.slice(0, 3).map(({ name }) => name);
    throw new ArgumentError(
      `expected the pattern "${pattern.source}" to match a parameter but it matches none of ${parameters.length}, ` +
        `such as ${sample.join(', ')}`,
    );
  }
  const ends: number[] = [];
  const settings: number[] = [];
  const ordered = [...parameters].sort((left, right) => left.offset - right.offset);
  for (const [index, { name }] of ordered.entries()) {
    const factor = factors.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
    const decay = noDecay.some((pattern) => pattern.test(name)) ? 0 : options.weightDecay;
    const end = ordered[index + 1]?.offset ?? total;
    if (settings.at(-2) === factor && settings.at(-1) === decay) ends[ends.length - 1] = end;
    else {
      ends.push(end);
      settings.push(factor, decay);
    }
  }
  return { ends: Int32Array.from(ends), settings: Float32Array.from(settings) };
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw new ArgumentError(`expected a regular expression but received "${pattern}"`, { cause });
  }
}
