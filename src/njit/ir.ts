import type { ConversionName } from "./conversions.js";
import type { MathFunction } from "./math.js";
import type { MpiCall } from "./mpi-calls.js";
import type { BinaryName, UnaryName } from "./operators.js";
import type { FunctionSource } from "./source/source.js";
import type { Type } from "./types.js";

/*
 * The intermediate representation: names are resolved, what JavaScript writes in several ways is written in one, and
 * each expression has a place for its type. Made anew for each specialisation, by lower/; typed by infer/; written
 * as C by emit/.
 */

/** Where in the text of the function something stands. */
export interface Site {
  readonly source: FunctionSource;
  readonly start: number;
  readonly end: number;
}

/** A parameter or local variable. */
export class Variable {
  readonly name: string;
  /** Unique in the function. */
  readonly id: number;
  readonly site: Site;
  readonly isConst: boolean;
  type: Type | undefined;
  /** How often its type was widened. */
  changes = 0;
  /** Whether the sign of a zero in it matters somewhere. */
  isSignUsed = false;
  /** Every value it is given, but by the headers of loops that count. */
  readonly values: Expression[] = [];
  /** Whether it is counted up or down somewhere, in small steps. Set by inference. */
  isCounted: { up: boolean; down: boolean } = { up: false, down: false };

  constructor(name: string, id: number, site: Site, isConst: boolean) {
    this.name = name;
    this.id = id;
    this.site = site;
    this.isConst = isConst;
  }

  /** In C. */
  get c(): string {
    return `${this.name.replace(/\W/g, "_")}_${this.id}`;
  }
}

interface Node<Op extends string> {
  readonly op: Op;
  readonly site: Site;
  /** Set by inference. */
  type?: Type;
}

export interface Constant extends Node<"constant"> {
  readonly value: number | bigint | boolean | null | undefined;
}
/** 1 or 1n, as its neighbour is: what ++ adds. */
export interface One extends Node<"one"> {}
export interface Read extends Node<"read"> {
  readonly variable: Variable;
}
export interface Assign extends Node<"assign"> {
  readonly variable: Variable;
  readonly value: Expression;
  /** Whether the expression gives the new value, or the one before (`i++`). */
  readonly gives: "new" | "old";
}
export interface Unary extends Node<"unary"> {
  readonly name: UnaryName;
  readonly operand: Expression;
  /** Whether the sign of a zero it gives matters. */
  isSignUsed?: boolean;
}
/** A function of `Number` or `BigInt` with one argument. */
export interface Convert extends Node<"convert"> {
  readonly name: ConversionName;
  readonly operand: Expression;
}
export interface Binary extends Node<"binary"> {
  readonly name: BinaryName;
  readonly left: Expression;
  readonly right: Expression;
  isSignUsed?: boolean;
}
export interface Logical extends Node<"logical"> {
  readonly name: "&&" | "||";
  readonly left: Expression;
  readonly right: Expression;
}
export interface Conditional extends Node<"conditional"> {
  readonly test: Expression;
  readonly whenTrue: Expression;
  readonly otherwise: Expression;
}
/** An element of an array, or with several indexes of a view. */
export interface Load extends Node<"load"> {
  readonly array: Expression;
  readonly indexes: readonly Expression[];
}
export interface Store extends Node<"store"> {
  readonly array: Expression;
  readonly indexes: readonly Expression[];
  /** What is done with the old element and `value`; undefined to replace it. */
  readonly compound: BinaryName | undefined;
  readonly value: Expression;
  readonly gives: "new" | "old";
}
export interface Length extends Node<"length"> {
  readonly array: Expression;
}
export interface MathCall extends Node<"math"> {
  readonly fn: MathFunction;
  readonly name: string;
  readonly args: readonly Expression[];
  isSignUsed?: boolean;
}
/** Of another function of the user. */
export interface Call extends Node<"call"> {
  readonly callee: FunctionSource;
  readonly args: readonly Expression[];
  /** Set by inference. */
  instance?: Instance;
}
export interface NewArray extends Node<"new-array"> {
  readonly array: string;
  readonly length: Expression;
}
/** `subarray`, `fill`, `set`: methods of arrays. */
/** `nd(array, [nx, ny])`. */
export interface MakeView extends Node<"make-view"> {
  readonly array: Expression;
  readonly shape: readonly Expression[];
}
/** `view.shape[axis]`. */
export interface Extent extends Node<"extent"> {
  readonly view: Expression;
  readonly axis: number;
}
export interface ArrayCall extends Node<"array-call"> {
  readonly name: "subarray" | "fill" | "set";
  readonly array: Expression;
  readonly args: readonly Expression[];
  /** What `set` is of a view of one dimension. Set by inference. */
  store?: Store;
}
export interface MpiOperation extends Node<"mpi"> {
  readonly call: MpiCall;
  readonly name: string;
  readonly args: readonly (Expression | undefined)[];
  readonly comm: Expression | undefined;
}
/** Something of MPI whose value only the running library knows: an Op, a communicator, IN_PLACE. */
export interface Handle extends Node<"handle"> {
  readonly of: "op" | "comm" | "in-place";
  readonly value: unknown;
}
/** A property of a status, or of what one of several requests told. */
export interface StatusField extends Node<"status-field"> {
  readonly status: Expression;
  readonly field: "source" | "tag" | "index" | "status";
}
export interface List extends Node<"list"> {
  readonly items: readonly Expression[];
  readonly names: readonly string[] | undefined;
}
export interface Item extends Node<"item"> {
  readonly tuple: Expression;
  readonly key: number | string;
}
export interface Sequence extends Node<"sequence"> {
  readonly items: readonly Expression[];
}

export type Expression =
  | Constant
  | One
  | Read
  | Assign
  | Unary
  | Convert
  | Binary
  | Logical
  | Conditional
  | Load
  | Store
  | Length
  | MathCall
  | Call
  | NewArray
  | ArrayCall
  | MakeView
  | Extent
  | MpiOperation
  | Handle
  | StatusField
  | List
  | Item
  | Sequence;

/** A loop whose counter goes from `from` in equal steps to `bound`, and changes nowhere else. */
export interface Counting {
  readonly variable: Variable;
  readonly from: Expression;
  readonly test: "<" | "<=" | ">" | ">=";
  readonly bound: Expression;
  /** Whether it is the square of the counter that is compared with the bound. */
  readonly isSquare: boolean;
  readonly step: Expression;
  readonly direction: 1 | -1;
}

export interface Evaluate {
  readonly op: "evaluate";
  readonly value: Expression;
}
export interface If {
  readonly op: "if";
  readonly test: Expression;
  readonly whenTrue: Statement;
  readonly otherwise: Statement | undefined;
}
export interface Loop {
  readonly op: "loop";
  readonly id: number;
  readonly init: Statement | undefined;
  /** Undefined: for ever. */
  readonly test: Expression | undefined;
  /** Whether the test comes after the body, as in do. */
  readonly isTestLast: boolean;
  readonly update: Expression | undefined;
  readonly body: Statement;
  readonly counting: Counting | undefined;
  /** Whether its iterations are divided among threads. */
  readonly parallel: boolean;
}
/** Whether only a jump leaves it. */
export const isEndless = ({ test }: Loop): boolean =>
  test === undefined || (test.op === "constant" && Boolean(test.value));

export interface Switch {
  readonly op: "switch";
  readonly id: number;
  readonly value: Expression;
  /** The test of `default` is undefined. */
  readonly cases: readonly { readonly test: Expression | undefined; readonly body: Statement }[];
}
export interface Jump {
  readonly op: "break" | "continue";
  /** The id of the loop, switch or labelled block. */
  readonly target: number;
  readonly site: Site;
}
export interface Return {
  readonly op: "return";
  readonly value: Expression | undefined;
  readonly site: Site;
}
/** `Error`, or what extends it: a class of JavaScript or one of the user. */
export type ErrorClass = new (message?: string) => Error;

export interface Throw {
  readonly op: "throw";
  readonly error: ErrorClass;
  /** Undefined: it is made without one. */
  readonly message: string | undefined;
  readonly site: Site;
}
export interface Block {
  readonly op: "block";
  readonly body: readonly Statement[];
  /** If something leaves it by a label. */
  readonly id: number | undefined;
}

export type Statement = Evaluate | If | Loop | Switch | Jump | Return | Throw | Block;

/** A function, resolved, for one list of parameter types. */
export interface LoweredFunction {
  readonly source: FunctionSource;
  readonly parameters: readonly Variable[];
  readonly variables: readonly Variable[];
  /** Those that stand for arrays and communicators from outside. */
  readonly captures: readonly CapturedVariable[];
  readonly body: Statement;
}

/** A variable that is read from the list of what all functions of a library capture. */
export interface CapturedVariable {
  readonly variable: Variable;
  readonly index: number;
}

/** A function for one list of parameter types. */
export interface Instance {
  readonly id: number;
  readonly name: string;
  readonly lowered: LoweredFunction;
  readonly parameterTypes: readonly Type[];
  result: Type | undefined;
}

/** The direct parts of an expression, in the order of evaluation. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.op) {
    case "constant":
    case "one":
    case "read":
    case "handle":
      return [];
    case "assign":
      return [expression.value];
    case "unary":
    case "convert":
      return [expression.operand];
    case "binary":
    case "logical":
      return [expression.left, expression.right];
    case "conditional":
      return [expression.test, expression.whenTrue, expression.otherwise];
    case "load":
      return [expression.array, ...expression.indexes];
    case "store":
      return [expression.array, ...expression.indexes, expression.value];
    case "length":
      return [expression.array];
    case "math":
    case "call":
      return expression.args;
    case "new-array":
      return [expression.length];
    case "array-call":
      return [expression.array, ...expression.args];
    case "make-view":
      return [expression.array, ...expression.shape];
    case "extent":
      return [expression.view];
    case "mpi":
      return [...expression.args, expression.comm].filter((part) => part !== undefined);
    case "status-field":
      return [expression.status];
    case "item":
      return [expression.tuple];
    case "list":
    case "sequence":
      return expression.items;
  }
}

/** What is done with each expression. */
type Visit = (expression: Expression) => void;

/**
 * Calls `visit` with each expression in a statement, the inner ones after the outer.
 * @param atLoop What is done with the loops in it instead of visiting what is in them.
 */
export function visitExpressions(
  statement: Statement | undefined,
  visit: Visit,
  atLoop?: (loop: Loop) => void,
): void {
  switch (statement?.op) {
    case "evaluate":
    case "return":
      visitAll(statement.value, visit);
      break;
    case "if":
      visitAll(statement.test, visit);
      visitExpressions(statement.whenTrue, visit, atLoop);
      visitExpressions(statement.otherwise, visit, atLoop);
      break;
    case "loop":
      if (atLoop !== undefined) {
        atLoop(statement);
        break;
      }
      visitExpressions(statement.init, visit);
      visitAll(statement.test, visit);
      visitAll(statement.update, visit);
      visitExpressions(statement.body, visit);
      break;
    case "switch":
      visitAll(statement.value, visit);
      for (const { test, body } of statement.cases) {
        visitAll(test, visit);
        visitExpressions(body, visit, atLoop);
      }
      break;
    case "block":
      for (const part of statement.body) visitExpressions(part, visit, atLoop);
      break;
  }
}

function visitAll(expression: Expression | undefined, visit: Visit): void {
  if (expression !== undefined) allIn(expression).forEach(visit);
}

/** It and all in it. They stay what they are, and are visited a dozen times. */
function allIn(expression: Expression): readonly Expression[] {
  let all = visited.get(expression);
  if (all === undefined) {
    all = [];
    collect(expression, all);
    visited.set(expression, all);
  }
  return all;
}

const visited = new WeakMap<Expression, Expression[]>();

function collect(expression: Expression, into: Expression[]): void {
  into.push(expression);
  for (const part of partsOf(expression)) collect(part, into);
}
