import type { Handle } from "../abi/abi.js";
import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, longs } from "../bindings/scratch.js";
import { hasLargeCounts, INT_MAX } from "../buffer/large.js";
import { type ResolvedBuffer, recount, resolve } from "../buffer.js";
import { Datatype } from "../datatype/datatype.js";
import { MpiError } from "../error.js";

/**
 * Calls a blocking operation. If elements or parts of a buffer lie each before the one before, C gets a copy in
 * which they follow each other: MPI_Gather and MPI_Allgather of Open MPI 4.1 write outside of the room that they
 * make for a datatype whose extent is negative. All ranks must call the same function, so that MPI_Gatherv
 * with descending displacements is none to choose on the rank that has such a buffer.
 * @param buffer Resolved as one of `parts` parts.
 * @throws MpiError `ERR_MPI_UNSUPPORTED` for more bytes than the library can pack
 */
export function runForwards(
  buffer: ResolvedBuffer,
  parts: number,
  context: Handle,
  operate: () => void,
): void {
  if (buffer.type.extent >= 0 || buffer.byteLength === 0) {
    operate();
    return;
  }
  const { elements, elementType: type, argument } = buffer;
  const count = elements * parts;
  const given = contentsOf(recount(buffer, count));
  const { trueLb, trueExtent } = type;
  using dense = Datatype.resized(type, trueLb, trueExtent);
  const memory = new Uint8Array(Math.abs(trueLb) + count * trueExtent);
  const copy = { data: memory, offset: Math.max(0, -trueLb), count, type: dense };
  const copied = contentsOf(resolve(copy, argument, buffer));
  move(given, copied, context);
  recount(buffer, elements);
  operate();
  if (buffer.access === "write") move(copied, given, context);
}

type Contents = Pick<ResolvedBuffer, "data" | "count" | "handle" | "byteLength">;

const contentsOf = ({ data, count, handle, byteLength }: ResolvedBuffer): Contents => ({
  data,
  count,
  handle,
  byteLength,
});

/** Copies the elements of one into as many of the other. */
function move(from: Contents, to: Contents, context: Handle): void {
  const { byteLength } = from;
  const large = hasLargeCounts();
  if (byteLength > INT_MAX && !large) {
    throw new MpiError(`${byteLength} bytes backwards are not supported by this MPI; MPI 4.0 can`, {
      code: "ERR_MPI_UNSUPPORTED",
    });
  }
  const packed = new Uint8Array(byteLength);
  const { int: place } = addresses();
  const [pack, unpack] = large
    ? (["MPI_Pack_c", "MPI_Unpack_c"] as const)
    : (["MPI_Pack", "MPI_Unpack"] as const);
  longs[0] = 0n;
  check(native[pack](from.data, from.count, from.handle, packed, byteLength, place, context), pack);
  longs[0] = 0n;
  check(native[unpack](packed, byteLength, place, to.data, to.count, to.handle, context), unpack);
}
