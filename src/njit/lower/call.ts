import type * as acorn from "acorn";
import type { Expression, Site } from "../ir.js";
import { MPI_CALLS, type MpiCallName, PUSH } from "../mpi-calls.js";
import { FunctionSource } from "../source/source.js";
import type { Context } from "./context.js";
import { assign, expression, mathCall } from "./expression.js";
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
    case "number function":
      return context.meaning(Reflect.get(Number, name), node, `Number.${name}`);
    case "bigint function":
      return context.fail(node, `BigInt.${name} cannot be compiled`);
    default:
      return undefined;
  }
}

/** What a name or a path of names from outside means; undefined for everything else. */
function meaningOfNode(context: Context, node: acorn.Expression): Meaning | undefined {
  if (node.type === "Identifier") {
    return context.scope.find(node.name) === undefined ? context.meaningOfName(node) : undefined;
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
      const lengths = shape.elements.map((each) =>
        each === null || each.type === "SpreadElement" ? context.fail(shape, "expected lengths") : each,
      );
      return { op: "make-view", array: expression(context, array), shape: list(context, lengths), site };
    }
    case "mpi":
      return mpiCall(context, meaning.name, given, undefined, node, site);
    case "number function":
      return numberCall(context, meaning.name, list(context, given), node, site);
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
  const args = list(context, given);
  const isScalar = call.scalar !== undefined && !isBuffer(args);
  const most = call.parameters.length - (isScalar ? 1 : 0);
  const isWithComm = comm === undefined && !call.isAlone && args.length === most + 1;
  const last = isWithComm ? args.pop() : comm;
  if (args.length > most)
    context.fail(node, `${name} takes at most ${most} arguments here, not ${args.length}`);
  const required = call.parameters.filter((each) => each.fallback === undefined).length - (isScalar ? 1 : 0);
  if (args.length < required)
    context.fail(node, `${name} takes at least ${required} arguments, not ${args.length}`);
  return { op: "mpi", call, name, args, comm: last, site };
}

/** Whether a reduction is of buffers: then its second argument is one as well. */
const isBuffer = (args: readonly Expression[]): boolean => {
  const [first, second] = args;
  if (first?.op === "handle" && first.of === "in-place") return true;
  if (second?.op === "constant") return second.value === null;
  return second !== undefined && second.op !== "handle";
};

function numberCall(
  context: Context,
  name: string,
  args: readonly Expression[],
  node: acorn.Node,
  site: Site,
): Expression {
  const [x] = args;
  if (args.length !== 1 || x === undefined) return context.fail(node, `${name} takes one argument`);
  if (name === "Number") return { op: "unary", name: "+", operand: x, site };
  const kept = context.variable("kept", node, true);
  const keep = assign(kept, { op: "unary", name: "+", operand: x, site }, "new", site);
  const read: Expression = { op: "read", variable: kept, site };
  const zero: Expression = { op: "binary", name: "-", left: keep, right: read, site };
  switch (name) {
    case "isInteger": {
      const isThere: Expression = {
        op: "binary",
        name: "==",
        left: zero,
        right: { op: "constant", value: 0, site },
        site,
      };
      const isWhole: Expression = {
        op: "binary",
        name: "==",
        left: mathCall(context, "floor", [read], node),
        right: read,
        site,
      };
      return { op: "logical", name: "&&", left: isThere, right: isWhole, site };
    }
    case "isNaN":
      return { op: "binary", name: "!=", left: keep, right: read, site };
    case "isFinite":
      return { op: "binary", name: "==", left: zero, right: { op: "constant", value: 0, site }, site };
    default:
      return context.fail(node, `Number.${name} cannot be compiled`);
  }
}
