/** MPI over TypedArrays. Importing this loads no library; the first operation does. */
export { FfiError, type FfiErrorCode } from "../ffi/index.js";
export type { AbiFamily } from "./abi/abi.js";
export { Keyval, type KeyvalOptions } from "./attribute.js";
export type { BlocksDescription, TypedBlocksDescription } from "./buffer/blocks.js";
export {
  type BufferDescription,
  IN_PLACE,
  type InPlace,
  type MessageBuffer,
  type MessageData,
  type StridedDescription,
} from "./buffer.js";
export { attachBuffer, bsendOverhead, detachBuffer } from "./buffered-send.js";
export { COMM_SELF, COMM_WORLD, Communicator } from "./communicator.js";
export {
  ANY_SOURCE,
  ANY_TAG,
  APPNUM,
  COMM_TYPE_HW_GUIDED,
  COMM_TYPE_HW_UNGUIDED,
  COMM_TYPE_RESOURCE_GUIDED,
  COMM_TYPE_SHARED,
  CONGRUENT,
  HOST,
  IDENT,
  IO,
  LASTUSEDCODE,
  PROC_NULL,
  ROOT,
  SIMILAR,
  TAG_UB,
  UNDEFINED,
  UNEQUAL,
  UNIVERSE_SIZE,
  WTIME_IS_GLOBAL,
} from "./constants.js";
export {
  pack,
  packExternal,
  packExternalSize,
  packSize,
  unpack,
  unpackExternal,
} from "./datatype/pack.js";
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
export { GROUP_EMPTY, Group, type RankRange } from "./group.js";
export { INFO_ENV, INFO_NULL, Info, type InfoLike } from "./info.js";
export { Message } from "./message.js";
export type { ReceiveObjectOptions } from "./object/message.js";
export type { Combine } from "./object/object.js";
export {
  BAND,
  BOR,
  BXOR,
  LAND,
  LOR,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  NO_OP,
  Op,
  type OpFunction,
  type OpOptions,
  PROD,
  REPLACE,
  SUM,
} from "./op.js";
export { PartitionedRequest } from "./partitioned.js";
export { type Completion, PersistentRequest, Request } from "./request/index.js";
export { Status } from "./status.js";
