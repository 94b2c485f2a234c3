import type { ArrayCall, Expression, Load, Store } from "../ir.js";
import {
  ELEMENTS,
  F64,
  I64,
  isNumber,
  isSame,
  plainType,
  REQUEST,
  type Type,
  typeName,
  type ViewType,
  VOID,
} from "../types.js";
import { infer } from "./expression.js";
import type { Inference } from "./function.js";
import { asDouble } from "./sign.js";

function checkIndexes(
  inference: Inference,
  indexes: readonly Expression[],
  array: Type,
  e: Expression,
): void {
  const rank = array.kind === "view" ? array.rank : 1;
  if (array.kind !== "array" && array.kind !== "view") {
    inference.fail(e.site, `${typeName(array)} has no elements`);
  }
  if (indexes.length !== rank) inference.fail(e.site, `expected ${rank} indexes, got ${indexes.length}`);
  for (const index of indexes) {
    const type = infer(inference, index);
    if (type !== undefined && !isNumber(type))
      inference.fail(index.site, `expected an index, got ${typeName(type)}`);
  }
}

/** What reading an element gives: outside of an array, undefined, which is NaN as a number. */
function elementType(inference: Inference, array: Type): Type {
  if (array.kind !== "array" && array.kind !== "view") return F64;
  const { type } = ELEMENTS[array.element];
  // An index outside of a view is an error in JavaScript as well.
  const isLenient = inference.program.boundscheck === "js" && array.kind === "array";
  return isLenient && type.kind === "int" ? F64 : type;
}

export function typeOfLoad(inference: Inference, e: Load): Type | undefined {
  const array = infer(inference, e.array);
  if (array === undefined) {
    for (const index of e.indexes) infer(inference, index);
    return undefined;
  }
  if (array.kind === "tuple" && e.indexes[0]?.op === "constant") {
    return (
      array.items[Number(e.indexes[0].value)] ??
      inference.fail(e.site, `there is no such item in ${typeName(array)}`)
    );
  }
  if (array.kind === "requests") {
    for (const index of e.indexes) infer(inference, index);
    return REQUEST;
  }
  checkIndexes(inference, e.indexes, array, e);
  return elementType(inference, array);
}

export function typeOfStore(inference: Inference, e: Store): Type | undefined {
  const array = infer(inference, e.array);
  const value = infer(inference, e.value);
  if (array === undefined) return value;
  checkIndexes(inference, e.indexes, array, e);
  if (array.kind !== "array" && array.kind !== "view") return undefined;
  const element = ELEMENTS[array.element].type;
  if (value === undefined) return undefined;
  const isBigint = element.kind === "i64";
  const plain = plainType(value);
  const fits =
    e.value.op === "one" || (isBigint ? plain.kind === "i64" : isNumber(plain) || plain.kind === "bool");
  if (!fits) inference.fail(e.value.site, `${typeName(value)} cannot be stored in ${typeName(array)}`);
  if (e.value.op === "one" && isBigint) e.value.type = I64;
  if (element.kind === "f64" || element.kind === "f32") asDouble(inference, e.value);
  if (e.compound === undefined) return value;
  // The same as for the two operands of the operator, one of which is in memory.
  const old: Expression = { op: "load", array: e.array, indexes: e.indexes, site: e.site };
  const combined: Expression = {
    op: "binary",
    name: e.compound,
    left: old,
    right: e.value,
    site: e.site,
    isSignUsed: true,
  };
  const type = infer(inference, combined);
  return e.gives === "old" ? elementType(inference, array) : type;
}

/** `view.subarray(null, j)`: of each dimension all, an index, or `[from, to]`. */
function typeOfPart(inference: Inference, view: ViewType, e: ArrayCall): Type | undefined {
  if (e.args.length !== view.rank) {
    inference.fail(e.site, `expected ${view.rank} indexes, [from, to] or null, got ${e.args.length}`);
  }
  let rank = 0;
  for (const arg of e.args) {
    const isNull = arg.op === "constant" && arg.value === null;
    if (isNull || arg.op === "list") rank++;
    if (arg.op === "list" && arg.items.length !== 2) inference.fail(arg.site, "expected [from, to]");
    if (isNull) infer(inference, arg);
    for (const each of isNull ? [] : arg.op === "list" ? arg.items : [arg]) {
      const type = infer(inference, each);
      if (type !== undefined && !isNumber(type))
        inference.fail(each.site, `expected an index, [from, to] or null, got ${typeName(type)}`);
    }
  }
  if (rank === 0) inference.fail(e.site, "this is one element: use get");
  return { kind: "view", element: view.element, rank, strided: true };
}

export function typeOfArrayCall(inference: Inference, e: ArrayCall): Type | undefined {
  const array = infer(inference, e.array);
  if (array?.kind === "view" && e.name === "set" && e.args.length === 2) {
    const [index, value] = e.args as [Expression, Expression];
    e.store ??= {
      op: "store",
      array: e.array,
      indexes: [index],
      compound: undefined,
      value,
      gives: "new",
      site: e.site,
    };
    infer(inference, e.store);
    return VOID;
  }
  if (array?.kind === "view" && e.name === "subarray") return typeOfPart(inference, array, e);
  const args = e.args.map((arg) => infer(inference, arg));
  if (array === undefined || args.includes(undefined)) return array;
  if (array.kind !== "array") return inference.fail(e.site, `${typeName(array)} has no ${e.name}()`);
  const isBigint = ELEMENTS[array.element].type.kind === "i64";
  const [first] = args;
  if (e.name === "fill") {
    if (first === undefined || (first.kind === "i64") !== isBigint) {
      inference.fail(
        e.site,
        `${typeName(array)} cannot be filled with ${first ? typeName(first) : "nothing"}`,
      );
    }
    asDouble(inference, e.args[0] as Expression);
  }
  if (e.name === "set" && (first?.kind !== "array" || !isSame(first, array))) {
    inference.fail(e.site, `expected ${typeName(array)}, got ${first ? typeName(first) : "nothing"}`);
  }
  return e.name === "set" ? VOID : array;
}
