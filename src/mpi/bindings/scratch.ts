import type { Handle } from "../abi/abi.js";
import { binding } from "./bind.js";

/*
 * Out-parameters and scalars of blocking calls, in one block that lives as long as the process, so that hot
 * paths allocate nothing. They are passed by address, which costs less than passing a view. A value is read
 * right after the call that wrote it: nothing may be kept here.
 */

/** Larger than what V8 keeps inside its own, movable heap. */
const memory = new ArrayBuffer(512);

const STATUS_OFFSET = 0;
const INTS_OFFSET = 64;
const HANDLE_OFFSET = 128;
const SEND_OFFSET = 192;
const RECEIVE_OFFSET = 256;

/** Eight words hold the largest MPI_Status, that of the standard ABI. */
export const STATUS_WORDS = 8;

/** The words of the status that was written last. */
export const statusWords: Int32Array = new Int32Array(memory, STATUS_OFFSET, STATUS_WORDS);
/** `int` results. */
export const ints: Int32Array = new Int32Array(memory, INTS_OFFSET, 4);
/** `MPI_Count` and `MPI_Aint` results. */
export const longs: BigInt64Array = new BigInt64Array(memory, INTS_OFFSET, 2);
/** A pointer result. */
export const pointers: BigUint64Array = new BigUint64Array(memory, HANDLE_OFFSET, 1);
const handles32 = new Int32Array(memory, HANDLE_OFFSET, 1);
/** Scalars: the value sent and the value received, as double or as int64. */
export const sendDouble: Float64Array = new Float64Array(memory, SEND_OFFSET, 1);
export const sendInt64: BigInt64Array = new BigInt64Array(memory, SEND_OFFSET, 1);
export const receiveDouble: Float64Array = new Float64Array(memory, RECEIVE_OFFSET, 1);
export const receiveInt64: BigInt64Array = new BigInt64Array(memory, RECEIVE_OFFSET, 1);

/** Where C finds them. */
export interface ScratchAddresses {
  readonly status: bigint;
  readonly int: bigint;
  /** The second int, for functions with two results. */
  readonly int2: bigint;
  readonly handle: bigint;
  readonly send: bigint;
  readonly receive: bigint;
}

let known: ScratchAddresses | undefined;

/** The addresses, asked of the engine once. */
export function addresses(): ScratchAddresses {
  known ??= locate();
  return known;
}

function locate(): ScratchAddresses {
  const base = binding().engine.addressOf(new Uint8Array(memory));
  const at = (offset: number): bigint => base + BigInt(offset);
  return {
    status: at(STATUS_OFFSET),
    int: at(INTS_OFFSET),
    int2: at(INTS_OFFSET + 4),
    handle: at(HANDLE_OFFSET),
    send: at(SEND_OFFSET),
    receive: at(RECEIVE_OFFSET),
  };
}

/** The handle that was written last, as the ABI passes it. */
export function readHandle(): Handle {
  return binding().abi.table.handleType === "int32" ? (handles32[0] as number) : (pointers[0] as bigint);
}

/** Puts a handle where C reads and overwrites it. */
export function writeHandle(handle: Handle): void {
  if (typeof handle === "number") handles32[0] = handle;
  else pointers[0] = handle;
}

/** An array of handles that C reads and overwrites. */
export class HandleArray {
  readonly view: Int32Array | BigUint64Array;

  constructor(length: number) {
    const wide = binding().abi.table.handleType === "pointer";
    this.view = wide ? new BigUint64Array(length) : new Int32Array(length);
  }

  get(index: number): Handle {
    return this.view[index] as Handle;
  }

  set(index: number, handle: Handle): void {
    (this.view as { [index: number]: Handle })[index] = handle;
  }
}
