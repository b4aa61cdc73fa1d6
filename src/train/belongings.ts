// What is to be freed together, the last first: what a task opened, when its run ends or when a later part of it fails to
// open.

export class Belongings implements AsyncDisposable {
  readonly #owned: (Disposable | AsyncDisposable)[] = [];

  own<T extends Disposable | AsyncDisposable>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }

  /** Frees everything. @throws the first error, once all have been tried */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const owned of this.#owned.splice(0).reverse()) {
      try {
        if (Symbol.asyncDispose in owned) await owned[Symbol.asyncDispose]();
        else owned[Symbol.dispose]();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
