// The first rows of a stream, looked at before it is read from its start.

/** Rows that are looked at for a header, or for how a table is laid out. */
export const PEEKED_ROWS = 100;

/** Up to {@link PEEKED_ROWS} rows, and all rows, those among them. */
export async function peekRows<T>(
  source: AsyncGenerator<T>,
): Promise<{ first: readonly T[]; rows: AsyncGenerator<T> }> {
  const first: T[] = [];
  while (first.length < PEEKED_ROWS) {
    const next = await source.next();
    if (next.done) break;
    first.push(next.value);
  }
  async function* rows(): AsyncGenerator<T> {
    try {
      yield* first;
      yield* source;
    } finally {
      await source.return(undefined);
    }
  }
  return { first, rows: rows() };
}
