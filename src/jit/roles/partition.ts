import { hash, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { invalidType } from "../../argument-error.js";
import type { Communicator } from "../../mpi/index.js";
import { isAlive } from "../cache/alive.js";
import { JitError } from "../error.js";
import { runSync, type Steps } from "../steps.js";
import { broadcast, endless, gathered, type Patience } from "./waiting.js";

/*
 * Which processes share a directory. dijitso has each process make a file in it and list them all, which costs the square
 * of their number. Here processes of one host are told apart by the directory's device and inode, and one of them
 * for each claims the directory by a link of one name: whoever is first leaves its rank there, and the others
 * read it. A file for each host and directory, a few system calls for each process, two gathers of some bytes.
 */

/**
 * A name that no other call has, the same on all processes. Collective.
 * @returns 32 hexadecimal digits
 */
export const bcastUuid = (comm: Communicator): string => runSync(sharedUuid(comm, endless));

function* sharedUuid(comm: Communicator, patience: Patience): Steps<string> {
  const own = comm.rank === 0 ? Buffer.from(randomUUID().replaceAll("-", ""), "hex") : undefined;
  return Buffer.from(yield* broadcast(comm, own, 0, patience)).toString("hex");
}

/**
 * The ranks whose `path` is the same directory as that of this process, its own among them, in ascending order.
 * Collective. The paths may differ; the directory is made if it is not there.
 *
 * It costs each process two gathers (of 16 and of 4 bytes from each) and one broadcast, and for each host and directory one file.
 * @throws JitError `ERR_JIT_CACHE` on all processes if one of them cannot write to its directory
 */
export function discoverPathAccessRanks(comm: Communicator, path: string): number[] {
  if (typeof path !== "string" || path === "") throw invalidType("path", "a directory", path);
  const partition = runSync(partitionBy(comm, path, endless));
  return ranksOf(partition, comm.rank);
}

/** The ranks in the same part as `rank`. */
const ranksOf = (partition: ArrayLike<number>, rank: number): number[] =>
  Array.from(partition, (part, each) => (part === partition[rank] ? each : -1)).filter((each) => each >= 0);

const KEY_BYTES = 16;
const FAILED = -1;

/** For each rank, the lowest rank that has the same directory. */
export function* partitionBy(comm: Communicator, path: string, patience: Patience): Steps<Int32Array> {
  const uuid = yield* sharedUuid(comm, patience);
  const directory = resolve(path);
  let failure: Error | undefined;
  let key: Uint8Array = new Uint8Array(KEY_BYTES);
  try {
    key = keyOf(directory);
  } catch (error) {
    failure = error as Error;
  }
  const keys = yield* gathered(comm, key, patience);
  const texts = Array.from({ length: comm.size }, (_, rank) =>
    Buffer.from(keys.subarray(rank * KEY_BYTES, (rank + 1) * KEY_BYTES)).toString("hex"),
  );
  const leaders = texts.map((text) => texts.indexOf(text));
  const marker = join(directory, `rank.${uuid}`);
  let claimed = FAILED;
  if (failure === undefined && leaders[comm.rank] === comm.rank) {
    try {
      claimed = claim(marker, comm.rank);
    } catch (error) {
      failure = error as Error;
    }
  }
  const claims = yield* gathered(comm, Int32Array.of(claimed), patience);
  if (claimed === comm.rank) rmSync(marker, { force: true });
  const failed = leaders.flatMap((leader, rank) => (claims[leader] === FAILED ? [rank] : []));
  if (failed.length > 0) {
    const reason = failure === undefined ? "" : `: ${failure.message}`;
    throw new JitError("ERR_JIT_CACHE", `Rank ${failed.join(", ")} cannot write to its directory${reason}`, {
      cause: failure,
    });
  }
  // The claim of whoever was first, which need not be the lowest rank.
  const parts = Array.from(leaders, (leader) => claims[leader] as number);
  return Int32Array.from(parts, (part) => parts.indexOf(part));
}

/** Equal only for the same directory on the same host. */
function keyOf(directory: string): Uint8Array {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const { dev, ino } = statSync(directory, { bigint: true });
  const digest = hash("sha256", `${bootId()} ${dev} ${ino}`, "buffer");
  return Uint8Array.from(digest.subarray(0, KEY_BYTES));
}

/** Tells running systems apart, also those with the same name. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
  } catch {
    return hostname();
  }
}

/**
 * Claims the directory of `marker`.
 * @returns the rank that was first
 */
function claim(marker: string, rank: number): number {
  const own = `${marker}.${rank}`;
  removeAbandoned(dirname(marker));
  writeFileSync(own, `${rank} ${process.pid} ${hostname()}`, { flag: "wx", mode: 0o644 });
  try {
    // A link is there with its content or not at all, also on a network file system.
    linkSync(own, marker);
    return rank;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return Number.parseInt(readFileSync(marker, "latin1"), 10);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Milliseconds after which a claim is no longer looked at, wherever it was made. */
const OLD = 3_600_000;

/** Removes the claims of processes of this host that were killed before they did. */
function removeAbandoned(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!/^rank\.[0-9a-f]{32}(?:\.\d+)?$/.test(name)) continue;
    const filename = join(directory, name);
    try {
      const [, pid, host] = readFileSync(filename, "latin1").split(" ");
      const isDead = host === hostname() && !isAlive(Number(pid));
      if (isDead || Date.now() - statSync(filename).mtimeMs > OLD) rmSync(filename, { force: true });
    } catch {
      // Another process was first.
    }
  }
}

/**
 * The parts of all processes. Collective.
 * @param partition The ranks in this process's part.
 * @returns each part once, by its lowest rank
 */
export function gatherGlobalPartitions(comm: Communicator, partition: readonly number[]): number[][] {
  if (!Array.isArray(partition) || !partition.includes(comm.rank)) {
    throw invalidType("partition", "a list of ranks with that of this process in it", partition);
  }
  const lowest = Int32Array.of(Math.min(...partition));
  const all = runSync(gathered(comm, lowest, endless));
  return [...new Set(all)]
    .sort((a, b) => a - b)
    .map((part) => Array.from(all, (each, rank) => (each === part ? rank : -1)).filter((rank) => rank >= 0));
}
