// Numbers appended one by one to a typed array that doubles when it is full.

type Numbers = Float64Array | Uint32Array;

export class GrowingArray<T extends Numbers> {
  readonly #make: (length: number) => T;
  #values: T;
  #length = 0;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#values = make(1024);
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const longer = this.#make(2 * this.#length);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#length++] = value;
  }

  /** The numbers, in memory of their own size. */
  finish(): T {
    return this.#values.slice(0, this.#length) as T;
  }
}
