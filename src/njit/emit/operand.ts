import type { Operand } from "../operators.js";
import { F64, I64, type Type } from "../types.js";

/** A value in C, which says itself as each type that it can be asked for. */
export class Value implements Operand {
  readonly text: string;
  readonly type: Type;
  /** As a float computed as such, where that is the same. */
  readonly #float: string | undefined;

  constructor(text: string, type: Type, float?: string) {
    this.text = text;
    this.type = type;
    this.#float = float;
  }

  /** Of what may be null the number, which is 0 then. */
  get plain(): Value {
    const { type } = this;
    return type.kind === "maybe" ? new Value(`${this.text}.value`, type.of === "i64" ? I64 : F64) : this;
  }

  get int(): string {
    return this.type.kind === "bool" ? `(int64_t)(${this.text})` : this.text;
  }

  get f64(): string {
    const { kind } = this.type;
    if (kind === "f64") return this.text;
    if (kind === "maybe") return this.plain.f64;
    return /^\(?-?\d{1,15}(LL)?\)?$/.test(this.text)
      ? `${this.text.replace(/[()L]/g, "")}.0`.replace(/^-.*/, "($&)")
      : `(double)${this.text}`;
  }

  get f32(): string {
    if (this.#float !== undefined) return this.#float;
    if (this.type.kind === "maybe") return this.plain.f32;
    return this.type.kind === "f32" ? this.text : `(float)${this.text}`;
  }

  get int32(): string {
    const { kind } = this.type;
    if (kind === "maybe") return this.plain.int32;
    return kind === "f64" || kind === "f32" ? `njit_int32(${this.f64})` : `(int32_t)${this.int}`;
  }

  get i64(): string {
    return this.type.kind === "maybe" ? this.plain.text : this.text;
  }

  /** As a condition: NaN is false. */
  get truth(): string {
    const { kind } = this.type;
    if (kind === "bool" || kind === "statuses") return this.text;
    if (kind === "null") return "0";
    if (kind === "request") return `(${this.text}.state != 0)`;
    if (kind === "status" || kind === "completion") return `(${this.text}.there != 0)`;
    if (kind === "maybe") return this.plain.truth;
    return kind === "f64" || kind === "f32"
      ? `(${this.text} != 0 && ${this.text} == ${this.text})`
      : `(${this.text} != 0)`;
  }

  as(type: Type): string {
    switch (type.kind) {
      case "status":
      case "completion":
        return this.type.kind === "null" ? "(njit_status){0}" : this.text;
      case "request":
        return this.type.kind === "null" ? "(njit_request){0}" : this.text;
      case "maybe": {
        if (this.type.kind === "maybe") return this.text;
        if (this.type.kind === "null") return `(njit_maybe_${type.of}){0}`;
        return `(njit_maybe_${type.of}){${type.of === "i64" ? this.i64 : this.f64}, 1}`;
      }
      case "f64":
        return this.f64;
      case "f32":
        return this.f32;
      case "int":
        return this.int;
      default:
        return this.text;
    }
  }
}

/** A number in C. */
export function number(value: number): string {
  if (Number.isNaN(value)) return "NAN";
  if (!Number.isFinite(value)) return value > 0 ? "INFINITY" : "(-INFINITY)";
  if (Object.is(value, -0)) return "(-0.0)";
  const text = /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  return value < 0 ? `(${text})` : text;
}

/** An integer in C. */
export function integer(value: number | bigint): string {
  if (value === -(2n ** 63n)) return "INT64_MIN";
  // Always of 64 bits: two constants in an operation would be int, and overflow.
  if (value === 0 || value === 0n) return "0";
  return value < 0 ? `(${value}LL)` : `${value}LL`;
}
