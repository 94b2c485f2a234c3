import type { Site } from "../ir.js";
import { ELEMENTS } from "../types.js";
import type { Place } from "./array.js";
import type { Emitter } from "./emitter.js";
import type { Library } from "./library.js";

/* Parts of views as buffers of MPI: columns, blocks. */

/** C that makes the datatype of a part, unless the last one of the same place of the program was for the same layout. */
function helper(library: Library): string {
  const call = (name: string): string => library.mpiFunction(name);
  return `typedef struct { int64_t lengths[4], strides[4], depth; intptr_t element, type; } njit_layout;
static __attribute__((unused)) int njit_datatype(slot *c, njit_layout *kept, int rank, const int64_t *shape, intptr_t element, int bytes, int *count, intptr_t *type) {
  njit_layout made = {.element = element};
  int64_t size = 1;
  for (int axis = 0; axis < rank; axis++) {
    int64_t length = shape[axis], stride = shape[rank + axis];
    size *= length;
    if (length == 1) continue;
    if (made.depth && made.strides[made.depth - 1] == length * stride) {
      made.lengths[made.depth - 1] *= length;
      made.strides[made.depth - 1] = stride;
    } else {
      made.lengths[made.depth] = length;
      made.strides[made.depth++] = stride;
    }
  }
  *count = (int)size;
  *type = element;
  if (size == 0 || made.depth == 0 || (made.depth == 1 && made.strides[0] == 1)) return 0;
  if (!kept->depth || memcmp(kept, &made, offsetof(njit_layout, type))) {
    if (kept->depth) ${call("MPI_Type_free")}(&kept->type);
    kept->depth = 0;
    int axis = (int)made.depth - 1, block = 1, code = 0;
    if (made.strides[axis] == 1) block = (int)made.lengths[axis--];
    made.type = element;
    for (; axis >= 0 && !code; axis--, block = 1) {
      intptr_t inner = made.type;
      made.type = 0;
      code = ${call("MPI_Type_create_hvector")}((int)made.lengths[axis], block, (intptr_t)made.strides[axis] * bytes, inner, &made.type);
      if (inner != element) ${call("MPI_Type_free")}(&inner);
    }
    if (code || (code = ${call("MPI_Type_commit")}(&made.type))) return code;
    *kept = made;
  }
  *count = 1;
  *type = kept->type;
  return 0;
}`;
}

/** What MPI is told of a buffer whose elements do not follow each other. */
export function emitDatatype(
  emitter: Emitter,
  place: Place,
  length: string,
  element: string,
  site: Site,
): { count: string; type: string } {
  const { library } = emitter;
  library.helper(helper(library));
  const [kept, shape, count, type, code] = ["layout", "shape", "count", "type", "code"].map((name) =>
    emitter.name(name),
  ) as [string, string, string, string, string];
  const message = "a part of a view: expected at most 2147483647 elements, got %1";
  emitter.say(
    `if (UNLIKELY(${length} > INT32_MAX)) ${emitter.fail({ is: "argument", site, message }, length)}`,
  );
  const words = [...place.shape, ...place.strides];
  const { bytes } = ELEMENTS[place.element];
  emitter.say(`static __thread njit_layout ${kept};`);
  emitter.say(`const int64_t ${shape}[] = {${words.join(", ")}};`);
  emitter.say(`int ${count}; intptr_t ${type};`);
  emitter.say(
    `int ${code} = njit_datatype(c, &${kept}, ${place.shape.length}, ${shape}, ${element}, ${bytes}, &${count}, &${type});`,
  );
  const failure = { is: "mpi", site, operation: "MPI_Type_create_hvector" } as const;
  emitter.say(`if (UNLIKELY(${code} != 0)) ${emitter.fail(failure, code)}`);
  return { count, type };
}
