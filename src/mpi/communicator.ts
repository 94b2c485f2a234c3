import type { Handle } from "./abi/abi.js";
import { Attributes, type Keyval, predefinedAttribute } from "./attribute.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { Created, created } from "./bindings/created.js";
import { addresses, HandleArray, ints, readHandle, writeHandle } from "./bindings/scratch.js";
import { COMM_TYPE_SHARED, UNDEFINED } from "./constants.js";
import { sendTag } from "./context.js";
import { beforeFinalize, finalized, version } from "./environment.js";
import { invalidType, invalidValue, MpiError, outOfRange } from "./error.js";
import { assertGroup, Group } from "./group.js";
import { Info, type InfoLike, withInfo } from "./info.js";
import { Objects } from "./object/object.js";
import { Request, Transfer } from "./request/index.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A group of processes and a context in which only they communicate; of an intercommunicator two groups, the
 * processes of one of which communicate with those of the other. MPI 4.0 chapter 7.
 *
 * It must be freed by all its processes together: `free()`, or `using comm = ...`.
 */
export class Communicator extends Objects {
  readonly #attributes: Attributes<Communicator> = new Attributes<Communicator>(this);

  /** A name for debuggers and error messages, cut by the library to its maximum. @see MPI_Comm_get_name, MPI_Comm_set_name */
  get name(): string {
    const bytes = new Uint8Array(binding().abi.integer("MPI_MAX_OBJECT_NAME") + 1);
    check(native.MPI_Comm_get_name(this.handle, bytes, addresses().int), "MPI_Comm_get_name");
    return decoder.decode(bytes.subarray(0, ints[0]));
  }

  set name(name: string) {
    if (typeof name !== "string") throw invalidType("name", "a string", name);
    const longest = binding().abi.integer("MPI_MAX_OBJECT_NAME") - 1;
    if (name.includes("\0")) throw invalidValue("name", "expected no zero, at which C ends it", name);
    const bytes = encoder.encode(name);
    if (bytes.length > longest) throw outOfRange("name", `at most ${longest} bytes of UTF-8`, name);
    check(native.MPI_Comm_set_name(this.handle, encoder.encode(`${name}\0`)), "MPI_Comm_set_name");
  }

  /** The hints that the library uses, to be freed by the caller. @see MPI_Comm_get_info, MPI 4.0 section 7.4.4 */
  getInfo(): Info {
    check(native.MPI_Comm_get_info(this.handle, addresses().handle), "MPI_Comm_get_info");
    return new Info(created());
  }

  /**
   * Gives hints to the library, which may ignore them. Collective.
   * @param info The same on all processes.
   * @see MPI_Comm_set_info, MPI 4.0 section 7.4.4
   */
  setInfo(info: InfoLike): void {
    withInfo(info, "info", (hints) => {
      check(native.MPI_Comm_set_info(this.handle, hints), "MPI_Comm_set_info");
    });
  }

  /**
   * What is attached to this communicator under a key of the user's, or what MPI tells of its environment.
   * @param key A Keyval; or TAG_UB, UNIVERSE_SIZE, APPNUM, WTIME_IS_GLOBAL, LASTUSEDCODE, IO or HOST, which are
   *   the same for all communicators.
   * @returns undefined if there is no such value.
   * @throws MpiError `ERR_MPI_KEYVAL` for a keyval that was freed
   * @see MPI_Comm_get_attr, MPI 4.0 sections 7.7.2 and 9.1.2
   */
  attribute(key: number): number | undefined;
  attribute<Value>(key: Keyval<Value, Communicator>): Value | undefined;
  attribute<Value>(key: number | Keyval<Value, Communicator>): Value | number | undefined {
    this.#assertAlive();
    return typeof key === "number" ? predefinedAttribute(key) : this.#attributes.get(key);
  }

  /** Attaches a value, which is not undefined. The one it replaces is deleted first. @see MPI_Comm_set_attr */
  setAttribute<Value>(key: Keyval<Value, Communicator>, value: Value): void {
    this.#assertAlive();
    this.#attributes.set(key, value);
  }

  /** Deletes a value. @returns Whether there was one. @see MPI_Comm_delete_attr */
  deleteAttribute<Value>(key: Keyval<Value, Communicator>): boolean {
    this.#assertAlive();
    return this.#attributes.delete(key);
  }

  /**
   * The same processes in another context, with the attributes that their keyvals copy, and the hints. Collective.
   * @throws What a keyval's copy function throws, after the duplication: the duplicate is lost then
   * @see MPI_Comm_dup, MPI 4.0 section 7.4.2
   */
  dup(): Communicator {
    check(native.MPI_Comm_dup(this.handle, addresses().handle), "MPI_Comm_dup");
    return this.#duplicate(readHandle());
  }

  /** As `dup`, with other hints. @see MPI_Comm_dup_with_info, MPI 4.0 section 7.4.2 */
  dupWithInfo(info: InfoLike): Communicator {
    const duplicate = withInfo(info, "info", (hints) => {
      check(native.MPI_Comm_dup_with_info(this.handle, hints, addresses().handle), "MPI_Comm_dup_with_info");
      return readHandle();
    });
    return this.#duplicate(duplicate);
  }

  /**
   * As `dup`, without blocking: the duplicate comes when all processes have called it.
   * @see MPI_Comm_idup, MPI 4.0 section 7.4.2
   */
  async idup(): Promise<Communicator> {
    const duplicate = new HandleArray(1);
    check(native.MPI_Comm_idup(this.handle, duplicate.view, addresses().handle), "MPI_Comm_idup");
    return this.#whenDuplicated("MPI_Comm_idup", readHandle(), duplicate);
  }

  /** As `idup`, with other hints. MPI 4.0. @see MPI_Comm_idup_with_info, MPI 4.0 section 7.4.2 */
  async idupWithInfo(info: InfoLike): Promise<Communicator> {
    const duplicate = new HandleArray(1);
    const request = withInfo(info, "info", (hints) => {
      check(
        native.MPI_Comm_idup_with_info(this.handle, hints, duplicate.view, addresses().handle),
        "MPI_Comm_idup_with_info",
      );
      return readHandle();
    });
    return this.#whenDuplicated("MPI_Comm_idup_with_info", request, duplicate);
  }

  /**
   * One communicator for each color, of the processes that gave it. Collective.
   * @param color From 0 to 2^31 - 1, or UNDEFINED to be in none.
   * @param key Orders the ranks in the new communicator; equal keys keep their order. Default 0.
   * @returns null where the color is UNDEFINED, and on an intercommunicator where the other side has no such color.
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
   * @param type COMM_TYPE_SHARED for memory, COMM_TYPE_HW_UNGUIDED for the next level of the hardware,
   *   COMM_TYPE_HW_GUIDED for the one that `info` names, or UNDEFINED to be in none.
   * @param key As in `split`.
   * @param info Hints: `{ mpi_hw_resource_type: "numanode" }`. Default none.
   * @returns null where the type is UNDEFINED, or there is no such level.
   * @throws MpiError `ERR_MPI_UNSUPPORTED` if the library has no such type
   * @see MPI_Comm_split_type, MPI 4.0 section 7.4.2
   */
  splitType(type: number, key = 0, info: InfoLike = null): Communicator | null {
    const { handle } = this;
    const nativeType = binding().constants.splitType(type);
    if (type !== COMM_TYPE_SHARED && type !== UNDEFINED) assertHardwareTypes();
    assertInt("key", key, -(2 ** 31));
    return withInfo(info, "info", (hints) => {
      check(
        native.MPI_Comm_split_type(handle, nativeType, key, hints, addresses().handle),
        "MPI_Comm_split_type",
      );
      return communicatorOrNull();
    });
  }

  /** The processes of this communicator (of an intercommunicator: of the local group). @see MPI_Comm_group */
  group(): Group {
    check(native.MPI_Comm_group(this.handle, addresses().handle), "MPI_Comm_group");
    return new Group(created());
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

  /**
   * An intercommunicator of this communicator's processes and those of another group. Collective over both.
   * @param localLeader The rank in this communicator of the process that speaks for it, the same everywhere.
   * @param peerComm In it the two leaders can communicate; on other processes null.
   * @param remoteLeader The rank in `peerComm` of the other group's leader; of no meaning on other processes.
   * @param tag Of the leaders' messages in `peerComm`. Default 0.
   * @see MPI_Intercomm_create, MPI 4.0 section 7.6.2
   */
  createIntercomm(
    localLeader: number,
    peerComm: Communicator | null,
    remoteLeader: number,
    tag = 0,
  ): Communicator {
    if (this.isInter) throw wrongKind("createIntercomm", "an intercommunicator", "MPI_Intercomm_create");
    assertInt("localLeader", localLeader, 0, this.size - 1);
    const nativeTag = sendTag(tag);
    let peer = binding().abi.handle("MPI_COMM_NULL");
    if (this.rank === localLeader) {
      if (!(peerComm instanceof Communicator)) throw invalidType("peerComm", "a Communicator", peerComm);
      assertInt("remoteLeader", remoteLeader, 0, peerComm.peers - 1);
      peer = peerComm.handle;
    }
    const remote = this.rank === localLeader ? remoteLeader : 0;
    const { handle } = addresses();
    const code = native.MPI_Intercomm_create(this.handle, localLeader, peer, remote, nativeTag, handle);
    check(code, "MPI_Intercomm_create");
    return new Communicator(created());
  }

  /**
   * The processes of both groups of an intercommunicator in one. Collective over both.
   * @param high The same on all processes of a group; those of the group that says true come last. Default false.
   * @throws MpiError `ERR_MPI_COMM` for what is no intercommunicator
   * @see MPI_Intercomm_merge, MPI 4.0 section 7.6.2
   */
  merge(high = false): Communicator {
    this.#assertInter("merge", "MPI_Intercomm_merge");
    if (typeof high !== "boolean") throw invalidType("high", "a boolean", high);
    check(native.MPI_Intercomm_merge(this.handle, high ? 1 : 0, addresses().handle), "MPI_Intercomm_merge");
    return new Communicator(created());
  }

  /** How many processes the other group has. @throws MpiError `ERR_MPI_COMM` as `merge` @see MPI_Comm_remote_size */
  get remoteSize(): number {
    this.#assertInter("remoteSize", "MPI_Comm_remote_size");
    return this.peers;
  }

  /** The processes of the other group. @throws MpiError `ERR_MPI_COMM` as `merge` @see MPI_Comm_remote_group */
  remoteGroup(): Group {
    this.#assertInter("remoteGroup", "MPI_Comm_remote_group");
    check(native.MPI_Comm_remote_group(this.handle, addresses().handle), "MPI_Comm_remote_group");
    return new Group(created());
  }

  /** IDENT, CONGRUENT (same processes and order), SIMILAR (another order) or UNEQUAL. @see MPI_Comm_compare */
  compare(other: Communicator): number {
    if (!(other instanceof Communicator)) throw invalidType("other", "a Communicator", other);
    check(native.MPI_Comm_compare(this.handle, other.handle, addresses().int), "MPI_Comm_compare");
    return binding().constants.comparison(ints[0] as number);
  }

  /**
   * Ends the processes of this communicator at once; the libraries end the whole job.
   * @param code The exit code that the launcher is told. Default 1.
   * @see MPI_Abort, MPI 4.0 section 9.7
   */
  abort(code = 1): never {
    assertInt("code", code, -(2 ** 31));
    native.MPI_Abort(this.handle, code);
    process.exit(code); // Not reached: MPI_Abort does not return.
  }

  /**
   * Gives it back; it cannot be used any more. Its attributes are deleted first. Collective.
   * @throws MpiError `ERR_MPI_COMM` for a predefined communicator, `ERR_MPI_FREED` for one that was freed; what a
   *   keyval's delete function throws, after the communicator is freed
   * @see MPI_Comm_free, MPI 4.0 section 7.4.3
   */
  free(): void {
    try {
      if (!this.#isPredefined) this.#attributes.clear();
    } finally {
      writeHandle(this.release());
      check(native.MPI_Comm_free(addresses().handle), "MPI_Comm_free");
    }
  }

  /** For `using`: frees it, unless it was or MPI has ended. */
  [Symbol.dispose](): void {
    if (!this.freed && !finalized()) this.free();
  }

  get #isPredefined(): boolean {
    return this === COMM_WORLD || this === COMM_SELF;
  }

  static {
    // MPI 4.0 section 11.2.4: MPI_Finalize begins as if COMM_SELF were freed, so that libraries can clean up.
    beforeFinalize(() => COMM_SELF.#attributes.clear());
  }

  #duplicate(handle: Handle): Communicator {
    const duplicate = new Communicator(new Created(handle));
    this.#attributes.copyTo(duplicate.#attributes);
    return duplicate;
  }

  /** @param duplicate Where C writes the handle, at the latest when `request` is complete. */
  async #whenDuplicated(operation: string, request: Handle, duplicate: HandleArray): Promise<Communicator> {
    await new Request(new Transfer(request, operation, { kind: "collective", buffers: [duplicate.view] }));
    return this.#duplicate(duplicate.get(0));
  }

  #assertInter(what: string, operation: string): void {
    if (!this.isInter) throw wrongKind(what, "no intercommunicator", operation);
  }

  /** Attributes are no business of the library, which would refuse a communicator that was freed. */
  #assertAlive(): void {
    if (this.freed) throw new MpiError("This communicator was freed", { code: "ERR_MPI_FREED" });
  }
}

/** All processes that were started together. */
export const COMM_WORLD: Communicator = new Communicator("MPI_COMM_WORLD");
/** This process alone. */
export const COMM_SELF: Communicator = new Communicator("MPI_COMM_SELF");

/** The communicator that a call made, or null if this process is in none. */
function communicatorOrNull(): Communicator | null {
  const handle: Handle = readHandle();
  return handle === binding().abi.handle("MPI_COMM_NULL") ? null : new Communicator(new Created(handle));
}

/** A family's constants are those of its newest library: Open MPI 4 knows only some of them. */
function assertHardwareTypes(): void {
  if (version()[0] >= 4) return;
  throw new MpiError("Split types of the hardware are not supported by this MPI; they came with MPI 4.0", {
    code: "ERR_MPI_UNSUPPORTED",
    operation: "MPI_Comm_split_type",
  });
}

const wrongKind = (what: string, kind: string, operation: string): MpiError =>
  new MpiError(`${what}: this communicator is ${kind}`, {
    code: "ERR_MPI_COMM",
    errorClass: "MPI_ERR_COMM",
    operation,
  });

function assertInt(argument: string, value: unknown, minimum: number, maximum = 2 ** 31 - 1): void {
  if (typeof value !== "number") throw invalidType(argument, "an integer", value);
  const fits = Number.isInteger(value) && value >= minimum && value <= maximum;
  if (!fits) throw outOfRange(argument, `an integer from ${minimum} to ${maximum}`, value);
}
