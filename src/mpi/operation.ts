import type { NativeArgument } from "../ffi/index.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import type { PrototypeName } from "./bindings/prototypes.js";
import { addresses, readHandle } from "./bindings/scratch.js";
import {
  type Callee,
  PersistentRequest,
  Request,
  Transfer,
  type TransferDescription,
} from "./request/index.js";

/*
 * One definition of an operation's arguments serves its three forms, whose C functions differ in their names
 * and in their last arguments only. MPI 4.0 section 2.4.2
 */

export type Form = "blocking" | "nonblocking" | "persistent";

/** Operations return error codes. */
type NativeOperation = (...args: NativeArgument[]) => number;

/** What a call in each form gives. */
export type Begun<F extends Form> = {
  blocking: undefined;
  nonblocking: Request;
  persistent: PersistentRequest;
}[F];

export interface Operation extends TransferDescription {
  /** The blocking C function, `"MPI_Gather"`. */
  readonly name: string;
  /** Whether a count needs more than an int, so that the function with MPI_Count is called. */
  readonly large: boolean;
}

/** Its C function: `MPI_Gather`, `MPI_Igather` or `MPI_Gather_init`, and `_c` for large counts. */
function functionName(name: string, form: Form, large: boolean): PrototypeName {
  const known = NAMES[form][large ? "large" : "small"];
  let found = known.get(name);
  if (found === undefined) {
    found = spell(name, form, large);
    known.set(name, found);
  }
  return found;
}

/** The names that were put together before, since that costs more than a call. */
const NAMES = {
  blocking: { small: new Map<string, PrototypeName>(), large: new Map<string, PrototypeName>() },
  nonblocking: { small: new Map<string, PrototypeName>(), large: new Map<string, PrototypeName>() },
  persistent: { small: new Map<string, PrototypeName>(), large: new Map<string, PrototypeName>() },
};

function spell(name: string, form: Form, large: boolean): PrototypeName {
  const stem = form === "nonblocking" ? `MPI_I${name[4]?.toLowerCase()}${name.slice(5)}` : name;
  return `${stem}${form === "persistent" ? "_init" : ""}${large ? "_c" : ""}` as PrototypeName;
}

/**
 * Calls the C function of an operation in one of its forms.
 * @param args Those of the blocking function. Owned by the call.
 * @throws MpiError
 */
export function run<F extends Form>(form: F, operation: Operation, args: NativeArgument[]): Begun<F> {
  const name = functionName(operation.name, form, operation.large);
  return (
    form === "blocking" ? complete(name, operation, args) : begin(form, name, operation, args)
  ) as Begun<F>;
}

type Six<T> = readonly [T, T, T, T, T, T];

/**
 * Calls C; if the library has no such function, the operation is over.
 * @param request Where C writes the request, of an operation that has one: the last argument.
 */
function call(
  name: PrototypeName,
  args: readonly NativeArgument[],
  callee: Callee | undefined,
  request?: bigint,
): number {
  try {
    const fn = native[name] as NativeOperation;
    if (request === undefined) return fn(...args);
    if (args.length !== 6) return fn(...args, request);
    // MPI_Isend, MPI_Irecv, MPI_Iallreduce: without a copy of the arguments, which costs as much as the call.
    const six = args as Six<NativeArgument>;
    return fn(six[0], six[1], six[2], six[3], six[4], six[5], request);
  } catch (error) {
    callee?.release();
    throw error;
  }
}

function complete(name: PrototypeName, { callee }: Operation, args: readonly NativeArgument[]): undefined {
  const code = call(name, args, callee);
  const error = callee?.takeError();
  check(code, name);
  if (error !== undefined) throw error;
}

function begin(form: Form, name: PrototypeName, operation: Operation, args: NativeArgument[]): Request {
  const persistent = form === "persistent";
  // Persistent collectives take an MPI_Info before the request; persistent sends and receives do not.
  if (persistent && operation.kind === "collective") args.push(binding().abi.handle("MPI_INFO_NULL"));
  const code = call(name, args, operation.callee, addresses().handle);
  if (code !== 0) operation.callee?.release();
  check(code, name);
  const transfer = new Transfer(readHandle(), name, operation, persistent);
  return persistent ? new PersistentRequest(transfer) : new Request(transfer);
}
