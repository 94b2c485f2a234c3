import type { NativeArgument } from "../../ffi/index.js";
import { binding } from "../bindings/bind.js";
import { INT_MAX } from "../buffer/large.js";
import { assertApart, IN_PLACE, ResolvedBuffer, recount, resolve } from "../buffer.js";
import { BYTE } from "../datatype.js";
import { type ArgumentError, invalidValue, outOfRange } from "../error.js";
import type { Operation } from "../operation.js";
import type { Callee } from "../request/index.js";

/* How the two buffers of a collective operation belong together. MPI 4.0 sections 6.2.1 and 6.2.3 */

/** What is sent and what is received. Reused by every call: no two calls run at the same time. */
export const outgoing: ResolvedBuffer = named("send", "read");
export const incoming: ResolvedBuffer = named("recv", "write");

function named(argument: string, access: "read" | "write"): ResolvedBuffer {
  const buffer = new ResolvedBuffer(access);
  buffer.argument = argument;
  return buffer;
}

/**
 * A process in an operation with a root: it has the parts of all and one of its own ("root"), the parts of
 * the other side of an intercommunicator ("remote root"), a part for the root ("other"), or nothing.
 */
export type Role = "root" | "remote root" | "other" | "none";

/** A buffer that C does not look at. */
export function ignore(into: ResolvedBuffer): void {
  into.data = null;
  into.pointer = null;
  into.last = undefined;
  into.count = 0;
  into.elements = 0;
  into.type = BYTE;
  into.elementType = BYTE;
  into.handle = BYTE.handle;
  into.large = false;
  into.view = undefined;
}

let inPlace: bigint | undefined;

/** IN_PLACE, as C gets it. */
export function inPlaceAddress(): bigint {
  inPlace ??= binding().abi.pointer("MPI_IN_PLACE");
  return inPlace;
}

/** IN_PLACE as a buffer. */
export function standIn(into: ResolvedBuffer): void {
  ignore(into);
  into.data = inPlaceAddress();
  into.pointer = into.data;
}

export const notInPlace = (argument: string, where: string): ArgumentError =>
  invalidValue(argument, `IN_PLACE has no meaning ${where}`, IN_PLACE);

/** Resolves a buffer that must be given. */
export function resolveGiven(value: unknown, into: ResolvedBuffer, role: Role): void {
  if (value === IN_PLACE) {
    throw notInPlace(into.argument, role === "other" ? "but on the root" : "over an intercommunicator");
  }
  resolve(value, into.argument, into);
}

/**
 * Resolves a buffer for which IN_PLACE may stand, if the data is in the other buffer already.
 * @param whole The other buffer, resolved, of as many `parts`.
 */
export function resolveOrInPlace(
  value: unknown,
  into: ResolvedBuffer,
  whole: ResolvedBuffer,
  parts: number,
): void {
  if (value === IN_PLACE) {
    standIn(into);
    return;
  }
  resolve(value, into.argument, into);
  assertApart(into, whole, parts);
}

/** MPICH refuses it, Open MPI does whatever comes of it. */
export const sameBuffer = (argument: string, buffer: unknown): ArgumentError =>
  invalidValue(argument, "must not be the other buffer: say IN_PLACE instead", buffer);

/** Resolves a buffer that has a part for each of `parts` processes; it counts one part from then on. */
export function resolveWhole(value: unknown, into: ResolvedBuffer, parts: number): void {
  resolve(value, into.argument, into);
  if (into.elements % parts !== 0) {
    throw outOfRange(into.argument, `a multiple of ${parts} elements`, into.elements);
  }
  recount(into, into.elements / parts);
}

/** The part that a process gives or gets is as long as each part of the whole. */
export function assertPart(part: ResolvedBuffer, whole: ResolvedBuffer, parts: number): void {
  const sameType = part.elementType === whole.elementType;
  if (sameType ? part.elements === whole.elements : part.byteLength === whole.byteLength) return;
  const expected = `${part.elements * parts} elements (${part.argument} has ${part.elements}, for ${parts} processes)`;
  throw outOfRange(whole.argument, expected, whole.elements * parts);
}

/** Resolves the buffers of an operation in which the root has the parts of all. */
export function resolveRooted(
  role: Role,
  parts: number,
  whole: unknown,
  wholeInto: ResolvedBuffer,
  part: unknown,
  partInto: ResolvedBuffer,
): void {
  if (role === "root" || role === "remote root") resolveWhole(whole, wholeInto, parts);
  else ignore(wholeInto);
  if (role === "root") {
    resolveOrInPlace(part, partInto, wholeInto, parts);
    if (part !== IN_PLACE) assertPart(partInto, wholeInto, parts);
  } else if (role === "other") resolveGiven(part, partInto, role);
  else ignore(partInto);
}

/** Both buffers, as most functions take them. */
export const bothBuffers = (): NativeArgument[] => [
  outgoing.data,
  outgoing.count,
  outgoing.handle,
  incoming.data,
  incoming.count,
  incoming.handle,
];

/**
 * A collective operation on what was resolved last.
 * @param callee The function of a reduction's Op.
 * @param more What else must be kept alive.
 */
export const collective = (name: string, callee?: Callee, more?: unknown): Operation => ({
  name,
  kind: "collective",
  large: outgoing.large || incoming.large,
  buffers: [outgoing.data, incoming.data, more],
  toNobody: false,
  callee,
});

/** What a v variant is told of equal parts. */
export interface EqualBlocks {
  readonly args: readonly NativeArgument[];
  /** Whether its counts or displacements need more than an int. */
  readonly large: boolean;
}

/**
 * The parts of a whole as blocks, for the persistent forms: MPICH before 4.3 copies a process's own part when
 * MPI_Gather_init, MPI_Scatter_init or MPI_Allgather_init makes the request, and not when it is started
 * (pmodels/mpich#7078). Its v variants are right.
 * @param distance From the beginning of one to that of the next. Default: one follows the other.
 */
export function equalBlocks(
  { data, count, handle }: ResolvedBuffer,
  parts: number,
  distance: number = count,
): EqualBlocks {
  const large = outgoing.large || incoming.large || distance * parts > INT_MAX;
  const starts = Array.from({ length: parts }, (_, i) => i * distance);
  const list = (values: readonly number[]): NativeArgument =>
    large ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
  return { args: [data, list(starts.map(() => count)), list(starts), handle], large };
}
