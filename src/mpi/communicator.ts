import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints, readHandle, writeHandle } from "./bindings/scratch.js";
import { Collective } from "./collective.js";
import { UNDEFINED } from "./constants.js";
import { sendTag } from "./context.js";
import { invalidType, outOfRange } from "./error.js";
import { assertGroup, Group } from "./group.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A group of processes and a context in which only they communicate. MPI 4.0 chapter 7 (missing:
 * intercommunicators, info, attributes).
 *
 * It must be freed by all its processes together: `free()`, or `using comm = ...`.
 */
export class Communicator extends Collective {
  /** A name for debuggers and error messages, cut by the library to its maximum. @see MPI_Comm_get_name, MPI_Comm_set_name */
  get name(): string {
    const bytes = new Uint8Array(binding().abi.integer("MPI_MAX_OBJECT_NAME") + 1);
    check(native.MPI_Comm_get_name(this.handle, bytes, addresses().int), "MPI_Comm_get_name");
    return decoder.decode(bytes.subarray(0, ints[0]));
  }

  set name(name: string) {
    if (typeof name !== "string") throw invalidType("name", "a string", name);
    const longest = binding().abi.integer("MPI_MAX_OBJECT_NAME") - 1;
    const bytes = encoder.encode(name);
    if (bytes.length > longest) throw outOfRange("name", `at most ${longest} bytes of UTF-8`, name);
    check(native.MPI_Comm_set_name(this.handle, encoder.encode(`${name}\0`)), "MPI_Comm_set_name");
  }

  /** The same processes in another context. Collective. @see MPI_Comm_dup, MPI 4.0 section 7.4.2 */
  dup(): Communicator {
    check(native.MPI_Comm_dup(this.handle, addresses().handle), "MPI_Comm_dup");
    return new Communicator(readHandle());
  }

  /**
   * One communicator for each color, of the processes that gave it. Collective.
   * @param color From 0 to 2^31 - 1, or UNDEFINED to be in none.
   * @param key Orders the ranks in the new communicator; equal keys keep their order. Default 0.
   * @returns null where the color is UNDEFINED.
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Comm_split, MPI 4.0 section 7.4.2
   */
  split(color: number, key = 0): Communicator | null {
    const nativeColor = color === UNDEFINED ? binding().constants.toNative(UNDEFINED, "color") : color;
    if (color !== UNDEFINED) assertInt("color", color, 0);
    assertInt("key", key, -(2 ** 31));
    check(native.MPI_Comm_split(this.handle, nativeColor, key, addresses().handle), "MPI_Comm_split");
    return communicatorOrNull();
  }

  /**
   * One communicator for each group of processes that share something. Collective.
   * @param type COMM_TYPE_SHARED for memory, COMM_TYPE_HW_UNGUIDED, or UNDEFINED to be in none.
   * @param key As in `split`.
   * @returns null where the type is UNDEFINED.
   * @see MPI_Comm_split_type, MPI 4.0 section 7.4.2
   */
  splitType(type: number, key = 0): Communicator | null {
    const { handle } = this;
    const { abi, constants } = binding();
    const nativeType = constants.splitType(type);
    assertInt("key", key, -(2 ** 31));
    const info = abi.handle("MPI_INFO_NULL");
    check(
      native.MPI_Comm_split_type(handle, nativeType, key, info, addresses().handle),
      "MPI_Comm_split_type",
    );
    return communicatorOrNull();
  }

  /** The processes of this communicator (of an intercommunicator: of the local group). @see MPI_Comm_group */
  group(): Group {
    check(native.MPI_Comm_group(this.handle, addresses().handle), "MPI_Comm_group");
    return new Group(readHandle());
  }

  /**
   * A communicator of the processes in `group`. Collective over all of this communicator.
   * @returns null on processes that are not in the group.
   * @see MPI_Comm_create, MPI 4.0 section 7.4.2
   */
  create(group: Group): Communicator | null {
    assertGroup(group, "group");
    check(native.MPI_Comm_create(this.handle, group.handle, addresses().handle), "MPI_Comm_create");
    return communicatorOrNull();
  }

  /**
   * As `create`, but only the processes in `group` call it.
   * @param tag Tells apart calls from several threads. Default 0.
   * @see MPI_Comm_create_group, MPI 4.0 section 7.4.2
   */
  createGroup(group: Group, tag = 0): Communicator | null {
    assertGroup(group, "group");
    const { handle } = addresses();
    check(
      native.MPI_Comm_create_group(this.handle, group.handle, sendTag(tag), handle),
      "MPI_Comm_create_group",
    );
    return communicatorOrNull();
  }

  /** IDENT, CONGRUENT (same processes and order), SIMILAR (another order) or UNEQUAL. @see MPI_Comm_compare */
  compare(other: Communicator): number {
    if (!(other instanceof Communicator)) throw invalidType("other", "a Communicator", other);
    check(native.MPI_Comm_compare(this.handle, other.handle, addresses().int), "MPI_Comm_compare");
    return binding().constants.comparison(ints[0] as number);
  }

  /**
   * Gives it back; it cannot be used any more. Collective.
   * @throws MpiError `ERR_MPI_COMM` for a predefined communicator, `ERR_MPI_FREED` for one that was freed
   * @see MPI_Comm_free, MPI 4.0 section 7.4.3
   */
  free(): void {
    writeHandle(this.release());
    check(native.MPI_Comm_free(addresses().handle), "MPI_Comm_free");
  }

  /** For `using`: frees it, unless it was. */
  [Symbol.dispose](): void {
    if (!this.freed) this.free();
  }
}

/** All processes that were started together. */
export const COMM_WORLD: Communicator = new Communicator("MPI_COMM_WORLD");
/** This process alone. */
export const COMM_SELF: Communicator = new Communicator("MPI_COMM_SELF");

/** The communicator that a call made, or null if this process is in none. */
function communicatorOrNull(): Communicator | null {
  const handle: Handle = readHandle();
  return handle === binding().abi.handle("MPI_COMM_NULL") ? null : new Communicator(handle);
}

function assertInt(argument: string, value: unknown, minimum: number): void {
  if (typeof value !== "number") throw invalidType(argument, "an integer", value);
  const fits = Number.isInteger(value) && value >= minimum && value < 2 ** 31;
  if (!fits) throw outOfRange(argument, `an integer from ${minimum} to ${2 ** 31 - 1}`, value);
}
