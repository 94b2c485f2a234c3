import { hasFunction } from "../bindings/bind.js";
import { Datatype } from "../datatype/datatype.js";
import { TypeCache } from "./type-cache.js";

/** The largest count of a C int. */
export const INT_MAX: number = 2 ** 31 - 1;

/** Elements in one of the blocks that a count beyond a C int is divided into. */
const BLOCK = 2 ** 30;

/** A count as whole blocks and what is left, both of them an int. */
export interface SplitCount {
  /** Blocks of 2^30 elements. */
  readonly blocks: number;
  /** Elements after them, fewer than a block has. */
  readonly rest: number;
}

/** Divides a count: `blocks * 2**30 + rest`. Up to 2^53 - 1 elements there are fewer blocks than 2^23. */
export function splitCount(count: number): SplitCount {
  const blocks = Math.floor(count / BLOCK);
  return { blocks, rest: count - blocks * BLOCK };
}

let known: boolean | undefined;

/** Whether the library has the functions with MPI_Count, `MPI_Send_c` and its like, which came with MPI 4.0. */
export function hasLargeCounts(): boolean {
  known ??= hasFunction("MPI_Send_c");
  return known;
}

const spans = new TypeCache<{ readonly type: Datatype }>(16);

/** A datatype of which one element is `count` of `type`, for the libraries without large counts. */
export function spanning(type: Datatype, count: number): Datatype {
  return spans.get(`${type.serial} ${count}`, () => ({ type: makeSpan(type, count) })).type;
}

function makeSpan(type: Datatype, count: number): Datatype {
  const { blocks, rest } = splitCount(count);
  using block = Datatype.contiguous(BLOCK, type);
  if (rest === 0) return Datatype.contiguous(blocks, block);
  return Datatype.struct([blocks, rest], [0, blocks * BLOCK * type.extent], [block, type]);
}
