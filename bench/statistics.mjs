// What measured numbers are summed up with. Medians, because the machines that benchmarks run on are shared: one bad
// minute must not decide, and the spread is always shown beside them.

/** Linear between the two nearest of the sorted values; `share` 0.5 is the median. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  return low + (at - Math.floor(at)) * (sorted[Math.ceil(at)] - low);
}

export const median = (values) => quantile(values, 0.5);

/** Median and spread, with the values themselves. */
export const summary = (values) => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  values,
});

export const geometricMean = (values) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
