import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { familyOfFile } from "../../src/mpi/library/discover.js";
import { type Launch, type LauncherFamily, withoutLaunch } from "../../src/mpi/library/launcher.js";
import { type Installed, installed, only } from "./installed.js";

/** The environment of a user who has chosen nothing, outside of any job. */
const {
  TYPED_MPI_LIB: _,
  LD_LIBRARY_PATH: __,
  UCX_ERROR_SIGNALS: ___,
  ...PLAIN
} = withoutLaunch(process.env);

const OPEN = new URL("../../src/mpi/library/open.js", import.meta.url).href;

/** A program that opens the library and prints how that went, and what C sees of the environment. */
const OPENS = `
  import { openLibrary } from ${JSON.stringify(OPEN)};
  let result;
  try {
    const { path, family, reason, launch } = openLibrary();
    result = { path, family, reason, launch, again: openLibrary().path };
  } catch ({ code, message }) {
    result = { code, message };
  }
  process.stdout.write(JSON.stringify({ ...result, env: process.env }) + "\\n");
`;

interface Opened {
  readonly path?: string;
  readonly again?: string;
  readonly family?: LauncherFamily;
  readonly reason?: string;
  readonly launch?: Launch;
  readonly code?: string;
  readonly message?: string;
  readonly env: NodeJS.ProcessEnv;
}

const SCRIPT = ["--input-type=module", "-e", OPENS];

/** What a process of its own opens, started by `launcher` if there is one; the first rank's answer. */
function opens(env: NodeJS.ProcessEnv, launcher: readonly string[] = []): Opened {
  const [command, ...args] = [...launcher, process.execPath, ...SCRIPT] as [string, ...string[]];
  const { stdout, stderr } = spawnSync(command, args, {
    env: { ...PLAIN, ...env },
    encoding: "utf8",
    timeout: 60_000,
  });
  const line = stdout.split("\n").find((text) => text.startsWith("{"));
  assert.ok(line, `no answer: ${stdout}${stderr}`);
  return JSON.parse(line);
}

/** An empty folder, while `use` runs. */
function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "typed-mpi-library-"));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const opening = suite("opening");

/** What the library of each installed MPI says of itself. */
const SAYS: Readonly<Record<LauncherFamily, RegExp>> = {
  openmpi: /^Open MPI v/,
  mpich: /^(MPICH|Intel|MVAPICH|CRAY)/i,
  msmpi: /^Microsoft MPI/,
};

const INDEX = new URL("../../src/index.js", import.meta.url).href;

/** The library that each launcher here gets. */
const libraries = new Map<LauncherFamily, string>();

opening("under each launcher takes its library, with nothing configured", () => {
  const program = `
    import { mpi } from ${JSON.stringify(INDEX)};
    const answer = [mpi.rank(), mpi.size(), mpi.libraryVersion(), mpi.library().path, mpi.library().reason];
    process.stdout.write(JSON.stringify(answer) + "\\n");
  `;
  for (const { family, launcher, env } of installed()) {
    const [command, ...args] = [
      ...launcher,
      "-n",
      "2",
      process.execPath,
      "--input-type=module",
      "-e",
      program,
    ];
    const stdout = execFileSync(command as string, args, {
      env: { ...PLAIN, ...env },
      encoding: "utf8",
      timeout: 60_000,
    });
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as [number, number, ...string[]]);
    assert.equal(answers.map(([rank, size]) => `${rank} of ${size}`).sort(), ["0 of 2", "1 of 2"]);
    for (const [, , version, path, reason] of answers) {
      assert.match(version as string, SAYS[family]);
      assert.match(reason as string, family === "openmpi" ? "OMPI_COMM_WORLD_SIZE=2" : "PMI_SIZE=2");
      libraries.set(family, path as string);
    }
  }
});

opening(
  "without a launcher takes the first found, once, and leaves the environment as the user had it",
  () => {
    const { path, again, reason, launch, env } = opens({});
    assert.is(reason, "first found");
    assert.is(again, path);
    assert.is(launch, undefined);
    assert.ok(path?.startsWith("/") || process.platform === "win32", path);
    assert.is(env["ZES_ENABLE_SYSMAN"], undefined);
  },
);

opening("under a launcher refuses the library of another MPI, naming both", () => {
  for (const [here, other] of only(pairs(), "a second MPI")) {
    const path = libraries.get(other.family) as string;
    const { code, message, launch } = opens({ ...here.env, TYPED_MPI_LIB: path }, [
      ...here.launcher,
      "-n",
      "1",
    ]);
    assert.is(code, "ERR_MPI_LAUNCHER_MISMATCH", message);
    assert.is(launch, undefined);
    assert.match(message as string, path);
    const mark = here.family === "openmpi" ? "OMPI_COMM_WORLD_SIZE=1" : "PMI_SIZE=1";
    assert.match(message as string, mark);
  }
});

opening("under a launcher takes its library from a list in TYPED_MPI_LIB, whatever the order", () => {
  for (const [here, other] of only(pairs(), "a second MPI")) {
    const list = [libraries.get(other.family), libraries.get(here.family)].join(delimiter);
    const opened = opens({ ...here.env, TYPED_MPI_LIB: list }, [...here.launcher, "-n", "1"]);
    assert.is(opened.path, libraries.get(here.family), opened.message);
    assert.is(opened.reason, "TYPED_MPI_LIB");
  }
});

opening("under a launcher tells files apart whose names do not, before it opens one", () => {
  for (const [here, other] of only(pairs(), "a second MPI")) {
    inFolder((folder) => {
      const [wrong, right] = [join(folder, "a.so"), join(folder, "b.so")];
      copyFileSync(libraries.get(other.family) as string, wrong);
      copyFileSync(libraries.get(here.family) as string, right);
      const env = { ...here.env, TYPED_MPI_LIB: [wrong, right].join(delimiter) };
      const { path, message } = opens(env, [...here.launcher, "-n", "1"]);
      assert.is(path, right, message);
    });
  }
});

opening("TYPED_MPI_LIB: a path, a file name of another kind, a directory", () => {
  for (const { family } of installed()) {
    const path = libraries.get(family) as string;
    assert.is(opens({ TYPED_MPI_LIB: path }).path, path);
    inFolder((folder) => {
      const link = join(folder, "strange.so");
      symlinkSync(path, link);
      assert.is(opens({ TYPED_MPI_LIB: link }).path, path);
      symlinkSync(path, join(folder, process.platform === "darwin" ? "libmpi.dylib" : "libmpi.so"));
      const { path: byFolder, reason } = opens({ TYPED_MPI_LIB: folder });
      assert.is(byFolder, path);
      assert.is(reason, "TYPED_MPI_LIB");
    });
  }
});

opening("TYPED_MPI_LIB passes over what is no MPI, and says why if nothing is left", () => {
  inFolder((folder) => {
    const text = join(folder, "text.so");
    writeFileSync(text, "no library");
    const libm = process.platform === "darwin" ? "libm.dylib" : "libm.so.6";
    const wrong = ["/nonexistent/libmpi.so", text, libm];
    const good = [...libraries.values()][0] as string;
    assert.is(opens({ TYPED_MPI_LIB: [...wrong, good].join(delimiter) }).path, good);
    const { code, message = "" } = opens({ TYPED_MPI_LIB: wrong.join(delimiter) });
    assert.is(code, "ERR_MPI_LIBRARY_NOT_FOUND");
    assert.match(message, "/nonexistent/libmpi.so [TYPED_MPI_LIB]: no such file");
    assert.match(message, new RegExp(`${text} \\[TYPED_MPI_LIB\\]: .*(ELF|mach-o|file too short)`));
    assert.match(message, `${libm} [TYPED_MPI_LIB]: not an MPI library`);
  });
});

opening("the directory of LD_LIBRARY_PATH precedes the others", () => {
  for (const path of only(process.platform === "linux" ? libraries.values() : [], "LD_LIBRARY_PATH")) {
    inFolder((folder) => {
      const copy = join(folder, basename(path).replace(/(\.so\.\d+).*/, "$1"));
      copyFileSync(path, copy);
      assert.is(opens({ LD_LIBRARY_PATH: folder }).path, copy);
    });
  }
});

opening("a preloaded library is the one of this process", () => {
  for (const path of only(process.platform === "linux" ? libraries.values() : [], "LD_PRELOAD")) {
    const opened = opens({ LD_PRELOAD: path });
    assert.is(opened.path, path, opened.message);
    assert.is(opened.reason, "already loaded");
  }
});

opening("the symbols in a file tell its family where its name does not", () => {
  for (const [family, path] of libraries) assert.is(familyOfFile(path), family);
  assert.is(familyOfFile(process.execPath), undefined);
});

opening("UCX_ERROR_SIGNALS leaves SIGSEGV to V8, unless the user has set it", () => {
  if (only(process.platform === "win32" ? [] : ["UCX"], "UCX").length === 0) return;
  assert.is(opens({}).env["UCX_ERROR_SIGNALS"], "SIGILL,SIGBUS,SIGFPE");
  assert.is(opens({ UCX_ERROR_SIGNALS: "" }).env["UCX_ERROR_SIGNALS"], "");
});

const FFI = new URL("../../src/ffi/index.js", import.meta.url).href;

opening("in a worker thread UCX_ERROR_SIGNALS is set where C sees it", () => {
  if (only(process.platform === "win32" ? [] : ["UCX"], "UCX").length === 0) return;
  const inWorker = `import(${JSON.stringify(OPEN)}).then(({ openLibrary }) => openLibrary())`;
  const program = `
    import { Worker } from "node:worker_threads";
    import { engine } from ${JSON.stringify(FFI)};
    const worker = new Worker(${JSON.stringify(inWorker)}, { eval: true });
    await new Promise((done, fail) => worker.on("exit", done).on("error", fail));
    const getenv = engine().load(null).func("getenv", "pointer", ["pointer"]);
    const seen = (name) => getenv(new TextEncoder().encode(name + "\\0")) !== 0n;
    console.log(JSON.stringify([seen("UCX_ERROR_SIGNALS"), seen("ZES_ENABLE_SYSMAN")]));
  `;
  assert.equal(JSON.parse(runs(program, {})), [true, false]);
});

opening("MPI_Init takes nothing from a heap that cannot grow", () => {
  const linux = process.platform === "linux" ? installed() : [];
  // Something right behind the heap, as V8's code is by chance in one of a hundred processes.
  const program = `
    import { engine } from ${JSON.stringify(FFI)};
    import { mpi } from ${JSON.stringify(INDEX)};
    const c = engine().load(null);
    const sbrk = c.func("sbrk", "int64", ["int64"]);
    const mmap = c.func("mmap", "int64", ["pointer", "uint64", "int32", "int32", "int32", "int64"]);
    const [PRIVATE, ANONYMOUS, FIXED_NOREPLACE] = [2, 0x20, 0x100000];
    const end = sbrk(0n);
    const behind = mmap((end + 4095n) & ~4095n, 4096n, 0, PRIVATE | ANONYMOUS | FIXED_NOREPLACE, -1, 0n);
    mpi.init();
    const ucx = process.env.UCX_MEM_EVENTS;
    console.log(JSON.stringify({ taken: Number(end - sbrk(0n)), behind: Number(behind), ucx }));
  `;
  for (const { family } of only(linux, "sbrk")) {
    const { taken, behind, ucx } = JSON.parse(runs(program, { TYPED_MPI_LIB: libraries.get(family) }));
    assert.is.not(behind, -1);
    assert.is(taken, 0);
    assert.is(ucx, "no");
  }
});

/** What a module prints, run in a process of its own. */
function runs(program: string, env: NodeJS.ProcessEnv): string {
  return execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...PLAIN, ...env },
    encoding: "utf8",
    timeout: 60_000,
  });
}

/** Every ordered pair of MPIs. */
function pairs(): [Installed, Installed][] {
  const all = installed();
  return all.flatMap((a) => all.filter((b) => b !== a).map((b): [Installed, Installed] => [a, b]));
}

opening.run();
