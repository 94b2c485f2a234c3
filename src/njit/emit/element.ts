import { type Expression, type Load, partsOf, type Store } from "../ir.js";
import { BINARY } from "../operators.js";
import { ELEMENTS, F64, I64, int, type Type } from "../types.js";
import { array, type Place } from "./array.js";
import { type Emitter, hasEffects } from "./emitter.js";
import { combined, value, values } from "./expression.js";
import { present } from "./nullable.js";
import { Value } from "./operand.js";
import { moved, requestPlace } from "./requests.js";

/* Elements of arrays and views: their checks, what reading one gives, and what is stored. */

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
  const { strides } = target;
  const offset =
    strides.length > 0
      ? indexes.map((each, axis) => `(${each}) * ${strides[axis]}`).join(" + ")
      : indexes.reduce((before, each, axis) => `(${before}) * ${target.shape[axis]} + ${each}`);
  return `${target.pointer}[${offset}]`;
}

/** A place that stays the same when what is evaluated after it gives its variable another array. */
function steady(emitter: Emitter, place: Place, after: readonly Expression[]): Place {
  if (!after.some(changesArray)) return place;
  const pointer = emitter.name("p");
  emitter.say(`${ELEMENTS[place.element].c} *${pointer} = ${place.pointer};`);
  const keep = (text: string): string => emitter.keep(text, int(0, 1));
  return {
    ...place,
    pointer,
    length: keep(place.length),
    shape: place.shape.map(keep),
    strides: place.strides.map(keep),
  };
}

const changesArray = (e: Expression): boolean =>
  (e.op === "assign" && (e.type?.kind === "array" || e.type?.kind === "view")) ||
  partsOf(e).some(changesArray);

/** Whether an index outside of an array is no error. There is no bigint for what is read there. */
const isLenient = (emitter: Emitter, e: Load | Store, target: Place): boolean =>
  emitter.boundscheck === "js" &&
  target.shape.length === 0 &&
  (ELEMENTS[target.element].type.kind !== "i64" || (e.op === "store" && e.compound === undefined)) &&
  !emitter.unchecked.has(e);

export function load(emitter: Emitter, e: Load, type: Type): Value {
  if (type.kind === "request") return moved(emitter, requestPlace(emitter, e));
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
export function stored(given: Value, name: keyof typeof ELEMENTS): string {
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
export function store(emitter: Emitter, e: Store, isUsed: boolean): Value {
  const target = steady(emitter, array(emitter, e.array), [...e.indexes, e.value]);
  const own = ELEMENTS[target.element].type;
  const isQuiet = isLenient(emitter, e, target);
  // What is combined with the old element is evaluated after that is read.
  const isReadFirst = e.compound !== undefined && hasEffects(e.value);
  const all = values(emitter, isReadFirst ? e.indexes : [...e.indexes, e.value]);
  const at = all
    .slice(0, e.indexes.length)
    .map((each) => (isReadFirst ? new Value(emitter.keep(each.text, each.type), each.type) : each));
  const given = all[e.indexes.length] as Value;
  const early = isReadFirst ? given : present(emitter, e.value, given);
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
  const operand = isReadFirst ? present(emitter, e.value, value(emitter, e.value)) : early;
  const operation = { op: "binary", name: e.compound, left: e, right: e.value, site: e.site } as const;
  const result = put(
    combined(emitter, operation, old, operand, resultOf(e.compound, old.type, operand.type)),
  );
  return e.gives === "old" ? old : result;
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
