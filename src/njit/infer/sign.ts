import type { Binary, Expression, MathCall, Unary } from "../ir.js";
import { F64, type Type } from "../types.js";
import type { Inference } from "./function.js";

/*
 * Where the sign of a zero matters. An integer of C has none: what may be -0 in JavaScript is an integer only as long as
 * nobody could tell, as in an index, a comparison or a sum.
 */

/** It is used as a double: there the sign of zero matters. */
export function asDouble(inference: Inference, expression: Expression): void {
  const { type } = expression;
  if (type?.kind === "int" && type.mayBeNegativeZero) markSign(inference, expression);
}

/** An integer, unless the sign of its zero matters. */
export function signed(
  inference: Inference,
  e: Unary | Binary | MathCall,
  result: Type,
  operands: readonly Expression[],
): Type {
  const isDouble = result.kind !== "int" || (result.mayBeNegativeZero && e.isSignUsed === true);
  if (!isDouble) return result;
  for (const operand of operands) asDouble(inference, operand);
  return result.kind === "int" ? F64 : result;
}

/** The sign of a zero in it matters: what may give -0 has to be computed as a double. */
export function markSign(inference: Inference, e: Expression): void {
  const mark = (node: Unary | Binary | MathCall): void => {
    if (node.isSignUsed) return;
    node.isSignUsed = true;
    inference.program.change();
  };
  switch (e.op) {
    case "read":
      if (e.variable.isSignUsed) return;
      e.variable.isSignUsed = true;
      inference.program.change();
      for (const value of e.variable.values) markSign(inference, value);
      break;
    case "assign":
      markSign(inference, e.value);
      break;
    case "unary":
      if (e.name === "+") markSign(inference, e.operand);
      else mark(e);
      break;
    case "convert":
      markSign(inference, e.operand);
      break;
    case "math":
      mark(e);
      break;
    case "binary":
      if (e.name === "+" || e.name === "-") {
        markSign(inference, e.left);
        markSign(inference, e.right);
      } else mark(e);
      break;
    case "conditional":
      markSign(inference, e.whenTrue);
      markSign(inference, e.otherwise);
      break;
    case "logical":
      markSign(inference, e.left);
      markSign(inference, e.right);
      break;
    case "sequence":
      markSign(inference, e.items.at(-1) as Expression);
      break;
    case "store":
      markSign(inference, e.value);
      break;
  }
}
