import { isLong } from "../buffer/pieces.js";
import { assertApart, IN_PLACE, type ResolvedBuffer, resolve } from "../buffer.js";
import { DOUBLE } from "../datatype.js";
import { invalidType, invalidValue, MpiError, outOfRange } from "../error.js";
import { Op, type OpOperands, type OpUse, SUM } from "../op.js";
import type { Form } from "../operation.js";
import { incoming, outgoing, standIn } from "./parts.js";

/* What a reduction combines, and by which operation. MPI 4.0 section 6.9 */

/** The operands of a process that has none. */
export const NOTHING: OpOperands = { data: null, type: DOUBLE, view: undefined, argument: "" };

/** What a reduction of these operands needs of its Op, which is SUM if there is none. */
export function useOf(op: unknown, operands: OpOperands, name: string, form: Form = "blocking"): OpUse {
  if (op === undefined) return SUM.use(operands, name);
  if (op instanceof Op) return op.use(operands, name, form === "persistent");
  throw invalidType("op", "an Op (SUM, MAX, ...)", op);
}

/** @throws MpiError `ERR_MPI_UNSUPPORTED` for more elements than this operation can combine at once */
export function assertCountable(buffer: ResolvedBuffer, op: unknown, name: string): void {
  if (!isLong(buffer)) return;
  if (op instanceof Op && op.isUserDefined) {
    throw new MpiError(`${name} of ${buffer.elements} elements is not supported with a user-defined Op`, {
      code: "ERR_MPI_UNSUPPORTED",
      operation: name,
    });
  }
  if (buffer.large) return;
  throw new MpiError(`${name} of ${buffer.elements} elements is not supported by this MPI; MPI 4.0 can`, {
    code: "ERR_MPI_UNSUPPORTED",
    operation: name,
  });
}

/** Resolves both buffers of a reduction: two places for the same number of elements of the same type. */
export function resolveOperands(send: unknown, recv: unknown): void {
  resolve(recv, "recv", incoming);
  if (send === IN_PLACE) {
    standIn(outgoing);
    return;
  }
  resolve(send, "send", outgoing);
  assertApart(outgoing, incoming);
  if (outgoing.type !== incoming.type) assertSameType(send, recv);
  if (outgoing.elements !== incoming.elements) {
    throw outOfRange("recv", `${outgoing.elements} elements, as send has`, incoming.elements);
  }
}

/** For buffers that C is told different datatypes of: those of long ones differ with their lengths. */
export function assertSameType(send: unknown, recv: unknown): void {
  if (outgoing.elementType !== incoming.elementType) {
    throw invalidValue("recv", `expected elements of ${outgoing.elementType}, as send has`, recv);
  }
  // A reduction has one datatype for both buffers.
  if (outgoing.view !== undefined || incoming.view !== undefined) {
    const [argument, value] = outgoing.view === undefined ? ["recv", recv] : ["send", send];
    throw invalidValue(
      argument,
      "the elements of a strided view do not lie as those of the other buffer",
      value,
    );
  }
}
