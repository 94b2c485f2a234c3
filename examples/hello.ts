// mpirun -n 4 node build/examples/hello.js

import { mpi } from "typed-mpi";

console.log(`rank ${mpi.rank()} of ${mpi.size()}`);
