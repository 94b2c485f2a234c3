import { FfiError } from "../../ffi/index.js";
import type { Handle } from "../abi/abi.js";
import { binding } from "../bindings/bind.js";

/*
 * What is known of the predefined datatypes by their names.
 */

/** What C aligns otherwise than at its size: pairs and complex numbers, like their larger part. */
const ALIGNMENTS: Readonly<Record<string, number>> = {
  MPI_C_FLOAT_COMPLEX: 4,
  MPI_C_DOUBLE_COMPLEX: 8,
  MPI_FLOAT_INT: 4,
  MPI_DOUBLE_INT: 8,
  MPI_LONG_INT: 8,
  MPI_2INT: 4,
  MPI_SHORT_INT: 4,
  MPI_LONG_DOUBLE_INT: 16,
};

/** What the address of an element must be a multiple of in C. */
export const predefinedAlignment = (name: string, extent: number): number => ALIGNMENTS[name] ?? extent;

let names: ReadonlyMap<Handle, string> | undefined;

/**
 * The name of the predefined datatype with this handle; undefined if it is none.
 * @param preferred The names to choose from where a datatype has several.
 */
export function predefinedName(handle: Handle, preferred: Iterable<string>): string | undefined {
  names ??= namesByHandle(preferred);
  return names.get(handle);
}

function namesByHandle(preferred: Iterable<string>): ReadonlyMap<Handle, string> {
  const { abi } = binding();
  const found = new Map<Handle, string>();
  for (const name of [...preferred, ...Object.keys(abi.table.handles)]) {
    const handle = abi.has(name) ? handleOf(name) : undefined;
    if (handle !== undefined && !found.has(handle)) found.set(handle, name);
  }
  return found;
}

/** Older versions of a library lack some of the symbols of their family. */
function handleOf(name: string): Handle | undefined {
  try {
    return binding().abi.handle(name);
  } catch (error) {
    if (error instanceof FfiError) return undefined;
    throw error;
  }
}
