import { mpi } from "../../../src/index.js";

// Messages that a process sends to itself.

const self = mpi.COMM_SELF;

/** Sends a message of its tag, as often as `length` says; returns the request of its send. */
export const deliver = (tag: number, length: number = 1): mpi.Request =>
  self.isend(new Float64Array(length).fill(tag), 0, tag);

/** A receive of such a message. */
export const expecting = (tag: number, array: Float64Array = new Float64Array(1)): mpi.Request =>
  self.irecv(array, 0, tag);
