import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { engine, type Library } from "../../src/ffi/index.js";
import { Abi } from "../../src/mpi/abi/abi.js";
import { detectAbi, vendorOf } from "../../src/mpi/abi/detect.js";
import { assertTested, hasCompiler, inFolder, succeed } from "./headers.js";

const vendors = suite("vendorOf");

/** Texts of MPI_Get_library_version, shortened after what matters. */
const TEXTS: readonly (readonly [string, string, string])[] = [
  [
    "Open MPI",
    "4.1.4",
    "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022",
  ],
  [
    "Open MPI",
    "5.0.7",
    "Open MPI v5.0.7, package: Open MPI root@host Distribution, ident: 5.0.7, repo rev: v5.0.7",
  ],
  [
    "Open MPI",
    "6.0.0rc2",
    "Open MPI v6.0.0rc2, package: Debian OpenMPI, ident: 6.0.0rc2, repo rev: v6.0.0rc2",
  ],
  [
    "MPICH",
    "4.0.2",
    "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 12:34:45 CDT 2022\nMPICH ABI:\t14:2:2\n",
  ],
  ["MPICH", "5.0.0", "MPICH Version:      5.0.0\nMPICH Release date: unreleased development copy\n"],
  ["Intel MPI", "2021.11", "Intel(R) MPI Library 2021.11 for Linux* OS\n"],
  ["Intel MPI", "2019", "Intel(R) MPI Library 2019 Update 9 for Linux* OS\n"],
  ["Intel MPI", "2021.5", "Intel(R) MPI Library 2021.5 for Windows* OS\n"],
  ["Microsoft MPI", "10.1.12498.18", "Microsoft MPI 10.1.12498.18"],
  ["MVAPICH", "2.3.7", "MVAPICH2 Version      :\t2.3.7\nMVAPICH2 Release date :\tWed March 02, 2022\n"],
  ["MVAPICH", "3.0", "MVAPICH Version:\t3.0\nMVAPICH Release date:\t04/10/2023\n"],
  [
    "Cray MPICH",
    "8.1.25.17",
    "MPI VERSION    : CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)\nMPI BUILD INFO : Sun Feb 26\n",
  ],
  ["Fujitsu MPI", "4.0.0", "FUJITSU MPI Library 4.0.0 (4.0.1fj4.0.0)\n"],
  ["HPE MPI", "2.25", "HPE MPT 2.25  08/18/21 18:20:20"],
  ["unknown", "", "An MPI of tomorrow 1.0"],
  ["unknown", "", ""],
];

for (const [vendor, version, text] of TEXTS) {
  vendors(`${vendor} ${version}`, () => {
    assert.equal(vendorOf(text), { vendor, version });
  });
}

vendors.run();

const detection = suite("detectAbi");

/** A shared library with these definitions. */
function withLibrary(source: string, use: (library: Library) => void): void {
  inFolder((folder) => {
    const path = join(folder, "libpretended.so");
    writeFileSync(join(folder, "pretended.c"), source);
    succeed("cc", ["-shared", "-fPIC", join(folder, "pretended.c"), "-o", path]);
    const library = engine().load(path);
    try {
      use(library);
    } finally {
      library.close();
    }
  });
}

const INIT = "int MPI_Init(int *argc, char ***argv) { return 0; }\n";
const OPEN_MPI = "char ompi_mpi_comm_world[8];\n";

const abiVersion = (version: number): string =>
  `int MPI_Abi_get_version(int *major, int *minor) { *major = *minor = ${version}; return 0; }\n`;

const CASES: readonly (readonly [string, string, string])[] = [
  ["the standard's ABI, with Open MPI underneath", "standard", INIT + OPEN_MPI + abiVersion(1)],
  ["Open MPI that knows of the standard's ABI, but has its own", "openmpi", INIT + OPEN_MPI + abiVersion(-1)],
  ["MPICH that knows of the standard's ABI, but has its own", "mpich", INIT + abiVersion(-1)],
  ["Open MPI", "openmpi", INIT + OPEN_MPI],
  ["Microsoft MPI", "msmpi", `${INIT}int MSMPI_Get_version(void) { return 0; }\n`],
  ["anything else", "mpich", INIT],
];

detection("there is a compiler to make libraries with", () => {
  assertTested(hasCompiler, "no cc was found to make libraries with.");
});

for (const [what, family, source] of CASES) {
  if (!hasCompiler) break;

  detection(`${what}: ${family}`, () => {
    withLibrary(source, (library) => assert.is(detectAbi(library).family, family));
  });
}

detection("a library that is no MPI is refused by its path", () => {
  if (!hasCompiler) return;
  withLibrary("int nothing;\n", (library) => {
    assert.throws(
      () => detectAbi(library),
      (error: { code?: string; message: string }) =>
        error.code === "ERR_MPI_NOT_MPI" && error.message.includes("libpretended.so"),
    );
  });
});

/** Names by which the loader of this system finds the libraries that distributions install. */
const INSTALLED: readonly (readonly [string, string, string])[] = [
  ["libmpi.so.40", "openmpi", "Open MPI"],
  ["libmpich.so.12", "mpich", "MPICH"],
  ["libmpi.40.dylib", "openmpi", "Open MPI"],
  ["libmpi.12.dylib", "mpich", "MPICH"],
];

/** Names whose symbols came after the oldest supported Open MPI, or depend on its Fortran compiler. */
const NEW_SYMBOLS =
  /^MPI_(SESSION_NULL|ERRORS_ABORT|INFO_ENV|INTEGER16|REAL(2|16)|COMPLEX(4|32)|LOGICAL\d+|CXX_\w+)$/;

function open(name: string): Library | undefined {
  try {
    return engine().load(name);
  } catch {
    return undefined;
  }
}

// These are opened without what openLibrary does for Node's safety: UCX, below MPICH, must not test its memory
// hooks, for which it takes a page from V8 in about 1 of 100 processes.
process.env["UCX_MEM_EVENTS"] ??= "no";

const installed = INSTALLED.map(([name, ...rest]) => [open(name), ...rest] as const);

detection("a library is installed", () => {
  const isFound = installed.some(([library]) => library !== undefined);
  assertTested(isFound, "no MPI library was found to detect the ABI of.");
});

for (const [library, family, vendor] of installed) {
  if (library === undefined) continue;

  detection(`${library.path} is ${family}, before MPI_Init`, () => {
    assert.is(detectAbi(library).family, family);
    const text = new Uint8Array(8192);
    const length = new Int32Array(1);
    const getVersion = library.func("MPI_Get_library_version", "int32", ["pointer", "pointer"]);
    assert.is(getVersion(text, length), 0);
    const said = vendorOf(Buffer.from(text.buffer, 0, length[0]).toString());
    assert.is(said.vendor, vendor);
    assert.match(said.version, /^\d+\.\d+/);
  });

  detection(`${library.path} has every symbol that its table refers to`, () => {
    const { table } = new Abi(detectAbi(library), library, engine());
    const references = Object.entries({ ...table.handles, ...table.pointers });
    const lacking = references.filter(
      ([name, value]) => typeof value === "string" && !library.has(value.slice(1)) && !NEW_SYMBOLS.test(name),
    );
    assert.equal(lacking, []);
  });

  detection(`${library.path}: handles and pointers resolve`, () => {
    const abi = new Abi(detectAbi(library), library, engine());
    const { handleType } = abi.table;
    const world = abi.handle("MPI_COMM_WORLD");
    assert.is(typeof world, handleType === "int32" ? "number" : "bigint");
    assert.is.not(world, abi.handle("MPI_COMM_SELF"));
    assert.is.not(abi.pointer("MPI_UNWEIGHTED"), abi.pointer("MPI_WEIGHTS_EMPTY"));
    // The library takes them for what they are: asking it is allowed before MPI_Init.
    const flag = new Int32Array([7]);
    assert.is(library.func("MPI_Initialized", "int32", ["pointer"])(flag), 0);
    assert.is(flag[0], 0);
  });
}

detection.run();
