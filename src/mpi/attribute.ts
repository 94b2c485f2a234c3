import { bufferSourceToDataView } from "typed-array-utils";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints, pointers } from "./bindings/scratch.js";
import { HOST, IO } from "./constants.js";
import { ensureRunning } from "./environment.js";
import { invalidType, MpiError } from "./error.js";

/*
 * Values that are attached to an MPI object. MPI 4.0 section 7.7
 *
 * Those of users are kept here, by the rules of the standard, and not in the library: it would keep addresses,
 * and a JavaScript value has none. So other languages in this process do not see them.
 */

/** What happens to a value, both after the standard's MPI_Comm_copy_attr_function and its like. */
export interface KeyvalOptions<Value, Owner> {
  /**
   * Called when the owner is duplicated.
   * @returns What the duplicate gets; undefined for nothing. Default: nothing.
   */
  readonly copy?: (owner: Owner, value: Value) => Value | undefined;
  /** Called when the value is deleted or replaced, and before the owner is freed. */
  readonly delete?: (owner: Owner, value: Value) => void;
}

/** A key under which every communicator can have one value, known to this process only. MPI 4.0 section 7.7.2 */
export class Keyval<Value, Owner = unknown> {
  /** Whether it was freed. */
  freed = false;
  readonly #options: KeyvalOptions<Value, Owner>;

  private constructor(options: KeyvalOptions<Value, Owner>) {
    this.#options = options;
  }

  /**
   * A new key: `Keyval.create<string>()`, `Keyval.create({ copy: (comm: Communicator, value: Plan) => value })`.
   * @see MPI_Comm_create_keyval
   */
  static create<Value, Owner = unknown>(options: KeyvalOptions<Value, Owner> = {}): Keyval<Value, Owner> {
    for (const name of ["copy", "delete"] as const) {
      const given: unknown = options[name];
      if (given !== undefined && typeof given !== "function")
        throw invalidType(`options.${name}`, "a function", given);
    }
    return new Keyval(options);
  }

  /** What a duplicate of the owner gets. */
  copied(owner: Owner, value: Value): Value | undefined {
    return this.#options.copy?.(owner, value);
  }

  /** Tells that the value goes. */
  deleted(owner: Owner, value: Value): void {
    this.#options.delete?.(owner, value);
  }

  /**
   * It cannot be used any more. Values under it stay until their owners are freed, and are copied as before.
   * @see MPI_Comm_free_keyval
   */
  free(): void {
    this.freed = true;
  }

  /** For `using`. */
  [Symbol.dispose](): void {
    this.free();
  }
}

/** The attributes of one MPI object, in the order in which they were set. */
export class Attributes<Owner> {
  readonly #owner: Owner;
  readonly #values: Map<Keyval<unknown, Owner>, unknown> = new Map();

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  get<Value>(key: Keyval<Value, Owner>): Value | undefined {
    return this.#values.get(usable(key)) as Value | undefined;
  }

  /** @throws What the delete function of a value that is replaced throws: it is not replaced then. */
  set<Value>(key: Keyval<Value, Owner>, value: Value): void {
    const known = usable(key);
    if (value === undefined) throw invalidType("value", "any value but undefined", value);
    this.delete(key);
    this.#values.set(known, value);
  }

  /** @returns Whether there was a value. @throws What its delete function throws: it stays then. */
  delete<Value>(key: Keyval<Value, Owner>): boolean {
    const known = usable(key);
    if (!this.#values.has(known)) return false;
    known.deleted(this.#owner, this.#values.get(known));
    return this.#values.delete(known);
  }

  /** For a duplicate of the owner. @throws What a copy function throws, when all are copied. */
  copyTo(duplicate: Attributes<Owner>): void {
    forEach([...this.#values], ([key, value]) => {
      const copy = key.copied(this.#owner, value);
      if (copy !== undefined) duplicate.#values.set(key, copy);
    });
  }

  /** Before the owner is freed; the last first. @throws What a delete function throws, when all are deleted. */
  clear(): void {
    const entries = [...this.#values].reverse();
    forEach(entries, ([key, value]) => {
      this.#values.delete(key);
      key.deleted(this.#owner, value);
    });
  }
}

/** Does all, whatever is thrown, then throws the first of it. */
function forEach<Item>(items: readonly Item[], each: (item: Item) => void): void {
  const thrown: unknown[] = [];
  for (const item of items) {
    try {
      each(item);
    } catch (error) {
      thrown.push(error);
    }
  }
  if (thrown.length > 0) throw thrown[0];
}

/** The key of a map that holds values of all types. */
function usable<Value, Owner>(key: Keyval<Value, Owner>): Keyval<unknown, Owner> {
  if (!(key instanceof Keyval)) throw invalidType("key", "a Keyval", key);
  if (!key.freed) return key as unknown as Keyval<unknown, Owner>;
  throw new MpiError("This keyval was freed", { code: "ERR_MPI_KEYVAL", errorClass: "MPI_ERR_KEYVAL" });
}

/**
 * The value of a predefined attribute, which all communicators share: the library has them at COMM_WORLD only
 * (Open MPI) or at all (MPICH).
 * @param key TAG_UB, IO, HOST, WTIME_IS_GLOBAL, APPNUM, LASTUSEDCODE or UNIVERSE_SIZE.
 * @returns undefined if the library does not tell.
 * @throws TypeError for another key
 * @see MPI_Comm_get_attr, MPI 4.0 section 9.1.2
 */
export function predefinedAttribute(key: number): number | undefined {
  const { abi, constants, engine } = binding();
  const keyval = constants.attribute(key);
  ensureRunning();
  const { handle, int } = addresses();
  check(native.MPI_Comm_get_attr(abi.handle("MPI_COMM_WORLD"), keyval, handle, int), "MPI_Comm_get_attr");
  if (ints[0] === 0) return undefined;
  // The attribute is a pointer to an int.
  const bytes = engine.bytesAt(pointers[0] as bigint, 4);
  const value = bufferSourceToDataView(bytes).getInt32(0, true);
  return key === HOST || key === IO ? constants.rank(value) : value;
}
