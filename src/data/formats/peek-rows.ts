// The first rows of a stream, looked at before it is read from its start.

/** Rows that are looked at for a header, or for how a table is laid out. */
export const PEEKED_ROWS = 100;

export interface PeekedRows<T> {
  /** Up to {@link PEEKED_ROWS}. */
  first: readonly T[];
  /** All rows, those among them. */
  rows: AsyncGenerator<T>;
  /** Ends the reading where `rows` is not read at all. */
  close: () => Promise<unknown>;
}

export async function peekRows<T>(source: AsyncGenerator<T>): Promise<PeekedRows<T>> {
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
  return { first, rows: rows(), close: () => source.return(undefined) };
}
