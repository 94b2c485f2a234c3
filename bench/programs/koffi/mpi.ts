/**
 * The few MPI functions that the bench needs, declared with koffi as a user of koffi would who knows which
 * MPI is there: nothing is checked. This is the floor under which no wrapper can go.
 */
import koffi, { type LibraryHandle } from "koffi";

type Handle = number | bigint;

interface Family {
  readonly libraries: readonly string[];
  /** The C type of a handle. */
  readonly type: string;
  readonly handles: Readonly<
    Record<"COMM_WORLD" | "COMM_SELF" | "DOUBLE" | "UINT8_T" | "SUM", number | string>
  >;
  readonly statusBytes: number;
}

const FAMILIES: Record<string, Family> = {
  openmpi: {
    libraries: ["libmpi.so.40", "libmpi.40.dylib"],
    type: "void *",
    handles: {
      COMM_WORLD: "ompi_mpi_comm_world",
      COMM_SELF: "ompi_mpi_comm_self",
      DOUBLE: "ompi_mpi_double",
      UINT8_T: "ompi_mpi_uint8_t",
      SUM: "ompi_mpi_op_sum",
    },
    statusBytes: 24,
  },
  mpich: {
    libraries: ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"],
    type: "int",
    handles: {
      COMM_WORLD: 0x44000000,
      COMM_SELF: 0x44000001,
      DOUBLE: 0x4c00080b,
      UINT8_T: 0x4c00013b,
      SUM: 0x58000003,
    },
    statusBytes: 20,
  },
};

const family = FAMILIES[process.env["BENCH_MPI"] ?? ""];
if (family === undefined) throw new Error(`BENCH_MPI must be one of ${Object.keys(FAMILIES).join(", ")}`);

const library = openFirst(family.libraries);
const { type } = family;

const handle = (value: number | string): Handle =>
  typeof value === "string" ? (library.symbol(value) as bigint) : value;

export const COMM_WORLD: Handle = handle(family.handles.COMM_WORLD);
export const COMM_SELF: Handle = handle(family.handles.COMM_SELF);
export const DOUBLE: Handle = handle(family.handles.DOUBLE);
export const UINT8_T: Handle = handle(family.handles.UINT8_T);
export const SUM: Handle = handle(family.handles.SUM);

/** An `MPI_Status` to receive into; its size is all that a program which reads none needs to know. */
export const status: Uint8Array = new Uint8Array(family.statusBytes);

/** A declared function; each returns MPI's error code. */
type Declared = (...args: (Handle | ArrayBufferView | null)[]) => number;

const declare = (name: string, ...args: string[]): Declared => library.func(name, "int", args);

export const MPI_Finalize: Declared = declare("MPI_Finalize");
export const MPI_Comm_rank: Declared = declare("MPI_Comm_rank", type, "void *");
export const MPI_Barrier: Declared = declare("MPI_Barrier", type);
export const MPI_Bcast: Declared = declare("MPI_Bcast", "void *", "int", type, "int", type);
export const MPI_Allreduce: Declared = declare("MPI_Allreduce", "void *", "void *", "int", type, type, type);
export const MPI_Iallreduce: Declared = declare(
  "MPI_Iallreduce",
  "void *",
  "void *",
  "int",
  type,
  type,
  type,
  "void *",
);
export const MPI_Test: Declared = declare("MPI_Test", "void *", "void *", "void *");
export const MPI_Send: Declared = declare("MPI_Send", "void *", "int", type, "int", "int", type);
export const MPI_Recv: Declared = declare("MPI_Recv", "void *", "int", type, "int", "int", type, "void *");

// MULTIPLE is what typed-mpi and mpi4py ask for, and it costs locks: all peers pay the same.
const THREAD_MULTIPLE = 3;
declare(
  "MPI_Init_thread",
  "void *",
  "void *",
  "int",
  "void *",
)(null, null, THREAD_MULTIPLE, new Int32Array(1));

const rankOut = new Int32Array(1);

/** The rank in COMM_WORLD, asked of the library each time. */
export function rank(): number {
  MPI_Comm_rank(COMM_WORLD, rankOut);
  return rankOut[0] as number;
}

/** What rank 0 has, on every rank. */
export function agree(value: number): number {
  const buffer = Float64Array.of(value);
  MPI_Bcast(buffer, 1, DOUBLE, 0, COMM_WORLD);
  return buffer[0] as number;
}

function openFirst(names: readonly string[]): LibraryHandle {
  for (const name of names) {
    try {
      return koffi.load(name, { lazy: true, global: true });
    } catch {
      // The next name is that of another system.
    }
  }
  throw new Error(`none of ${names.join(", ")} can be opened`);
}
