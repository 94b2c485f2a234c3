import { ANY_SOURCE, ANY_TAG, PROC_NULL } from "../../mpi/index.js";
import type { Expression, MpiOperation } from "../ir.js";
import type { MpiParameter } from "../mpi-calls.js";
import { type ElementName, F64, I64, int, STATUS, type Type, VOID } from "../types.js";
import { array } from "./array.js";
import type { Emitter } from "./emitter.js";
import { value } from "./expression.js";
import { Value } from "./operand.js";

/** The datatypes of MPI for the elements of arrays. */
const DATATYPES: Readonly<Record<ElementName, string>> = {
  i8: "MPI_INT8_T",
  u8: "MPI_UINT8_T",
  u8c: "MPI_UINT8_T",
  i16: "MPI_INT16_T",
  u16: "MPI_UINT16_T",
  i32: "MPI_INT32_T",
  u32: "MPI_UINT32_T",
  f32: "MPI_FLOAT",
  f64: "MPI_DOUBLE",
  i64: "MPI_INT64_T",
};

/** What stands in the place of a name in a template. */
type Names = Map<string, string>;

/** Writes a call into MPI. @param isUsed Whether anything is done with what it gives. */
export function emitMpi(emitter: Emitter, e: MpiOperation, isUsed = true): Value {
  const { library } = emitter;
  if (e.name === "wtime") {
    const slot = library.mpiSlot({ is: "function", name: "MPI_Wtime" });
    return new Value(emitter.keep(`((double (*)(void))${slot})()`, F64), F64);
  }
  const names: Names = new Map();
  const given = [...e.args];
  const isScalar = e.call.scalar !== undefined && isNumberOrBigint(given[0]?.type);
  names.set(
    "comm",
    e.comm === undefined
      ? library.mpiSlot({ is: "handle", name: "MPI_COMM_WORLD" })
      : value(emitter, e.comm).text,
  );
  if (e.name === "waitAll") return waitAll(emitter, e);
  const parameters = isScalar ? e.call.parameters.filter(({ is }) => is !== "buffer") : e.call.parameters;
  const element: { name: ElementName } = { name: "f64" };
  parameters.forEach((parameter, i) => {
    if (isScalar && i === 0) return;
    parameterOf(emitter, parameter, given[i], names, element);
  });
  const scalar = isScalar ? value(emitter, given[0] as Expression) : undefined;
  const result = resultOf(e, isScalar, given[0]?.type);
  const out = isUsed || isScalar || e.call.gives === "request" ? declared(emitter, result) : undefined;
  emitter.say("{");
  if (scalar !== undefined) scalarIn(emitter, scalar, names);
  if (e.call.lengths !== undefined && !isScalar) checkBuffers(emitter, e, names);
  if (e.call.gives === "status" && isUsed) emitter.say("char status[64];");
  if (e.call.gives === "int") emitter.say("int out;");
  if (e.call.gives === "request") emitter.say("intptr_t out = 0;");
  callOf(emitter, e, (isScalar ? e.call.scalar : e.call.c) as string, names, isUsed);
  if (out !== undefined && result.kind !== "void") {
    if (e.call.gives === "status") emitter.say(readStatus(emitter, out));
    else emitter.say(`${out} = out;`);
  }
  emitter.say("}");
  return new Value(out ?? "0", result);
}

const isNumberOrBigint = (type: Type | undefined): boolean =>
  type !== undefined && ["int", "f64", "f32", "i64", "bool"].includes(type.kind);

function resultOf(e: MpiOperation, isScalar: boolean, type: Type | undefined): Type {
  switch (e.call.gives) {
    case "int":
      return int(0, 2 ** 31 - 1);
    case "status":
      return STATUS;
    case "request":
      return { kind: "request" };
    default:
      return isScalar ? (type?.kind === "i64" ? I64 : F64) : VOID;
  }
}

/** A variable for the result. */
function declared(emitter: Emitter, type: Type): string {
  if (type.kind === "void") return "0";
  const name = emitter.name("m");
  const c =
    type.kind === "f64"
      ? "double"
      : type.kind === "status"
        ? "njit_status"
        : type.kind === "request"
          ? "intptr_t"
          : "int64_t";
  emitter.say(`${c} ${name};`);
  return name;
}

function scalarIn(emitter: Emitter, given: Value, names: Names): void {
  const isBigint = given.type.kind === "i64";
  const c = isBigint ? "int64_t" : "double";
  emitter.say(`${c} in = ${isBigint ? given.i64 : given.f64}, out;`);
  names.set(
    "scalar.type",
    emitter.library.mpiSlot({ is: "handle", name: isBigint ? "MPI_INT64_T" : "MPI_DOUBLE" }),
  );
}

function parameterOf(
  emitter: Emitter,
  parameter: MpiParameter,
  given: Expression | undefined,
  names: Names,
  element: { name: ElementName },
): void {
  const { library } = emitter;
  const { name, is, fallback } = parameter;
  switch (is) {
    case "buffer":
    case "buffer or in place": {
      if (given?.op === "handle" && given.of === "in-place") {
        names.set(name, `(void *)${library.mpiSlot({ is: "pointer", name: "MPI_IN_PLACE" })}`);
        names.set(`${name}.n`, "-1");
        break;
      }
      const of = given as Expression;
      if (of.type?.kind !== "array" && of.type?.kind !== "view")
        throw of.site.source.error("ERR_NJIT_TYPE", `${name}: expected an array`, of.site.start, of.site.end);
      const { pointer, length, element: found } = array(emitter, of);
      element.name = found;
      names.set(name, pointer);
      names.set(`${name}.n`, `(int)${length}`);
      names.set(`${name}.length`, length);
      names.set(`${name}.type`, library.mpiSlot({ is: "handle", name: DATATYPES[found] }));
      const failure = {
        is: "argument",
        site: of.site,
        message: `${name}: expected from 1 to 2147483647 elements`,
      } as const;
      emitter.say(`if (UNLIKELY(${length} < 1 || ${length} > INT32_MAX)) ${emitter.fail(failure)}`);
      break;
    }
    case "op":
      if (given === undefined) names.set(name, library.mpiSlot({ is: "handle", name: "MPI_SUM" }));
      else if (given.op === "handle" && given.of === "op")
        names.set(name, library.mpiSlot({ is: "op", value: given.value }));
      else
        throw given.site.source.error(
          "ERR_NJIT_TYPE",
          "op: expected an Op",
          given.site.start,
          given.site.end,
        );
      break;
    case "request": {
      const of = given as Expression;
      if (of.op !== "read" || of.type?.kind !== "request") {
        throw of.site.source.error(
          "ERR_NJIT_TYPE",
          "expected a variable that holds a request",
          of.site.start,
          of.site.end,
        );
      }
      names.set(name, of.variable.c);
      break;
    }
    case "requests":
      break;
    default:
      names.set(name, numberOf(emitter, is, given, fallback as number, name));
  }
}

/** A rank or tag; the negative ones of this package are those of the standard's ABI, and the library has its own. */
function numberOf(
  emitter: Emitter,
  is: string,
  given: Expression | undefined,
  fallback: number,
  name: string,
): string {
  const integer = (slot: string): string => `(int)${emitter.library.mpiSlot({ is: "integer", name: slot })}`;
  const any = is === "source" ? "MPI_ANY_SOURCE" : "MPI_ANY_TAG";
  if (given === undefined) return fallback < 0 ? integer(any) : String(fallback);
  const found = value(emitter, given);
  const site = given.site;
  const failure = { is: "argument", site, message: `${name}: expected an integer` } as const;
  let n = found.text;
  if (found.type.kind !== "int") {
    n = emitter.keep(`(int64_t)fmax(-9e15, fmin(9e15, ${found.f64}))`, int(0, 1));
    emitter.say(`if (UNLIKELY(!((double)${n} == ${found.f64}))) ${emitter.fail(failure, found.f64)}`);
  } else if (!/^\w+$/.test(n)) n = emitter.keep(found.int, int(0, 1));
  const isInt32 = found.type.kind === "int" && found.type.low >= -(2 ** 31) && found.type.high < 2 ** 31;
  if (!isInt32) emitter.say(`if (UNLIKELY(${n} != (int32_t)${n})) ${emitter.fail(failure, n)}`);
  if (found.type.kind === "int" && found.type.low >= 0) return `(int)${n}`;
  const special = NEGATIVE[is] ?? [];
  return special.reduce(
    (text, [number, constant]) => `(${n} == ${number} ? ${integer(constant)} : ${text})`,
    `(int)${n}`,
  );
}

/** What negative numbers mean. */
const NEGATIVE: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  rank: [[PROC_NULL, "MPI_PROC_NULL"]],
  source: [
    [PROC_NULL, "MPI_PROC_NULL"],
    [ANY_SOURCE, "MPI_ANY_SOURCE"],
  ],
  "any tag": [[ANY_TAG, "MPI_ANY_TAG"]],
};

/** Buffers of one collective operation are of one kind, and their lengths fit. */
function checkBuffers(emitter: Emitter, e: MpiOperation, names: Names): void {
  const { library } = emitter;
  const lengths = e.call.lengths as string;
  if (names.get("send.n") === "-1") return;
  if (names.get("send.type") !== names.get("recv.type")) {
    const { source, start, end } = e.site;
    throw source.error("ERR_NJIT_TYPE", `${e.name}: send and recv are of different kinds`, start, end);
  }
  if (/ranks/.test(lengths)) {
    emitter.say(`int ranks; ${library.mpiFunction("MPI_Comm_size")}(${names.get("comm")}, &ranks);`);
  }
  if (/is_root/.test(lengths)) {
    const root = names.get("root");
    emitter.say(
      `int is_root; ${library.mpiFunction("MPI_Comm_rank")}(${names.get("comm")}, &is_root); is_root = is_root == ${root};`,
    );
  }
  const text = lengths.replace(/\{(\w+)\.n\}/g, (_, name) => names.get(`${name}.length`) as string);
  const failure = {
    is: "argument",
    site: e.site,
    message: `${e.name}: the lengths of send and recv do not fit`,
  } as const;
  emitter.say(`if (UNLIKELY(!(${text}))) ${emitter.fail(failure)}`);
}

function callOf(emitter: Emitter, e: MpiOperation, template: string, names: Names, isUsed: boolean): void {
  const { library } = emitter;
  const ignore = `(void *)${library.mpiSlot({ is: "pointer", name: "MPI_STATUS_IGNORE" })}`;
  const operation = template.slice(0, template.indexOf("("));
  const text = template
    .slice(operation.length)
    .replace(/\{([\w.]+)\}/g, (_, name) => names.get(name) as string)
    .replace("(void *)STATUS", isUsed ? "status" : ignore)
    .replace("STATUS_IGNORE", ignore);
  const code = emitter.name("code");
  emitter.say(`int ${code} = ${library.mpiFunction(operation)}${text};`);
  emitter.say(`if (UNLIKELY(${code} != 0)) ${emitter.fail({ is: "mpi", site: e.site, operation }, code)}`);
}

function readStatus(emitter: Emitter, out: string): string {
  const { library } = emitter;
  const field = (name: "source" | "tag"): string =>
    `*(int *)(status + ${library.mpiSlot({ is: "status", field: name })})`;
  const native = (constant: string): string => `(int)${library.mpiSlot({ is: "integer", name: constant })}`;
  const source = `(${field("source")} == ${native("MPI_PROC_NULL")} ? ${PROC_NULL} : ${field("source")} == ${native("MPI_ANY_SOURCE")} ? ${ANY_SOURCE} : ${field("source")})`;
  const tag = `(${field("tag")} == ${native("MPI_ANY_TAG")} ? ${ANY_TAG} : ${field("tag")})`;
  return `${out}.source = ${source}; ${out}.tag = ${tag};`;
}

/** One after the other: each of them has to end. */
function waitAll(emitter: Emitter, e: MpiOperation): Value {
  const [list] = e.args;
  if (list?.op !== "list") {
    const site = list?.site ?? e.site;
    throw site.source.error(
      "ERR_NJIT_TYPE",
      "expected a list of requests: waitAll([first, second])",
      site.start,
      site.end,
    );
  }
  const names: Names = new Map();
  for (const item of list.items) {
    parameterOf(emitter, { name: "request", is: "request" }, item, names, { name: "f64" });
    callOf(emitter, e, e.call.c as string, names, false);
  }
  return new Value("0", VOID);
}
