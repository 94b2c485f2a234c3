import { CONVERSIONS } from "../conversions.js";
import type {
  Assign,
  Binary,
  Call,
  Conditional,
  Convert,
  Expression,
  Item,
  List,
  Logical,
  MathCall,
  Unary,
} from "../ir.js";
import { AS_INT32, BINARY, bigintResult, complement, negated } from "../operators.js";
import {
  BOOL,
  elementOfArray,
  F64,
  I64,
  type IntType,
  int,
  isNullable,
  isNumber,
  join,
  NULL,
  plainType,
  REQUESTS,
  type Type,
  typeName,
  VOID,
} from "../types.js";
import { typeOfArrayCall, typeOfLoad, typeOfStore } from "./array.js";
import type { Inference } from "./function.js";
import { hasRequests, typeOfField, typeOfMpi } from "./mpi.js";
import { asDouble, signed } from "./sign.js";

/**
 * Types an expression and what it is made of.
 * @param isCounted Whether it is the update of a loop that counts, whose interval is known better.
 * @returns undefined while something that it needs is not known yet
 */
export function infer(inference: Inference, expression: Expression, isCounted = false): Type | undefined {
  const type = typeOf(inference, expression, isCounted);
  if (type !== undefined) expression.type = type;
  return type;
}

function typeOf(inference: Inference, e: Expression, isCounted: boolean): Type | undefined {
  switch (e.op) {
    case "constant":
      return typeOfConstant(inference, e.value, e);
    case "one":
      return int(1, 1);
    case "read":
      return inference.nearer.get(e.variable) ?? e.variable.type;
    case "assign":
      return typeOfAssign(inference, e, isCounted);
    case "unary":
      return typeOfUnary(inference, e);
    case "convert":
      return typeOfConversion(inference, e);
    case "binary":
      return typeOfBinary(inference, e);
    case "logical":
      return typeOfLogical(inference, e);
    case "conditional":
      return typeOfConditional(inference, e);
    case "load":
      return typeOfLoad(inference, e);
    case "store":
      return typeOfStore(inference, e);
    case "length": {
      const array = infer(inference, e.array);
      if (array === undefined) return undefined;
      if (array.kind === "requests") return int(0, 2 ** 31 - 1);
      if (array.kind !== "array") inference.fail(e.site, `${typeName(array)} has no length`);
      return int(0, inference.program.assumption.most);
    }
    case "math":
      return typeOfMath(inference, e);
    case "call":
      return typeOfCall(inference, e);
    case "new-array": {
      const length = infer(inference, e.length);
      const element = elementOfArray(e.array);
      if (element === undefined) return inference.fail(e.site, `${e.array} cannot be compiled`);
      if (length === undefined) return undefined;
      if (!isNumber(length)) inference.fail(e.length.site, "expected a length");
      return { kind: "array", element };
    }
    case "array-call":
      return typeOfArrayCall(inference, e);
    case "make-view": {
      const array = infer(inference, e.array);
      for (const length of e.shape) {
        const type = infer(inference, length);
        if (type !== undefined && !isNumber(type)) inference.fail(length.site, "expected a length");
      }
      if (array === undefined) return undefined;
      if (array.kind !== "array")
        return inference.fail(e.array.site, `expected an array, got ${typeName(array)}`);
      return { kind: "view", element: array.element, rank: e.shape.length, strided: false };
    }
    case "extent": {
      const view = infer(inference, e.view);
      if (view === undefined) return undefined;
      const isThere = view.kind === "view" && Number.isInteger(e.axis) && e.axis >= 0 && e.axis < view.rank;
      if (!isThere) return inference.fail(e.site, `${typeName(view)} has no dimension ${e.axis}`);
      return int(0, inference.program.assumption.most);
    }
    case "mpi":
      return typeOfMpi(inference, e);
    case "handle":
      return VOID;
    case "status-field": {
      const status = infer(inference, e.status);
      return status && typeOfField(inference, status, e.field, e);
    }
    case "list":
      return typeOfList(inference, e);
    case "item":
      return typeOfItem(inference, e);
    case "sequence": {
      const types = e.items.map((item) => infer(inference, item));
      return types.at(-1);
    }
  }
}

function typeOfConstant(inference: Inference, value: unknown, e: Expression): Type {
  if (value === null) return NULL;
  if (typeof value === "boolean") return BOOL;
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value) inference.fail(e.site, `${value}n does not fit into 64 bits`);
    return I64;
  }
  if (typeof value !== "number") return inference.fail(e.site, "undefined is no value that can be used here");
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? int(value, value) : F64;
}

/** A number, of a boolean 0 or 1; fails for anything else. */
function numeric(inference: Inference, expression: Expression, given: Type, forWhat: string): Type {
  const type = plainType(given);
  if (type.kind === "bool") return int(0, 1);
  if (!isNumber(type))
    inference.fail(expression.site, `expected a number for ${forWhat}, got ${typeName(type)}`);
  return type;
}

/** Types a condition; any number, bigint or boolean is one. */
export function truth(inference: Inference, expression: Expression): void {
  if (expression.op === "logical") {
    truth(inference, expression.left);
    truth(inference, expression.right);
    expression.type = BOOL;
    return;
  }
  const type = infer(inference, expression);
  if (type === undefined || isNumber(type) || isNullable(type)) return;
  if (type.kind === "bool" || type.kind === "i64") return;
  inference.fail(expression.site, `expected a number or a boolean for a condition, got ${typeName(type)}`);
}

function typeOfAssign(inference: Inference, e: Assign, isCounted: boolean): Type | undefined {
  const before = inference.nearer.get(e.variable) ?? e.variable.type;
  const type = infer(inference, e.value);
  if (type !== undefined && e.value.op !== "list" && hasRequests(type)) {
    inference.fail(e.value.site, "a list of requests is in one variable only");
  }
  const step = before?.kind === "int" && type?.kind === "int" ? stepOf(e) : undefined;
  // What a loop counts is known by its header.
  if (isCounted && type?.kind === "int") return e.gives === "old" ? before : type;
  if (step === undefined) inference.give(e.variable, type, e.value, e.site);
  else inference.count(e.variable, step);
  if (e.gives === "old") return before;
  // It is read back from the variable, which may be a double because of its other values.
  const now = e.variable.type;
  return type === undefined || now?.kind === type.kind ? type : now;
}

/** Larger steps than this could lead beyond what is exact in a run that ends. */
const SMALL = 1024;

/** By how much `i = i + 1` counts, if that is little; undefined if it does something else. */
function stepOf({ variable, value }: Assign): IntType | undefined {
  if (value.op !== "binary" || (value.name !== "+" && value.name !== "-")) return undefined;
  if (value.left.op !== "read" || value.left.variable !== variable) return undefined;
  const by = value.right.op === "one" ? int(1, 1) : value.right.type;
  if (by?.kind !== "int" || by.low < -SMALL || by.high > SMALL) return undefined;
  return (value.name === "+" ? by : int(-by.high, -by.low)) as IntType;
}

function typeOfUnary(inference: Inference, e: Unary): Type | undefined {
  if (e.name === "!") {
    truth(inference, e.operand);
    return BOOL;
  }
  const given = infer(inference, e.operand);
  if (given === undefined) return undefined;
  const operand = plainType(given);
  if (operand.kind === "i64") {
    if (e.name === "+") inference.fail(e.site, "+ cannot be applied to a bigint");
    return I64;
  }
  const type = numeric(inference, e.operand, operand, e.name);
  switch (e.name) {
    case "+":
      return type;
    case "~":
      return complement(type.kind === "int" ? type : AS_INT32);
    case "-": {
      const result = type.kind === "int" ? negated(type) : type;
      return signed(inference, e, result, [e.operand]);
    }
  }
}

function typeOfConversion(inference: Inference, e: Convert): Type | undefined {
  const given = infer(inference, e.operand);
  if (given === undefined) return undefined;
  const { takes, type } = CONVERSIONS[e.name];
  if (!takes.includes(given.kind) || !takes.includes(plainType(given).kind)) {
    const expected = takes.includes("int") ? "a number" : "a bigint";
    inference.fail(e.operand.site, `expected ${expected} for ${e.name}, got ${typeName(given)}`);
  }
  return type(plainType(given));
}

function typeOfBinary(inference: Inference, e: Binary): Type | undefined {
  const first = infer(inference, e.left);
  const second = infer(inference, e.right);
  const operator = BINARY[e.name];
  if (first === undefined || second === undefined) return operator.kind === "compare" ? BOOL : undefined;
  const isSameness = e.name === "==" || e.name === "!=";
  if (isSameness && (first.kind === "null" || second.kind === "null")) return BOOL;
  const left = plainType(first);
  const right = plainType(second);
  const isOne = e.right.op === "one";
  if (left.kind === "i64" || right.kind === "i64") {
    if (left.kind !== right.kind && !isOne) {
      inference.fail(
        e.site,
        `${e.name} between ${typeName(left)} and ${typeName(right)}: bigints do not mix with numbers`,
      );
    }
    if (operator.cI64 === undefined) inference.fail(e.site, `${e.name} between bigints cannot be compiled`);
    if (isOne) e.right.type = I64;
    return bigintResult(operator);
  }
  if (e.name === "==" || e.name === "!=") {
    if ((left.kind === "bool") !== (right.kind === "bool")) {
      inference.fail(e.site, `${typeName(left)} is never the same as ${typeName(right)}`);
    }
  }
  const a = numeric(inference, e.left, left, e.name);
  const b = numeric(inference, e.right, right, e.name);
  if (operator.kind === "compare") return BOOL;
  if (operator.kind === "bit") {
    return (operator.int as NonNullable<typeof operator.int>)(asInt32(a), asInt32(b));
  }
  const areInts = a.kind === "int" && b.kind === "int";
  const result = areInts ? (operator.int as NonNullable<typeof operator.int>)(a, b) : F64;
  if (areInts && e.name === "*" && result.kind !== "int") inference.program.overflows++;
  return signed(inference, e, result, [e.left, e.right]);
}

const asInt32 = (type: Type): IntType => (type.kind === "int" ? type : AS_INT32);

function typeOfLogical(inference: Inference, e: Logical): Type | undefined {
  const left = infer(inference, e.left);
  const right = infer(inference, e.right);
  if (left === undefined || right === undefined) return left ?? right;
  return common(inference, [e.left, e.right], e);
}

function typeOfConditional(inference: Inference, e: Conditional): Type | undefined {
  truth(inference, e.test);
  const then = infer(inference, e.whenTrue);
  const otherwise = infer(inference, e.otherwise);
  if (then === undefined || otherwise === undefined) return then ?? otherwise;
  return common(inference, [e.whenTrue, e.otherwise], e);
}

/** The type of what is the one or the other. */
function common(inference: Inference, parts: readonly [Expression, Expression], e: Expression): Type {
  const [a, b] = parts.map(({ type }) => type) as [Type, Type];
  const type = join(a, b);
  if (type === undefined)
    return inference.fail(e.site, `it is ${typeName(a)} or ${typeName(b)}, which do not go together`);
  if (type.kind !== "int") for (const part of parts) asDouble(inference, part);
  return type;
}

function typeOfMath(inference: Inference, e: MathCall): Type | undefined {
  const types = e.args.map((arg) => infer(inference, arg));
  if (types.includes(undefined)) return undefined;
  const given = e.args.map((arg, i) => numeric(inference, arg, types[i] as Type, `Math.${e.name}`));
  const result = e.fn.type(given);
  return e.fn.ignoresSign ? result : signed(inference, e, result, e.args);
}

function typeOfCall(inference: Inference, e: Call): Type | undefined {
  const types = e.args.map((arg) => infer(inference, arg));
  if (types.includes(undefined)) return undefined;
  for (const arg of e.args) {
    asDouble(inference, arg);
    if (hasRequests(arg.type as Type))
      inference.fail(arg.site, "a list of requests cannot be given to a function");
  }
  const now = e.args.map(({ type }) => type as Type);
  const instance = inference.program.instanceOf(e.callee, now);
  e.instance = instance;
  return instance.result;
}

function typeOfList(inference: Inference, e: List): Type | undefined {
  if (e.items.length === 0) return REQUESTS;
  const items = e.items.map((item) => infer(inference, item));
  if (items.includes(undefined)) return undefined;
  for (const item of e.items) {
    if (item.type?.kind === "tuple") inference.fail(item.site, "a list within a list cannot be compiled");
    if (item.type?.kind === "array" || item.type?.kind === "view") {
      inference.fail(item.site, `${typeName(item.type)} cannot be in a list`);
    }
  }
  return { kind: "tuple", items: items as Type[], names: e.names };
}

function typeOfItem(inference: Inference, e: Item): Type | undefined {
  const tuple = infer(inference, e.tuple);
  if (tuple === undefined) return undefined;
  if (isNullable(tuple)) return typeOfField(inference, tuple, e.key, e);
  if (tuple.kind !== "tuple") return inference.fail(e.site, `${typeName(tuple)} has no parts`);
  const at = typeof e.key === "number" ? e.key : (tuple.names?.indexOf(e.key) ?? -1);
  return tuple.items[at] ?? inference.fail(e.site, `there is no ${e.key} in ${typeName(tuple)}`);
}
