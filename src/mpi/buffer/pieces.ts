import type { BufferDescription, ResolvedBuffer } from "../buffer.js";
import { INT_MAX } from "./large.js";

/*
 * Elementwise operations may be done piece by piece. All that block are, where an int cannot count the elements:
 * before MPI 4.0 no function can either, and MPICH 4.0 ends the process when one with MPI_Count is to call a
 * user's function.
 */

/** Elements in one piece. */
const PIECE = 2 ** 30;

/** Whether it has more elements than an int counts. A strided view is one element to C. */
export const isLong = ({ elements, view }: ResolvedBuffer): boolean =>
  elements > INT_MAX && view === undefined;

/** Some elements of a buffer. */
export interface Piece {
  readonly first: number;
  readonly count: number;
}

/** Divides elements into pieces of at most so many. */
export function piecesOf(elements: number, most: number = PIECE): Piece[] {
  return Array.from({ length: Math.ceil(elements / most) }, (_, i) => {
    const first = i * most;
    return { first, count: Math.min(most, elements - first) };
  });
}

/** What was resolved as buffers of at most so many elements. */
export function partsOf(buffer: ResolvedBuffer, most?: number): BufferDescription[] {
  const { elementType: type } = buffer;
  const data = buffer.data as Uint8Array;
  const unit = data.BYTES_PER_ELEMENT;
  // An offset is in elements of the data, which those of another datatype need not begin at.
  const source =
    type.extent % unit === 0 ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const step = type.extent / source.BYTES_PER_ELEMENT;
  return piecesOf(buffer.elements, most).map(({ first, count }) => {
    return { data: source, offset: first * step, count, type };
  });
}
