import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseRun, typeScriptOptions } from "../../src/cli/run.js";
import { type Installed, installed, only } from "../mpi/installed.js";
import { type Ended, PROGRAM, startTypedMpi, typedMpi } from "./command.js";

const parsing = suite("the command line of run");

parsing("ends at the program: what follows belongs to it", () => {
  assert.equal(parseRun(["-n", "4", "x.js", "-n", "5", "--mpi", "y"]), {
    processes: 4,
    mpi: undefined,
    launcherOptions: [],
    program: ["x.js", "-n", "5", "--mpi", "y"],
  });
});

parsing("passes what it does not know to the launcher, with its values", () => {
  const cases: readonly [options: string[], n: string[]][] = [
    [
      ["--mca", "btl", "self,tcp", "--bind-to", "core"],
      ["-np", "4"],
    ],
    [["-genv", "A", "B", "-ppn", "2"], ["--np=4"]],
    [["--hostfile", "hosts", "--report-bindings", "-x", "NAME"], ["-n=4"]],
    [
      ["--map-by=core", "--tag-output"],
      ["-n", "4"],
    ],
  ];
  for (const [options, n] of cases) {
    const { processes, launcherOptions, program } = parseRun([...options, ...n, "x.js", "a"]);
    assert.equal(
      { processes, launcherOptions, program },
      {
        processes: 4,
        launcherOptions: options,
        program: ["x.js", "a"],
      },
    );
  }
});

parsing("-- separates the options of unknown launchers from the program", () => {
  const { launcherOptions, program } = parseRun(["-n", "2", "--exotic", "--", "--odd-name.js", "--"]);
  assert.equal(launcherOptions, ["--exotic"]);
  assert.equal(program, ["--odd-name.js", "--"]);
});

parsing("TypeScript needs a Node that strips types", () => {
  const strip = ["--experimental-strip-types"];
  const expected: readonly [node: string, options: string[] | undefined][] = [
    ["20.19.0", undefined],
    ["22.5.0", undefined],
    ["22.6.0", strip],
    ["22.17.1", strip],
    ["22.18.0", []],
    ["23.0.0", strip],
    ["23.6.0", []],
    ["24.0.0", []],
    ["26.1.0", []],
  ];
  for (const [node, options] of expected) {
    if (options !== undefined) assert.equal(typeScriptOptions("x.ts", node), options, node);
    else assert.throws(() => typeScriptOptions("x.ts", node), /Node 2\d\.\d+\.0 cannot run "x\.ts".*22\.6/);
  }
});

parsing.run();

const run = suite("typed-mpi run");

/** "0 of 4", ...: the processes that said who they are, in order. */
const ranksOf = ({ stdout }: Ended): string[] =>
  [...stdout.matchAll(/rank (\d+ of \d+)/g)].map(([, rank]) => String(rank)).sort();

const ranks = (size: number): string[] => Array.from({ length: size }, (_, rank) => `${rank} of ${size}`);

/** `--mpi` for each MPI here. */
const each = (): (Installed & { mpi: string })[] =>
  installed().map((installation) => ({ ...installation, mpi: installation.family }));

run("without --mpi runs the job with the library that is found first", () => {
  const ended = typedMpi(["run", "-n", "2", PROGRAM]);
  assert.is(ended.code, 0, ended.stderr);
  assert.equal(ranksOf(ended), ranks(2));
});

run("--mpi chooses the MPI; more processes than cores, and as root where root runs it", () => {
  const size = cpus().length + 2;
  for (const { mpi, family } of each()) {
    const ended = typedMpi(["run", "-n", String(size), "--mpi", mpi, PROGRAM, "none", "a b", "*"]);
    assert.is(ended.code, 0, ended.stderr);
    assert.equal(ranksOf(ended), ranks(size));
    assert.match(ended.stdout, '["a b","*"]');
    if (process.platform === "linux")
      assert.match(ended.stdout, family === "mpich" ? /libmpi(ch)?\.so\.12/ : ".so.40");
  }
});

run("--mpi PATH, a library, is what the processes open", () => {
  for (const { mpi } of each()) {
    const named = typedMpi(["run", "-n", "1", "--mpi", mpi, PROGRAM]);
    const path = /rank 0 of 1, ([^,]*)/.exec(named.stdout)?.[1] as string;
    const ended = typedMpi(["run", "-n", "2", "--mpi", path, PROGRAM, "environment"]);
    assert.equal(ranksOf(ended), ranks(2), ended.stderr);
    assert.match(ended.stdout, `"TYPED_MPI_LIB":${JSON.stringify(path)}`);
  }
});

run("an MPI that is not there is told with what was tried", () => {
  const path = typedMpi(["run", "-n", "2", "--mpi", "/nonexistent/libmpi.so", PROGRAM]);
  assert.is(path.code, 1);
  assert.match(path.stderr, /^typed-mpi: No MPI library was found/);
  assert.match(path.stderr, "/nonexistent/libmpi.so");
  const family = typedMpi(["run", "-n", "2", "--mpi", "msmpi", PROGRAM]);
  if (!installed().some((mpi) => mpi.family === "msmpi")) {
    assert.is(family.code, 1);
    assert.match(family.stderr, /^typed-mpi: No MPI library was found/);
  }
});

run("a program that is not there is told by its name, before anything starts", () => {
  for (const program of ["nothing-here.js", "./nothing-here", "nothing-here-either"]) {
    const { code, stdout, stderr } = typedMpi(["run", "-n", "2", program]);
    assert.is(code, 127);
    assert.is(stdout, "");
    assert.match(stderr, new RegExp(`^typed-mpi: cannot run "${program}": .*\n$`));
  }
});

run("runs other programs too, and relative scripts, from the current folder and from -wdir", () => {
  const [file, directory] = [basename(PROGRAM), dirname(PROGRAM)];
  for (const { mpi } of each()) {
    const node = typedMpi(["run", "-n", "2", "--mpi", mpi, process.execPath, "-p", "'the answer is ' + 42"]);
    assert.is(node.stdout.split("the answer is 42").length - 1, 2, node.stderr);
    assert.equal(ranksOf(typedMpi(["run", "-n", "2", "--mpi", mpi, file], { directory })), ranks(2));
    assert.equal(ranksOf(typedMpi(["run", "-n", "2", "--mpi", mpi, "-wdir", directory, file])), ranks(2));
  }
});

run("the job's exit code is the command's", () => {
  for (const { mpi } of each()) {
    assert.is(typedMpi(["run", "-n", "2", "--mpi", mpi, PROGRAM, "exit", "7"]).code, 7, mpi);
    assert.is.not(typedMpi(["run", "-n", "2", "--mpi", mpi, PROGRAM, "die"]).code, 0, mpi);
    assert.is(typedMpi(["run", "-n", "2", "--mpi", mpi, "--frobnicate", PROGRAM]).stdout, "");
  }
});

run("stdin goes to rank 0", () => {
  for (const { mpi } of each()) {
    const ended = typedMpi(["run", "-n", "2", "--mpi", mpi, PROGRAM, "stdin"], { input: "hello" });
    assert.is(ended.stdout.split("stdin: hello").length - 1, 1, ended.stderr);
  }
});

run("a job started from within a job is a job of its own", () => {
  for (const { mpi } of each()) {
    const outer = typedMpi(["run", "-n", "1", "--mpi", mpi, "env"]).stdout;
    const env = Object.fromEntries(outer.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const ended = typedMpi(["run", "-n", "2", "--mpi", mpi, PROGRAM], { env });
    assert.equal(ranksOf(ended), ranks(2), ended.stderr);
  }
});

/** Commands of the processes that have `text` in their arguments. */
const alive = (text: string): string[] =>
  readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return command.includes(text) ? [command] : [];
    } catch {
      return [];
    }
  });

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const proc = existsSync("/proc/self") ? ["/proc"] : [];

run("a signal ends the whole job, sleeping or blocked, and leaves nothing behind", async () => {
  if (only(proc, "/proc").length === 0) return;
  const tasks: Readonly<Record<string, keyof typeof SIGNALS>> = { sleep: "SIGINT", busy: "SIGTERM" };
  for (const { mpi } of each()) {
    for (const [task, signal] of [...Object.entries(tasks), ["sleep", "SIGHUP"] as const]) {
      const mark = `mark-${process.pid}-${mpi}-${signal}`;
      const { child, until, ended } = startTypedMpi(["run", "-n", "3", "--mpi", mpi, PROGRAM, task, mark]);
      await until("rank ", 3);
      child.kill(signal);
      const start = performance.now();
      assert.is((await ended).code, SIGNALS[signal], `${mpi}, ${task}, ${signal}`);
      assert.ok(performance.now() - start < 8000);
      await setTimeout(500);
      assert.equal(alive(mark), []);
    }
  }
});

run("processes that ignore signals end as well", async () => {
  if (only(proc, "/proc").length === 0) return;
  for (const { mpi } of each()) {
    const mark = `mark-${process.pid}-${mpi}-stubborn`;
    const { child, until, ended } = startTypedMpi([
      "run",
      "-n",
      "2",
      "--mpi",
      mpi,
      PROGRAM,
      "stubborn",
      mark,
    ]);
    await until("ready", 2);
    child.kill("SIGTERM");
    const start = performance.now();
    assert.is((await ended).code, 143, mpi);
    assert.ok(performance.now() - start < 15_000, `${mpi}: it took too long`);
    await setTimeout(1000);
    assert.equal(alive(mark), []);
  }
});

run("a TypeScript file runs where Node can, and is refused where it cannot", () => {
  const folder = mkdtempSync(join(tmpdir(), "typed-mpi-run-"));
  try {
    const file = join(folder, "typed.mts");
    writeFileSync(file, "const answer: number = 42;\nconsole.log('the answer is', answer);\n");
    let able = true;
    try {
      typeScriptOptions(file);
    } catch {
      able = false;
    }
    const { code, stdout, stderr } = typedMpi(["run", "-n", "2", file]);
    assert.is(code, able ? 0 : 1, stderr);
    if (able) assert.is(stdout.split("the answer is 42").length - 1, 2);
    else assert.match(stderr, /^typed-mpi: Node .* cannot run ".*typed\.mts"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

run.run();
