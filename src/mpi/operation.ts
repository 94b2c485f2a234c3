import type { NativeArgument } from "../ffi/index.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import type { PrototypeName } from "./bindings/prototypes.js";
import { addresses, readHandle } from "./bindings/scratch.js";
import { PersistentRequest, Request, Transfer, type TransferDescription } from "./request/index.js";

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

export interface Operation extends Omit<TransferDescription, "operation" | "persistent"> {
  /** The blocking C function, `"MPI_Gather"`. */
  readonly name: string;
  /** Whether a count needs more than an int, so that the function with MPI_Count is called. */
  readonly large: boolean;
}

/** Its C function: `MPI_Gather`, `MPI_Igather` or `MPI_Gather_init`, and `_c` for large counts. */
function functionName(name: string, form: Form, large: boolean): PrototypeName {
  const stem = form === "nonblocking" ? `MPI_I${name[4]?.toLowerCase()}${name.slice(5)}` : name;
  return `${stem}${form === "persistent" ? "_init" : ""}${large ? "_c" : ""}` as PrototypeName;
}

/**
 * Calls the C function of an operation in one of its forms.
 * @param args Those of the blocking function.
 * @throws MpiError
 */
export function run<F extends Form>(
  form: F,
  operation: Operation,
  args: readonly NativeArgument[],
): Begun<F> {
  const name = functionName(operation.name, form, operation.large);
  return (
    form === "blocking" ? complete(name, operation, args) : begin(form, name, operation, args)
  ) as Begun<F>;
}

function complete(name: PrototypeName, { takeError }: Operation, args: readonly NativeArgument[]): undefined {
  const code = (native[name] as NativeOperation)(...args);
  const error = takeError?.();
  check(code, name);
  if (error !== undefined) throw error;
}

function begin(
  form: Form,
  name: PrototypeName,
  operation: Operation,
  args: readonly NativeArgument[],
): Request {
  const persistent = form === "persistent";
  // Persistent collectives take an MPI_Info before the request; persistent sends and receives do not.
  const isHinted = persistent && operation.kind === "collective";
  const hints = isHinted ? [binding().abi.handle("MPI_INFO_NULL")] : [];
  const code = (native[name] as NativeOperation)(...args, ...hints, addresses().handle);
  if (code !== 0) operation.takeError?.();
  check(code, name);
  const transfer = new Transfer(readHandle(), { ...operation, operation: name, persistent });
  return persistent ? new PersistentRequest(transfer) : new Request(transfer);
}
