import { outOfRange } from "../error.js";
import type { MeasuredType } from "./measured.js";
import type { DerivedRecipe, Integers } from "./recipe.js";

/**
 * C's addresses wrap around without a word, so that a datatype that reaches too far seems to lie inside of any
 * memory.
 * @throws RangeError if it may have a byte more than 2^53 - 1 bytes away, or more bytes than that
 */
export function assertNear(recipe: DerivedRecipe<MeasuredType>): void {
  const bytes = furthest(recipe);
  if (bytes <= Number.MAX_SAFE_INTEGER) return;
  throw outOfRange(recipe.combiner, "a datatype that reaches 2^53 - 1 bytes at most", bytes);
}

/** How far the bytes of a datatype are at most from where it begins, and how many there are at most. */
function furthest(recipe: DerivedRecipe<MeasuredType>): number {
  switch (recipe.combiner) {
    case "dup":
      return block(1, 0, recipe.type);
    case "contiguous":
      return block(recipe.count, 0, recipe.type);
    case "vector":
      return vector(recipe.count, recipe.blocklength, recipe.stride * recipe.type.extent, recipe.type);
    case "hvector":
      return vector(recipe.count, recipe.blocklength, recipe.stride, recipe.type);
    case "struct":
      return indexed(recipe.blocklengths, recipe.displacements, 1, (i) => recipe.types[i] as MeasuredType);
    case "indexed":
    case "hindexed": {
      const { combiner, blocklengths, displacements, type } = recipe;
      return indexed(blocklengths, displacements, combiner === "indexed" ? type.extent : 1, () => type);
    }
    case "indexedBlock":
    case "hindexedBlock": {
      const { combiner, blocklength, displacements, type } = recipe;
      const lengths = Array.from(displacements, () => blocklength);
      return indexed(lengths, displacements, combiner === "indexedBlock" ? type.extent : 1, () => type);
    }
    case "subarray":
      return block(product(recipe.sizes), 0, recipe.type);
    case "darray":
      return block(product(recipe.gsizes), 0, recipe.type);
    case "resized":
      return Math.max(block(1, 0, recipe.type), Math.abs(recipe.lb), Math.abs(recipe.lb + recipe.extent));
  }
}

/** So many elements, one after the other, from a displacement on. */
function block(count: number, displacement: number, type: MeasuredType): number {
  if (count === 0) return 0;
  const { size, lb, ub, extent, trueLb, trueExtent } = type;
  const own = Math.max(...[lb, ub, trueLb, trueLb + trueExtent].map(Math.abs));
  return Math.max(count * size, Math.abs(displacement) + (count - 1) * Math.abs(extent) + own);
}

const vector = (count: number, blocklength: number, stride: number, type: MeasuredType): number =>
  count === 0 ? 0 : Math.max(count * blocklength * type.size, block(blocklength, (count - 1) * stride, type));

function indexed(
  lengths: Integers,
  displacements: Integers,
  unit: number,
  typeOf: (i: number) => MeasuredType,
): number {
  let furthest = 0;
  let size = 0;
  for (const [i, length] of lengths.entries()) {
    const type = typeOf(i);
    furthest = Math.max(furthest, block(length, (displacements[i] as number) * unit, type));
    size += length * type.size;
  }
  return Math.max(furthest, size);
}

const product = (sizes: Integers): number => Array.from(sizes).reduce((all, size) => all * size, 1);
