import type { Datatype } from "../datatype/datatype.js";

/**
 * The derived datatypes that buffers were given lately, so that a program that sends the same view again and
 * again makes its datatype once. A type that is dropped is freed, which does not disturb the operations that
 * use it. MPI 4.0 section 5.1.9
 */
export class TypeCache<Entry extends { readonly type: Datatype }> {
  readonly #capacity: number;
  /** In the order of their last use: a Map keeps the order of insertion. */
  readonly #entries = new Map<string, Entry>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of this key, made by `make` if there is none. */
  get(key: string, make: () => Entry): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = make();
      this.#dropOldest();
    } else this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #dropOldest(): void {
    if (this.#entries.size < this.#capacity) return;
    const [oldest] = this.#entries;
    if (oldest === undefined) return;
    const [key, { type }] = oldest;
    this.#entries.delete(key);
    type.free();
  }
}
