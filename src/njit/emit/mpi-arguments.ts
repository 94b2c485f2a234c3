import { ANY_SOURCE, ANY_TAG, PROC_NULL } from "../../mpi/index.js";
import type { Expression, MpiOperation } from "../ir.js";
import type { MpiParameter } from "../mpi-calls.js";
import { ELEMENTS, type ElementName, int, isNumber } from "../types.js";
import { array } from "./array.js";
import type { Emitter } from "./emitter.js";
import { value } from "./expression.js";
import { emitDatatype } from "./strided.js";

/* What the operations of MPI are given: checked as outside of compiled functions, and as C takes it. */

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

/** A communicator in C, and what is known of it. */
export interface CommText {
  readonly handle: string;
  readonly peers: string;
  readonly rank: string;
  readonly size: string;
  /** Undefined: it joins no two groups. */
  readonly isInter: string | undefined;
}

/** The communicator of an operation: what it was given, else COMM_WORLD. */
export function commOf(emitter: Emitter, e: MpiOperation): CommText {
  const { library } = emitter;
  if (e.comm === undefined) {
    const size = `(int)${library.mpiSlot({ is: "world", field: "size" })}`;
    return {
      handle: library.mpiSlot({ is: "handle", name: "MPI_COMM_WORLD" }),
      peers: size,
      size,
      rank: `(int)${library.mpiSlot({ is: "world", field: "rank" })}`,
      isInter: undefined,
    };
  }
  const given = value(emitter, e.comm);
  const text = /^\w+$/.test(given.text) ? given.text : emitter.keep(given.text, given.type);
  const [handle, peers, rank, size, isInter] = ["handle", "peers", "rank", "size", "is_inter"].map(
    (field) => `${text}.${field}`,
  ) as [string, string, string, string, string];
  return { handle, peers, rank, size, isInter };
}

/** A buffer in C. */
export interface BufferText {
  readonly pointer: string;
  /** What MPI is told: so many of this datatype. */
  readonly count: string;
  readonly type: string;
  /** How many elements it has. */
  readonly length: string;
  readonly element: ElementName;
  readonly site: Expression["site"];
  /** Whether other elements may lie between its own. */
  readonly isStrided: boolean;
  /** Of a view, which says so by its shape, no elements are a message without any. */
  readonly isView: boolean;
}

/** What stands for a buffer. */
export type Buffer = BufferText | "in place" | "nothing";

/** A buffer that was given, not yet checked. */
export function bufferOf(emitter: Emitter, parameter: MpiParameter, given: Expression): Buffer {
  const { name } = parameter;
  const { source, start, end } = given.site;
  if (given.op === "handle" && given.of === "in-place" && parameter.inPlace !== undefined) return "in place";
  if (given.op === "constant" && given.value === null && parameter.isForRoot) return "nothing";
  if (given.type?.kind !== "array" && given.type?.kind !== "view")
    throw source.error("ERR_NJIT_TYPE", `${name}: expected an array`, start, end);
  const place = array(emitter, given);
  const { element } = place;
  const type = emitter.library.mpiSlot({ is: "handle", name: DATATYPES[element] });
  const pointer = emitter.name("p");
  emitter.say(`${ELEMENTS[element].c} *${pointer} = ${place.pointer};`);
  const size = given.type.kind === "view" ? place.shape.join(" * ") : place.length;
  const length = emitter.keep(size, int(0, 1));
  const plain = { pointer, length, element, site: given.site, isView: given.type.kind === "view" };
  if (place.strides.length === 0) return { ...plain, count: `(int)${length}`, type, isStrided: false };
  if (parameter.isDense) {
    const message = `${name}: the elements of a part of a view do not follow each other, as they must here`;
    throw source.error("ERR_NJIT_TYPE", message, start, end);
  }
  return { ...plain, ...emitDatatype(emitter, place, length, type, given.site), isStrided: true };
}

/** An array without elements is what a detached one looks like. */
export function checkLength(emitter: Emitter, name: string, { length, site, isView }: BufferText): void {
  const least = isView ? 0 : 1;
  const message = `${name}: expected from ${least} to 2147483647 elements, got %1`;
  emitter.say(
    `if (UNLIKELY(${length} < ${least} || ${length} > INT32_MAX)) ${emitter.fail({ is: "argument", site, message }, length)}`,
  );
}

/** Two buffers of one call must not share memory, for which MPICH ends the process. */
export function checkApart(emitter: Emitter, later: BufferText, earlier: BufferText): void {
  // Elements with gaps between them may lie between each other's.
  if (later.isStrided || earlier.isStrided) return;
  const begin = ({ pointer }: BufferText): string => `(char *)${pointer}`;
  const end = ({ pointer, length }: BufferText): string => `(char *)(${pointer} + ${length})`;
  const message = "recv: must not overlap the other buffer: say IN_PLACE instead";
  const failure = { is: "value", site: later.site, message } as const;
  emitter.say(
    `if (UNLIKELY(${begin(later)} < ${end(earlier)} && ${begin(earlier)} < ${end(later)})) ${emitter.fail(failure)}`,
  );
}

/** What numbers beyond the usual mean: those of this package are the standard's, and the library has its own. */
type Special = readonly [number: number, constant: string, name: string];

const NULL_RANK: Special = [PROC_NULL, "MPI_PROC_NULL", "PROC_NULL"];
const SPECIAL: Readonly<Record<string, readonly Special[]>> = {
  dest: [NULL_RANK],
  source: [[ANY_SOURCE, "MPI_ANY_SOURCE", "ANY_SOURCE"], NULL_RANK],
  "any tag": [[ANY_TAG, "MPI_ANY_TAG", "ANY_TAG"]],
};

/** A number that is none of ranks and tags, whatever they are. */
const NEITHER = -99;

/** A rank or a tag, checked. */
export function emitNumber(
  emitter: Emitter,
  { name, is, fallback }: MpiParameter,
  given: Expression | undefined,
  comm: CommText,
): string {
  const { library } = emitter;
  const native = (constant: string): string => `(int)${library.mpiSlot({ is: "integer", name: constant })}`;
  const special = SPECIAL[is] ?? [];
  const known = given === undefined ? fallback : given.op === "constant" ? given.value : undefined;
  const constant = special.find(([value]) => value === known);
  if (constant !== undefined) return native(constant[1]);
  if (given === undefined || known === 0) return "0";
  const { site } = given;
  const found = value(emitter, given).plain;
  if (!isNumber(found.type)) {
    throw site.source.error("ERR_NJIT_TYPE", `${name}: expected an integer`, site.start, site.end);
  }
  const isInt = found.type.kind === "int";
  const shown = emitter.keep(
    isInt ? found.int : found.f64,
    found.type.kind === "f32" ? { kind: "f64" } : found.type,
  );
  const n = isInt
    ? shown
    : emitter.keep(
        `${shown} > -1e9 && ${shown} < 1e10 && ${shown} == (double)(int64_t)${shown} ? (int64_t)${shown} : ${NEITHER}`,
        int(0, 1),
      );
  const isTag = is === "tag" || is === "any tag";
  const limit = isTag ? `(${library.mpiSlot({ is: "largest tag" })} + 1)` : comm.peers;
  const names = special.length === 0 ? "" : ` or ${special.map(([, , text]) => text).join(" or ")}`;
  const message = `${name}: expected ${isTag ? "a tag" : "a rank"} from 0 to %2${names}, got %1`;
  const isOutside = [`(uint64_t)${n} >= (uint64_t)${limit}`, ...special.map(([each]) => `${n} != ${each}`)];
  const failure = emitter.fail({ is: "argument", site, message }, shown, `${limit} - 1`);
  emitter.say(`if (UNLIKELY(${isOutside.join(" && ")})) ${failure}`);
  if (found.type.kind === "int" && found.type.low >= 0) return `(int)${n}`;
  return special.reduce((text, [each, name]) => `(${n} == ${each} ? ${native(name)} : ${text})`, `(int)${n}`);
}
