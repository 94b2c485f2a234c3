/** Who is measured. Each peer has a folder of programs under `programs/`. */
import { c } from "./c.js";
import { koffi, njit, onFfiRs, onNodeFfi, typedMpi, v8 } from "./node.js";
import type { Peer } from "./peer.js";
import { dijitso, mpi4py, numba, numbaMpi, numbaMpi4py } from "./python.js";

export type { Missing, Peer, PeerName, Places, Ready } from "./peer.js";

/** In the order of the tables' columns. */
export const peers: readonly Peer[] = [
  typedMpi,
  onFfiRs,
  onNodeFfi,
  njit,
  koffi,
  v8,
  mpi4py,
  dijitso,
  numba,
  numbaMpi,
  numbaMpi4py,
  c,
];
