export { type ArgumentError, invalidType, invalidValue, outOfRange } from "../argument-error.js";

/** Details of an {@link MpiError}. */
export interface MpiErrorDetails extends ErrorOptions {
  /** Stable code, `"ERR_MPI_TRUNCATE"`. */
  readonly code: string;
  /** The standard's error class, `"MPI_ERR_TRUNCATE"`, if the library reported one. */
  readonly errorClass?: string | undefined;
  /** The C function that failed, `"MPI_Recv"`. */
  readonly operation?: string | undefined;
}

/**
 * What an MPI library reported, or why none could be used.
 *
 * Match on `code`: `ERR_MPI_` and the end of the error class for what the library reported
 * (`ERR_MPI_TRUNCATE`), and `ERR_MPI_LIBRARY_NOT_FOUND`, `ERR_MPI_NOT_MPI`, `ERR_MPI_LAUNCHER_MISMATCH`,
 * `ERR_MPI_UNSUPPORTED`, `ERR_MPI_NOT_INITIALIZED`, `ERR_MPI_INITIALIZED`, `ERR_MPI_FINALIZED`,
 * `ERR_MPI_FREED` for the rest.
 */
export class MpiError extends Error {
  override readonly name: string = "MpiError";
  readonly code: string;
  readonly errorClass: string | undefined;
  readonly operation: string | undefined;

  constructor(message: string, details: MpiErrorDetails) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = details.code;
    this.errorClass = details.errorClass;
    this.operation = details.operation;
  }
}
