import type { Handle } from "./abi/abi.js";
import { binding, hasFunction, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { type Created, created, sourceOf } from "./bindings/created.js";
import { addresses, ints, writeHandle } from "./bindings/scratch.js";
import { ensureRunning, finalized } from "./environment.js";
import { invalidType, invalidValue, MpiError, outOfRange } from "./error.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What takes hints takes an Info, a plain object of strings, or null for none. */
export type InfoLike = Info | Readonly<Record<string, string>> | null;

/**
 * Hints to the library: strings by strings, used as a Map. MPI 4.0 chapter 10.
 *
 * Keys and values are UTF-8, and not empty: Open MPI has no empty values. The longest of each that the
 * library takes differs: under Open MPI 4 a key has at most 35 bytes and a value 255.
 *
 * An Info must be freed: `free()`, or `using info = ...`.
 */
export class Info implements Iterable<[string, string]> {
  /** The MPI name of a predefined one. */
  readonly #predefined: string | undefined;
  #handle: Handle | undefined;

  /** @param source The MPI name of a predefined one, or an MPI_Info, which this object will free. */
  constructor(source: string | Created) {
    const { name, handle } = sourceOf(source);
    this.#predefined = name;
    this.#handle = handle;
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /**
   * A new one.
   * @param entries What to begin with: an object of strings, or pairs of key and value (another Info, a Map).
   * @throws as `set`
   * @see MPI_Info_create
   */
  static create(entries: Readonly<Record<string, string>> | Iterable<readonly [string, string]> = {}): Info {
    if (typeof entries !== "object" || entries === null) {
      throw invalidType("entries", "an object of strings or pairs of strings", entries);
    }
    ensureRunning();
    check(native.MPI_Info_create(addresses().handle), "MPI_Info_create");
    const info = new Info(created());
    try {
      for (const [key, value] of Symbol.iterator in entries ? entries : Object.entries(entries)) {
        info.set(key, value);
      }
    } catch (error) {
      info.free();
      throw error;
    }
    return info;
  }

  /** What C gets. @throws MpiError `ERR_MPI_FREED`, `ERR_MPI_FINALIZED` */
  get handle(): Handle {
    ensureRunning();
    if (this.#predefined !== undefined) this.#handle ??= binding().abi.handle(this.#predefined);
    if (this.#handle === undefined) throw new MpiError("This info was freed", { code: "ERR_MPI_FREED" });
    return this.#handle;
  }

  /** Whether it was freed. */
  get freed(): boolean {
    return this.#handle === undefined && this.#predefined === undefined;
  }

  /** How many keys it has. @see MPI_Info_get_nkeys */
  get size(): number {
    check(native.MPI_Info_get_nkeys(this.#contents, addresses().int), "MPI_Info_get_nkeys");
    return ints[0] as number;
  }

  /** The value of a key; undefined if it has none. @see MPI_Info_get_string, MPI_Info_get */
  get(key: string): string | undefined {
    const handle = this.#contents;
    const keyBytes = encode(key, "key", "MPI_MAX_INFO_KEY");
    const { int, int2 } = addresses();
    const value = new Uint8Array(binding().abi.integer("MPI_MAX_INFO_VAL") + 1);
    // MPI 4.0 replaced the second function by the first.
    if (hasFunction("MPI_Info_get_string")) {
      ints[0] = value.length;
      check(native.MPI_Info_get_string(handle, keyBytes, int, value, int2), "MPI_Info_get_string");
    } else {
      check(native.MPI_Info_get(handle, keyBytes, value.length - 1, value, int2), "MPI_Info_get");
    }
    return ints[1] === 0 ? undefined : decode(value);
  }

  /** Whether it has this key. */
  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /**
   * Adds a key, or gives it another value.
   * @throws TypeError, RangeError for what is no string, empty, too long or has a NUL in it; MpiError
   *   `ERR_MPI_INFO` for INFO_ENV, which can only be read
   * @see MPI_Info_set
   */
  set(key: string, value: string): this {
    const handle = this.#writable("MPI_Info_set");
    const keyBytes = encode(key, "key", "MPI_MAX_INFO_KEY");
    check(native.MPI_Info_set(handle, keyBytes, encode(value, "value", "MPI_MAX_INFO_VAL")), "MPI_Info_set");
    return this;
  }

  /** Takes a key away. @returns Whether it was there. @throws as `set` @see MPI_Info_delete */
  delete(key: string): boolean {
    const handle = this.#writable("MPI_Info_delete");
    if (!this.has(key)) return false;
    check(native.MPI_Info_delete(handle, encode(key, "key", "MPI_MAX_INFO_KEY")), "MPI_Info_delete");
    return true;
  }

  /** Takes all keys away. @throws as `set` */
  clear(): void {
    this.#writable("MPI_Info_delete");
    for (const key of this.keys()) this.delete(key);
  }

  /** The keys as they are now, in the library's order. @see MPI_Info_get_nthkey */
  keys(): IterableIterator<string> {
    const handle = this.#contents;
    const bytes = new Uint8Array(binding().abi.integer("MPI_MAX_INFO_KEY") + 1);
    const keys = Array.from({ length: this.size }, (_, n) => {
      check(native.MPI_Info_get_nthkey(handle, n, bytes), "MPI_Info_get_nthkey");
      return decode(bytes);
    });
    return keys.values();
  }

  /** The values, in the order of the keys. */
  values(): IterableIterator<string> {
    return Array.from(this.keys(), (key) => this.get(key) as string).values();
  }

  /** Pairs of key and value: `Object.fromEntries(info)`. */
  entries(): IterableIterator<[string, string]> {
    return Array.from(this.keys(), (key): [string, string] => [key, this.get(key) as string]).values();
  }

  /** Calls a function with each value, its key and this, as a Map does. */
  forEach(action: (value: string, key: string, info: Info) => void): void {
    for (const [key, value] of this.entries()) action(value, key, this);
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  /** Another one with the same entries. @see MPI_Info_dup */
  dup(): Info {
    check(native.MPI_Info_dup(this.#contents, addresses().handle), "MPI_Info_dup");
    return new Info(created());
  }

  /**
   * Gives it back; it cannot be used any more. What was made with it keeps its hints.
   * @throws MpiError `ERR_MPI_INFO` for a predefined one, `ERR_MPI_FREED` for one that was freed
   * @see MPI_Info_free
   */
  free(): void {
    const { handle } = this;
    if (this.#predefined !== undefined)
      throw wrongInfo(`${this.#predefined} cannot be freed`, "MPI_Info_free");
    writeHandle(handle);
    check(native.MPI_Info_free(addresses().handle), "MPI_Info_free");
    this.#handle = undefined;
  }

  /** For `using`: frees it, unless it was or MPI has ended. */
  [Symbol.dispose](): void {
    if (!this.freed && !finalized()) this.free();
  }

  /** The handle of one that has entries. MPICH reports MPI_ERR_ARG for INFO_NULL, Open MPI MPI_ERR_INFO. */
  get #contents(): Handle {
    const { handle } = this;
    if (this.#predefined === "MPI_INFO_NULL") throw wrongInfo("INFO_NULL has no entries", undefined);
    return handle;
  }

  #writable(operation: string): Handle {
    const handle = this.#contents;
    if (this.#predefined !== undefined) throw wrongInfo(`${this.#predefined} can only be read`, operation);
    return handle;
  }
}

/** No hints. Where an Info is taken, null says the same. */
export const INFO_NULL: Info = new Info("MPI_INFO_NULL");
/**
 * How the job was started, as far as the library tells: command, argv, maxprocs, soft, host, arch, wdir, ...
 * Its uses throw MpiError `ERR_MPI_UNSUPPORTED` under MS-MPI. MPI 4.0 section 11.2.2
 */
export const INFO_ENV: Info = new Info("MPI_INFO_ENV");

/**
 * Calls `use` with the hints as C gets them. What C wrote into the scratch memory must be read in `use`.
 * @param info An {@link InfoLike}, checked here; undefined is none. An object becomes an Info for the call.
 */
export function withInfo<Result>(
  info: InfoLike | undefined,
  argument: string,
  use: (handle: Handle) => Result,
): Result {
  if (info === null || info === undefined) return use(INFO_NULL.handle);
  if (info instanceof Info) return use(info.handle);
  if (typeof info !== "object") throw invalidType(argument, "an Info, an object of strings or null", info);
  const temporary = Info.create(info);
  try {
    return use(temporary.handle);
  } finally {
    temporary.free();
  }
}

/** As C wants it, within what the library takes: the maxima count the NUL at the end in most libraries. */
function encode(
  text: string,
  argument: string,
  maximum: "MPI_MAX_INFO_KEY" | "MPI_MAX_INFO_VAL",
): Uint8Array {
  if (typeof text !== "string") throw invalidType(argument, "a string", text);
  if (text.includes("\0")) throw invalidValue(argument, "a C string cannot have a NUL in it", text);
  const bytes = encoder.encode(`${text}\0`);
  const longest = binding().abi.integer(maximum) - 1;
  const length = bytes.length - 1;
  if (length === 0 || length > longest) throw outOfRange(argument, `1 to ${longest} bytes of UTF-8`, text);
  return bytes;
}

const decode = (bytes: Uint8Array): string => decoder.decode(bytes.subarray(0, bytes.indexOf(0)));

const wrongInfo = (message: string, operation: string | undefined): MpiError =>
  new MpiError(message, { code: "ERR_MPI_INFO", errorClass: "MPI_ERR_INFO", operation });
