import { hash } from "node:crypto";
import { invalidType } from "../../argument-error.js";
import type { Communicator } from "../../mpi/index.js";
import { JitError } from "../error.js";
import { runSync } from "../steps.js";
import type { CommsAndRole } from "./communicators.js";
import { broadcast, endless } from "./waiting.js";

/* Libraries as messages: the bytes, with their checksum in front. */

const DIGEST_BYTES = 32;

const digest = (data: Uint8Array): Buffer => hash("sha256", data, "buffer");

/** Sends bytes from rank 0 to all other processes of the communicator. Collective, with `receiveBinary` on those. */
export function sendBinary(comm: Communicator, data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) throw invalidType("data", "a Uint8Array", data);
  if (comm.rank !== 0) throw invalidType("comm", "a communicator of which this is rank 0", comm.rank);
  runSync(broadcast(comm, Buffer.concat([digest(data), data]), 0, endless));
}

/** What rank 0 sent by `sendBinary`. @throws JitError `ERR_JIT_RECEIVED` if it was damaged on the way */
export function receiveBinary(comm: Communicator): Uint8Array {
  const message = runSync(broadcast(comm, undefined, 0, endless));
  const data = message.subarray(DIGEST_BYTES);
  if (!digest(data).equals(message.subarray(0, DIGEST_BYTES))) {
    throw new JitError("ERR_JIT_RECEIVED", `The ${data.length} bytes that were received are damaged`);
  }
  return data;
}

/** The callbacks of `jit` for what a process does in a communicator. */
export interface RoleCallbacks {
  readonly send?: (data: Uint8Array) => void;
  readonly receive?: () => Uint8Array;
  readonly wait?: () => void;
}

/**
 * `send`, `receive` and `wait` of `jit` for a role: `jit(jitable, name, params, { ...roleCallbacks(role), generate })`
 * on a builder, without `generate` on the others.
 */
export function roleCallbacks({ role, copyComm, waitComm }: CommsAndRole): RoleCallbacks {
  return {
    ...(role === "builder" && copyComm !== null ? { send: (data) => sendBinary(copyComm, data) } : {}),
    ...(role === "receiver" && copyComm !== null ? { receive: () => receiveBinary(copyComm) } : {}),
    ...(waitComm !== null ? { wait: () => waitComm.barrier() } : {}),
  };
}
