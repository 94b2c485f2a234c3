import {
  type Counting,
  type Expression,
  type Load,
  type Loop,
  type Statement,
  type Store,
  type Variable,
  visitExpressions,
} from "../ir.js";
import { isNumber, type Type } from "../types.js";
import { type Emitter, lengthOf, shapeOf } from "./emitter.js";
import { value } from "./expression.js";

/*
 * Bounds checks before a loop instead of in it: an index that is made of counters, of what does not change and of sums
 * and products of these has its extremes where the counters have theirs. If those are within the array, no check in the
 * loop can fail. If they are not, the loop is run with its checks, and fails where JavaScript would.
 */

/** The smallest and largest value of an index, in C. */
interface Extent {
  readonly low: string;
  readonly high: string;
}

export interface Plan {
  readonly test: string;
  readonly accesses: readonly (Load | Store)[];
}

/** What can be tested before this loop; undefined if nothing can. */
export function hoisted(emitter: Emitter, s: Loop): Plan | undefined {
  if (s.counting === undefined) return undefined;
  const nest = new Nest(s);
  const tests = new Set<string>();
  const accesses: (Load | Store)[] = [];
  for (const e of contentOf(s).accesses) {
    if (emitter.unchecked.has(e)) continue;
    const { array, indexes } = e;
    const { type } = array;
    if (
      array.op !== "read" ||
      (type?.kind !== "array" && type?.kind !== "view") ||
      nest.isAssigned(array.variable)
    )
      continue;
    const extents = indexes.map((at) => extentOf(emitter, nest, at, 0));
    if (extents.includes(undefined)) continue;
    accesses.push(e);
    const lengths = type.kind === "view" ? shapeOf(array.variable) : [lengthOf(array.variable)];
    extents.forEach((extent, axis) => {
      const { low, high } = extent as Extent;
      if (low !== "0") tests.add(`${low} >= 0`);
      tests.add(`${high} < ${lengths[axis]}`);
    });
  }
  if (accesses.length === 0 || tests.size > MOST) return undefined;
  return { test: [...tests].join(" && "), accesses };
}

/** More tests than this cost more than they save. */
const MOST = 64;

/** What is in a loop, its header included. */
class Content {
  /** All that a variable is assigned. */
  readonly assigned: Map<Variable, Expression[]> = new Map();
  /** How often a variable is read. */
  readonly reads: Map<Variable, number> = new Map();
  /** The elements of arrays in the body. */
  readonly accesses: (Load | Store)[] = [];
  readonly #inHeader: (Load | Store)[] = [];

  constructor(loop: Loop) {
    const noteIn =
      (accesses: (Load | Store)[]) =>
      (e: Expression): void => {
        if (e.op === "load" || e.op === "store") accesses.push(e);
        else if (e.op === "read") this.#read(e.variable, 1);
        else if (e.op === "assign") this.#assign(e.variable, [e.value]);
      };
    const body = { op: "block", id: undefined, body: [] } as const;
    visitExpressions({ ...loop, body }, noteIn(this.#inHeader));
    visitExpressions(loop.body, noteIn(this.accesses), (inner) => this.#add(contentOf(inner)));
  }

  #add(inner: Content): void {
    for (const [variable, count] of inner.reads) this.#read(variable, count);
    for (const [variable, values] of inner.assigned) this.#assign(variable, values);
    this.accesses.push(...inner.#inHeader, ...inner.accesses);
  }

  #read(variable: Variable, count: number): void {
    this.reads.set(variable, (this.reads.get(variable) ?? 0) + count);
  }

  #assign(variable: Variable, values: readonly Expression[]): void {
    const before = this.assigned.get(variable);
    if (before === undefined) this.assigned.set(variable, [...values]);
    else before.push(...values);
  }
}

/** A loop is written several times, as are those in it. */
const contents = new WeakMap<Loop, Content>();

function contentOf(loop: Loop): Content {
  let content = contents.get(loop);
  if (content === undefined) {
    content = new Content(loop);
    contents.set(loop, content);
  }
  return content;
}

/** A loop with those in it: what changes there, and how their counters go. */
class Nest {
  readonly counters: Map<Variable, Counting> = new Map();
  readonly #shared: Set<Variable> = new Set();
  readonly #content: Content;

  constructor(loop: Loop) {
    this.#content = contentOf(loop);
    this.#collect(loop);
  }

  #collect(statement: Statement | undefined): void {
    switch (statement?.op) {
      case "loop":
        if (statement.counting !== undefined) {
          const { variable } = statement.counting;
          const [inside, all] = [contentOf(statement), this.#content].map(({ reads }) => reads.get(variable));
          // One that is read elsewhere is beyond its range there, or counts another loop as well.
          if (inside !== all) this.#shared.add(variable);
          this.counters.set(variable, statement.counting);
        }
        this.#collect(statement.body);
        break;
      case "if":
        this.#collect(statement.whenTrue);
        this.#collect(statement.otherwise);
        break;
      case "block":
        for (const each of statement.body) this.#collect(each);
        break;
      case "switch":
        for (const { body } of statement.cases) this.#collect(body);
        break;
    }
  }

  isAssigned(variable: Variable): boolean {
    return this.#content.assigned.has(variable);
  }

  countingOf(variable: Variable): Counting | undefined {
    return this.#shared.has(variable) ? undefined : this.counters.get(variable);
  }

  /** The one value that a constant of the loop's body has in each round. */
  definitionOf(variable: Variable): Expression | undefined {
    const values = this.#content.assigned.get(variable);
    return variable.isConst && values?.length === 1 && variable.values.length === 1 ? values[0] : undefined;
  }
}

/** How deep definitions are followed. */
const DEPTH = 12;

function extentOf(emitter: Emitter, nest: Nest, e: Expression, depth: number): Extent | undefined {
  if (e.type?.kind !== "int" || depth > DEPTH) return undefined;
  const of = (part: Expression): Extent | undefined => extentOf(emitter, nest, part, depth + 1);
  const steady = (): Extent | undefined => (isSteady(nest, e) ? same(value(emitter, e).text) : undefined);
  switch (e.op) {
    case "constant":
    case "one":
      return same(value(emitter, { ...e, type: e.type } as Expression).text);
    case "length":
      return e.array.op === "read" && !nest.isAssigned(e.array.variable)
        ? same(lengthOf(e.array.variable))
        : undefined;
    case "read": {
      const { variable } = e;
      if (variable.type?.kind !== "int") return undefined;
      if (!nest.isAssigned(variable)) return same(variable.c);
      const counting = nest.countingOf(variable);
      if (counting !== undefined) return extentOfCounter(counting, of);
      const definition = nest.definitionOf(variable);
      return definition && of(definition);
    }
    case "extent": {
      const { view, axis } = e;
      return view.op === "read" && !nest.isAssigned(view.variable)
        ? same(shapeOf(view.variable)[axis] as string)
        : undefined;
    }
    case "unary": {
      if (e.name === "+") return of(e.operand);
      if (e.name !== "-") return steady();
      const x = of(e.operand);
      return x && { low: `(-${x.high})`, high: `(-${x.low})` };
    }
    case "convert":
      return e.type?.kind === "int" ? of(e.operand) : undefined;
    case "binary": {
      if (e.name !== "+" && e.name !== "-" && e.name !== "*") return steady();
      const a = of(e.left);
      const b = of(e.right);
      if (a === undefined || b === undefined) return undefined;
      if (e.name === "+") return { low: `(${a.low} + ${b.low})`, high: `(${a.high} + ${b.high})` };
      if (e.name === "-") return { low: `(${a.low} - ${b.high})`, high: `(${a.high} - ${b.low})` };
      return product(a, b, e.left.type, e.right.type);
    }
    default:
      return steady();
  }
}

/** Whether it is the same in each round of a loop, and costs little to know before. */
export const isSteadyIn = (loop: Loop, e: Expression): boolean => isSteady(new Nest(loop), e);

function isSteady(nest: Nest, e: Expression): boolean {
  switch (e.op) {
    case "constant":
    case "one":
      return true;
    case "read":
      return e.variable.type !== undefined && isNumber(e.variable.type) && !nest.isAssigned(e.variable);
    case "length":
      return e.array.op === "read" && !nest.isAssigned(e.array.variable);
    case "extent":
      return e.view.op === "read" && !nest.isAssigned(e.view.variable);
    case "unary":
      return isSteady(nest, e.operand);
    case "binary":
      return isSteady(nest, e.left) && isSteady(nest, e.right);
    case "math":
      return !e.fn.isImpure && e.args.every((arg) => isSteady(nest, arg));
    default:
      return false;
  }
}

const same = (text: string): Extent => ({ low: text, high: text });

function product(a: Extent, b: Extent, left: Type | undefined, right: Type | undefined): Extent {
  const isNatural = (type: Type | undefined): boolean => type?.kind === "int" && type.low >= 0;
  if (isNatural(left) && isNatural(right)) {
    return { low: `(${a.low} * ${b.low})`, high: `(${a.high} * ${b.high})` };
  }
  const corners = [
    `(${a.low} * ${b.low})`,
    `(${a.low} * ${b.high})`,
    `(${a.high} * ${b.low})`,
    `(${a.high} * ${b.high})`,
  ];
  const extreme = (name: string): string =>
    [...new Set(corners)].reduce((x, y) => `njit_${name}_int(${x}, ${y})`);
  return { low: extreme("min"), high: extreme("max") };
}

/** Where a counter begins, and the last value that its bound allows. */
function extentOfCounter(
  counting: Counting,
  of: (part: Expression) => Extent | undefined,
): Extent | undefined {
  const { from, bound, test, direction, step, isSquare } = counting;
  if (isSquare || bound.type?.kind !== "int") return undefined;
  if (step.op !== "one" && !(step.type?.kind === "int" && step.type.low >= 1)) return undefined;
  const begin = of(from);
  const end = of(bound);
  if (begin === undefined || end === undefined) return undefined;
  const isOpen = test === "<" || test === ">";
  if (direction === 1) return { low: begin.low, high: isOpen ? `(${end.high} - 1)` : end.high };
  return { low: isOpen ? `(${end.low} + 1)` : end.low, high: begin.high };
}
