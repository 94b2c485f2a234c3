import type { BoundsCheck, Program } from "../infer/program.js";
import { type Expression, type Instance, partsOf, type Variable } from "../ir.js";
import { layoutWords, type Type } from "../types.js";
import { cType, type Failure, instanceName, type Library, PREFIX } from "./library.js";

/** What is kept while one function is written. */
export class Emitter {
  readonly program: Program;
  readonly instance: Instance;
  readonly library: Library;
  /** The accesses that need no check, since one before the loop is enough. */
  readonly unchecked: Set<Expression> = new Set();
  lines: string[] = [];
  /** Whether it makes arrays that are to be freed. */
  hasArrays = false;
  /** Within a parallel loop: where a thread goes that cannot go on. */
  escape: string | undefined;
  /** What the labels of this copy of a loop end in. */
  copy = "";
  /** The endings of the labels of what can be left: what is inside may be a copy of its own. */
  readonly copies: Map<number, string> = new Map();
  /** How many arguments the entry has: what is captured comes after them. */
  readonly seeds: number;
  #count = 0;

  constructor(program: Program, instance: Instance, library: Library) {
    this.program = program;
    this.instance = instance;
    this.library = library;
    this.seeds = program.entry.parameterTypes.length;
  }

  get boundscheck(): BoundsCheck {
    return this.program.boundscheck;
  }

  say(line: string): void {
    this.lines.push(line);
  }

  /** The lines that `action` says, apart. */
  apart<Result>(action: () => Result): { lines: string[]; result: Result } {
    const outer = this.lines;
    this.lines = [];
    try {
      const result = action();
      return { lines: this.lines, result };
    } finally {
      this.lines = outer;
    }
  }

  /** A name that nothing else has. */
  name(what: string): string {
    return `${what}${this.#count++}`;
  }

  /** Keeps a value that must not change while something else happens. */
  keep(text: string, type: Type): string {
    const name = this.name("t");
    this.say(`${cType(type, this.library)} ${name} = ${text};`);
    return name;
  }

  /** Declares a variable that several branches set. */
  temporary(type: Type): string {
    const name = this.name("t");
    this.say(`${cType(type, this.library)} ${name};`);
    return name;
  }

  /** C that leaves the function because of a failure. */
  fail(failure: Failure, first = "0", second = "0"): string {
    const site = this.library.failure(failure);
    return `{ FAIL(${site}, ${first}, ${second}); ${this.leave} }`;
  }

  /** C that leaves the function after a failure that is noted already. */
  get leave(): string {
    if (this.escape !== undefined) return this.escape;
    return "goto failed;";
  }

  nameOf(instance: Instance): string {
    return instanceName(instance, PREFIX);
  }
}

/** The length of an array variable. */
export const lengthOf = (variable: Variable): string => `${variable.c}_n`;

/** The lengths of the dimensions of a view variable, and of a part its strides. */
export const shapeOf = (variable: Variable): string[] =>
  variable.type?.kind === "view"
    ? Array.from({ length: layoutWords(variable.type) }, (_, i) => `${variable.c}_s${i}`)
    : [];

const effects = new WeakMap<Expression, boolean>();

/** Whether it changes something, so that what comes before it has to be kept. */
export function hasEffects(expression: Expression): boolean {
  let known = effects.get(expression);
  if (known === undefined) {
    known = isEffect(expression) || partsOf(expression).some(hasEffects);
    effects.set(expression, known);
  }
  return known;
}

function isEffect(expression: Expression): boolean {
  switch (expression.op) {
    case "assign":
    case "store":
    case "call":
    case "mpi":
    case "new-array":
    case "make-view":
      return true;
    case "array-call":
      return expression.name !== "subarray" || expression.type?.kind === "view";
    case "math":
      return expression.fn.isImpure === true;
    default:
      return false;
  }
}
