import * as mpi from "../../mpi/index.js";
import { MPI_CALLS, type MpiCallName } from "../mpi-calls.js";

export { Communicator, IN_PLACE, Op } from "../../mpi/index.js";

let known: ReadonlyMap<unknown, MpiCallName> | undefined;

/** Whether it is a public function of MPI that cannot: its own JavaScript is none for compiled functions. */
export function isOtherMpiFunction(fn: unknown): boolean {
  others ??= new Set(
    [mpi, mpi.Request].flatMap((owner) => Reflect.ownKeys(owner).map((key) => Reflect.get(owner, key))),
  );
  return others.has(fn) && !mpiFunctions().has(fn);
}

let others: ReadonlySet<unknown> | undefined;

/** The public functions of MPI that can be called in compiled functions. */
export function mpiFunctions(): ReadonlyMap<unknown, MpiCallName> {
  known ??= new Map(
    (Object.keys(MPI_CALLS) as MpiCallName[]).flatMap((name) =>
      [mpi, mpi.Request].flatMap((owner) => {
        const fn: unknown = Reflect.get(owner, name);
        return typeof fn === "function" ? [[fn, name] as const] : [];
      }),
    ),
  );
  return known;
}
