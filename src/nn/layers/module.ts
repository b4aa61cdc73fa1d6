// A module owns its parameters and submodules, and frees them together.
export abstract class Module implements Disposable {
  readonly #owned: Disposable[] = [];

  /** Notes that `part` is freed with this module. */
  protected own<T extends Disposable>(part: T): T {
    this.#owned.push(part);
    return part;
  }

  /** Frees its parameters and submodules. */
  dispose(): void {
    for (const part of this.#owned.splice(0)) part[Symbol.dispose]();
  }

  /** As {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
