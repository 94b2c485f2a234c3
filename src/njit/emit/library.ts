import type { ErrorClass, Handle, Instance, Site } from "../ir.js";
import { MPI_FUNCTIONS } from "../mpi-calls.js";
import { ELEMENTS, type TupleType, type Type, typeName } from "../types.js";

/** Why a compiled function stops, and where. */
export type Failure =
  | { readonly is: "index"; readonly site: Site }
  /** It has called itself too often. */
  | { readonly is: "stack"; readonly site: Site }
  /** An error of a class, or of one of JavaScript's by its name. */
  | {
      readonly is: "throw";
      readonly site: Site;
      readonly error: ErrorClass | "RangeError" | "TypeError";
      readonly message: string | undefined;
    }
  /** What was to be a bigint: the number that C told. */
  | { readonly is: "no integer"; readonly site: Site }
  | { readonly is: "mpi"; readonly site: Site; readonly operation: string }
  /** In the message `%1` and `%2` are the numbers that C told: a RangeError. */
  | { readonly is: "argument"; readonly site: Site; readonly message: string }
  /** A TypeError: the value is of the wrong kind; it is of the right kind, and cannot be used. */
  | { readonly is: "kind" | "value"; readonly site: Site; readonly message: string };

/** What the running MPI library has to tell before compiled functions call it, in this order. */
export type MpiSlot =
  | { readonly is: "function" | "pointer" | "handle" | "integer"; readonly name: string }
  | { readonly is: "status"; readonly field: "source" | "tag" }
  /** Of COMM_WORLD. */
  | { readonly is: "world"; readonly field: "rank" | "size" }
  | { readonly is: "largest tag" }
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
      return "njit_comm";
    case "request":
      return "njit_request";
    case "requests":
      return "njit_requests";
    case "status":
    case "completion":
      return "njit_status";
    case "maybe":
      return `njit_maybe_${type.of}`;
    case "statuses":
    case "null":
      return "int";
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
  /** Whether it has functions that call themselves. */
  isRecursive = false;
  readonly #helpers = new Set<string>();
  readonly #tuples = new Map<string, string>();
  readonly #declarations: string[] = [];

  /** Whether it needs little of the stack, and nothing that it calls comes back to JavaScript. */
  get isLeaf(): boolean {
    return this.mpi.length === 0 && !this.isRecursive;
  }

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

  /** C that the functions need, once: its text must not depend on where it is asked for. */
  helper(code: string): void {
    if (this.#helpers.has(code)) return;
    this.#helpers.add(code);
    this.#declarations.push(code);
  }

  get declarations(): string {
    return this.#declarations.join("\n");
  }
}

/**
 * Functions are written once for all versions of a program: these stand for what each has of its own, what its names
 * begin with and whether its arrays are `restrict`. Nothing else in C has this character.
 */
export const PREFIX = "@";
export const RESTRICT = "@restrict ";

/** In C. */
export const instanceName = (instance: Instance, prefix: string): string =>
  `${prefix}${instance.name.replace(/\W/g, "_")}_${instance.id}`;
