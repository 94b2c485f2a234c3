import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mpi } from "../../../src/index.js";
import {
  type Generated,
  type GivenParams,
  jitOnComm,
  jitOnCommAsync,
  type OnCommOptions,
  setLogHandler,
} from "../../../src/jit/index.js";
import { type TestOptions, test } from "../../harness/ranks.js";
import { leftovers, librariesIn } from "../caches.js";

// Ranks of one host that have their disks together or apart: each rank's cache is in the directory of its disk.

setLogHandler(() => {});

const world = mpi.COMM_WORLD;

/** For each rank of COMM_WORLD, the number of its disk. */
export type Layout = (rank: number) => number;

export const LAYOUTS: readonly (readonly [name: string, layout: Layout])[] = [
  ["one disk", () => 0],
  ["two disks", (rank) => rank % 2],
  ["a disk for each rank", (rank) => rank],
];

export const shared: Layout = () => 0;
export const apart: Layout = (rank) => rank;

/** The ranks of COMM_WORLD, and the disks that they have. */
export const RANKS: readonly number[] = Array.from({ length: world.size }, (_, rank) => rank);
export const disksOf = (layout: Layout): number[] => [...new Set(RANKS.map(layout))];
export const lowestOn = (layout: Layout, disk: number): number =>
  RANKS.find((rank) => layout(rank) === disk) as number;

/** For tests of what two processes do. */
export const needsTwo: TestOptions = { skip: world.size === 1 && "there is one rank only" };

/** A file whose ranks have failed must leave nothing behind either. */
const folders = new Set<string>();
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A test in a directory that all ranks share, which is removed when all of them are done with it. */
export function testOnDisks(
  name: string,
  body: (folder: string) => void | Promise<void>,
  options: TestOptions = {},
): void {
  const inFolder = async (): Promise<void> => {
    const folder = world.bcastObject(
      world.rank === 0 ? mkdtempSync(join(tmpdir(), "typed-mpi-test-")) : null,
    );
    if (world.rank === 0) folders.add(folder);
    await body(folder);
    world.barrier();
    if (world.rank === 0) rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  };
  test(name, inFolder, options);
}

export const f = (value: number): string => `extern "C" int f() { return ${value}; }\n`;

let count = 0;

/** A library that no other test has: what is loaded stays in memory. */
export interface Work {
  readonly name: string;
  readonly value: number;
  readonly cacheDir: string;
  readonly params: GivenParams;
  /** Makes the code of `int f()`, which returns `value`, and notes that this rank was asked. */
  readonly generate: (value: number) => Generated;
}

/** Collective, as the name must be the same on all ranks. */
export function newWork(folder: string, layout: Layout): Work {
  const value = ++count * 10;
  const cacheDir = join(folder, `disk${layout(world.rank)}`);
  return {
    name: `library ${count}`,
    value,
    cacheDir,
    params: { cache: { cacheDir, failDirRoot: join(folder, "failures") } },
    generate: (jitable) => {
      noteBuild(folder);
      return { source: f(jitable) };
    },
  };
}

export const FORMS = ["jitOnComm", "jitOnCommAsync"] as const;

/** Builds or finds it in one of the two forms, and calls its function. */
export async function call(
  form: (typeof FORMS)[number],
  comm: mpi.Communicator,
  { value, name, params, generate }: Work,
  options: OnCommOptions = {},
): Promise<{ role: string; value: unknown; signature: string }> {
  const { library, role, signature } =
    form === "jitOnComm"
      ? jitOnComm(comm, value, name, params, generate, options)
      : await jitOnCommAsync(comm, value, name, params, async (given) => generate(given), options);
  return { role, value: library.func("int f()")(), signature };
}

/** Notes that this rank was asked for code. */
export const noteBuild = (folder: string): void => appendFileSync(join(folder, "journal"), `${world.rank}\n`);

/** What is in the directory when all ranks have come here. */
export interface Seen {
  /** The ranks that were asked for code, as often as they were. */
  readonly builders: number[];
  /** For each disk that there is, how many libraries are on it. */
  readonly libraries: Record<string, number>;
  /** Temporary files and locks. */
  readonly leftovers: string[];
  /** Directories of failed builds. */
  readonly failures: string[];
}

/** Collective. The same on all ranks. */
export function see(folder: string): Seen {
  world.barrier();
  return world.bcastObject(world.rank === 0 ? look(folder) : null);
}

function look(folder: string): Seen {
  const [journal, failures] = [join(folder, "journal"), join(folder, "failures")];
  const builders = existsSync(journal) ? readFileSync(journal, "utf8").trimEnd().split("\n").map(Number) : [];
  const disks = readdirSync(folder).filter((name) => name.startsWith("disk"));
  return {
    builders: builders.sort((a, b) => a - b),
    libraries: Object.fromEntries(disks.map((disk) => [disk, librariesIn(join(folder, disk)).length])),
    leftovers: disks.flatMap((disk) => leftovers(join(folder, disk))),
    failures: existsSync(failures) ? readdirSync(failures) : [],
  };
}

/** As many libraries on each disk of a layout. */
export const onEachDisk = (layout: Layout, libraries: number): Record<string, number> =>
  Object.fromEntries(disksOf(layout).map((disk) => [`disk${disk}`, libraries]));
