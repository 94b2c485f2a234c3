import { MpiError } from "../error.js";
import type { Transfer } from "./transfer.js";

/** @internal What was asked of a request does not go with its state. */
export const wrongRequest = (message: string, operation: string): MpiError =>
  new MpiError(message, { code: "ERR_MPI_REQUEST", errorClass: "MPI_ERR_REQUEST", operation });

/** @internal */
export const freed = (transfer: Transfer): MpiError =>
  new MpiError(`${transfer.operation}: this request was freed`, { code: "ERR_MPI_FREED" });
