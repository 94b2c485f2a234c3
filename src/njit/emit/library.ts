import type { Program } from "../infer/program.js";
import type { Handle, Instance, Site, Variable } from "../ir.js";
import { MPI_FUNCTIONS } from "../mpi-calls.js";
import { ELEMENTS, type TupleType, type Type, typeName } from "../types.js";
import { emitFunction } from "./function.js";
import { type Apart, apartOf } from "./overlap.js";
import { PRELUDE, SLOTS } from "./prelude.js";
import { valueSlot } from "./slots.js";

/** Why a compiled function stops, and where. */
export type Failure =
  | { readonly is: "index"; readonly site: Site }
  | { readonly is: "throw"; readonly site: Site; readonly error: string; readonly message: string }
  | { readonly is: "mpi"; readonly site: Site; readonly operation: string }
  | { readonly is: "argument"; readonly site: Site; readonly message: string };

/** What the running MPI library has to tell before compiled functions call it, in this order. */
export type MpiSlot =
  | { readonly is: "function" | "pointer" | "handle" | "integer"; readonly name: string }
  | { readonly is: "status"; readonly field: "source" | "tag" }
  | { readonly is: "op"; readonly value: Handle["value"] };

/** The C type of a value; of an array its pointer. */
export function cType(type: Type, library: Library): string {
  switch (type.kind) {
    case "int":
    case "i64":
      return "int64_t";
    case "f64":
      return "double";
    case "f32":
      return "float";
    case "bool":
      return "int";
    case "void":
      return "void";
    case "comm":
    case "request":
      return "intptr_t";
    case "status":
      return "njit_status";
    case "array":
    case "view":
      return `${ELEMENTS[type.element].c} *`;
    case "tuple":
      return library.tuple(type);
  }
}

/** The C code of a program, and what its numbers mean. */
export class Library {
  readonly failures: Failure[] = [];
  readonly mpi: MpiSlot[] = [];
  /** Whether it has loops that several threads run. */
  hasThreads = false;
  readonly #tuples = new Map<string, string>();
  readonly #declarations: string[] = [];

  /** The number that stands for a failure. */
  failure(failure: Failure): number {
    return this.failures.push(failure);
  }

  tuple(type: TupleType): string {
    const fields = type.items.map((item, i) => `${cType(item, this)} f${i};`).join(" ");
    const key = `${typeName(type)} ${fields}`;
    let name = this.#tuples.get(key);
    if (name === undefined) {
      name = `njit_tuple_${this.#tuples.size}`;
      this.#tuples.set(key, name);
      this.#declarations.push(`typedef struct { ${fields} } ${name};`);
    }
    return name;
  }

  /** C for what only the running library knows. */
  mpiSlot(slot: MpiSlot): string {
    const isSame = (each: MpiSlot): boolean =>
      JSON.stringify({ ...each, value: 0 }) === JSON.stringify({ ...slot, value: 0 });
    let index = this.mpi.findIndex(
      (each) => isSame(each) && (each as { value?: unknown }).value === (slot as { value?: unknown }).value,
    );
    if (index < 0) index = this.mpi.push(slot) - 1;
    return `njit_mpi[${index}]`;
  }

  /** C that calls a function of MPI. */
  mpiFunction(name: string): string {
    return `((int (*)(${MPI_FUNCTIONS[name]}))${this.mpiSlot({ is: "function", name })})`;
  }

  get declarations(): string {
    return this.#declarations.join("\n");
  }
}

/** A program in C: `njit_call` takes its arguments from the shared slots and leaves its result there. */
export function emitLibrary(
  program: Program,
  plain: Program | undefined,
  seeds: readonly Type[],
): { code: string; library: Library } {
  const library = new Library();
  const apart = apartOf(program, seeds);
  const bodies = [
    ...(apart ? [emitProgram(program, library, APART, apart.parameters)] : []),
    emitProgram(program, library, ""),
    ...(plain ? [emitProgram(plain, library, PLAIN)] : []),
  ];
  const entry = emitEntry(program, plain, apart, seeds, library);
  // Functions of the same code for other types have a library of their own: the slots of one are of one kind.
  const title = `/* ${program.entry.name.replace(/\W/g, "_")}(${seeds.map(typeName).join(", ")}) */`;
  const code = [PRELUDE, title, library.declarations, ...bodies, entry].join("\n");
  return { code, library };
}

/** In C. */
export const instanceName = (instance: Instance, prefix: string): string =>
  `${prefix}${instance.name.replace(/\W/g, "_")}_${instance.id}`;

/** What the names of the versions begin with: arrays do not overlap; nothing is assumed. */
const APART = "apart_";
const PLAIN = "plain_";

function emitProgram(
  program: Program,
  library: Library,
  prefix: string,
  apart: ReadonlySet<Variable> = new Set(),
): string {
  const functions = program.instances.map((instance) =>
    emitFunction(program, instance, library, prefix, apart),
  );
  return [
    ...functions.map(({ head }) => `${head};`),
    ...functions.map(({ head, body }) => `${head} {\n${body}}`),
  ].join("\n");
}

function emitEntry(
  program: Program,
  plain: Program | undefined,
  apart: Apart | undefined,
  seeds: readonly Type[],
  library: Library,
): string {
  const { most } = program.assumption;
  const guards: string[] = [];
  const lines: string[] = [];
  const values = [...seeds, ...program.captured.types];
  values.forEach((type, i) => {
    const at = valueSlot(i);
    if (type.kind === "array" || type.kind === "view") {
      guards.push(`c[${at + 1}].f <= ${most}.0`);
      for (let axis = 0; type.kind === "view" && axis < type.rank; axis++) {
        guards.push(`c[${at + 2 + axis}].f <= ${most}.0`);
      }
    } else if (i < seeds.length && program.integers.has(i) && type.kind === "f64") {
      const low = most === 2 ** 31 - 1 ? -(2 ** 31) : -most;
      const x = `c[${at}].f`;
      guards.push(
        `${x} >= ${low}.0 && ${x} <= ${most}.0 && (double)(int64_t)${x} == ${x} && !(${x} == 0 && signbit(${x}))`,
      );
    }
  });
  const call = (each: Program, prefix: string): string => {
    const { entry } = each;
    const args = seeds.map((seed, i) => argument(seed, entry.parameterTypes[i] as Type, valueSlot(i)));
    const text = `${instanceName(entry, prefix)}(${["c", ...args.flat()].join(", ")})`;
    return storeResult(entry.result as Type, text, library);
  };
  lines.push("int64_t arena = c[5].i;", "c[0].f = 0;");
  if (plain !== undefined) {
    lines.push(`if (!(${guards.join(" && ") || "1"})) {`, call(plain, PLAIN), "} else");
  }
  if (apart !== undefined) lines.push(`if (${apart.test}) {`, call(program, APART), "} else");
  lines.push("{", call(program, ""), "}");
  lines.push("njit_release(c, arena);", "return (int)c[0].f;");
  const run = `static int njit_run(slot *c) {\n${lines.join("\n")}\n}`;
  return `${run}\nstatic slot *njit_shared;\nvoid njit_bind(slot *shared) { njit_shared = shared; }\nint njit_call(void) { return njit_run(njit_shared); }\nint njit_call_with(slot *c) { return njit_run(c); }\n`;
}

function argument(seed: Type, type: Type, at: number): string[] {
  switch (seed.kind) {
    case "view": {
      const extents = Array.from({ length: seed.rank }, (_, axis) => `(int64_t)c[${at + 2 + axis}].f`);
      return [`(${ELEMENTS[seed.element].c} *)(intptr_t)c[${at}].f`, `(int64_t)c[${at + 1}].f`, ...extents];
    }
    case "array":
      return [`(${ELEMENTS[seed.element].c} *)(intptr_t)c[${at}].f`, `(int64_t)c[${at + 1}].f`];
    case "bool":
      return [`c[${at}].f != 0`];
    case "i64":
      return [`c[${at}].i`];
    case "comm":
      return [`(intptr_t)c[${at}].i`];
    default:
      return [type.kind === "int" ? `(int64_t)c[${at}].f` : `c[${at}].f`];
  }
}

function storeResult(type: Type, call: string, library: Library): string {
  const put = (item: Type, text: string, at: number): string =>
    item.kind === "i64" ? `c[${at}].i = ${text};` : `c[${at}].f = (double)${text};`;
  if (type.kind === "void") return `${call};`;
  if (type.kind !== "tuple") return put(type, call, SLOTS.result);
  const items = type.items.map((item, i) => put(item, `result.f${i}`, SLOTS.result + i));
  return `${library.tuple(type)} result = ${call};\n${items.join("\n")}`;
}
