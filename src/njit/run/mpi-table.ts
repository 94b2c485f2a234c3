import { predefinedAttribute } from "../../mpi/attribute.js";
import { binding } from "../../mpi/bindings/bind.js";
import { ensureRunning } from "../../mpi/environment.js";
import { COMM_WORLD, type Op, TAG_UB } from "../../mpi/index.js";
import type { MpiSlot } from "../emit/library.js";

/** What the running MPI library says for each slot. MPI is initialized if need be. */
export function mpiTable(slots: readonly MpiSlot[]): BigInt64Array {
  ensureRunning();
  return BigInt64Array.from(slots, valueOfSlot);
}

/** What the standard grants. MPI 4.0 section 9.1.2 */
const LEAST_TAG_UB = 32767;

function valueOfSlot(slot: MpiSlot): bigint {
  const { abi, library } = binding();
  switch (slot.is) {
    case "function":
      return library.symbol(slot.name);
    case "pointer":
      return abi.pointer(slot.name);
    case "handle":
      return BigInt(abi.handle(slot.name));
    case "integer":
      return BigInt(abi.integer(slot.name));
    case "status":
      return BigInt(abi.table.status[slot.field]);
    case "world":
      return BigInt(COMM_WORLD[slot.field]);
    case "largest tag":
      return BigInt(predefinedAttribute(TAG_UB) ?? LEAST_TAG_UB);
    case "op":
      return BigInt((slot.value as Op).handle);
  }
}
