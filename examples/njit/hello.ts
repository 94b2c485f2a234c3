// mpirun -n 4 node build/examples/njit/hello.js
//
// numba-mpi's first program: a compiled function that asks MPI who it is.

import { mpi } from "typed-mpi";
import { njit } from "typed-mpi/njit";

const hello = njit(() => ({ rank: mpi.rank(), size: mpi.size() }));

const { rank, size } = hello();
console.log(`rank ${rank} of ${size}`);
