import type { CType } from "../../ffi/index.js";

/** One argument of a C function. */
export interface Parameter {
  /** As C would write a cast to it: `"const void *"`, `"int"`, `"MPI_Comm *"`, `"int (*)[3]"`. */
  readonly type: string;
  readonly name: string;
}

/** A C function's type. */
export interface Signature {
  readonly result: string;
  readonly args: readonly Parameter[];
}

/**
 * Reads a line of the prototype table, `"int (const void *buf, int count)"`. Arrays become the pointers that
 * C passes for them. The `...` of MPI_Pcontrol is dropped: nothing can be passed for it through an FFI.
 * @throws SyntaxError for a line that is none.
 */
export function parsePrototype(line: string): Signature {
  const [, result, list] = /^(\w+) \((.+)\)$/.exec(line) ?? [];
  if (result === undefined || list === undefined) throw new SyntaxError(`Not a C prototype: ${line}`);
  const declarations =
    list === "void" ? [] : list.split(/,\s*/).filter((declaration) => declaration !== "...");
  return { result, args: declarations.map(parseParameter) };
}

/** `const int ranks[]` is a `const int *`, `int ranges[][3]` an `int (*)[3]`. */
function parseParameter(declaration: string): Parameter {
  const parts = /^((?:const )?\w+) (\**)(\w+)((?:\[\d*\])*)$/.exec(declaration);
  const [, base, stars, name, dimensions] = parts ?? [];
  if (base === undefined || stars === undefined || name === undefined || dimensions === undefined) {
    throw new SyntaxError(`Not a C parameter: ${declaration}`);
  }
  const inner = dimensions.replace(/^\[\d*\]/, "");
  if (inner !== "") return { type: `${base} ${stars}(*)${inner}`, name };
  const pointer = dimensions === "" ? stars : `${stars}*`;
  return { type: pointer === "" ? base : `${base} ${pointer}`, name };
}

/** What C passes in registers for the standard's types that are no handles. */
const SCALARS: Readonly<Record<string, CType>> = {
  int: "int32",
  double: "double",
  MPI_Fint: "int32",
  MPI_Aint: "int64",
  MPI_Offset: "int64",
  MPI_Count: "int64",
  // A pointer in every family.
  MPI_File: "pointer",
};

const HANDLES: ReadonlySet<string> = new Set([
  "MPI_Comm",
  "MPI_Datatype",
  "MPI_Errhandler",
  "MPI_Group",
  "MPI_Info",
  "MPI_Message",
  "MPI_Op",
  "MPI_Request",
  "MPI_Session",
  "MPI_Win",
]);

/**
 * How an argument or result of a C type is declared to the FFI.
 * @param type As {@link parsePrototype} gives it.
 * @param handleType How the library's family passes handles.
 * @throws TypeError for a type that the MPI standard does not pass.
 */
export function cTypeOf(type: string, handleType: "int32" | "pointer"): CType {
  if (type.includes("*")) return "pointer";
  const base = type.replace(/^const /, "");
  const ctype = HANDLES.has(base) ? handleType : SCALARS[base];
  if (ctype === undefined) throw new TypeError(`No FFI type is known for the C type "${type}"`);
  return ctype;
}
