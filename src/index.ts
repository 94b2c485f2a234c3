// From one module, which the published package keeps apart: its namespace must be a module's own, since one that a bundler
// makes up costs a look-up at each call.
export * as mpi from "./mpi/index.js";
export { FfiError, MpiError } from "./mpi/index.js";
