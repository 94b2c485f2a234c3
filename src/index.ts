export * as mpi from "./mpi/index.js";
export { MpiError } from "./mpi/error.js";
