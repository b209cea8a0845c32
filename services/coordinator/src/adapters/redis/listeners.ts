/** Listeners by key, called in the order in which they came. */
export class Listeners<T> {
  readonly #byKey = new Map<string, Set<(word: T) => void>>();

  add(key: string, listener: (word: T) => void): () => void {
    const set = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#byKey.get(key) === set) this.#byKey.delete(key);
    };
  }

  call(key: string, word: T): void {
    for (const listener of this.#byKey.get(key) ?? []) listener(word);
  }

  callAll(word: T): void {
    for (const set of this.#byKey.values()) for (const listener of set) listener(word);
  }
}
