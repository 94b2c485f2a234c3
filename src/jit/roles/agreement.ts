import { hash } from "node:crypto";
import type { Communicator } from "../../mpi/index.js";
import { JitError } from "../error.js";
import type { Steps } from "../steps.js";
import { beginSum, share, sharedBy } from "./shared-memory.js";
import { gathered, type Patience } from "./waiting.js";

/*
 * Whether all processes mean the same, by one reduction: numbers are equal if and only if their count times the sum of
 * their squares is the square of their sum (Cauchy and Schwarz).
 */

/** Numbers that stand for a text: 72 bits of its hash, in parts whose squares can be summed over 2^15 processes. */
const PARTS = 3;
const PART_BYTES = 3;

function partsOf(text: string): bigint[] {
  const digest = hash("sha256", text, "buffer");
  return Array.from({ length: PARTS }, (_, i) => BigInt(digest.readUIntBE(i * PART_BYTES, PART_BYTES)));
}

/** What one process contributes: itself or nothing, and the sums and squares of its parts. */
function contribution(text: string | undefined): bigint[] {
  if (text === undefined) return new Array(1 + 2 * PARTS).fill(0n);
  const known = contributions.get(text);
  if (known !== undefined) return known;
  const parts = partsOf(text);
  const values = [1n, ...parts, ...parts.map((part) => part * part)];
  contributions.set(text, values);
  return values;
}

/** What was computed before: a warm call is made of little else. */
const contributions = new Map<string, bigint[]>();

const isEqual = (sums: BigInt64Array, at: number): boolean => {
  const count = sums[at] as bigint;
  for (let i = 1; i <= PARTS; i++) {
    const sum = sums[at + i] as bigint;
    if (count * (sums[at + PARTS + i] as bigint) !== sum * sum) return false;
  }
  return true;
};

/** What one process has. */
export interface Position {
  /** Signature and ways, which must be the same everywhere. */
  readonly asked: string;
  /** The hash of the source of the library that it has; undefined if it has none. */
  readonly source: string | undefined;
  /** Whether it knows who shares its disk. */
  readonly knowsNodes: boolean;
  /** Whether its library is out of date, so that nobody's may be taken for it. Default false. */
  readonly isStale?: boolean;
  /** Whether it cannot even ask. Default false. */
  readonly hasFailed?: boolean;
}

export interface Agreement {
  /** How many processes have the library. */
  readonly hits: number;
  readonly allKnowNodes: boolean;
  readonly stale: number;
  readonly failed: number;
}

const FIELD = 1 + 2 * PARTS;
const FLAGS = 3;

/** A position as numbers to be added up. */
export function valuesOf(position: Position): BigInt64Array {
  const { asked, source, knowsNodes, isStale = false, hasFailed = false } = position;
  const flags = [knowsNodes, isStale, hasFailed].map((flag) => (flag ? 1n : 0n));
  const own = contribution(hasFailed ? undefined : asked);
  return BigInt64Array.from([...own, ...contribution(source), ...flags]);
}

/**
 * What all processes together have: one small reduction.
 * @throws JitError as {@link judge}
 */
export function* agree(comm: Communicator, position: Position, patience: Patience): Steps<Agreement> {
  const sums = yield* beginSum(comm, valuesOf(position)).ended(patience);
  return yield* judge(comm, position, sums, patience);
}

/**
 * Lets later agreements go by shared memory, if there can be some. Collective, and tried once: wherever all have just
 * agreed that all have the library, so that all come here at the same call.
 */
export function* agreeFaster(comm: Communicator, patience: Patience): Steps<void> {
  if (sharedBy(comm) === undefined) yield* share(comm, 2 * FIELD + FLAGS, patience);
}

/**
 * What the sum of all positions tells.
 * @throws JitError `ERR_JIT_MISMATCH` on all of them if they ask for different libraries, or have different ones under
 *   the same signature, which tells who has what
 */
export function* judge(
  comm: Communicator,
  { asked, source }: Position,
  sums: BigInt64Array,
  patience: Patience,
): Steps<Agreement> {
  const [knowing, stale, failed] = Array.from(sums.subarray(2 * FIELD), Number) as [number, number, number];
  const agreement = { hits: Number(sums[FIELD]), allKnowNodes: knowing === comm.size, stale, failed };
  if (failed > 0) return agreement;
  if (!isEqual(sums, 0)) throw yield* disagreement(comm, asked, "ask for different libraries", patience);
  if (!isEqual(sums, FIELD)) {
    const text = source === undefined ? "no library" : `source ${source.slice(0, 16)}`;
    throw yield* disagreement(comm, text, `have different libraries as ${asked}`, patience);
  }
  return agreement;
}

const TEXT_BYTES = 256;

/** The error that tells which ranks mean what. */
function* disagreement(comm: Communicator, own: string, what: string, patience: Patience): Steps<JitError> {
  const text = new Uint8Array(TEXT_BYTES);
  new TextEncoder().encodeInto(own, text);
  const all = yield* gathered(comm, text, patience);
  const ranks = new Map<string, number[]>();
  for (let rank = 0; rank < comm.size; rank++) {
    const each = Buffer.from(all.subarray(rank * TEXT_BYTES, (rank + 1) * TEXT_BYTES));
    const meant = each.toString("utf8").replace(/\0+$/, "");
    ranks.set(meant, [...(ranks.get(meant) ?? []), rank]);
  }
  const list = [...ranks].map(([meant, who]) => `\n  rank ${who.join(", ")}: ${meant}`);
  return new JitError("ERR_JIT_MISMATCH", `The ranks ${what}:${list.join("")}`);
}
