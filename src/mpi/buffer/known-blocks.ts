import type { Datatype } from "../datatype/datatype.js";
import {
  BLOCKS,
  type BlocksOptions,
  described,
  ResolvedBlocks,
  ResolvedTypedBlocks,
  resolveBlocks,
  resolveTypedBlocks,
  TYPED_BLOCKS,
} from "./blocks.js";
import { lengthOf, offsetOf, tagOf } from "./element.js";

/* Blocks that come again. Most calls of a program have the same as one before, and to compare them takes less than to resolve them. */

/** What tells blocks from others, but for their types. */
interface Asked {
  readonly data: unknown;
  readonly counts: unknown;
  readonly displs: unknown;
  readonly argument: string;
  /** How many blocks. */
  readonly count: number;
  readonly disjoint: boolean;
}

/** What was made of blocks before. */
interface Known<Blocks> {
  readonly blocks: Blocks;
  /** Of the data, in elements of its own. */
  readonly length: number;
  readonly offset: number;
  /** Whether the displacements were given. */
  readonly isPlaced: boolean;
  readonly disjoint: boolean;
}

/** How many are known of the same data. */
const MOST_KNOWN = 4;

class Memory<Blocks extends ResolvedBlocks | ResolvedTypedBlocks> {
  readonly #byData = new WeakMap<object, Known<Blocks>[]>();

  /** @param hasTypes Whether blocks have the types that are asked for, and which were not freed. */
  find(asked: Asked, hasTypes: (blocks: Blocks) => boolean): Blocks | undefined {
    const { data, counts, displs, argument, count, disjoint } = asked;
    if (tagOf(data) === undefined) return undefined;
    const [length, offset, isPlaced] = [lengthOf(data), offsetOf(data), displs !== undefined];
    for (const each of this.#byData.get(data as object) ?? []) {
      const { blocks } = each;
      if (each.length !== length || each.offset !== offset) continue;
      if (each.disjoint !== disjoint || each.isPlaced !== isPlaced) continue;
      if (blocks.argument !== argument || blocks.counts.length !== count) continue;
      if (!isSame(blocks.counts, counts) || (isPlaced && !isSame(blocks.displs, displs))) continue;
      if (hasTypes(blocks)) return blocks;
    }
    return undefined;
  }

  keep({ data, displs, disjoint }: Asked, blocks: Blocks): void {
    // Empty data may be detached later, and is as long then.
    if (blocks.large || tagOf(data) === undefined || lengthOf(data) === 0) return;
    const place = { length: lengthOf(data), offset: offsetOf(data), isPlaced: displs !== undefined };
    const before = this.#byData.get(data as object) ?? [];
    this.#byData.set(data as object, [{ blocks, ...place, disjoint }, ...before.slice(0, MOST_KNOWN - 1)]);
  }
}

const plainMemory = new Memory<ResolvedBlocks>();
const typedMemory = new Memory<ResolvedTypedBlocks>();

/**
 * As {@link resolveBlocks}, but what comes again is not resolved again.
 * @returns what belongs to other calls as well, and is not to be changed
 */
export function blocksOf(
  value: unknown,
  argument: string,
  count: number,
  options: BlocksOptions = {},
): ResolvedBlocks {
  const { data, counts, displs, type } = described(value, argument, BLOCKS);
  const asked = { data, counts, displs, argument, count, disjoint: options.disjoint === true };
  const found = plainMemory.find(asked, (blocks) => blocks.given === type && isUsable(blocks.type));
  if (found !== undefined) return found;
  const blocks = resolveBlocks(
    { data, counts, displs, type },
    argument,
    count,
    new ResolvedBlocks(),
    options,
  );
  plainMemory.keep(asked, blocks);
  return blocks;
}

/** As {@link blocksOf}, for blocks that have types of their own. */
export function typedBlocksOf(
  value: unknown,
  argument: string,
  count: number,
  options: BlocksOptions = {},
): ResolvedTypedBlocks {
  const { data, counts, displs, types } = described(value, argument, TYPED_BLOCKS);
  const asked = { data, counts, displs, argument, count, disjoint: options.disjoint === true };
  const found = typedMemory.find(
    asked,
    (blocks) => isSame(blocks.types, types) && blocks.types.every(isUsable),
  );
  if (found !== undefined) return found;
  const given = { data, counts, displs, types };
  const blocks = resolveTypedBlocks(given, argument, count, new ResolvedTypedBlocks(), options);
  typedMemory.keep(asked, blocks);
  return blocks;
}

/** @throws MpiError if it was freed */
const isUsable = (type: Datatype): boolean => type.handle !== undefined;

/** Whether a list has just these values. */
function isSame(values: ArrayLike<unknown>, list: unknown): boolean {
  if (typeof list !== "object" || list === null) return false;
  const given = list as ArrayLike<unknown>;
  if (given.length !== values.length) return false;
  for (let i = 0; i < values.length; i++) if (given[i] !== values[i]) return false;
  return true;
}
