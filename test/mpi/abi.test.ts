import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine, Library } from "../../src/ffi/index.js";
import { Abi, type AbiFamily, type AbiTable } from "../../src/mpi/abi/abi.js";
import { mpich } from "../../src/mpi/abi/mpich.js";
import { msmpi } from "../../src/mpi/abi/msmpi.js";
import { openmpi } from "../../src/mpi/abi/openmpi.js";
import { standard } from "../../src/mpi/abi/standard.js";
import { assertHeaders, type Header, headers, printed } from "./headers.js";

const tables: Record<AbiFamily, AbiTable> = { mpich, openmpi, msmpi, standard };

/** The version from which on a header has to have a name; the others have been there since MPI-3.1. */
const SINCE: readonly (readonly [number, RegExp])[] = [
  [5.0, /^MPI_(ERR_ABI|LOGICAL1?[12468])$/],
  [4.1, /^MPI_(COMM_TYPE_RESOURCE_GUIDED|COMBINER_VALUE_INDEX|BUFFER_AUTOMATIC|ERR_ERRHANDLER)$/],
  [4.0, /^MPI_(Session|SESSION_NULL|ERRORS_ABORT|COMM_TYPE_HW_(UN)?GUIDED|CONVERSION_FN_NULL_C)$/],
  [4.0, /^MPI_(MAX_(PSET_NAME|STRINGTAG)_LEN|ERR_(SESSION|PROC_ABORTED|VALUE_TOO_LARGE)|F_\w+)$/],
];

/**
 * Names that a header may lack at any version: extensions, what is deprecated, and of Fortran the types that
 * are optional and what the header of the standard's ABI has not.
 */
const OPTIONAL =
  /^MPI(X_\w+|_(HOST|ERR_(PROC_FAILED\w*|REVOKED)|Fint|F_\w+|(INTEGER|LOGICAL)16|REAL1?[26]|COMPLEX(4|32)))$/;

/** Types of languages for which a build may have no compiler: their handles are then MPI_DATATYPE_NULL. */
const LANGUAGES =
  /^MPI_(CXX_\w+|2?(INTEGER|REAL|COMPLEX|LOGICAL|DOUBLE_PRECISION)\d*|DOUBLE_COMPLEX|CHARACTER)$|^MPIX_/;

/** Names in headers that no table needs, and why. */
const LEFT_OUT: readonly (readonly [string, RegExp])[] = [
  ["the tools interface", /^MPI_T_/],
  ["fields of MPI_Status", /^MPI_(SOURCE|TAG|ERROR)$/],
  ["the header's own version; MPI_Get_version says the library's", /^MPI_((ABI_)?(SUB)?VERSION)$/],
  ["removed in MPI-3.0", /^MPI_(LB|UB|COMBINER_(HVECTOR|HINDEXED|STRUCT)_INTEGER)$/],
  ["removed in MPI-1.1", /^MPI_2(DOUBLE_)?COMPLEX$/],
  ["deprecated in MPI-2.0 for MPI_COMM_...", /^MPI_(DUP_FN|NULL_COPY_FN|NULL_DELETE_FN)$/],
  ["Fortran 2008 statuses", /^MPI_F08_/],
  ["a string", /^MPI_INFO_KEY_SESSION_PSET_SIZE$/],
  ["of one implementation", /^MPI_(AINT_FMT_\w+|CXX_COMPLEX|FT|ATTR_PREDEFINED_KEY_MAX|FILE_DEFINED)$/],
  ["include guards and MPICH's numbers of functions", /^MPI_(\w*INCLUDED|H_ABI|ABI_\w+|[A-Z0-9_]+_T)$/],
];

const isLeftOut = (name: string): boolean => LEFT_OUT.some(([, pattern]) => pattern.test(name));

/** Every name that the table gives a value, with the C expression that prints it. */
function expectations(table: AbiTable): Map<string, { c: string; expected: string }> {
  const all = new Map<string, { c: string; expected: string }>();
  for (const [name, value] of Object.entries(table.integers)) {
    all.set(name, { c: `(long long)(${name})`, expected: String(value) });
  }
  for (const [name, value] of Object.entries(table.sizes)) {
    all.set(name, { c: `(long long)sizeof(${name})`, expected: String(value) });
  }
  for (const [name, value] of [...Object.entries(table.handles), ...Object.entries(table.pointers)]) {
    // The values of int handles are unsigned in the tables.
    const bits = table.handleType === "int32" && name in table.handles ? "(uint32_t)" : "";
    const address = `(long long)${bits}(uintptr_t)(${name})`;
    if (typeof value !== "string")
      all.set(name, { c: address, expected: String(BigInt.asIntN(64, BigInt(value))) });
    else all.set(name, { c: `${address} == ${resolved(value)}`, expected: "1" });
  }
  const { size, source, tag, error } = table.status;
  for (const [field, expected] of Object.entries({ MPI_SOURCE: source, MPI_TAG: tag, MPI_ERROR: error })) {
    all.set(field, { c: `(long long)offsetof(MPI_Status, ${field})`, expected: String(expected) });
  }
  all.set("MPI_Status", { c: "(long long)sizeof(MPI_Status)", expected: String(size) });
  return all;
}

/** A reference to a symbol, looked up while the program runs as Abi does it. */
const resolved = (reference: string): string =>
  reference.startsWith("&")
    ? `(long long)dlsym(RTLD_DEFAULT, "${reference.slice(1)}")`
    : `*(long long *)dlsym(RTLD_DEFAULT, "${reference.slice(1)}")`;

/**
 * Stands in for the library, so that headers of MPIs can be tested that this machine cannot run: each symbol
 * that the table or the header names is a datum that points to itself.
 */
function standIn(header: Header, table: AbiTable): string {
  const references = [...Object.values(table.handles), ...Object.values(table.pointers)];
  const named = references.filter((value) => typeof value === "string").map((value) => value.slice(1));
  const declared = [...header.text.matchAll(/\b(ompi_|OMPI_C_|MPIR_)\w+/g)].map(([symbol]) => symbol);
  return [...new Set([...named, ...declared])].map((symbol) => `void *${symbol} = &${symbol};`).join("\n");
}

function program(expected: Map<string, { c: string }>): string {
  const lines = [...expected].map(([name, { c }]) => `  printf("${name} %lld\\n", (long long)(${c}));`);
  const includes = ["dlfcn.h", "stddef.h", "stdint.h", "stdio.h", "mpi.h"].map(
    (file) => `#include <${file}>`,
  );
  return ["#define _GNU_SOURCE", ...includes, "int main(void) {", ...lines, "  return 0;", "}", ""].join(
    "\n",
  );
}

/** What the header says differently from the table, one line each. */
function differences(header: Header, table: AbiTable): string[] {
  const all = expectations(table);
  const present = new Map([...all].filter(([name]) => header.names.has(name)));
  const output = printed(header, [program(present), standIn(header, table)]);
  const actual = new Map(output.split("\n").map((line) => line.split(" ") as [string, string]));
  const nothing = String(table.handles["MPI_DATATYPE_NULL"]);
  const wrong: string[] = [];
  for (const [name, { expected }] of present) {
    const value = actual.get(name);
    if (value === expected || (LANGUAGES.test(name) && value === nothing)) continue;
    // An upper bound; Intel MPI's is one byte smaller than MPICH's.
    if (name === "MPI_BSEND_OVERHEAD" && Number(value) <= Number(expected)) continue;
    wrong.push(`${name}: the table has ${expected}, the header ${value}`);
  }
  for (const name of all.keys()) {
    const since = SINCE.find(([, pattern]) => pattern.test(name))?.[0] ?? 0;
    if (present.has(name) || OPTIONAL.test(name) || header.version < since) continue;
    wrong.push(`${name}: the table has it, the header of MPI ${header.version} has not`);
  }
  return wrong;
}

/** Constants that the header has and the table has not. */
function missing(header: Header, table: AbiTable): string[] {
  const known = expectations(table);
  const constants = [...header.names].filter((name) => /^MPI_[A-Z0-9_]+$/.test(name));
  return constants.filter((name) => !known.has(name) && !isLeftOut(name)).sort();
}

const constants = suite("ABI tables against mpi.h");

constants("there is a header to compare with", assertHeaders);

for (const header of headers) {
  const table = tables[header.family];

  constants(`${header.path}: same values, sizes and offsets (${header.family})`, () => {
    assert.equal(differences(header, table), []);
  });

  constants(`${header.path}: no constant is missing in the table`, () => {
    const names = missing(header, table);
    if (header.version <= 4.0) assert.equal(names, []);
    // A newer version may have added some; no value of those that are known may have changed (above).
    else if (names.length > 0) console.log(`${header.path} has, the tables have not: ${names.join(" ")}`);
  });
}

constants("a wrong value is found", () => {
  for (const header of headers) {
    const table = tables[header.family];
    const broken = {
      ...table,
      integers: { ...table.integers, MPI_ANY_TAG: 77 },
      handles: { ...table.handles, MPI_INT: table.handles["MPI_CHAR"] ?? 0 },
      status: { ...table.status, tag: 100 },
    };
    const found = differences(header, broken).map((line) => line.slice(0, line.indexOf(":")));
    assert.equal(found.sort(), ["MPI_ANY_TAG", "MPI_INT", "MPI_TAG"]);
  }
});

constants.run();

const lookup = suite("Abi");

/** A library in which every symbol has the address 4096 and holds 99. */
const library: Library = {
  path: "libpretended.so",
  has: () => true,
  symbol: () => 4096n,
  func: () => assert.unreachable() as never,
  asyncFunc: () => assert.unreachable() as never,
  close: () => {},
};

const engine = {
  bytesAt: (address: bigint, byteLength: number) => {
    assert.is(address, 4096n);
    const bytes = new Uint8Array(byteLength + 3);
    new DataView(bytes.buffer).setBigUint64(3, 99n, true);
    return bytes.subarray(3);
  },
} as unknown as Engine;

lookup("handles of the MPICH family are signed ints", () => {
  const abi = new Abi(mpich, library, engine);
  assert.is(abi.handle("MPI_COMM_WORLD"), 0x44000000);
  assert.is(abi.handle("MPI_FLOAT_INT"), 0x8c000000 - 2 ** 32);
  assert.is(abi.handleType("MPI_Comm"), "int32");
  assert.is(abi.handleType("MPI_File"), "pointer");
});

lookup("handles elsewhere are addresses of symbols, or numbers of the size of a pointer", () => {
  assert.is(new Abi(openmpi, library, engine).handle("MPI_COMM_WORLD"), 4096n);
  assert.is(new Abi(standard, library, engine).handle("MPI_COMM_WORLD"), 0x101n);
  assert.is(new Abi(standard, library, engine).handleType("MPI_Comm"), "pointer");
});

lookup("pointers are numbers, or what an exported variable holds", () => {
  const abi = new Abi(mpich, library, engine);
  assert.is(abi.pointer("MPI_IN_PLACE"), 2n ** 64n - 1n);
  assert.is(abi.pointer("MPI_UNWEIGHTED"), 99n);
  assert.is(abi.pointer("MPI_COMM_DUP_FN"), 4096n);
});

lookup("integers, and names that the family has not", () => {
  const abi = new Abi(msmpi, library, engine);
  assert.is(abi.integer("MPI_ANY_SOURCE"), -2);
  assert.is(abi.has("MPI_SESSION_NULL"), false);
  const isUnsupported = (error: { code?: string }) => error.code === "ERR_MPI_UNSUPPORTED";
  assert.throws(() => abi.integer("MPI_ERR_SESSION"), isUnsupported);
  assert.throws(() => abi.handle("MPI_SESSION_NULL"), isUnsupported);
  assert.throws(() => abi.pointer("MPI_BUFFER_AUTOMATIC"), isUnsupported);
});

lookup("no name stands in two places of a table", () => {
  for (const { family, integers, handles, pointers } of Object.values(tables)) {
    const names = [integers, handles, pointers].flatMap((part) => Object.keys(part));
    assert.is(new Set(names).size, names.length, family);
  }
});

lookup.run();
