import type * as acorn from "acorn";
import type { ConversionName } from "../conversions.js";
import type { Expression, Site } from "../ir.js";
import { MPI_CALLS, type MpiCallName, PUSH } from "../mpi-calls.js";
import { FunctionSource } from "../source/source.js";
import { MOST_DIMENSIONS } from "../view.js";
import type { Context } from "./context.js";
import { expression, mathCall } from "./expression.js";
import type { Meaning } from "./names.js";

/** What a property of something from outside is: `Math.sqrt`, `lib.mpi.SUM`; undefined if it is one of a variable. */
export function memberOf(context: Context, node: acorn.MemberExpression): Meaning | undefined {
  if (node.computed || node.object.type === "Super" || node.property.type !== "Identifier") return undefined;
  const object = meaningOfNode(context, node.object);
  const { name } = node.property;
  switch (object?.is) {
    case "math namespace":
      return context.meaning(Reflect.get(Math, name), node, `Math.${name}`);
    case "object":
      if (!(name in object.value)) context.fail(node, `there is no ${name} in it`);
      return context.meaning(Reflect.get(object.value, name), node, name);
    case "conversion": {
      const owner = object.name === "Number" ? Number : object.name === "BigInt" ? BigInt : undefined;
      if (owner === undefined) return context.fail(node, `${object.name}.${name} cannot be compiled`);
      return context.meaning(Reflect.get(owner, name), node, `${object.name}.${name}`);
    }
    default:
      return undefined;
  }
}

/** What a name or a path of names from outside means; undefined for everything else. */
function meaningOfNode(context: Context, node: acorn.Expression): Meaning | undefined {
  if (node.type === "Identifier") {
    return context.variableOf(node) === undefined ? context.meaningOfName(node) : undefined;
  }
  return node.type === "MemberExpression" ? memberOf(context, node) : undefined;
}

/** A call, `new`, or a property that stands for a call (`comm.rank`). */
export function call(
  context: Context,
  node: acorn.CallExpression | acorn.NewExpression | acorn.MemberExpression,
  site: Site,
): Expression {
  if (node.type === "MemberExpression") return method(context, node, [], node, site);
  const { callee } = node;
  if (callee.type === "Super" || callee.type === ("Import" as never))
    return context.fail(node, "cannot be compiled");
  if (node.arguments.some((each) => each.type === "SpreadElement"))
    context.fail(node, "... cannot be compiled");
  const given = node.arguments as acorn.Expression[];
  const meaning = meaningOfNode(context, callee as acorn.Expression);
  if (node.type === "NewExpression") return newArray(context, node, meaning, given, site);
  switch (meaning?.is) {
    case undefined:
      if (callee.type === "MemberExpression") return method(context, callee, given, node, site);
      return context.fail(callee, "only functions from outside can be called");
    case "math":
      return mathCall(context, meaning.name, list(context, given), node);
    case "nd": {
      const [array, shape] = given;
      if (given.length !== 2 || array === undefined || shape?.type !== "ArrayExpression") {
        return context.fail(node, "expected nd(array, [nx, ny])");
      }
      const { length } = shape.elements;
      if (length < 1 || length > MOST_DIMENSIONS)
        context.fail(shape, `expected from 1 to ${MOST_DIMENSIONS} lengths, got ${length}`);
      const lengths = shape.elements.map((each) =>
        each === null || each.type === "SpreadElement" ? context.fail(shape, "expected lengths") : each,
      );
      return { op: "make-view", array: expression(context, array), shape: list(context, lengths), site };
    }
    case "mpi":
      return mpiCall(context, meaning.name, given, undefined, node, site);
    case "conversion":
      return conversion(context, meaning.name, given, node, site);
    case "function": {
      const source = meaning.source ?? sourceOf(context, meaning.fn, callee as acorn.Expression);
      const { length } = source.syntax.params;
      if (given.length !== length)
        context.fail(node, `${source.name} takes ${length} arguments, not ${given.length}`);
      return { op: "call", callee: source, args: list(context, given), site };
    }
    default:
      return context.fail(callee, `${context.source.slice(callee.start, callee.end)} cannot be called here`);
  }
}

const list = (context: Context, nodes: readonly acorn.Expression[]): Expression[] =>
  nodes.map((each) => expression(context, each));

/** Plain functions, each parsed once: recursion is recognised by it. */
const plain = new WeakMap<object, FunctionSource>();

function sourceOf(context: Context, fn: FunctionSource["fn"], node: acorn.Expression): FunctionSource {
  // A function that calls itself by its own name keeps what the user said of its captures.
  if (fn === context.source.fn) return context.source;
  let source = plain.get(fn);
  if (source === undefined) {
    try {
      source = new FunctionSource(fn);
    } catch (cause) {
      return context.fail(
        node,
        `${context.source.slice(node.start, node.end)} cannot be compiled: ${(cause as Error).message}`,
      );
    }
    plain.set(fn, source);
  }
  return source;
}

function newArray(
  context: Context,
  node: acorn.NewExpression,
  meaning: Meaning | undefined,
  given: readonly acorn.Expression[],
  site: Site,
): Expression {
  if (meaning?.is !== "array class") return context.fail(node, "only TypedArrays can be made here");
  if (given.length !== 1) context.fail(node, "expected one length");
  return {
    op: "new-array",
    array: meaning.array,
    length: expression(context, given[0] as acorn.Expression),
    site,
  };
}

function method(
  context: Context,
  callee: acorn.MemberExpression,
  given: readonly acorn.Expression[],
  node: acorn.Node,
  site: Site,
): Expression {
  if (callee.computed || callee.property.type !== "Identifier")
    return context.fail(callee, "cannot be called");
  const { name } = callee.property;
  const object = expression(context, callee.object as acorn.Expression);
  if (name === "get" || name === "set") {
    const indexes = list(context, given);
    const value = name === "set" ? indexes.pop() : undefined;
    // Of an array, set copies another array into it; which it is, its type tells.
    if (
      name === "set" &&
      given.length <= 2 &&
      indexes.length < 2 &&
      value !== undefined &&
      isArraySet(given)
    ) {
      return { op: "array-call", name: "set", array: object, args: [...indexes, value], site };
    }
    if (name === "get") return { op: "load", array: object, indexes, site };
    return {
      op: "store",
      array: object,
      indexes,
      compound: undefined,
      value: value as Expression,
      gives: "new",
      site,
    };
  }
  if (name === "subarray" || name === "fill") {
    return { op: "array-call", name, array: object, args: list(context, given), site };
  }
  if ((name === "wait" || name === "test") && given.length === 0) {
    return { op: "mpi", call: MPI_CALLS[name], name, args: [object], comm: undefined, site };
  }
  if (name === "push" && given.length === 1) {
    return { op: "mpi", call: PUSH, name, args: [object, ...list(context, given)], comm: undefined, site };
  }
  const isMethod = Object.hasOwn(MPI_CALLS, name) && !MPI_CALLS[name as MpiCallName].isAlone;
  if (isMethod) return mpiCall(context, name as MpiCallName, given, object, node, site);
  return context.fail(callee.property, `.${name}() cannot be compiled`);
}

/** Whether `x.set(...)` is that of a TypedArray: views have at least two indexes before the value. */
const isArraySet = (given: readonly acorn.Expression[]): boolean => given.length <= 2;

/** @param comm Undefined: it is the last argument, or COMM_WORLD. */
function mpiCall(
  context: Context,
  name: MpiCallName,
  given: readonly acorn.Expression[],
  comm: Expression | undefined,
  node: acorn.Node,
  site: Site,
): Expression {
  const call = MPI_CALLS[name];
  // What is undefined is as if not given.
  const args = list(context, given).map((arg) => (isUndefined(arg) ? undefined : arg));
  const isScalar = call.scalar !== undefined && !isBuffer(args);
  const parameters = isScalar ? call.parameters.toSpliced(1, 1) : call.parameters;
  const isWithComm = comm === undefined && !call.isAlone && args.length === parameters.length + 1;
  const last = isWithComm ? args.pop() : comm;
  if (args.length > parameters.length)
    context.fail(node, `${name} takes at most ${parameters.length} arguments here, not ${args.length}`);
  const required = parameters.filter(({ fallback }) => fallback === undefined);
  if (args.length < required.length)
    context.fail(node, `${name} takes at least ${required.length} arguments, not ${args.length}`);
  const missing = parameters.find(({ fallback }, i) => fallback === undefined && args[i] === undefined);
  if (missing !== undefined)
    context.fail(node, `${missing.name}: it is undefined, so that this cannot be compiled`);
  return { op: "mpi", call, name, args, comm: last, site };
}

const isUndefined = (e: Expression): boolean => e.op === "constant" && e.value === undefined;

/** Whether a reduction is of buffers: then its second argument is one as well. */
const isBuffer = (args: readonly (Expression | undefined)[]): boolean => {
  const [first, second] = args;
  if (first?.op === "handle" && first.of === "in-place") return true;
  if (second?.op === "constant") return second.value === null;
  return second !== undefined && second.op !== "handle";
};

function conversion(
  context: Context,
  name: ConversionName,
  given: readonly acorn.Expression[],
  node: acorn.Node,
  site: Site,
): Expression {
  const args = list(context, given);
  const isBits = name === "BigInt.asIntN";
  const width = isBits ? args.shift() : undefined;
  if (isBits && (width?.op !== "constant" || width.value !== 64)) {
    return context.fail(node, "bigints have 64 bits here: BigInt.asIntN(64, x)");
  }
  const [operand] = args;
  if (operand === undefined || args.length > 1) {
    return context.fail(node, `${name} takes ${isBits ? "two arguments" : "one argument"}`);
  }
  return { op: "convert", name, operand, site };
}
