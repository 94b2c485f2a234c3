import type { Callback } from "../../ffi/index.js";
import type { Handle } from "../abi/abi.js";
import { binding, native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, readHandle, writeHandle } from "../bindings/scratch.js";
import type { ResolvedBuffer } from "../buffer.js";
import type { Datatype } from "../datatype.js";
import { invalidValue, MpiError } from "../error.js";
import type { Callee } from "../request/index.js";
import { arrayOf, isPair, type ViewClass } from "./reducible.js";

/* JavaScript functions that the library calls to combine elements: MPI_User_function, MPI 4.0 section 6.9.5. */

/** What the user wrote, whatever views it declared. */
export type Combine = (invec: never, inoutvec: never, type: Datatype) => unknown;

/** How the elements of one reduction lie in memory, and as what the function sees them. */
export interface Operand {
  readonly type: Datatype;
  readonly view: ViewClass;
  /** From one element to the next, in bytes. */
  readonly extent: number;
  /** Where the first byte of data of an element is, from its address. */
  readonly first: number;
  /** From the first byte of data of an element to the last. */
  readonly span: number;
}

/**
 * How the elements of `buffer` are shown to a user's function.
 * @throws TypeError for a TypedArray in which there are other elements between those of the datatype
 */
export function operandOf({
  type,
  data,
  argument,
}: Pick<ResolvedBuffer, "data" | "type" | "argument">): Operand {
  const { size, extent, trueLb: first, trueExtent: span } = type;
  const own = classOf(data);
  const fits =
    own !== undefined && extent % own.BYTES_PER_ELEMENT === 0 && span % own.BYTES_PER_ELEMENT === 0;
  // Bytes say nothing about what is in them: the datatype does.
  const view = fits && own !== Uint8Array ? own : (arrayOf(type) ?? DataView);
  // The function would combine the gaps too: they are elements of the array as the others are. Those of a pair
  // are nobody's.
  const hasGaps = view === own && !isPair(type) && (size < span || extent > span);
  if (hasGaps || extent < 0) {
    const bounds = `${size} bytes of data in ${span}, one element every ${extent}`;
    throw invalidValue(argument, `expected a datatype without gaps (${type} has ${bounds})`, data);
  }
  return { type, view, extent, first, span };
}

type ArrayClass = ViewClass & { readonly BYTES_PER_ELEMENT: number };

/** The class of a TypedArray itself, whatever its `constructor` says. */
function classOf(data: ResolvedBuffer["data"]): ArrayClass | undefined {
  if (!ArrayBuffer.isView(data) || data instanceof DataView) return undefined;
  return (globalThis as unknown as Record<string, ArrayClass>)[(data as Uint8Array)[Symbol.toStringTag]];
}

/**
 * An MPI_Op that calls a JavaScript function. It serves one reduction at a time, so that what the function
 * throws belongs to that one.
 */
export class UserFunction implements Callee {
  readonly handle: Handle;
  /** Itself: it is all that a reduction needs of its operation. */
  readonly callee: Callee = this;
  #operand: Operand | undefined;
  #persistent = false;
  #error: Error | undefined;
  readonly #combine: Combine;
  readonly #callback: Callback;
  readonly #done: (released: UserFunction) => void;

  /** @param done Called when it can serve another reduction. @throws FfiError `ERR_FFI_UNSUPPORTED`, MpiError `ERR_MPI_OP` */
  constructor(combine: Combine, commute: boolean, done: (released: UserFunction) => void) {
    this.#combine = combine;
    this.#done = done;
    this.#callback = register((invec, inoutvec, length) => this.#run(invec, inoutvec, length));
    try {
      const { handle } = addresses();
      check(native.MPI_Op_create(this.#callback.address, commute ? 1 : 0, handle), "MPI_Op_create");
      this.handle = readHandle();
    } catch (error) {
      this.#callback.close();
      throw error;
    }
  }

  /** Before a reduction. A persistent one keeps it until it is freed, since it may be started again. */
  begin(operand: Operand, persistent: boolean): this {
    this.#operand = operand;
    this.#persistent = persistent;
    return this;
  }

  /** What the function threw during the reduction, which is over. */
  takeError(): Error | undefined {
    const error = this.#error;
    this.#error = undefined;
    if (!this.#persistent) this.release();
    return error;
  }

  /** No reduction calls it any more: it can serve the next. */
  release(): void {
    if (this.#operand === undefined) return;
    this.#operand = undefined;
    this.#error = undefined;
    this.#done(this);
  }

  /** Gives it back. No reduction may use it any more. */
  free(): void {
    writeHandle(this.handle);
    check(native.MPI_Op_free(addresses().handle), "MPI_Op_free");
    this.#callback.close();
  }

  /** Called by C. An exception must not unwind the library's frames: it waits until the reduction is over. */
  #run(invec: bigint, inoutvec: bigint, length: bigint): void {
    try {
      const count = wordAt(length);
      // A count of 0 comes with no addresses.
      if (count > 0) combineAll(this.#combine, this.#operand as Operand, invec, inoutvec, count);
    } catch (thrown) {
      this.#error ??= asError(thrown);
    }
  }
}

type Native = (invec: bigint, inoutvec: bigint, length: bigint) => void;

function register(fn: Native): Callback {
  const { engine } = binding();
  try {
    return engine.callback("void", ["pointer", "pointer", "pointer", "pointer"], fn);
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== undefined) throw cause;
    throw new MpiError(
      `No more user-defined operations can be made, free some: ${(cause as Error).message}`,
      {
        code: "ERR_MPI_OP",
        cause,
      },
    );
  }
}

const asError = (thrown: unknown): Error =>
  thrown instanceof Error
    ? thrown
    : new MpiError(`The function of an operation threw ${String(thrown)}, which is no Error`, {
        code: "ERR_MPI_OP",
        cause: thrown,
      });

/**
 * Elements are copied to and from memory of our own, as many at a time as stay in the processor's cache. So
 * the function gets aligned views, and may keep them: C's memory would be gone, and reading it end the process.
 */
const CHUNK = 32768;
let left = new ArrayBuffer(0);
let right = new ArrayBuffer(0);
let combining = false;

function combineAll(
  combine: Combine,
  operand: Operand,
  invec: bigint,
  inoutvec: bigint,
  count: number,
): void {
  if (combining) throw new MpiError("The function of an operation must not call MPI", { code: "ERR_MPI_OP" });
  combining = true;
  try {
    const { type, view, extent, first, span } = operand;
    const total = (count - 1) * extent + span;
    const source = windowAt(invec + BigInt(first), total, sources);
    const target = windowAt(inoutvec + BigInt(first), total, targets);
    const atOnce = Math.max(1, Math.floor((CHUNK - span) / Math.max(extent, 1)) + 1);
    for (let done = 0; done < count; done += atOnce) {
      const start = done * extent;
      const bytes = (Math.min(atOnce, count - done) - 1) * extent + span;
      // Again in each round: the function may have transferred them.
      if (left.byteLength < bytes) left = new ArrayBuffer(Math.max(bytes, CHUNK));
      if (right.byteLength < bytes) right = new ArrayBuffer(Math.max(bytes, CHUNK));
      const result = new Uint8Array(right, 0, bytes);
      new Uint8Array(left, 0, bytes).set(source.subarray(start, start + bytes));
      result.set(target.subarray(start, start + bytes));
      assertSync(combine(show(view, left, bytes), show(view, right, bytes), type));
      target.set(result, start);
    }
  } finally {
    combining = false;
  }
}

function show(view: ViewClass, buffer: ArrayBuffer, bytes: number): never {
  const { BYTES_PER_ELEMENT = 1 } = view as Partial<ArrayClass>;
  return new view(buffer, 0, bytes / BYTES_PER_ELEMENT) as never;
}

/** @throws MpiError `ERR_MPI_OP` for what an async function returns */
export function assertSync(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return;
  throw new MpiError("The function of an operation must not be async: it has to be done when it returns", {
    code: "ERR_MPI_OP",
  });
}

/** The bytes at an address that was met last: making such a view costs as much as combining 1000 elements. */
interface Window {
  address: bigint;
  bytes: Uint8Array;
}

const emptyWindow = (): Window => ({ address: 0n, bytes: new Uint8Array(0) });
const sources = emptyWindow();
const targets = emptyWindow();
const lengths = emptyWindow();

/** Shared with C, and of use only while C says so: it must not leave this file. */
function windowAt(address: bigint, byteLength: number, last: Window): Uint8Array {
  if (last.address !== address || last.bytes.length !== byteLength) {
    last.bytes = binding().engine.bytesAt(address, byteLength);
    last.address = address;
  }
  return last.bytes;
}

function wordAt(address: bigint): number {
  const { buffer, byteOffset } = windowAt(address, 4, lengths);
  return new DataView(buffer, byteOffset).getInt32(0, true);
}
