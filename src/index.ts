export { FfiError } from "./ffi/index.js";
export { MpiError } from "./mpi/error.js";
export * as mpi from "./mpi/index.js";
