// Numbers as people read them.

/** `12,800`; fractions are dropped from large numbers only. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** `1 row`, `1,200 rows`. */
export function formatCounted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `8 s`, `3 min 20 s`, `25 min`, `2 h 5 min`: an estimate has no more digits than it knows. */
export function formatTimeLeft(seconds: number): string {
  const step = seconds < 60 ? 1 : seconds < 600 ? 10 : seconds < 3600 ? 60 : 300;
  const rounded = Math.round(seconds / step) * step;
  return formatDuration(rounded).replace(/ min 0 s$/, ' min');
}

/** `999 bytes`, `52.1 kB`, `23.6 MB`; a kB is 1000 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
