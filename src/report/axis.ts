// An axis of a chart: where a value lies between 0 and 1, and the few round values that are labelled.

export interface Axis {
  label: string;
  /** 0 at the axis' start, 1 at its end. */
  place(value: number): number;
  ticks: { at: number; text: string }[];
}

/** A number as an axis has it: grouped, without trailing zeros; very small ones with a power of ten. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9))
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

/** About `count` round values, 1, 2 or 5 times a power of ten apart, within a range. */
export function roundTicks(least: number, largest: number, count = 5): number[] {
  const rough = (largest - least) / count;
  if (!(rough > 0)) return [least];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) as number);
  const first = Math.ceil(least / step - 1e-9);
  const steps = Math.floor(largest / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, steps) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** Equal distances for equal differences. */
export function linearAxis(label: string, least: number, largest: number, count = 5): Axis {
  const size = largest - least || 1;
  const place = (value: number) => (value - least) / size;
  const ticks = roundTicks(least, largest, count).map((value) => ({
    at: place(value),
    text: shortNumber(value),
  }));
  return { label, place, ticks };
}

/** Equal distances for equal ratios, from a power of ten to a power of ten; at most seven of them are labelled. */
export function logAxis(label: string, least: number, largest: number): Axis {
  const bottom = Math.floor(Math.log10(least) + 1e-9);
  const top = Math.max(bottom + 1, Math.ceil(Math.log10(largest) - 1e-9));
  const place = (value: number) => (Math.log10(value) - bottom) / (top - bottom);
  const every = Math.ceil((top - bottom) / 6);
  const ticks = [];
  for (let power = top; power >= bottom; power -= every) {
    const value = 10 ** power;
    ticks.push({ at: place(value), text: power >= -3 && power <= 5 ? shortNumber(value) : `1e${power}` });
  }
  return { label, place, ticks };
}
