import { CONVERSIONS } from "../conversions.js";
import type { Assign, Call, Conditional, Convert, Expression, Logical } from "../ir.js";
import { BINARY, type Operand } from "../operators.js";
import { BOOL, F64, I64, int, isNullable, NULL, type Type, VOID } from "../types.js";
import { array, arrayCall, giveArray } from "./array.js";
import { load, store } from "./element.js";
import { type Emitter, hasEffects } from "./emitter.js";
import { emitMpi } from "./mpi.js";
import { field, isThere, present, sameness } from "./nullable.js";
import { integer, number, Value } from "./operand.js";
import { emptyList, moved, requestPlace } from "./requests.js";

/** Writes what an expression does, and returns what it gives: C without effects, to be used before anything else is said. */
export function value(emitter: Emitter, e: Expression): Value {
  const type = e.type as Type;
  switch (e.op) {
    case "constant":
      return constant(e.value);
    case "one":
      return new Value("1", type ?? int(1, 1));
    case "read":
      if (type.kind === "request") return moved(emitter, e.variable.c);
      // Nearer than the variable itself is known only how far it goes.
      return new Value(e.variable.c, e.variable.type as Type);
    case "assign": {
      const given = assign(emitter, e);
      return type.kind === "request" ? moved(emitter, e.variable.c) : given;
    }
    case "unary":
      return unary(emitter, e.name, e.operand, type);
    case "convert":
      return conversion(emitter, e, type);
    case "binary":
      return binary(emitter, e, type);
    case "logical":
      return logical(emitter, e, type);
    case "conditional":
      return conditional(emitter, e, type);
    case "load":
      return load(emitter, e, type);
    case "store":
      return store(emitter, e, true);
    case "length":
      if (e.array.type?.kind === "requests") return new Value(`${value(emitter, e.array).text}.length`, type);
      return new Value(array(emitter, e.array).length, type);
    case "math": {
      const args = values(emitter, e.args).map(({ plain }) => plain);
      const text = e.fn.c(args, type);
      if (e.fn.isImpure) return new Value(emitter.keep(text, type), type);
      const [first] = args;
      const isRoot = e.name === "sqrt" && first?.type.kind === "f32";
      return new Value(`(${text})`, type, isRoot ? `sqrtf(${first.f32})` : undefined);
    }
    case "call":
      return call(emitter, e);
    case "mpi":
      return emitMpi(emitter, e);
    case "make-view":
      array(emitter, e);
      return new Value("0", type);
    case "extent":
      return new Value(array(emitter, e.view).shape[e.axis] as string, type);
    case "array-call":
      if (e.store !== undefined) return store(emitter, e.store, false);
      arrayCall(emitter, e);
      return new Value("0", VOID);
    case "status-field":
      return field(emitter, e.status, e.field, e);
    case "item": {
      if (e.tuple.type && isNullable(e.tuple.type)) return field(emitter, e.tuple, String(e.key), e);
      if (type.kind === "request") return moved(emitter, requestPlace(emitter, e));
      const tuple = value(emitter, e.tuple);
      const { type: of } = tuple;
      const at = typeof e.key === "number" || of.kind !== "tuple" ? e.key : of.names?.indexOf(e.key);
      return new Value(`${tuple.text}.f${at}`, type);
    }
    case "list": {
      const items = values(emitter, e.items);
      return new Value(items.map((item) => item.text).join(", "), type);
    }
    case "sequence": {
      const all = e.items.map((item) => value(emitter, item));
      return all.at(-1) as Value;
    }
    case "new-array":
    case "handle":
      return new Value("0", type);
  }
}

/** The values of several expressions, as they are when each is evaluated in its turn. */
export function values(emitter: Emitter, expressions: readonly Expression[]): Value[] {
  return expressions.map((e, i) => {
    const result = value(emitter, e);
    const isFixed = e.op === "constant" || e.op === "one";
    if (isFixed || !expressions.slice(i + 1).some(hasEffects)) return result;
    if (result.type.kind === "array" || result.type.kind === "tuple" || result.type.kind === "void")
      return result;
    return new Value(emitter.keep(result.text, result.type), result.type);
  });
}

function constant(given: unknown): Value {
  if (given === null) return new Value("0", NULL);
  if (typeof given === "boolean") return new Value(given ? "1" : "0", BOOL);
  if (typeof given === "bigint") return new Value(integer(given), I64);
  const n = given as number;
  if (Number.isSafeInteger(n) && !Object.is(n, -0)) return new Value(integer(n), int(n, n), floatConstant(n));
  return new Value(number(n), F64, floatConstant(n));
}

const floatConstant = (n: number): string | undefined =>
  Math.fround(n) === n && Number.isFinite(n) ? `${number(n)}f`.replace(")f", "f)") : undefined;

function assign(emitter: Emitter, e: Assign): Value {
  const { variable } = e;
  const type = variable.type as Type;
  if (type.kind === "array" || type.kind === "view") {
    giveArray(emitter, e);
    return new Value(variable.c, type);
  }
  if (type.kind === "requests") {
    emptyList(emitter, variable.c);
    return new Value(variable.c, type);
  }
  if (type.kind === "tuple" && e.value.op === "list") {
    const items = values(emitter, e.value.items);
    items.forEach((item, i) => {
      emitter.say(`${variable.c}.f${i} = ${item.as(type.items[i] as Type)};`);
    });
    return new Value(variable.c, type);
  }
  if (type.kind === "request" && e.value.op === "mpi" && e.value.call.gives === "request") {
    emitMpi(emitter, e.value, true, variable.c);
    return new Value(variable.c, type);
  }
  const given = value(emitter, e.value);
  if (e.gives === "old") {
    const old = emitter.keep(variable.c, type);
    emitter.say(`${variable.c} = ${given.as(type)};`);
    return new Value(old, type);
  }
  emitter.say(`${variable.c} = ${given.as(type)};`);
  return new Value(variable.c, type);
}

function unary(emitter: Emitter, name: string, operand: Expression, type: Type): Value {
  if (name === "!") return new Value(`(!${condition(emitter, operand)})`, BOOL);
  const x = present(emitter, operand, value(emitter, operand));
  if (type.kind === "i64") {
    return new Value(name === "-" ? `(int64_t)(0 - (uint64_t)${x.i64})` : `(~${x.i64})`, type);
  }
  if (name === "+") return new Value(x.type.kind === "bool" ? x.int : x.text, type);
  if (name === "~") return new Value(`(int64_t)(~${x.int32})`, type);
  return new Value(
    `(-${type.kind === "int" ? x.int : x.f64})`,
    type,
    type.kind === "f32" ? `(-${x.f32})` : undefined,
  );
}

function conversion(emitter: Emitter, e: Convert, type: Type): Value {
  const given = value(emitter, e.operand).plain;
  const { c } = CONVERSIONS[e.name];
  if (given.type.kind !== "f64" && given.type.kind !== "f32") return new Value(c(given), type);
  if (e.name === "Number") return given;
  const x = /^\w+$/.test(given.f64) ? given : new Value(emitter.keep(given.f64, F64), F64);
  if (e.name === "BigInt") {
    const isNone = emitter.fail({ is: "no integer", site: e.site }, x.text);
    emitter.say(`if (UNLIKELY(!(${x.text} - ${x.text} == 0 && trunc(${x.text}) == ${x.text}))) ${isNone}`);
    const message = "%1 does not fit into a bigint of 64 bits";
    const isBeyond = emitter.fail({ is: "argument", site: e.site, message }, x.text);
    emitter.say(`if (UNLIKELY(!(${x.text} >= -0x1p63 && ${x.text} < 0x1p63))) ${isBeyond}`);
  }
  return new Value(c(x), type);
}

function binary(emitter: Emitter, e: Extract<Expression, { op: "binary" }>, type: Type): Value {
  if (e.name === "==" || e.name === "!=") {
    const same = sameness(emitter, e.left, e.right);
    if (same !== undefined) return new Value(e.name === "==" ? same : `(!${same})`, BOOL);
  }
  const [a, b] = values(emitter, [e.left, e.right]) as [Value, Value];
  return combined(emitter, e, present(emitter, e.left, a), present(emitter, e.right, b), type);
}

export function combined(
  emitter: Emitter,
  e: Extract<Expression, { op: "binary" }>,
  a: Value,
  b: Value,
  type: Type,
): Value {
  const operator = BINARY[e.name];
  const say = (form: ((a: Operand, b: Operand) => string) | undefined): string =>
    (form as (a: Operand, b: Operand) => string)(a, b);
  if (a.type.kind === "i64") {
    if (operator.divides) {
      const divisor = emitter.keep(b.i64, I64);
      const failure = {
        is: "throw",
        site: e.site,
        error: "RangeError",
        message: "Division by zero",
      } as const;
      emitter.say(`if (UNLIKELY(${divisor} == 0)) ${emitter.fail(failure)}`);
      return new Value(
        say((x) => (operator.cI64 as (a: Operand, b: Operand) => string)(x, new Value(divisor, I64))),
        type,
      );
    }
    return new Value(say(operator.cI64), type);
  }
  if (operator.kind === "bit") return new Value(say(operator.cInt), type);
  const isReal = (x: Value): boolean => x.type.kind === "f64" || x.type.kind === "f32";
  if (operator.kind === "compare") {
    return new Value(say(isReal(a) || isReal(b) ? operator.cF64 : operator.cInt), type);
  }
  if (type.kind === "int") return new Value(say(operator.cInt), type);
  return new Value(say(operator.cF64), type, floatOperation(e.name, a, b));
}

/** An operation of two floats, rounded to a float at once, is exactly the operation of floats. */
function floatOperation(name: string, a: Value, b: Value): string | undefined {
  if (!["+", "-", "*", "/"].includes(name)) return undefined;
  const isFloat = (x: Value): boolean => x.type.kind === "f32" || /^\(?-?[\d.e+-]+f\)?$/.test(x.f32);
  return isFloat(a) && isFloat(b) ? `(${a.f32} ${name} ${b.f32})` : undefined;
}

/** A condition in C. */
export function condition(emitter: Emitter, e: Expression): string {
  if (e.type?.kind === "request") return isThere(emitter, e);
  const given = value(emitter, e);
  if (given.type.kind !== "f64" && given.type.kind !== "f32") return given.truth;
  return given.text.length > 30
    ? new Value(emitter.keep(given.text, given.type), given.type).truth
    : given.truth;
}

function logical(emitter: Emitter, e: Logical, type: Type): Value {
  const isCondition = type.kind === "bool";
  const left = isCondition ? new Value(condition(emitter, e.left), BOOL) : value(emitter, e.left);
  const right = emitter.apart(() =>
    isCondition ? new Value(condition(emitter, e.right), BOOL) : value(emitter, e.right),
  );
  if (isCondition && right.lines.length === 0)
    return new Value(`(${left.text} ${e.name} ${right.result.text})`, BOOL);
  const result = emitter.temporary(type);
  emitter.say(`${result} = ${left.as(type)};`);
  const first = new Value(result, type);
  emitter.say(`if (${e.name === "&&" ? first.truth : `!${first.truth}`}) {`);
  emitter.lines.push(...right.lines);
  emitter.say(`${result} = ${right.result.as(type)};`);
  emitter.say("}");
  return first;
}

function conditional(emitter: Emitter, e: Conditional, type: Type): Value {
  const test = condition(emitter, e.test);
  const then = emitter.apart(() => value(emitter, e.whenTrue));
  const otherwise = emitter.apart(() => value(emitter, e.otherwise));
  if (then.lines.length === 0 && otherwise.lines.length === 0) {
    return new Value(`(${test} ? ${then.result.as(type)} : ${otherwise.result.as(type)})`, type);
  }
  const result = emitter.temporary(type);
  emitter.say(`if (${test}) {`);
  emitter.lines.push(...then.lines, `${result} = ${then.result.as(type)};`, "} else {");
  emitter.lines.push(...otherwise.lines, `${result} = ${otherwise.result.as(type)};`, "}");
  return new Value(result, type);
}

/** Writes what an expression does whose value nobody wants. */
export function perform(emitter: Emitter, e: Expression): void {
  switch (e.op) {
    case "store":
      store(emitter, e, false);
      break;
    case "assign":
      assign(emitter, e.gives === "new" ? e : { ...e, gives: "new" });
      break;
    case "sequence":
      for (const item of e.items) perform(emitter, item);
      break;
    case "mpi":
      emitMpi(emitter, e, false);
      break;
    default:
      value(emitter, e);
  }
}

function call(emitter: Emitter, e: Call): Value {
  const instance = e.instance as NonNullable<typeof e.instance>;
  const type = instance.result as Type;
  const texts: string[] = ["c"];
  e.args.forEach((arg, i) => {
    const wanted = instance.parameterTypes[i] as Type;
    if (wanted.kind === "array" || wanted.kind === "view") {
      const { pointer, length, shape, strides } = array(emitter, arg);
      texts.push(pointer, length, ...shape, ...strides);
      return;
    }
    const given = value(emitter, arg);
    const text = given.as(wanted);
    const isFixed = arg.op === "constant" || !e.args.slice(i + 1).some(hasEffects);
    texts.push(isFixed ? text : emitter.keep(text, wanted));
  });
  const text = `${emitter.nameOf(instance)}(${texts.join(", ")})`;
  let result = "0";
  if (type.kind === "void") emitter.say(`${text};`);
  else result = emitter.keep(text, type);
  emitter.say(`if (UNLIKELY(c[0].f != 0)) ${emitter.leave}`);
  return new Value(result, type);
}
