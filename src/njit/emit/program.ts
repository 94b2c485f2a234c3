import type { Program } from "../infer/program.js";
import type { Variable } from "../ir.js";
import { ELEMENTS, layoutWords, type Type, typeName } from "../types.js";
import { emitFunction } from "./function.js";
import { cType, instanceName, Library, PREFIX, RESTRICT } from "./library.js";
import { NODE_API } from "./node-api.js";
import { type Apart, apartOf } from "./overlap.js";
import { PRELUDE } from "./prelude.js";
import { stackEnd } from "./recursion.js";
import { SLOTS, valueSlot } from "./slots.js";

/** A program in C: `njit_call` takes its arguments from the shared slots and leaves its result there. */
export function emitLibrary(
  program: Program,
  plain: Program | undefined,
  seeds: readonly Type[],
): { code: string; library: Library } {
  const library = new Library();
  const apart = apartOf(program, seeds);
  const text = emitProgram(program, library, apart?.parameters);
  const bodies = [
    ...(apart ? [version(text, APART, "restrict ")] : []),
    version(text, ""),
    ...(plain ? [version(emitProgram(plain, library), PLAIN)] : []),
  ];
  const entry = emitEntry(program, plain, apart, seeds, library);
  // Functions of the same code for other types have a library of their own: the slots of one are of one kind.
  const title = `/* ${program.entry.name.replace(/\W/g, "_")}(${seeds.map(typeName).join(", ")}) */`;
  const addon = library.isLeaf ? [NODE_API] : [];
  const code = [PRELUDE, ...addon, title, library.declarations, ...bodies, entry].join("\n");
  return { code, library };
}

/** What the names of the versions begin with: arrays do not overlap; nothing is assumed. */
const APART = "apart_";
const PLAIN = "plain_";

/** The functions of a program, for any version. */
function emitProgram(program: Program, library: Library, apart: ReadonlySet<Variable> = new Set()): string {
  const functions = program.instances.map((instance) => emitFunction(program, instance, library, apart));
  return [
    ...functions.map(({ head }) => `${head};`),
    ...functions.map(({ head, body }) => `${head} {\n${body}}`),
  ].join("\n");
}

/** One version of the functions. */
const version = (text: string, prefix: string, restrict = ""): string =>
  text.replaceAll(RESTRICT, restrict).replaceAll(PREFIX, prefix);

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
      // The strides are no longer than what they stride over.
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
  lines.push("int64_t arena = c[5].i;", "c[0].f = c[1].f = 0;");
  if (library.isRecursive) lines.push(stackEnd(`c[${SLOTS.stack}].f`));
  if (plain !== undefined) {
    lines.push(`if (!(${guards.join(" && ") || "1"})) {`, call(plain, PLAIN), "} else");
  }
  if (apart !== undefined) lines.push(`if (${apart.test}) {`, call(program, APART), "} else");
  lines.push("{", call(program, ""), "}");
  lines.push("njit_release(c, arena);");
  return `void njit_call(slot *c) {\n${lines.join("\n")}\n}\n`;
}

function argument(seed: Type, type: Type, at: number): string[] {
  switch (seed.kind) {
    case "view": {
      const extents = Array.from(
        { length: layoutWords(seed) },
        (_, axis) => `(int64_t)c[${at + 2 + axis}].f`,
      );
      return [`(${ELEMENTS[seed.element].c} *)(intptr_t)c[${at}].f`, `(int64_t)c[${at + 1}].f`, ...extents];
    }
    case "array":
      return [`(${ELEMENTS[seed.element].c} *)(intptr_t)c[${at}].f`, `(int64_t)c[${at + 1}].f`];
    case "bool":
      return [`c[${at}].f != 0`];
    case "i64":
      return [`c[${at}].i`];
    case "comm":
      return [`njit_comm_at(c + ${at})`];
    default:
      return [type.kind === "int" ? `(int64_t)c[${at}].f` : `c[${at}].f`];
  }
}

/** Which of the results are null is told as well. */
function storeResult(type: Type, call: string, library: Library): string {
  const put = (item: Type, text: string, at: number): string => {
    if (item.kind !== "maybe")
      return item.kind === "i64" ? `c[${at}].i = ${text};` : `c[${at}].f = (double)${text};`;
    const field = item.of === "i64" ? "i" : "f";
    const isNull = `${text}.there || c[0].f != 0 ? 0 : ${2 ** (at - SLOTS.result)}`;
    return `c[${at}].${field} = ${text}.value; c[${SLOTS.info}].f += ${isNull};`;
  };
  if (type.kind === "void") return `${call};`;
  if (type.kind === "maybe")
    return `${cType(type, library)} result = ${call};\n${put(type, "result", SLOTS.result)}`;
  if (type.kind !== "tuple") return put(type, call, SLOTS.result);
  const items = type.items.map((item, i) => put(item, `result.f${i}`, SLOTS.result + i));
  return `${library.tuple(type)} result = ${call};\n${items.join("\n")}`;
}
