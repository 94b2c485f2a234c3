import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, getuid } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

// The published bundle keeps the code that V8 made of it: only ever as a help, whatever is in the directory.

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Calls some of the bundle's jit floor; prints what that gave, and where the code of each file came from. */
const program = (dist: string): string => `
  const { origins } = await import(${JSON.stringify(pathToFileURL(join(dist, "loader.js")).href)});
  const { hashParams, defaultParams } = await import(${JSON.stringify(pathToFileURL(join(dist, "jit/index.js")).href)});
  const hashed = hashParams({ ...defaultParams(), x: 1 });
  console.log(JSON.stringify({ hashed, origins: Object.fromEntries(origins) }));
`;

interface Printed {
  readonly hashed: string;
  readonly origins: Readonly<Record<string, "source" | "kept">>;
}

/** The environment of a process that has none of its own ideas of where code is kept, or whether. */
const PLAIN: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/COMPILE_CACHE|^NODE_OPTIONS$/.test(name)),
  ),
  // Node hands it on to its children if it is not there.
  NODE_V8_COVERAGE: "",
};

interface World {
  readonly home: string;
  readonly code: string;
}

const argumentsOf = (options: readonly string[], text: string): string[] => [
  ...options,
  "--input-type=module",
  "-e",
  text,
];

const environment = ({ home }: World, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...PLAIN,
  XDG_CACHE_HOME: home,
  ...env,
});

function start(
  world: World,
  text: string,
  env: NodeJS.ProcessEnv,
  options: readonly string[],
): SpawnSyncReturns<string> {
  return spawnSync(execPath, argumentsOf(options, text), {
    env: environment(world, env),
    encoding: "utf8",
    timeout: 60_000,
  });
}

/** Runs the program, which must end well and print nothing else. */
function run(
  world: World,
  env: NodeJS.ProcessEnv = {},
  options: readonly string[] = [],
  dist: string = DIST,
): Printed {
  const { status, stdout, stderr } = start(world, program(dist), env, options);
  assert.is(stderr, "");
  assert.is(status, 0);
  return JSON.parse(stdout) as Printed;
}

const originsOf = (printed: Printed): string => [...new Set(Object.values(printed.origins))].join();

const codeFiles = ({ code }: World): string[] => readdirSync(code).map((name) => join(code, name));

/** Of the floor's own file, the largest that the program loads. */
const jitFile = (world: World): string =>
  codeFiles(world).find((path) => path.includes("typed-mpi-jit.cjs-")) as string;

/** How many processes have added to a file. */
const generationOf = (path: string): number => readFileSync(path).readUInt32LE(4);

const loader = suite<World>("the loader of the published bundle");

loader.before.each((world) => {
  const home = mkdtempSync(join(tmpdir(), "typed-mpi-loader-"));
  Object.assign(world, { home, code: join(home, "typed-mpi-code") });
});
loader.after.each(({ home }) => rmSync(home, { recursive: true }));

loader("keeps the code for the next process, for this user alone", (world) => {
  const first = run(world);
  assert.is(originsOf(first), "source");
  assert.ok("jit.cjs" in first.origins);
  const second = run(world);
  assert.is(originsOf(second), "kept");
  assert.is(second.hashed, first.hashed);
  assert.is(statSync(world.code).mode & 0o777, 0o700);
  for (const path of codeFiles(world)) assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(codeFiles(world).length, Object.keys(first.origins).length);
});

loader("holds what a process compiled, not only what each starts with", (world) => {
  const calls = "await import(process.argv[1]); ";
  const jit = pathToFileURL(join(DIST, "jit/index.js")).href;
  spawnSync(execPath, [...argumentsOf([], calls), jit], { env: environment(world, {}) });
  const before = statSync(jitFile(world)).size;
  run(world);
  assert.ok(statSync(jitFile(world)).size > before + 1000);
});

loader("learns from eight processes, and then leaves the file as it is", (world) => {
  for (let i = 1; i <= 8; i++) {
    run(world);
    assert.is(generationOf(jitFile(world)), i);
  }
  const { mtimeMs } = statSync(jitFile(world));
  for (let i = 0; i < 8; i++) run(world);
  assert.is(statSync(jitFile(world)).mtimeMs, mtimeMs);
});

loader("learns nothing from a process that lasts, unless nothing is kept yet", (world) => {
  const lasting = `${program(DIST)} while (process.cpuUsage().user < 1e6);`;
  for (const [text, generation] of [
    [lasting, 1],
    [lasting, 1],
    [program(DIST), 2],
    [lasting, 2],
  ] as const) {
    assert.is(start(world, text, {}, []).status, 0);
    assert.is(generationOf(jitFile(world)), generation);
  }
});

loader(
  "keeps what the first call of a compiled function needs at once, where nothing is kept yet",
  (world) => {
    const njit = pathToFileURL(join(DIST, "njit/index.js")).href;
    const params = JSON.stringify({ cache: { cacheDir: join(world.home, "libraries") } });
    const calls = `
    const { njit } = await import(${JSON.stringify(njit)});
    if (njit((x) => x + 1, { params: ${params} })(1) !== 2) throw new Error("not 2");
    process.kill(process.pid, "SIGKILL");`;
    assert.is(start(world, calls, {}, []).signal, "SIGKILL");
    const kept = codeFiles(world).filter((path) => path.includes(".cjs-"));
    assert.ok(kept.some((path) => path.includes("typed-mpi-njit-index.cjs-")));
    assert.ok(kept.includes(jitFile(world)));
    for (const path of kept) assert.is(generationOf(path), 1);
    start(world, calls, {}, []);
    for (const path of kept) assert.is(generationOf(path), 1);
  },
);

loader("a process that keeps code twice has added to it once", (world) => {
  const njit = pathToFileURL(join(DIST, "njit/index.js")).href;
  const params = JSON.stringify({ cache: { cacheDir: join(world.home, "libraries") } });
  const calls = `
    const { njit } = await import(${JSON.stringify(njit)});
    njit((x) => x + 1, { params: ${params} })(1);`;
  assert.is(start(world, calls, {}, []).status, 0);
  for (const path of codeFiles(world)) assert.is(generationOf(path), 1);
  assert.is(start(world, calls, {}, []).status, 0);
  assert.is(generationOf(jitFile(world)), 2);
});

/** What can have happened to a file of code. */
const damages: Readonly<Record<string, (path: string) => void>> = {
  "a bit has flipped": (path) => {
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 0x10, bytes.length >> 1);
    writeFileSync(path, bytes);
  },
  "half of it is missing": (path) => truncateSync(path, statSync(path).size >> 1),
  "its end is zeros": (path) => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0, bytes.length >> 1));
  },
  "it is empty": (path) => truncateSync(path),
  "it is shorter than its header": (path) => truncateSync(path, 7),
  "it is another format's": (path) => writeFileSync(path, "x".repeat(5000)),
  "everybody can write to it": (path) => chmodSync(path, 0o622),
};

for (const [what, damage] of Object.entries(damages)) {
  loader(`does not use a file, and replaces it, when ${what}`, (world) => {
    const { hashed } = run(world);
    damage(jitFile(world));
    const damaged = run(world);
    assert.is(damaged.hashed, hashed);
    assert.is(damaged.origins["jit.cjs"], "source");
    assert.is(damaged.origins["ffi.cjs"], "kept");
    assert.is(originsOf(run(world)), "kept");
  });
}

if (getuid?.() === 0) {
  loader("does not use another user's file, and replaces it in a directory of its own", (world) => {
    run(world);
    chownSync(jitFile(world), 12345, 12345);
    assert.is(run(world).origins["jit.cjs"], "source");
    assert.is(statSync(jitFile(world)).uid, 0);
    assert.is(originsOf(run(world)), "kept");
  });
}

/** A copy of the package; returns its bundle. */
function packageIn({ home }: World): string {
  const copy = join(home, "package", "dist");
  cpSync(DIST, copy, { recursive: true });
  symlinkSync(MODULES, join(home, "package", "node_modules"));
  writeFileSync(join(home, "package", "package.json"), '{ "type": "module", "version": "1.2.3" }');
  return copy;
}

loader("knows a file that was changed, even to as many bytes", (world) => {
  const copy = packageIn(world);
  const { hashed } = run(world, {}, [], copy);
  assert.is(originsOf(run(world, {}, [], copy)), "kept");
  const path = join(copy, "jit.cjs");
  const text = readFileSync(path, "utf8");
  const changed = text.replaceAll("sha256", "sha384");
  assert.ok(changed !== text && changed.length === text.length);
  writeFileSync(path, changed);
  const after = run(world, {}, [], copy);
  assert.is(after.origins["jit.cjs"], "source");
  assert.is.not(after.hashed, hashed);
});

loader("is off where Node's own cache is, and where it would stand in the way of a tool", (world) => {
  const coverage = join(world.home, "coverage");
  for (const [env, ...options] of [
    [{ NODE_DISABLE_COMPILE_CACHE: "1" }],
    [{ NODE_V8_COVERAGE: coverage }],
    [{}, "--enable-source-maps"],
  ] as const) {
    assert.equal(run(world, env, options).origins, {});
    assert.not.ok(existsSync(world.code));
  }
});

loader("keeps the code where NODE_COMPILE_CACHE says", (world) => {
  const elsewhere = join(world.home, "elsewhere");
  run(world, { NODE_COMPILE_CACHE: elsewhere });
  assert.is(originsOf(run(world, { NODE_COMPILE_CACHE: elsewhere })), "kept");
  assert.ok(readdirSync(elsewhere).some((name) => name.startsWith("typed-mpi-jit.cjs-")));
  assert.not.ok(existsSync(world.code));
});

loader("does without where nothing can be written, and where there is no home", (world) => {
  assert.is(originsOf(run(world, { XDG_CACHE_HOME: "/dev/null/nowhere" })), "source");
  assert.equal(run(world, { XDG_CACHE_HOME: "", HOME: "", LOCALAPPDATA: "" }).origins, {});
});

loader("does not use, nor replace, code for other flags of V8", (world) => {
  run(world);
  const path = jitFile(world);
  const before = readFileSync(path);
  assert.is(originsOf(run(world, {}, ["--no-lazy"])), "source");
  assert.is(originsOf(run(world, {}, ["--no-lazy"])), "kept");
  assert.ok(readFileSync(path).equals(before));
  assert.is(originsOf(run(world)), "kept");
});

loader("does not keep code of flags that a process sets while it runs", (world) => {
  const text = `${program(DIST)} (await import("node:v8")).setFlagsFromString("--no-lazy");`;
  start(world, text, {}, []);
  assert.not.ok(existsSync(world.code));
  run(world);
  assert.is(originsOf(run(world)), "kept");
  start(world, text, {}, []);
  assert.is(originsOf(run(world)), "kept");
});

loader("can be imported once what was in the way is gone", (world) => {
  const copy = packageIn(world);
  const broken = join(copy, "ffi.cjs");
  const text = `
    const { renameSync } = await import("node:fs");
    renameSync(${JSON.stringify(broken)}, ${JSON.stringify(`${broken}.away`)});
    const { load } = await import(${JSON.stringify(pathToFileURL(join(copy, "loader.js")).href)});
    try { load("jit/index.cjs"); } catch (error) { console.log(error.code); }
    renameSync(${JSON.stringify(`${broken}.away`)}, ${JSON.stringify(broken)});
    console.log(load("jit/index.cjs").hashit(1).length);
  `;
  assert.is(start(world, text, {}, []).stdout, "ENOENT\n32\n");
});

if (process.platform !== "win32") {
  loader("does not wait for a pipe in place of a file, nor follow a link", (world) => {
    run(world);
    const path = jitFile(world);
    rmSync(path);
    spawnSync("mkfifo", [path]);
    assert.is(run(world).origins["jit.cjs"], "source");
    const away = join(world.home, "away");
    rmSync(path);
    run(world);
    renameSync(path, away);
    symlinkSync(away, path);
    assert.is(run(world).origins["jit.cjs"], "source");
  });
}

loader("eight processes at once leave whole files, and nothing else", async (world) => {
  const children = Array.from({ length: 8 }, () =>
    spawn(execPath, argumentsOf([], program(DIST)), { env: environment(world, {}), stdio: "ignore" }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  assert.equal([...new Set(codes)], [0]);
  assert.not.ok(codeFiles(world).some((path) => path.endsWith(".new")));
  assert.is(originsOf(run(world)), "kept");
});

loader("takes over from a writer that died, once it is surely dead", (world) => {
  run(world);
  const path = jitFile(world);
  const temporary = `${path}.new`;
  rmSync(path);
  writeFileSync(temporary, "");
  run(world);
  assert.ok(existsSync(temporary));
  assert.not.ok(existsSync(path));
  const minutesAgo = Date.now() / 1000 - 120;
  utimesSync(temporary, minutesAgo, minutesAgo);
  run(world);
  run(world);
  assert.not.ok(existsSync(temporary));
  assert.is(originsOf(run(world)), "kept");
});

loader("removes what no version has used for months, and nothing of others", (world) => {
  run(world);
  const current = jitFile(world);
  const old = join(world.code, "typed-mpi-jit.cjs-0-0-v20.0.0-x64");
  const foreign = ["other", "typed-mpi-0.1.0.tgz", "typed-mpi-archive"].map((name) => join(world.code, name));
  const yearAgo = Date.now() / 1000 - 365 * 86_400;
  for (const path of [old, ...foreign]) {
    writeFileSync(path, "");
    utimesSync(path, yearAgo, yearAgo);
  }
  run(world);
  assert.ok(existsSync(old));
  rmSync(current);
  run(world);
  assert.not.ok(existsSync(old));
  for (const path of foreign) assert.ok(existsSync(path), path);
});

loader("works on other threads", (world) => {
  const text = `
    const { Worker } = await import("node:worker_threads");
    const text = ${JSON.stringify(`import("node:module").then(async () => {${program(DIST)}})`)};
    await new Promise((resolve, reject) => {
      new Worker(text, { eval: true }).on("exit", resolve).on("error", reject);
    });
  `;
  const onThread = (): Printed => JSON.parse(start(world, text, {}, []).stdout) as Printed;
  const { hashed } = run(world);
  const printed = onThread();
  assert.is(printed.hashed, hashed);
  assert.is(originsOf(printed), "kept");
  assert.is(generationOf(jitFile(world)), 1);
});

loader("stacks name the files of the bundle, by lines that are theirs", (world) => {
  const text = `
    process.env.TYPED_MPI_FFI = "none";
    try { const { mpi } = await import(${JSON.stringify(pathToFileURL(join(DIST, "index.js")).href)}); mpi.size(); }
    catch (error) { console.log(error.stack); }
  `;
  for (let i = 0; i < 2; i++) {
    const { stdout } = start(world, text, {}, []);
    const [, line] = /ffi\.cjs:(\d+):\d+/.exec(stdout) ?? [];
    assert.ok(stdout.includes(pathToFileURL(DIST).href), stdout);
    const source = readFileSync(join(DIST, "ffi.cjs"), "utf8").split("\n");
    assert.match(source[Number(line) - 1] as string, "new FfiError");
  }
});

loader.run();
