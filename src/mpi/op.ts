import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints } from "./bindings/scratch.js";
import { isLong, partsOf } from "./buffer/pieces.js";
import { assertApart, type MessageBuffer, ResolvedBuffer, resolve } from "./buffer.js";
import type { Datatype } from "./datatype.js";
import { ensureRunning, finalized } from "./environment.js";
import { invalidType, invalidValue, MpiError, outOfRange } from "./error.js";
import { combines } from "./op/reducible.js";
import { type Combine, operandOf, UserFunction } from "./op/user-function.js";
import type { Callee } from "./request/index.js";

/** What a user-defined operation combines: the class of the arrays that the reduction is called with. */
export type Operands =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  | DataView;

/**
 * Combines two lists of elements: `inoutvec[i] = invec[i] op inoutvec[i]`, for each i.
 *
 * Both are of the class of the array in the reduction's buffer. Bytes under another datatype (a Uint8Array,
 * DataView or ArrayBuffer with `type`) come as the TypedArray of that type, complex numbers as pairs (real,
 * imaginary), and what has no TypedArray (long double, pairs, derived types) as a DataView, the elements of
 * which are an extent apart.
 *
 * A long list comes in pieces. The views hold copies, which the next call overwrites.
 */
export type OpFunction<View extends ArrayBufferView> = (invec: View, inoutvec: View, type: Datatype) => void;

export interface OpOptions {
  /** Whether `a op b` is `b op a`; if not, ranks are combined in their order. Default true. */
  readonly commute?: boolean;
}

/** What one reduction combines. */
export type OpOperands = Pick<ResolvedBuffer, "data" | "type" | "view" | "argument">;

/** What one reduction needs of its operation. */
export interface OpUse {
  /** What C gets. */
  readonly handle: Handle;
  /** Must be asked once the reduction is over, also if the library failed. A predefined operation has none. */
  readonly callee: Callee | undefined;
}

/**
 * After the C function of a blocking reduction.
 * @param code What it returned.
 * @throws MpiError what the library reported; what the user's function threw
 */
export function endUse({ callee }: OpUse, code: number, operation: string): void {
  const error = callee?.takeError();
  check(code, operation);
  if (error !== undefined) throw error;
}

/**
 * A reduction operation. MPI 4.0 section 6.9.
 *
 * The predefined ones are constants under their MPI names; nothing is loaded before one is used.
 */
export class Op {
  /** `"MPI_SUM"`; of a user-defined operation the name of its function. */
  readonly name: string;
  #handle: Handle | undefined;
  /** The type that was last found to be combined by this operation. */
  #accepted: Datatype | undefined;
  readonly #user: UserOp | undefined;
  #use: OpUse | undefined;

  /** For predefined operations; others are made by `Op.create`. */
  constructor(name: string, user?: UserOp) {
    this.name = name;
    this.#user = user;
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #user in value;
  }

  /**
   * An operation in JavaScript. What the function throws is thrown by the reduction, on the process where it
   * happened and after the library is done with it; the result is undefined then, on all processes.
   * @param combine See {@link OpFunction}. It must be associative, must not call MPI, and cannot be async.
   * @param options.commute Default true.
   * @throws FfiError `ERR_FFI_UNSUPPORTED` if the FFI engine has no callbacks (ffi-rs); MpiError `ERR_MPI_OP`
   *   if too many are in use (8192 with koffi)
   * @see MPI_Op_create, MPI 4.0 section 6.9.5
   */
  static create<View extends Operands = Float64Array>(
    combine: OpFunction<View>,
    options: OpOptions = {},
  ): Op {
    if (typeof combine !== "function") throw invalidType("combine", "a function", combine);
    const { commute = true } = options;
    if (typeof commute !== "boolean") throw invalidType("options.commute", "a boolean", commute);
    ensureRunning();
    return new Op(combine.name || "user-defined operation", new UserOp(combine as Combine, commute));
  }

  /** @internal What C gets of a predefined operation; a user-defined one has a handle for each `use`. */
  get handle(): Handle {
    if (this.#user !== undefined) throw wrongOp(`${this.name} is user-defined, expected a predefined one`);
    this.#handle ??= binding().abi.handle(this.name);
    return this.#handle;
  }

  /** @internal Whether it is a JavaScript function. */
  get isUserDefined(): boolean {
    return this.#user !== undefined;
  }

  /** Whether `a op b` is `b op a`. @see MPI_Op_commutative, MPI 4.0 section 6.9.7 */
  get commutative(): boolean {
    if (this.#user !== undefined) return this.#user.commute;
    ensureRunning();
    check(native.MPI_Op_commutative(this.handle, addresses().int), "MPI_Op_commutative");
    return ints[0] !== 0;
  }

  /** Whether it was freed. */
  get freed(): boolean {
    return this.#user?.freed ?? false;
  }

  /**
   * Combines two buffers of this process: `inoutvec[i] = invec[i] op inoutvec[i]`.
   * @returns `inoutvec`
   * @throws MpiError `ERR_MPI_OP` for elements that it does not combine; TypeError, RangeError for bad
   *   arguments; what a user-defined operation throws
   * @see MPI_Reduce_local, MPI 4.0 section 6.9.7
   */
  reduceLocal<Buf extends MessageBuffer>(invec: MessageBuffer, inoutvec: Buf): Buf {
    ensureRunning();
    const from = resolve(invec, "invec", new ResolvedBuffer());
    const to = resolve(inoutvec, "inoutvec", new ResolvedBuffer());
    if (invec === inoutvec) throw invalidValue("inoutvec", "must not be invec", inoutvec);
    assertApart(to, from);
    assertRun(from);
    assertRun(to);
    if (from.type !== to.type) {
      throw invalidValue("inoutvec", `expected elements of ${from.type}, as invec has`, inoutvec);
    }
    if (from.elements !== to.elements)
      throw outOfRange("inoutvec", `${from.elements} elements, as invec has`, to.elements);
    if (isLong(to)) {
      const parts = partsOf(from);
      for (const [i, part] of partsOf(to).entries()) this.reduceLocal(parts[i] as MessageBuffer, part);
      return inoutvec;
    }
    const use = this.use(to, "MPI_Reduce_local");
    const code = native.MPI_Reduce_local(from.data, to.data, to.count, to.handle, use.handle);
    endUse(use, code, "MPI_Reduce_local");
    return inoutvec;
  }

  /**
   * @internal For one reduction.
   * @param operation The C function, for the error.
   * @param persistent Whether the reduction will be started again, so that its use ends with its request.
   * @throws TypeError for elements with gaps between them; MpiError `ERR_MPI_OP` for elements that it does not
   *   combine, `ERR_MPI_FREED`
   */
  use(operands: OpOperands, operation: string, persistent = false): OpUse {
    assertRun(operands);
    if (this.#user !== undefined) return this.#user.use(operands, persistent);
    if (operands.type !== this.#accepted) {
      assertCombines(this.name, operands.type, operation);
      this.#accepted = operands.type;
    }
    this.#use ??= { handle: this.handle, callee: undefined };
    return this.#use;
  }

  /**
   * Gives a user-defined operation back; it cannot be used any more. Reductions that go on may end.
   * @throws MpiError `ERR_MPI_OP` for a predefined operation, `ERR_MPI_FREED` for one that was freed
   * @see MPI_Op_free, MPI 4.0 section 6.9.5
   */
  free(): void {
    ensureRunning();
    if (this.#user === undefined)
      throw wrongOp(`${this.name} is predefined: it cannot be freed`, "MPI_Op_free");
    this.#user.free();
  }

  /** For `using`: frees it, unless it was or MPI has ended. */
  [Symbol.dispose](): void {
    if (!this.freed && !finalized()) this.free();
  }

  toString(): string {
    return this.name;
  }
}

/** A user-defined operation: as many functions that C can call as it has reductions at a time. */
class UserOp {
  readonly commute: boolean;
  freed = false;
  readonly #combine: Combine;
  readonly #idle: UserFunction[];

  constructor(combine: Combine, commute: boolean) {
    this.commute = commute;
    this.#combine = combine;
    this.#idle = [this.#make()];
  }

  use(operands: OpOperands, persistent: boolean): UserFunction {
    this.#assertUsable();
    const operand = operandOf(operands);
    return (this.#idle.pop() ?? this.#make()).begin(operand, persistent);
  }

  free(): void {
    this.#assertUsable();
    this.freed = true;
    for (const idle of this.#idle.splice(0)) idle.free();
  }

  #make(): UserFunction {
    return new UserFunction(this.#combine, this.commute, (released) => {
      if (this.freed) released.free();
      else this.#idle.push(released);
    });
  }

  #assertUsable(): void {
    if (this.freed) throw new MpiError("This operation was freed", { code: "ERR_MPI_FREED" });
  }
}

/** To C a strided view is one element, in the gaps of which a function would combine others. @throws TypeError */
function assertRun({ view, data, argument }: OpOperands): void {
  if (view === undefined) return;
  throw invalidValue(
    argument,
    "a strided view cannot be combined: copy its elements, so that they follow each other",
    data,
  );
}

function assertCombines(name: string, type: Datatype, operation: string): void {
  if (combines(name, type)) return;
  throw wrongOp(`${operation}: ${name} does not combine elements of ${type}`, operation);
}

const wrongOp = (message: string, operation?: string): MpiError =>
  new MpiError(message, { code: "ERR_MPI_OP", errorClass: "MPI_ERR_OP", operation });

export const SUM: Op = new Op("MPI_SUM");
export const PROD: Op = new Op("MPI_PROD");
export const MAX: Op = new Op("MPI_MAX");
export const MIN: Op = new Op("MPI_MIN");
/** Logical and: not zero is true. Integers only. */
export const LAND: Op = new Op("MPI_LAND");
/** Logical or. Integers only. */
export const LOR: Op = new Op("MPI_LOR");
/** Logical exclusive or. Integers only. */
export const LXOR: Op = new Op("MPI_LXOR");
/** Bitwise and. Integers only. */
export const BAND: Op = new Op("MPI_BAND");
/** Bitwise or. Integers only. */
export const BOR: Op = new Op("MPI_BOR");
/** Bitwise exclusive or. Integers only. */
export const BXOR: Op = new Op("MPI_BXOR");
/** The largest value and the lowest index that has it; pair types only. */
export const MAXLOC: Op = new Op("MPI_MAXLOC");
/** The smallest value and the lowest index that has it; pair types only. */
export const MINLOC: Op = new Op("MPI_MINLOC");
/** One-sided accumulation: the new value. */
export const REPLACE: Op = new Op("MPI_REPLACE");
/** One-sided accumulation: the old value. */
export const NO_OP: Op = new Op("MPI_NO_OP");
