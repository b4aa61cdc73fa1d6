// Parameters in groups by the patterns their names match: which decay, and by which factor each one's learning rate
// differs. For AdamW neighbours with equal settings are one group, since its op walks over flat memory; LAMB's groups are
// the parameters themselves.
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
  /** [groups, 2 or more]: learning-rate factor, weight decay, and what else an optimizer asks of its groups. */
  settings: Float32Array;
}

/** One parameter's settings, and where its elements end: those of the padding behind it are its own. */
interface Setting {
  end: number;
  factor: number;
  decay: number;
  /** Whether `noDecay` leaves it out. */
  exempt: boolean;
}

/** @throws ArgumentError when a pattern is no regular expression or matches no parameter */
function settingsOf(parameters: readonly NamedSpan[], total: number, options: GroupOptions): Setting[] {
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
  const ordered = [...parameters].sort((left, right) => left.offset - right.offset);
  return ordered.map(({ name }, index) => {
    const factor = factors.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
    const exempt = noDecay.some((pattern) => pattern.test(name));
    const end = ordered[index + 1]?.offset ?? total;
    return { end, factor, decay: exempt ? 0 : options.weightDecay, exempt };
  });
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
  const ends: number[] = [];
  const settings: number[] = [];
  for (const { end, factor, decay } of settingsOf(parameters, total, options)) {
    if (settings.at(-2) === factor && settings.at(-1) === decay) ends[ends.length - 1] = end;
    else {
      ends.push(end);
      settings.push(factor, decay);
    }
  }
  return { ends: Int32Array.from(ends), settings: Float32Array.from(settings) };
}

/**
 * A group for each parameter, which adapts its rate unless `noDecay` leaves it out: settings [groups, 3], factor, decay, 1 or 0.
 * @throws ArgumentError when a pattern is no regular expression or matches no parameter
 */
export function tensorGroups(
  { parameters, size }: { parameters: readonly NamedSpan[]; size: number },
  options: GroupOptions,
): ParameterGroups {
  const all = settingsOf(parameters, size, options);
  return {
    ends: Int32Array.from(all, ({ end }) => end),
    settings: Float32Array.from(all.flatMap(({ factor, decay, exempt }) => [factor, decay, exempt ? 0 : 1])),
  };
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw new ArgumentError(`expected a regular expression but received "${pattern}"`, { cause });
  }
}
