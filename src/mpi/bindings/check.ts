import { MpiError } from "../error.js";
import { binding, native } from "./bind.js";

const text = new TextDecoder();

/** Throws what the library reported, unless it is MPI_SUCCESS (0 in every ABI). */
export function check(code: number, operation: string): void {
  if (code !== 0) throw failure(code, operation);
}

/**
 * The error for a code that a C function returned: its class (MPICH returns codes that are none) and the
 * library's own text. MPI 4.0 section 9.4.
 */
export function failure(code: number, operation: string): MpiError {
  const { abi } = binding();
  const out = new Int32Array(1);
  native.MPI_Error_class(code, out);
  const errorClass = errorClassName(abi.table.integers, out[0] as number);
  const bytes = new Uint8Array(abi.integer("MPI_MAX_ERROR_STRING") + 1);
  native.MPI_Error_string(code, bytes, out);
  const message = text.decode(bytes.subarray(0, out[0]));
  return new MpiError(`${operation}: ${message.includes(errorClass) ? "" : `${errorClass}: `}${message}`, {
    code: errorClass.replace(/^MPI_ERR_/, "ERR_MPI_"),
    errorClass,
    operation,
  });
}

function errorClassName(integers: Readonly<Record<string, number>>, errorClass: number): string {
  for (const [name, value] of Object.entries(integers)) {
    if (value === errorClass && name.startsWith("MPI_ERR_")) return name;
  }
  return "MPI_ERR_UNKNOWN";
}
