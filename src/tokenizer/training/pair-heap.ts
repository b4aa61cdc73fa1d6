// A binary heap of pairs of tokens by how often they occur: the most frequent first, of equal ones the smallest number.

export interface CountedPair {
  count: number;
  pair: number;
}

export class PairHeap {
  readonly #items: CountedPair[] = [];

  push(count: number, pair: number): void {
    const items = this.#items;
    let at = items.length;
    const item = { count, pair };
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, items[parent] as CountedPair)) break;
      items[at] = items[parent] as CountedPair;
      at = parent;
    }
    items[at] = item;
  }

  /** The first pair, taken out; undefined when there is none. */
  pop(): CountedPair | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as CountedPair, items[child] as CountedPair))
        child += 1;
      if (!before(items[child] as CountedPair, last)) break;
      items[at] = items[child] as CountedPair;
      at = child;
    }
    items[at] = last;
    return first;
  }
}

function before(a: CountedPair, b: CountedPair): boolean {
  return a.count > b.count || (a.count === b.count && a.pair < b.pair);
}
