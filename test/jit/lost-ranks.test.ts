import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Installed, installed } from "../mpi/installed.js";
import { type Job, launchProgram } from "../mpi/lifecycle/launch.js";
import { leftovers, librariesIn, newFolder } from "./caches.js";
import { compilerThat, processesWith, until } from "./processes.js";

// A rank of a job is lost while one compiles and the others wait for it: the job ends, and the next one builds.

const PROGRAM = fileURLToPath(new URL("lost-ranks-program.js", import.meta.url));

const SIZE = 3;

/** Milliseconds in which a job has to end when a rank is lost: 5 s, twice that on a busy machine. */
const END = 10_000;

/** Seconds to wait for a rank, where the launcher is to notice that it is lost, and where it cannot. */
const [LONG, SHORT] = [900, 1];

const WAYS = [
  { buildon: "node", form: "jitOnComm", disks: ["disk"], waiter: "waiter" },
  { buildon: "root", form: "jitOnCommAsync", disks: ["disk0", "disk1", "disk2"], waiter: "receiver" },
] as const;

const LOSSES = [
  { who: "builder", rank: 0, signal: "SIGKILL" },
  { who: "waiter", rank: 1, signal: "SIGKILL" },
  { who: "waiter", rank: 2, signal: "SIGTERM" },
  { who: "waiter", rank: 1, signal: "SIGINT" },
  // To MPI and its launcher all is well.
  { who: "builder", rank: 0, signal: "SIGSTOP" },
  { who: "waiter", rank: 1, signal: "SIGSTOP" },
] as const;

const shown = ({ code, signal, stdout, stderr }: Job): string =>
  `ended with ${code ?? signal}\n${stdout}${stderr}`;

/** What the ranks printed. */
const lines = ({ stdout }: Job): string[] => stdout.split("\n").filter((line) => line.startsWith("rank "));

/** A job in a folder of its own, whose compiler takes as long as there is the file `hold`. */
function newJob(mpi: Installed, { buildon, form, disks }: (typeof WAYS)[number]) {
  const folder = newFolder();
  const [hold, compiling] = [join(folder, "hold"), join(folder, "compiling")];
  // Not for ever, should its guard fail.
  const wait = `: > ${compiling}; for i in $(seq 600); do [ ! -e ${hold} ] || sleep 0.05; done`;
  const cxx = compilerThat(`case " $* " in *" -shared "*) [ ! -e ${hold} ] || sh -c '${wait}';; esac`);
  return {
    folder,
    hold,
    compiling,
    caches: disks.map((disk) => join(folder, disk)),
    pidOf: (rank: number): number => Number(readFileSync(join(folder, `pid.${rank}`), "utf8")),
    run: (deadline: number): Promise<Job> =>
      launchProgram(mpi, SIZE, [PROGRAM, folder, buildon, form, cxx, String(deadline)]),
  };
}

/** Loses a rank while one compiles; the job must end. */
async function lose(
  { folder, hold, compiling, caches, pidOf, run }: ReturnType<typeof newJob>,
  { rank, signal }: (typeof LOSSES)[number],
): Promise<void> {
  const isNoticed = signal !== "SIGSTOP";
  writeFileSync(hold, "");
  const running = run(isNoticed ? LONG : SHORT);
  await until(() => existsSync(compiling), "the compiler");
  const begun = Date.now();
  process.kill(pidOf(rank), signal);
  const job = await running;
  assert.ok(job.ended - begun < END, `it took ${job.ended - begun} ms\n${shown(job)}`);
  assert.equal(job.orphans, [], "ranks outlive the job");
  if (isNoticed) assert.equal(lines(job), [], "the launcher has ended them all");
  else assert.ok(lines(job).length > 0, shown(job));
  for (const line of lines(job)) assert.match(line, /^rank [12]: ERR_JIT_DEADLINE$/);
  await until(() => processesWith(folder).length === 0, "the end of the compiler");
  // The builder was killed as well, and could not tidy up.
  for (const cache of caches.filter(existsSync)) {
    assert.equal(librariesIn(cache), []);
    // So may whoever claimed another disk for its ranks.
    const known = /^((lock|temp)\/lost_ranks_|rank\.[0-9a-f]{32})/;
    for (const file of leftovers(cache)) assert.match(file, known, `${file} is left`);
  }
  rmSync(hold);
}

/** The same job once more; now all goes well, and nothing is left of the first. */
async function assertHeals({ caches, run }: ReturnType<typeof newJob>, waiter: string): Promise<void> {
  const job = await run(LONG);
  assert.is(job.code, 0, shown(job));
  assert.equal(lines(job).sort(), ["rank 0: builder, 12", `rank 1: ${waiter}, 12`, `rank 2: ${waiter}, 12`]);
  for (const cache of caches) {
    assert.is(librariesIn(cache).length, 1);
    assert.equal(leftovers(cache), []);
  }
}

const lost = suite("a rank is lost while others wait for a library");

for (const mpi of installed()) {
  for (const way of WAYS) {
    for (const loss of LOSSES) {
      const who = loss.who === "builder" ? loss.who : way.waiter;
      lost(`${loss.signal} to a ${who} in ${way.form}, buildon "${way.buildon}", ${mpi.name}`, async () => {
        const job = newJob(mpi, way);
        await lose(job, loss);
        await assertHeals(job, way.waiter);
      });
    }
  }
}

lost.run();
