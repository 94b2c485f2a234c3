import type { Expression } from "../ir.js";
import { isNullable, type Type } from "../types.js";
import type { Emitter } from "./emitter.js";
import { value, values } from "./expression.js";
import { Value } from "./operand.js";
import { requestPlace } from "./requests.js";

/* What may be null: statuses, requests, and results that only one process has. */

/** A property of a status, or of what one of several requests told: null has none. */
export function field(emitter: Emitter, of: Expression, name: string, e: Expression): Value {
  const given = value(emitter, of);
  const type = e.type as Type;
  const message = `Cannot read properties of null (reading '${name}')`;
  const isNull = emitter.fail({ is: "throw", site: e.site, error: "TypeError", message });
  if (given.type.kind === "null") {
    emitter.say(isNull);
    return new Value(type.kind === "int" ? "0" : "(njit_status){0}", type);
  }
  const told = /^\w+$/.test(given.text) ? given.text : emitter.keep(given.text, given.type);
  emitter.say(`if (UNLIKELY(!${told}.there)) ${isNull}`);
  return new Value(type.kind === "int" ? `(int64_t)${told}.${name}` : told, type);
}

/** Whether two values are the same, one of which may be null; undefined if none may. */
export function sameness(emitter: Emitter, left: Expression, right: Expression): string | undefined {
  const [a, b] = [left.type as Type, right.type as Type];
  if (a.kind === "null" || b.kind === "null") {
    const other = a.kind === "null" ? right : left;
    if (isNullable(other.type as Type)) return `(!${isThere(emitter, other)})`;
    value(emitter, other);
    return "0";
  }
  if (a.kind !== "maybe" && b.kind !== "maybe") return undefined;
  const type: Type = a.kind === "maybe" ? a : b;
  const [x, y] = values(emitter, [left, right]).map((each) => emitter.keep(each.as(type), type));
  return `(${x}.there == ${y}.there && ${x}.value == ${y}.value)`;
}

/** Whether a value is not null, in C. */
export function isThere(emitter: Emitter, e: Expression): string {
  if (e.type?.kind === "request") return `(${requestPlace(emitter, e)}.state != 0)`;
  const given = value(emitter, e);
  return given.type.kind === "maybe" ? `(${given.text}).there` : given.truth;
}

/** A number; a bigint that may be null is no bigint then, whereas null is 0 among numbers. */
export function present(emitter: Emitter, e: Expression, given: Value): Value {
  const { type } = given;
  if (type.kind !== "maybe" || type.of === "f64") return given.plain;
  const message = "Cannot mix BigInt and other types, use explicit conversions";
  const failure = emitter.fail({ is: "throw", site: e.site, error: "TypeError", message });
  const kept = emitter.keep(given.text, type);
  emitter.say(`if (UNLIKELY(!${kept}.there)) ${failure}`);
  return new Value(kept, type).plain;
}
