import type { Op } from "../../mpi/index.js";
import type { Expression, MpiOperation } from "../ir.js";
import { F64, I64, int, REQUEST, STATUS, type Type, VOID } from "../types.js";
import type { Emitter } from "./emitter.js";
import { value } from "./expression.js";
import {
  type BufferText,
  bufferOf,
  type CommText,
  checkApart,
  checkLength,
  commOf,
  emitNumber,
} from "./mpi-arguments.js";
import { Value } from "./operand.js";
import { emitRequests, push, readStatus } from "./requests.js";

/** What stands in the place of a name in a template. */
type Names = Map<string, string>;

/**
 * Writes a call into MPI.
 * @param isUsed Whether anything is done with what it gives.
 * @param into The variable that a request it gives is for: MPI writes it there, since a copy right after would wait for that.
 */
export function emitMpi(emitter: Emitter, e: MpiOperation, isUsed = true, into?: string): Value {
  const { library } = emitter;
  switch (e.name) {
    case "wtime": {
      const slot = library.mpiSlot({ is: "function", name: "MPI_Wtime" });
      return new Value(emitter.keep(`((double (*)(void))${slot})()`, F64), F64);
    }
    case "rank":
    case "size":
      return new Value(`(int64_t)${commOf(emitter, e)[e.name]}`, int(0, 2 ** 31 - 1));
    case "push":
      return push(emitter, e);
  }
  if (e.call.c === undefined) return emitRequests(emitter, e);
  return emitCall(emitter, e, isUsed, into);
}

function emitCall(emitter: Emitter, e: MpiOperation, isUsed: boolean, into: string | undefined): Value {
  const comm = commOf(emitter, e);
  const names: Names = new Map(Object.entries({ comm: comm.handle, peers: comm.peers, rank: comm.rank }));
  const isScalar = e.call.scalar !== undefined && isNumberOrBigint(e.args[0]?.type);
  if (isScalar) return emitScalar(emitter, e, comm, names);
  const buffers = new Map<string, BufferText>();
  const absent: string[] = [];
  e.call.parameters.forEach((parameter, i) => {
    const { name, is } = parameter;
    if (is !== "buffer") {
      names.set(name, argument(emitter, e, i, comm));
      return;
    }
    const buffer = bufferOf(emitter, parameter, e.args[i] as Expression);
    if (typeof buffer !== "string") buffers.set(name, buffer);
    else {
      absent.push(name);
      const place = emitter.library.mpiSlot({ is: "pointer", name: "MPI_IN_PLACE" });
      names.set(name, buffer === "in place" ? `(void *)${place}` : "(void *)0");
    }
  });
  nameBuffers(emitter, e, buffers, absent, names);
  checkBuffers(emitter, e, buffers, absent, names);
  const { gives } = e.call;
  const hasStatus = gives === "status or null" || (gives === "status" && isUsed);
  const status = emitter.name("status");
  if (hasStatus) emitter.say(`int64_t ${status}[8];`);
  const ignore = emitter.library.mpiSlot({ is: "pointer", name: "MPI_STATUS_IGNORE" });
  names.set("status", hasStatus ? status : `(void *)${ignore}`);
  const out = into ?? emitter.name("out");
  if (gives === "status or null") emitter.say(`int ${out} = 0;`);
  if (gives === "request") {
    if (into === undefined) emitter.say(`njit_request ${out};`);
    emitter.say(`${out}.handle = ${out}.state = ${out}.code = 0;`);
  }
  names.set("flag", `&${out}`).set("out", `&${out}.handle`);
  emitTemplate(emitter, e, e.call.c as string, names);
  if (gives === "request") {
    emitter.say(`${out}.state = 1;`);
    return new Value(out, REQUEST);
  }
  if (!hasStatus) return new Value("0", VOID);
  readStatus(emitter.library);
  const told = emitter.name("told");
  const read = `njit_told(c, (char *)${status})`;
  emitter.say(`njit_status ${told} = ${gives === "status" ? read : `${out} ? ${read} : (njit_status){0}`};`);
  return new Value(told, STATUS);
}

const isNumberOrBigint = (type: Type | undefined): boolean =>
  type !== undefined && ["int", "f64", "f32", "i64"].includes(type.kind);

/** An argument that is no buffer. */
function argument(emitter: Emitter, e: MpiOperation, i: number, comm: CommText): string {
  const parameter = e.call.parameters[i] as (typeof e.call.parameters)[number];
  const given = e.args[i];
  if (parameter.is === "op") return operator(emitter, given);
  if (parameter.is === "root" && comm.isInter !== undefined) {
    const message = `${e.name}: over an intercommunicator it cannot be compiled`;
    emitter.say(`if (UNLIKELY(${comm.isInter})) ${emitter.fail({ is: "argument", site: e.site, message })}`);
  }
  return emitNumber(emitter, parameter, given, comm);
}

function operator(emitter: Emitter, given: Expression | undefined): string {
  const { library } = emitter;
  const isDefault = given === undefined || (given.op === "constant" && given.value === undefined);
  if (isDefault) return library.mpiSlot({ is: "handle", name: "MPI_SUM" });
  const op = given.op === "handle" && given.of === "op" ? (given.value as Op) : undefined;
  if (op !== undefined && !op.isUserDefined) return library.mpiSlot({ is: "op", value: op });
  const { source, start, end } = given.site;
  const message =
    op === undefined ? "op: expected an Op" : "op: this one is JavaScript, which cannot be called here";
  throw source.error("ERR_NJIT_TYPE", message, start, end);
}

/** A number or bigint instead of the buffers. */
function emitScalar(emitter: Emitter, e: MpiOperation, comm: CommText, names: Names): Value {
  const given = value(emitter, e.args[0] as Expression);
  const isBigint = given.type.kind === "i64";
  const c = isBigint ? "int64_t" : "double";
  const [sent, result] = [emitter.name("in"), emitter.name("out")];
  emitter.say(`${c} ${sent} = ${isBigint ? given.i64 : given.f64}, ${result};`);
  const type = { is: "handle", name: isBigint ? "MPI_INT64_T" : "MPI_DOUBLE" } as const;
  names.set("scalar.type", emitter.library.mpiSlot(type));
  const parameters = e.call.parameters.filter(({ is }) => is !== "buffer");
  const shifted: MpiOperation = { ...e, call: { ...e.call, parameters }, args: e.args.slice(1) };
  parameters.forEach(({ name }, i) => {
    names.set(name, argument(emitter, shifted, i, comm));
  });
  names.set("in", `&${sent}`).set("out", `&${result}`);
  emitTemplate(emitter, e, e.call.scalar as string, names);
  if (e.call.scalarFor === undefined) return new Value(result, isBigint ? I64 : F64);
  const maybe = { kind: "maybe", of: isBigint ? "i64" : "f64" } as const;
  const isThere = fill(e.call.scalarFor, names);
  const text = `${isThere} ? (njit_maybe_${maybe.of}){${result}, 1} : (njit_maybe_${maybe.of}){0}`;
  return new Value(emitter.keep(text, maybe), maybe);
}

/** Says what the templates know of the buffers. One that is absent is of the kind of the other. */
function nameBuffers(
  { library }: Emitter,
  e: MpiOperation,
  buffers: ReadonlyMap<string, BufferText>,
  absent: readonly string[],
  names: Names,
): void {
  for (const [name, { pointer, count, type }] of buffers) {
    names.set(name, pointer);
    names.set(`${name}.n`, count);
    names.set(`${name}.type`, type);
  }
  const counting = buffers.get("send") ?? buffers.get("recv");
  if (counting === undefined) {
    const byte = library.mpiSlot({ is: "handle", name: "MPI_BYTE" });
    for (const name of absent) names.set(`${name}.n`, "0").set(`${name}.type`, byte);
    names.set("n", "0").set("type", byte);
    return;
  }
  names.set("n", counting.count).set("type", counting.type);
  for (const name of absent) names.set(`${name}.n`, "0").set(`${name}.type`, counting.type);
  const [send, recv] = [buffers.get("send"), buffers.get("recv")];
  const isCollective = e.call.lengths !== undefined;
  if (isCollective && send && recv && send.type !== recv.type && send.element !== recv.element) {
    const { source, start, end } = e.site;
    throw source.error("ERR_NJIT_TYPE", `${e.name}: send and recv are of different kinds`, start, end);
  }
}

/** The buffers are not empty, apart, and their lengths fit; those that only the root looks at, there. */
function checkBuffers(
  emitter: Emitter,
  e: MpiOperation,
  buffers: ReadonlyMap<string, BufferText>,
  absent: readonly string[],
  names: Names,
): void {
  const { parameters, lengths, lengthsInPlace } = e.call;
  const isRoot = `${names.get("rank")} == ${names.get("root")}`;
  const { site } = e;
  const forRoot = parameters.find(({ isForRoot }) => isForRoot);
  for (const { name, isForRoot } of parameters) {
    const buffer = buffers.get(name);
    if (buffer !== undefined && !isForRoot) checkLength(emitter, name, buffer);
  }
  const isRooted = forRoot !== undefined;
  if (isRooted) {
    const inPlace = parameters.find(({ name }) => name !== forRoot.name && absent.includes(name));
    if (inPlace !== undefined) {
      const message = `${inPlace.name}: IN_PLACE has no meaning but on the root`;
      emitter.say(`if (UNLIKELY(!(${isRoot}))) ${emitter.fail({ is: "value", site, message })}`);
    }
    emitter.say(`if (${isRoot}) {`);
    const whole = buffers.get(forRoot.name);
    if (whole === undefined) {
      const message = `${forRoot.name}: expected an array on the root, got null`;
      emitter.say(emitter.fail({ is: "kind", site, message }));
    } else checkLength(emitter, forRoot.name, whole);
  }
  const [send, recv] = [buffers.get("send"), buffers.get("recv")];
  if (send !== undefined && recv !== undefined) checkApart(emitter, recv, send);
  const condition = absent.length > 0 ? lengthsInPlace : lengths;
  if (condition !== undefined && !absent.includes(forRoot?.name ?? "")) {
    const text = condition.replace(/\{(\w+)\.n\}/g, (_, name) => buffers.get(name)?.length as string);
    const message = `${e.name}: the lengths of send and recv do not fit`;
    emitter.say(`if (UNLIKELY(!(${fill(text, names)}))) ${emitter.fail({ is: "argument", site, message })}`);
  }
  if (isRooted) emitter.say("}");
}

const fill = (template: string, names: Names): string =>
  template.replace(/\{([\w.]+)\}/g, (_, name) => names.get(name) as string);

function emitTemplate(emitter: Emitter, e: MpiOperation, template: string, names: Names): void {
  const { library } = emitter;
  const operation = template.slice(0, template.indexOf("("));
  const code = emitter.name("code");
  const call = fill(template.slice(operation.length), names);
  emitter.say(`int ${code} = ${library.mpiFunction(operation)}${call};`);
  emitter.say(`if (UNLIKELY(${code} != 0)) ${emitter.fail({ is: "mpi", site: e.site, operation }, code)}`);
}
