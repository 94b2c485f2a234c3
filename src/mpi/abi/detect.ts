import type { Library } from "../../ffi/index.js";
import { MpiError } from "../error.js";
import type { AbiTable } from "./abi.js";
import { mpich } from "./mpich.js";
import { msmpi } from "./msmpi.js";
import { openmpi } from "./openmpi.js";
import { standard } from "./standard.js";

/**
 * The ABI that an open MPI library has. Calls nothing that is not allowed before MPI_Init.
 * @throws MpiError `ERR_MPI_NOT_MPI` if the library is something else.
 */
export function detectAbi(library: Library): AbiTable {
  if (!library.has("MPI_Init")) {
    throw new MpiError(
      `${library.path ?? "This program"} is not an MPI library: it has no function MPI_Init`,
      {
        code: "ERR_MPI_NOT_MPI",
      },
    );
  }
  // Before Open MPI: the libmpi_abi of Open MPI 6 finds ompi_mpi_comm_world too, in a library it depends on.
  if (standardVersion(library) >= 1) return standard;
  if (library.has("ompi_mpi_comm_world")) return openmpi;
  if (library.has("MSMPI_Get_version")) return msmpi;
  return mpich;
}

/**
 * The major version of the standard ABI that the library has, -1 for none. That MPI_Abi_get_version is there
 * says nothing: the libraries of MPICH 5 and Open MPI 6 with their old ABIs have it too, and answer -1.
 */
function standardVersion(library: Library): number {
  if (!library.has("MPI_Abi_get_version")) return -1;
  const major = new Int32Array([-1]);
  const minor = new Int32Array([-1]);
  library.func("MPI_Abi_get_version", "int32", ["pointer", "pointer"])(major, minor);
  return major[0] as number;
}

/** Who made an MPI library. */
export type Vendor =
  | "MPICH"
  | "Open MPI"
  | "Intel MPI"
  | "Microsoft MPI"
  | "MVAPICH"
  | "Cray MPICH"
  | "Fujitsu MPI"
  | "HPE MPI"
  | "unknown";

/** How each begins the text of MPI_Get_library_version, up to the number that is its version. */
const VENDORS: readonly (readonly [Vendor, RegExp])[] = [
  ["MPICH", /^MPICH Version:\s*/],
  ["Open MPI", /^Open MPI v/],
  ["Intel MPI", /^Intel\(R\) MPI Library /],
  ["Microsoft MPI", /^Microsoft MPI /],
  ["MVAPICH", /^MVAPICH\S* Version\s*:\s*/],
  ["Cray MPICH", /CRAY MPICH version /],
  ["Fujitsu MPI", /^FUJITSU MPI Library /],
  ["HPE MPI", /^HPE (?:MPT|HMPT|MPI) /],
];

/**
 * The maker and the version in the text of MPI_Get_library_version; `"unknown"` and `""` for one that is not
 * known here.
 */
export function vendorOf(libraryVersion: string): { vendor: Vendor; version: string } {
  for (const [vendor, beginning] of VENDORS) {
    const begun = beginning.exec(libraryVersion);
    if (begun === null) continue;
    const rest = libraryVersion.slice(begun.index + begun[0].length);
    return { vendor, version: /^[^\s,]*/.exec(rest)?.[0] ?? "" };
  }
  return { vendor: "unknown", version: "" };
}
