import { receiveDouble, receiveInt64, sendDouble, sendInt64 } from "../bindings/scratch.js";
import { type Datatype, DOUBLE, INT64_T } from "../datatype.js";
import { outOfRange } from "../error.js";
import type { OpOperands } from "../op.js";

/* Numbers and bigints that stand for both buffers of a reduction. */

/** The operands of a scalar reduction. */
export const scalarOperands: OpOperands & { type: Datatype } = {
  data: null,
  type: DOUBLE,
  view: undefined,
  argument: "send",
};

/** Whether a reduction's first argument is a value rather than a buffer. */
export const isScalar = (value: unknown): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

/** Puts a scalar where C reads it. */
export function putScalar(value: number | bigint): Datatype {
  if (typeof value === "number") {
    sendDouble[0] = value;
    return DOUBLE;
  }
  sendInt64[0] = value;
  if (sendInt64[0] !== value) throw outOfRange("send", "a bigint of at most 64 bits, with sign", value);
  return INT64_T;
}

/** The result of a reduction of such a scalar. */
export const takeScalar = (sent: number | bigint): number | bigint =>
  (typeof sent === "number" ? receiveDouble[0] : receiveInt64[0]) as number | bigint;
