/** MPI over TypedArrays. Importing this loads no library; the first operation does. */
export type { AbiFamily } from "./abi/abi.js";
export {
  type BufferDescription,
  IN_PLACE,
  type InPlace,
  type MessageBuffer,
  type MessageData,
} from "./buffer.js";
export { COMM_SELF, COMM_WORLD, Communicator } from "./communicator.js";
export {
  ANY_SOURCE,
  ANY_TAG,
  COMM_TYPE_HW_UNGUIDED,
  COMM_TYPE_SHARED,
  CONGRUENT,
  IDENT,
  PROC_NULL,
  ROOT,
  SIMILAR,
  UNDEFINED,
  UNEQUAL,
} from "./constants.js";
export * from "./datatype.js";
export {
  abort,
  finalize,
  finalized,
  init,
  initialized,
  isThreadMain,
  type LibraryInfo,
  library,
  libraryVersion,
  processorName,
  type ThreadLevel,
  threadLevel,
  version,
  wtick,
  wtime,
} from "./environment.js";
export { type ArgumentError, MpiError, type MpiErrorDetails } from "./error.js";
export * from "./functions.js";
export { Group } from "./group.js";
export * from "./op.js";
export { type Completion, Request } from "./request.js";
export { Status } from "./status.js";
