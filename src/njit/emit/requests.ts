import { ANY_SOURCE, ANY_TAG, PROC_NULL, UNDEFINED } from "../../mpi/index.js";
import type { Program } from "../infer/program.js";
import { type Expression, type MpiOperation, visitExpressions } from "../ir.js";
import { COMPLETION, int, REQUEST, STATUS, STATUSES, VOID } from "../types.js";
import type { Emitter } from "./emitter.js";
import { perform, value } from "./expression.js";
import type { Library } from "./library.js";
import { Value } from "./operand.js";

/*
 * Requests. A variable holds what became of its request, too, so that it can be waited for again. It is in one variable
 * at a time: where it is given to another, the one before does not have it any more.
 */

/** C that reads an MPI_Status. */
export function readStatus(library: Library): void {
  const field = (name: "source" | "tag"): string =>
    `*(const int *)(status + ${library.mpiSlot({ is: "status", field: name })})`;
  const native = (name: string): string => `(int)${library.mpiSlot({ is: "integer", name })}`;
  library.helper(`static __attribute__((unused)) njit_status njit_told(slot *c, const char *status) {
  int source = ${field("source")}, tag = ${field("tag")};
  if (source < 0) source = source == ${native("MPI_PROC_NULL")} ? ${PROC_NULL} : ${ANY_SOURCE};
  return (njit_status){source, tag < 0 ? ${ANY_TAG} : tag, 0, 1};
}`);
}

const readers = new WeakMap<Program, boolean>();

/** Whether a program asks of any message who sent it, or under which tag. */
function readsStatuses(program: Program): boolean {
  let known = readers.get(program);
  if (known === undefined) {
    known = false;
    for (const { lowered } of program.instances) {
      visitExpressions(lowered.body, (e) => {
        const key = e.op === "status-field" ? e.field : e.op === "item" ? e.key : undefined;
        if (key === "source" || key === "tag") known = true;
      });
    }
    readers.set(program, known);
  }
  return known;
}

/** What the helpers return for a request that is not in its variable. */
const ABSENT = -1;

/**
 * C that completes requests. Those of several are asked one by one: MPI_Waitall of Open MPI 4.1 hangs under
 * MPI_THREAD_MULTIPLE if one of them has failed before, and that of MPICH leaves those after the first failure pending.
 */
function completeRequests(emitter: Emitter): void {
  const { library } = emitter;
  // To tell of a message costs more than to ask for it.
  const isTold = readsStatuses(emitter.program);
  if (isTold) readStatus(library);
  const status = isTold
    ? "status"
    : `(void *)${library.mpiSlot({ is: "pointer", name: "MPI_STATUS_IGNORE" })}`;
  const ended = isTold ? "njit_told(c, (char *)status)" : "(njit_status){0, 0, 0, 1}";
  const call = (name: string): string => library.mpiFunction(name);
  const none = library.mpiSlot({ is: "handle", name: "MPI_REQUEST_NULL" });
  library.helper(`/* Open MPI leaves a request that failed to its owner */
static __attribute__((noinline, unused)) void njit_failed(slot *c, njit_request *r) {
  if ((int32_t)r->handle != (int32_t)${none}) ${call("MPI_Request_free")}(&r->handle);
}
static inline __attribute__((unused)) int njit_ended(slot *c, njit_request *r, int code, const int64_t *status) {
  r->state = 2;
  r->code = code;
  if (UNLIKELY(code != 0)) njit_failed(c, r);
  else r->status = ${ended};
  return code;
}
static inline __attribute__((unused)) int njit_wait(slot *c, njit_request *r) {
  if (r->state != 1) return r->state == 2 ? r->code : ${ABSENT};
  int64_t status[8];
  return njit_ended(c, r, ${call("MPI_Wait")}(&r->handle, ${status}), status);
}
static inline __attribute__((unused)) int njit_test(slot *c, njit_request *r) {
  if (r->state != 1) return r->state == 2 ? r->code : ${ABSENT};
  int64_t status[8];
  int flag = 0, code = ${call("MPI_Test")}(&r->handle, &flag, ${status});
  return code || flag ? njit_ended(c, r, code, status) : 0;
}
static inline __attribute__((unused)) int njit_absent(njit_request *const *list, int64_t n) {
  for (int64_t i = 0; i < n; i++) if (list[i]->state != 1 && list[i]->state != 2) return ${ABSENT};
  return 0;
}
static inline __attribute__((unused)) int njit_wait_all(slot *c, njit_request *const *list, int64_t n) {
  int first = njit_absent(list, n);
  for (int64_t i = 0; i < n && first != ${ABSENT}; i++) {
    int code = njit_wait(c, list[i]);
    if (!first) first = code;
  }
  return first;
}
/* If not all are complete, none is completed */
static __attribute__((unused)) int njit_test_all(slot *c, njit_request *const *list, int64_t n, int *done) {
  *done = 0;
  if (njit_absent(list, n)) return ${ABSENT};
  for (int64_t i = 0; i < n; i++) {
    int64_t status[8];
    int flag = 0;
    if (list[i]->state == 1 && !${call("MPI_Request_get_status")}(list[i]->handle, &flag, status) && !flag) return 0;
  }
  *done = 1;
  return njit_wait_all(c, list, n);
}
static __attribute__((unused)) int njit_any(slot *c, njit_request *const *list, int64_t n, int waits, njit_status *told) {
  *told = (njit_status){0};
  if (njit_absent(list, n)) return ${ABSENT};
  do {
    int active = 0;
    for (int64_t i = 0; i < n; i++) {
      if (list[i]->state != 1) continue;
      active = 1;
      int code = njit_test(c, list[i]);
      if (list[i]->state == 1) continue;
      *told = list[i]->status;
      told->index = (int)i;
      return code;
    }
    if (!active) {
      *told = (njit_status){${ANY_SOURCE}, ${ANY_TAG}, ${UNDEFINED}, 1};
      return 0;
    }
  } while (waits);
  return 0;
}`);
}

const MOVED = "request: it was given to another variable, or never begun";

/** Which function of MPI failed, for the error. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  wait: "MPI_Wait",
  test: "MPI_Test",
  waitAll: "MPI_Wait",
  testAll: "MPI_Testall",
  waitAny: "MPI_Waitany",
  testAny: "MPI_Testany",
};

/** Writes an operation on requests. */
export function emitRequests(emitter: Emitter, e: MpiOperation): Value {
  completeRequests(emitter);
  const [given] = e.args as [Expression];
  const code = emitter.name("code");
  const status = (): string => emitter.name("status");
  const finish = (call: string): void => {
    emitter.say(`int ${code} = ${call};`);
    const absent = emitter.fail({ is: "value", site: e.site, message: MOVED });
    const failed = emitter.fail({ is: "mpi", site: e.site, operation: FUNCTIONS[e.name] as string }, code);
    emitter.say(`if (UNLIKELY(${code} == ${ABSENT})) ${absent}`);
    emitter.say(`if (UNLIKELY(${code} != 0)) ${failed}`);
  };
  switch (e.name) {
    case "wait":
    case "test": {
      const place = requestPlace(emitter, given);
      finish(`njit_${e.name}(c, &${place})`);
      const told = status();
      emitter.say(`njit_status ${told} = {0};`);
      emitter.say(`if (${place}.state == 2) ${told} = ${place}.status;`);
      return new Value(told, STATUS);
    }
    case "waitAll":
      finish(`njit_wait_all(c, ${listOf(emitter, given)})`);
      return new Value("0", VOID);
    case "testAll": {
      const done = emitter.name("done");
      const list = listOf(emitter, given);
      emitter.say(`int ${done};`);
      finish(`njit_test_all(c, ${list}, &${done})`);
      return new Value(done, STATUSES);
    }
    default: {
      const told = status();
      const list = listOf(emitter, given);
      emitter.say(`njit_status ${told};`);
      finish(`njit_any(c, ${list}, ${e.name === "waitAny" ? 1 : 0}, &${told})`);
      return new Value(told, COMPLETION);
    }
  }
}

/** Where a request is, in C: in a variable, or in a list. */
export function requestPlace(emitter: Emitter, e: Expression): string {
  const inVariable = e.type?.kind === "request" ? placeOf(emitter, e) : undefined;
  if (inVariable !== undefined) return inVariable;
  if (e.type?.kind !== "request") {
    const { source, start, end } = e.site;
    throw source.error("ERR_NJIT_TYPE", "expected a request", start, end);
  }
  // One that no variable holds: comm.isend(...).wait()
  const kept = emitter.name("request");
  const given = value(emitter, e).text;
  emitter.say(`njit_request ${kept} = ${given};`);
  return kept;
}

function placeOf(emitter: Emitter, e: Expression): string | undefined {
  if (e.op === "read") return e.variable.c;
  if (e.op === "assign") {
    perform(emitter, e);
    return e.variable.c;
  }
  if (e.op === "item" && e.tuple.op === "read") return `${e.tuple.variable.c}.f${e.key}`;
  if (e.op !== "load" || e.array.op !== "read") return undefined;
  const { variable } = e.array;
  const [index] = e.indexes as [Expression];
  if (variable.type?.kind === "tuple")
    return index.op === "constant" ? `${variable.c}.f${index.value}` : undefined;
  const given = value(emitter, index);
  const i = emitter.keep(given.type.kind === "int" ? given.int : `njit_index(${given.f64})`, int(0, 1));
  const failure = emitter.fail({ is: "value", site: e.site, message: MOVED });
  emitter.say(`if (UNLIKELY((uint64_t)${i} >= (uint64_t)${variable.c}.length)) ${failure}`);
  return `(*${variable.c}.list[${i}])`;
}

/** The addresses of the requests in a list, and how many there are. */
function listOf(emitter: Emitter, e: Expression): string {
  const { type } = e;
  if (type?.kind === "requests" && e.op === "read") return `${e.variable.c}.list, ${e.variable.c}.length`;
  const places =
    e.op === "list"
      ? e.items.map((item) => requestPlace(emitter, item))
      : e.op === "read" && type?.kind === "tuple" && type.items.every(({ kind }) => kind === "request")
        ? type.items.map((_, i) => `${e.variable.c}.f${i}`)
        : undefined;
  if (places === undefined) {
    const { source, start, end } = e.site;
    throw source.error("ERR_NJIT_TYPE", "expected a list of requests: waitAll([first, second])", start, end);
  }
  if (new Set(places).size < places.length) {
    const { source, start, end } = e.site;
    throw source.error("ERR_NJIT_TYPE", "the same request is twice in the list", start, end);
  }
  if (places.length === 0) return "0, 0";
  const list = emitter.name("list");
  emitter.say(`njit_request *const ${list}[] = {${places.map((place) => `&${place}`).join(", ")}};`);
  return `${list}, ${places.length}`;
}

/** A request as a value: whoever gets it has it from then on. */
export function moved(emitter: Emitter, place: string): Value {
  const taken = emitter.name("request");
  emitter.say(`njit_request ${taken} = ${place}; ${place}.state = 3;`);
  return new Value(taken, REQUEST);
}

/** A list without elements, to which requests are added. What it had before is no longer in it. */
export function emptyList(emitter: Emitter, variable: string): void {
  emitter.say(`${variable}.length = 0;`);
}

/** `list.push(request)`: the places of the list are made once, and used again when it is begun anew. */
export function push(emitter: Emitter, e: MpiOperation): Value {
  const { library } = emitter;
  const [list, request] = e.args as [Expression, Expression];
  const { source, start, end } = e.site;
  if (list.op !== "read" || list.type?.kind !== "requests" || request.type?.kind !== "request")
    throw source.error("ERR_NJIT_TYPE", "only requests can be added, to a list of them", start, end);
  emitter.hasArrays = true;
  library.helper(`static __attribute__((unused)) int njit_push(slot *c, njit_requests *to, njit_request request) {
  if (to->length == to->capacity) {
    int64_t capacity = to->capacity ? 2 * to->capacity : 8;
    njit_request **list = njit_new(c, capacity, sizeof *list);
    njit_request *made = njit_new(c, capacity - to->capacity, sizeof *made);
    if (!list || !made) return 0;
    for (int64_t i = 0; i < capacity; i++) list[i] = i < to->capacity ? to->list[i] : made + (i - to->capacity);
    to->list = list;
    to->capacity = capacity;
  }
  *to->list[to->length++] = request;
  return 1;
}`);
  const given = value(emitter, request).text;
  const failure = {
    is: "throw",
    site: e.site,
    error: "RangeError",
    message: "Invalid array length",
  } as const;
  emitter.say(`if (UNLIKELY(!njit_push(c, &${list.variable.c}, ${given}))) ${emitter.fail(failure)}`);
  return new Value("0", VOID);
}
