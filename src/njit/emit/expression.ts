import {
  type ArrayCall,
  type Assign,
  type Call,
  type Conditional,
  type Expression,
  type Load,
  type Logical,
  type MakeView,
  partsOf,
  type Store,
  type Variable,
} from "../ir.js";
import { BINARY, type Operand } from "../operators.js";
import { BOOL, ELEMENTS, type ElementName, F64, I64, int, type Type, VOID } from "../types.js";
import { type Emitter, hasEffects, lengthOf, shapeOf } from "./emitter.js";
import { emitMpi } from "./mpi.js";
import { integer, number, Value } from "./operand.js";

/** Writes what an expression does, and returns what it gives: C without effects, to be used before anything else is said. */
export function value(emitter: Emitter, e: Expression): Value {
  const type = e.type as Type;
  switch (e.op) {
    case "constant":
      return constant(e.value);
    case "one":
      return new Value("1", type ?? int(1, 1));
    case "read":
      // Nearer than the variable itself is known only how far it goes.
      return new Value(e.variable.c, e.variable.type as Type);
    case "assign":
      return assign(emitter, e);
    case "unary":
      return unary(emitter, e.name, e.operand, type);
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
      return new Value(array(emitter, e.array).length, type);
    case "math": {
      const args = values(emitter, e.args);
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
      return new Value(`(int64_t)${value(emitter, e.status).text}.${e.field}`, type);
    case "item": {
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
function values(emitter: Emitter, expressions: readonly Expression[]): Value[] {
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
  if (typeof given === "boolean") return new Value(given ? "1" : "0", BOOL);
  if (typeof given === "bigint") return new Value(integer(given), I64);
  const n = given as number;
  if (Number.isSafeInteger(n) && !Object.is(n, -0)) return new Value(integer(n), int(n, n), floatConstant(n));
  return new Value(number(n), F64, floatConstant(n));
}

const floatConstant = (n: number): string | undefined =>
  Math.fround(n) === n && Number.isFinite(n) ? `${number(n)}f`.replace(")f", "f)") : undefined;

/** Where an array or a view is, in C. */
interface Place {
  readonly pointer: string;
  readonly length: string;
  readonly element: ElementName;
  /** Of a view, the length of each dimension. */
  readonly shape: readonly string[];
}

/** An array with its length. */
export function array(emitter: Emitter, e: Expression): Place {
  const type = e.type as Extract<Type, { kind: "array" | "view" }>;
  const { element } = type;
  const { c, bytes } = ELEMENTS[element];
  switch (e.op) {
    case "read":
      return placeOf(e.variable, element);
    case "assign":
      giveArray(emitter, e);
      return placeOf(e.variable, element);
    case "make-view":
      return makeView(emitter, e);
    case "new-array": {
      const given = value(emitter, e.length);
      const length = emitter.keep(whole(given), int(0, 1));
      const pointer = emitter.name("p");
      emitter.hasArrays = true;
      emitter.say(`${c} *${pointer} = njit_new(c, ${length}, ${bytes});`);
      const failure = {
        is: "throw",
        site: e.site,
        error: "RangeError",
        message: `Invalid typed array length`,
      } as const;
      emitter.say(
        `if (UNLIKELY(!${pointer} || ${length} > ${emitter.program.assumption.most}LL)) ${emitter.fail(failure)}`,
      );
      return { pointer, length, element, shape: [] };
    }
    case "array-call":
      return arrayCall(emitter, e);
    case "conditional": {
      if (type.kind === "view") break;
      const test = condition(emitter, e.test);
      const pointer = emitter.name("p");
      const length = emitter.name("n");
      emitter.say(`${c} *${pointer}; int64_t ${length};`);
      emitter.say(`if (${test}) {`);
      const then = array(emitter, e.whenTrue);
      emitter.say(`${pointer} = ${then.pointer}; ${length} = ${then.length};`);
      emitter.say("} else {");
      const otherwise = array(emitter, e.otherwise);
      emitter.say(`${pointer} = ${otherwise.pointer}; ${length} = ${otherwise.length};`);
      emitter.say("}");
      return { pointer, length, element, shape: [] };
    }
  }
  const { source, start, end } = e.site;
  throw source.error("ERR_NJIT_UNSUPPORTED", "expected the name of an array", start, end);
}

const placeOf = (variable: Variable, element: ElementName): Place => ({
  pointer: variable.c,
  length: lengthOf(variable),
  element,
  shape: shapeOf(variable),
});

function makeView(emitter: Emitter, e: MakeView): Place {
  const { pointer, length, element } = array(emitter, e.array);
  const shape = values(emitter, e.shape).map((given) => {
    const text = given.type.kind === "int" ? given.int : `njit_index(${given.f64})`;
    return emitter.keep(text, int(0, 1));
  });
  // Each is no more than the array has before it is multiplied.
  const fits = shape.reduceRight(
    (rest, each) => `(${each} == 0 ? 0 : ${rest} > ${length} / ${each} ? -1 : ${rest} * ${each})`,
    "1",
  );
  const failure = {
    is: "argument",
    site: e.site,
    message: "the array has too few elements for this shape",
  } as const;
  const isNegative = shape.map((each) => `${each} < 0`).join(" || ");
  emitter.say(
    `if (UNLIKELY(${isNegative} || ${fits.replaceAll("-1", "INT64_MAX / 2")} > ${length})) ${emitter.fail(failure)}`,
  );
  return { pointer, length, element, shape };
}

function arrayCall(emitter: Emitter, e: ArrayCall): Place {
  const target = array(emitter, e.array);
  const { c } = ELEMENTS[target.element];
  const bound = (given: Value | undefined, otherwise: string): string =>
    given === undefined ? otherwise : `njit_within(${whole(given)}, ${target.length})`;
  if (e.name === "set") {
    const [from, to] = e.args as [Expression, Expression | undefined];
    const source = array(emitter, from);
    const offset = to === undefined ? "0" : emitter.keep(whole(value(emitter, to)), int(0, 1));
    const failure = {
      is: "throw",
      site: e.site,
      error: "RangeError",
      message: "offset is out of bounds",
    } as const;
    emitter.say(
      `if (UNLIKELY(${offset} < 0 || ${source.length} > ${target.length} - ${offset})) ${emitter.fail(failure)}`,
    );
    emitter.say(
      `if (${source.length} > 0) memmove(${target.pointer} + ${offset}, ${source.pointer}, (size_t)${source.length} * sizeof(${c}));`,
    );
    return target;
  }
  const args = values(emitter, e.args);
  const [from, to] = e.name === "fill" ? args.slice(1) : args;
  const begin = emitter.keep(bound(from, "0"), int(0, 1));
  const end = emitter.keep(bound(to, target.length), int(0, 1));
  if (e.name === "fill") {
    const filled = emitter.keep(stored(args[0] as Value, target.element), ELEMENTS[target.element].type);
    const i = emitter.name("i");
    emitter.say(
      `for (int64_t ${i} = ${begin}; ${i} < ${end}; ${i}++) ${target.pointer}[${i}] = (${c})${filled};`,
    );
    return target;
  }
  const length = emitter.keep(`${end} > ${begin} ? ${end} - ${begin} : 0`, int(0, 1));
  const pointer = emitter.name("p");
  emitter.say(`${c} *${pointer} = ${target.pointer} + ${begin};`);
  return { pointer, length, element: target.element, shape: [] };
}

/** An integer for what takes one, of a double its integral part. */
const whole = (given: Value): string =>
  given.type.kind === "int" || given.type.kind === "bool" ? given.int : `njit_whole(${given.f64})`;

function giveArray(emitter: Emitter, e: Assign): void {
  const { pointer, length, shape } = array(emitter, e.value);
  emitter.say(`${e.variable.c} = ${pointer}; ${lengthOf(e.variable)} = ${length};`);
  shapeOf(e.variable).forEach((extent, axis) => {
    emitter.say(`${extent} = ${shape[axis]};`);
  });
}

function assign(emitter: Emitter, e: Assign): Value {
  const { variable } = e;
  const type = variable.type as Type;
  if (type.kind === "array" || type.kind === "view") {
    giveArray(emitter, e);
    return new Value(variable.c, type);
  }
  if (type.kind === "tuple" && e.value.op === "list") {
    const items = values(emitter, e.value.items);
    items.forEach((item, i) => {
      emitter.say(`${variable.c}.f${i} = ${item.as(type.items[i] as Type)};`);
    });
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
  const x = value(emitter, operand);
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

function binary(emitter: Emitter, e: Extract<Expression, { op: "binary" }>, type: Type): Value {
  const [a, b] = values(emitter, [e.left, e.right]) as [Value, Value];
  return combined(emitter, e, a, b, type);
}

function combined(
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

/** An index in C, as an integer; -1 for what is none. */
function index(emitter: Emitter, given: Value): string {
  const text = given.type.kind === "int" ? given.int : `njit_index(${given.f64})`;
  return /^\w+$/.test(text) ? text : emitter.keep(text, int(0, 1));
}

/** The place of an element, after its check. */
function element(emitter: Emitter, e: Load | Store, target: Place, at: readonly Value[]): string {
  const isUnchecked = emitter.unchecked.has(e) || emitter.boundscheck === "none";
  const isView = target.shape.length > 0;
  const indexes = at.map((each, axis) => {
    if (isUnchecked) return each.type.kind === "int" ? each.int : `(int64_t)${each.f64}`;
    const i = index(emitter, each);
    const original = each.type.kind === "int" ? i : each.f64;
    const length = isView ? (target.shape[axis] as string) : target.length;
    const failure = { is: "index", site: e.site } as const;
    emitter.say(
      `if (UNLIKELY((uint64_t)${i} >= (uint64_t)${length})) ${emitter.fail(failure, original, length)}`,
    );
    return i;
  });
  const offset = indexes.reduce((before, each, axis) => `(${before}) * ${target.shape[axis]} + ${each}`);
  return `${target.pointer}[${offset}]`;
}

/** A place that stays the same when what is evaluated after it gives its variable another array. */
function steady(emitter: Emitter, place: Place, after: readonly Expression[]): Place {
  if (!after.some(changesArray)) return place;
  const pointer = emitter.name("p");
  emitter.say(`${ELEMENTS[place.element].c} *${pointer} = ${place.pointer};`);
  const keep = (text: string): string => emitter.keep(text, int(0, 1));
  return { ...place, pointer, length: keep(place.length), shape: place.shape.map(keep) };
}

const changesArray = (e: Expression): boolean =>
  (e.op === "assign" && (e.type?.kind === "array" || e.type?.kind === "view")) ||
  partsOf(e).some(changesArray);

/** Whether an index outside of an array is no error. */
const isLenient = (emitter: Emitter, e: Load | Store, target: Place): boolean =>
  emitter.boundscheck === "js" &&
  target.shape.length === 0 &&
  ELEMENTS[target.element].type.kind !== "i64" &&
  !emitter.unchecked.has(e);

function load(emitter: Emitter, e: Load, type: Type): Value {
  if (e.array.type?.kind === "tuple") {
    const tuple = value(emitter, e.array);
    return new Value(
      `${tuple.text}.f${(e.indexes[0] as Extract<Expression, { op: "constant" }>).value}`,
      type,
    );
  }
  const target = steady(emitter, array(emitter, e.array), e.indexes);
  const at = values(emitter, e.indexes);
  const own = ELEMENTS[target.element].type;
  if (isLenient(emitter, e, target)) {
    const i = index(emitter, at[0] as Value);
    const here = new Value(`${target.pointer}[${i}]`, own);
    return new Value(`((uint64_t)${i} < (uint64_t)${target.length} ? ${here.as(type)} : NAN)`, type);
  }
  const place = new Value(element(emitter, e, target, at), own);
  return own.kind === "int" && type.kind === "int"
    ? new Value(`(int64_t)${place.text}`, type)
    : new Value(type.kind === own.kind ? place.text : place.as(type), type);
}

/** A value as it is stored in an array of these elements. */
function stored(given: Value, name: keyof typeof ELEMENTS): string {
  switch (name) {
    case "f64":
      return given.f64;
    case "f32":
      return given.f32;
    case "i64":
      return given.i64;
    case "u8c":
      return given.type.kind === "int" || given.type.kind === "bool"
        ? `njit_clamp_int(${given.int})`
        : `njit_clamp(${given.f64})`;
    default:
      return `(${ELEMENTS[name].c})${given.type.kind === "int" || given.type.kind === "bool" ? given.int : given.int32}`;
  }
}

/** @param isUsed Whether anything is done with what it gives. */
function store(emitter: Emitter, e: Store, isUsed: boolean): Value {
  const target = steady(emitter, array(emitter, e.array), [...e.indexes, e.value]);
  const own = ELEMENTS[target.element].type;
  const isQuiet = isLenient(emitter, e, target);
  // What is combined with the old element is evaluated after that is read.
  const isReadFirst = e.compound !== undefined && hasEffects(e.value);
  const all = values(emitter, isReadFirst ? e.indexes : [...e.indexes, e.value]);
  const at = all
    .slice(0, e.indexes.length)
    .map((each) => (isReadFirst ? new Value(emitter.keep(each.text, each.type), each.type) : each));
  const early = all[e.indexes.length] as Value;
  let place: string;
  let isThere: string | undefined;
  if (isQuiet) {
    const i = index(emitter, at[0] as Value);
    place = `${target.pointer}[${i}]`;
    isThere = `(uint64_t)${i} < (uint64_t)${target.length}`;
  } else place = element(emitter, e, target, at);
  const put = (result: Value): Value => {
    const kept = isUsed ? new Value(emitter.keep(result.text, result.type), result.type) : result;
    emitter.say(
      `${isThere === undefined ? "" : `if (${isThere}) `}${place} = ${stored(kept, target.element)};`,
    );
    return kept;
  };
  if (e.compound === undefined) return put(early);
  const type: Type = isQuiet && own.kind === "int" ? F64 : own;
  const there = own.kind === "int" ? new Value(`(int64_t)${place}`, own) : new Value(place, own);
  const before = isThere === undefined ? there : new Value(`(${isThere} ? ${there.as(type)} : NAN)`, type);
  const isKept = isReadFirst || isUsed || isQuiet;
  const old = isKept ? new Value(emitter.keep(before.text, type), type) : before;
  const operand = isReadFirst ? value(emitter, e.value) : early;
  const operation = { op: "binary", name: e.compound, left: e, right: e.value, site: e.site } as const;
  const result = put(
    combined(emitter, operation, old, operand, resultOf(e.compound, old.type, operand.type)),
  );
  return e.gives === "old" ? old : result;
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

/** The type that an operator gives, where the sign of a zero matters. */
function resultOf(name: keyof typeof BINARY, a: Type, b: Type): Type {
  const operator = BINARY[name];
  if (a.kind === "i64") return I64;
  const [x, y] = [a, b].map((type) => (type.kind === "bool" ? int(0, 1) : type)) as [Type, Type];
  if (operator.kind === "bit") return int(-(2 ** 31), 2 ** 32 - 1);
  if (x.kind !== "int" || y.kind !== "int") return F64;
  const result = (operator.int as NonNullable<typeof operator.int>)(x, y);
  return result.kind === "int" && result.mayBeNegativeZero ? F64 : result;
}

function call(emitter: Emitter, e: Call): Value {
  const instance = e.instance as NonNullable<typeof e.instance>;
  const type = instance.result as Type;
  const texts: string[] = ["c"];
  e.args.forEach((arg, i) => {
    const wanted = instance.parameterTypes[i] as Type;
    if (wanted.kind === "array" || wanted.kind === "view") {
      const { pointer, length, shape } = array(emitter, arg);
      texts.push(pointer, length, ...shape);
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
