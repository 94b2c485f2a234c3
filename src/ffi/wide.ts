import type { CType } from "./engine.js";

/** Whether JavaScript sees values of this C type as bigint. */
export const isWide = (type: CType): boolean => type === "int64" || type === "uint64" || type === "pointer";

/** The 64 bits of `value` as C has them in `type`: signed for `int64` only. */
export const toWide = (type: CType, value: number | bigint): bigint =>
  type === "int64" ? BigInt.asIntN(64, BigInt(value)) : BigInt.asUintN(64, BigInt(value));
