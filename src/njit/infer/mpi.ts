import type { Expression, MpiOperation } from "../ir.js";
import {
  COMPLETION,
  F64,
  I64,
  int,
  isNumber,
  REQUEST,
  STATUS,
  STATUSES,
  type Type,
  typeName,
  VOID,
} from "../types.js";
import { infer } from "./expression.js";
import type { Inference } from "./function.js";
import { asDouble } from "./sign.js";

/* What the operations of MPI give, and what can be asked of that. */

export function typeOfMpi(inference: Inference, e: MpiOperation): Type | undefined {
  for (const arg of e.args) if (arg !== undefined) inferArgument(inference, arg);
  if (e.comm !== undefined) {
    const comm = infer(inference, e.comm);
    if (comm !== undefined && comm.kind !== "comm")
      inference.fail(e.comm.site, `expected a Communicator, got ${typeName(comm)}`);
  }
  switch (e.call.gives) {
    case "int":
      return int(e.call.least ?? 0, 2 ** 31 - 1);
    case "f64":
      return F64;
    case "status":
    case "status or null":
      return STATUS;
    case "completion":
      return COMPLETION;
    case "statuses":
      return STATUSES;
    case "request":
      return REQUEST;
    case "void":
      return VOID;
    case "buffer": {
      const [first] = e.args;
      if (first?.type === undefined) return undefined;
      if (first.type.kind === "bool") inference.fail(first.site, "expected a number, a bigint or an array");
      if (isNumber(first.type) || first.type.kind === "i64") {
        asDouble(inference, first);
        const of = first.type.kind === "i64" ? "i64" : "f64";
        if (e.call.scalar === undefined) inference.fail(first.site, "expected an array");
        if (e.call.scalarFor !== undefined) return { kind: "maybe", of };
        return of === "i64" ? I64 : F64;
      }
      if (e.call.scalar !== undefined && e.args[1] === undefined)
        inference.fail(e.site, "recv: it is undefined");
      return VOID;
    }
  }
}

function inferArgument(inference: Inference, arg: Expression): void {
  if (arg.op === "list") for (const item of arg.items) infer(inference, item);
  else infer(inference, arg);
}

/** A property of a status, or of what one of several requests told. What is null here may be something later. */
export function typeOfField(inference: Inference, of: Type, field: number | string, e: Expression): Type {
  const isOfStatus = field === "source" || field === "tag";
  const isOfCompletion = field === "index" || field === "status";
  const isThere =
    of.kind === "null" ||
    (of.kind === "status" && isOfStatus) ||
    (of.kind === "completion" && isOfCompletion);
  if (!isThere) return inference.fail(e.site, `${typeName(of)} has no ${field}`);
  return field === "status" ? STATUS : int(-(2 ** 31), 2 ** 31 - 1);
}

/** Whether it is a list of requests, each of which is in one place at a time. */
export const hasRequests = (type: Type): boolean =>
  type.kind === "requests" || (type.kind === "tuple" && type.items.some(({ kind }) => kind === "request"));
