import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { AbiFamily } from "../../src/mpi/abi/abi.js";

/** An installed `mpi.h`, as the C compiler sees it. */
export interface Header {
  /** The file; a test is named by it. */
  readonly path: string;
  readonly directory: string;
  readonly family: AbiFamily;
  /** MPI_VERSION and MPI_SUBVERSION as one number: 4.1. */
  readonly version: number;
  /** Preprocessed, on one line, without attributes. */
  readonly text: string;
  /** Every `MPI_...` that it defines or declares. */
  readonly names: ReadonlySet<string>;
}

/** What a program printed and how it ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program, without the user's language in its messages. */
export function run(command: string, args: readonly string[], input: string = ""): Outcome {
  const env = { ...process.env, LC_ALL: "C" };
  const { status, stdout, stderr } = spawnSync(command, args, {
    input,
    env,
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 1 << 26,
  });
  return { status, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/** The same, for what must succeed. */
export function succeed(command: string, args: readonly string[], input: string = ""): string {
  const { status, stdout, stderr } = run(command, args, input);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr}`);
  return stdout;
}

/** Gives `use` a folder that exists while it runs. */
export function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "typed-mpi-headers-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles C sources into one program and returns what it prints. */
export function printed(header: Header, sources: readonly string[]): string {
  return inFolder((folder) => {
    const files = sources.map((source, index) => {
      const file = join(folder, `${index}.c`);
      writeFileSync(file, source);
      return file;
    });
    const program = join(folder, "program");
    // dlsym sees the symbols of the program itself only if they are exported.
    succeed("cc", ["-w", "-rdynamic", `-I${header.directory}`, ...files, "-o", program, "-ldl"]);
    return succeed(program, []);
  });
}

/** Names that only one implementation's header defines, asked in this order. */
const MARKS: readonly (readonly [AbiFamily, RegExp])[] = [
  ["standard", /^MPI_H_ABI$/],
  ["openmpi", /^OMPI_MAJOR_VERSION$/],
  ["msmpi", /^MSMPI_VER$/],
  ["mpich", /^(MPICH_NAME|MPICH_VERSION|I_MPI_VERSION)$/],
];

function read(directory: string): Header | undefined {
  const args = ["-E", `-I${directory}`, "-x", "c", "-"];
  const source = "#include <mpi.h>\n";
  const macros = succeed("cc", [...args, "-dM"], source);
  const defined = [...macros.matchAll(/^#define (\w+)/gm)].map((match) => match[1] as string);
  const mark = MARKS.find(([, pattern]) => defined.some((name) => pattern.test(name)));
  if (mark === undefined) return undefined;
  const attribute = /__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)/g;
  const text = succeed("cc", [...args, "-P"], source)
    .replace(attribute, " ")
    .replace(/\s+/g, " ");
  const declared = [...text.matchAll(/\bMPIX?_\w+/g)].map(([name]) => name);
  const names = new Set([...defined.filter((name) => /^MPIX?_/.test(name)), ...declared]);
  const number = (name: string) => Number(new RegExp(`^#define ${name} +(\\d+)`, "m").exec(macros)?.[1]);
  const version = number("MPI_VERSION") + number("MPI_SUBVERSION") / 10;
  return { path: join(directory, "mpi.h"), directory, family: mark[0], version, text, names };
}

/** `-I` of the compiler wrappers, if they are installed. */
function ofWrappers(): string[] {
  const shown = ["mpicc", "mpicc.openmpi", "mpicc.mpich", "mpiicc", "mpiicx"].map((name) =>
    run(name, ["-show"]),
  );
  return shown.flatMap(({ stdout }) =>
    [...stdout.matchAll(/-I"?([^\s"]+)/g)].map((match) => match[1] as string),
  );
}

/** Where distributions put the headers: the triple's folders of Debian, and the rest. */
function ofDistributions(): string[] {
  const triples = existsSync("/usr/include")
    ? readdirSync("/usr/include").filter((name) => /-linux-gnu/.test(name))
    : [];
  return [
    ...triples.flatMap((triple) => [`/usr/lib/${triple}/openmpi/include`, `/usr/include/${triple}/mpich`]),
    ...["openmpi", "mpich"].flatMap((name) => [`/usr/include/${name}-x86_64`, `/usr/lib64/${name}/include`]),
    ...["/usr/local/include", "/opt/homebrew/include", "/opt/local/include"],
  ];
}

const ofEnvironment = (name: string): string[] => (process.env[name] ?? "").split(delimiter).filter(Boolean);

/** Whether there is a C compiler that the tests can use; the ones of Windows have no dlfcn.h. */
export const hasCompiler: boolean = process.platform !== "win32" && run("cc", ["--version"]).status === 0;

function find(): Header[] {
  if (!hasCompiler) return [];
  const directories = [
    ...["TYPED_MPI_TEST_HEADERS", "MPI_INCLUDE"].flatMap(ofEnvironment),
    ...ofWrappers(),
    ...ofDistributions(),
  ].filter((directory) => existsSync(join(directory, "mpi.h")));
  const found = [...new Set(directories.map((directory) => realpathSync(directory)))];
  return found.map(read).filter((header) => header !== undefined);
}

/** The headers of all MPIs that are installed, and of the folders in `TYPED_MPI_TEST_HEADERS`. */
export const headers: readonly Header[] = find();

/** Fails on CI, where an MPI and a compiler have to be there; says so elsewhere, and on Windows. */
export function assertTested(condition: boolean, otherwise: string): void {
  if (condition) return;
  if (process.env["CI"] && process.platform !== "win32") throw new Error(otherwise);
  console.log(`NOT TESTED: ${otherwise}`);
}

/** Fails on CI if there is nothing to compare with. */
export function assertHeaders(): void {
  assertTested(
    headers.length > 0,
    "no mpi.h or no cc was found: install libopenmpi-dev or libmpich-dev, or set TYPED_MPI_TEST_HEADERS.",
  );
}
