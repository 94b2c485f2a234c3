"""jit-on-comm COLD_CALLS WARM_CALLS FOLDER: a library built or found together, in every mode; rank 0 prints the median time of
the slowest rank."""

import json
import os
import shutil
import sys
from statistics import median
from time import perf_counter_ns

import dijitso
from dijitso.mpi import create_comms_and_role, receive_binary, send_binary
from mpi4py import MPI

from common import generate, params

comm = MPI.COMM_WORLD
cold_calls, warm_calls, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def callbacks_of(buildon, cache_dir):
    # Once for a communicator and a directory, as the end of dijitso's mpi.py advises.
    copy_comm, wait_comm, role = create_comms_and_role(comm, cache_dir, buildon)
    callbacks = {}
    if role == "builder":
        callbacks["generate"] = generate
        if copy_comm is not None and copy_comm.size > 1:
            callbacks["send"] = lambda data: send_binary(copy_comm, data)
    elif role == "receiver":
        callbacks["receive"] = lambda: receive_binary(copy_comm)
    if wait_comm is not None:
        callbacks["wait"] = wait_comm.Barrier
    return callbacks


for buildon in ["root", "node", "process"]:
    root = os.path.join(folder, "dijitso-on-comm-" + buildon)
    cache_dir = os.path.join(root, str(comm.rank)) if buildon == "process" else root
    os.makedirs(cache_dir, exist_ok=True)
    # dijitso ignores the parameter for its cache.
    os.environ["DIJITSO_CACHE_DIR"] = cache_dir
    callbacks = callbacks_of(buildon, cache_dir)

    def together(jitable):
        """Nanoseconds until all ranks have the library."""
        name = "%s_%d" % (buildon, jitable)
        comm.Barrier()
        start = perf_counter_ns()
        library, _ = dijitso.jit(jitable, name, params(cache_dir), **callbacks)
        ns = comm.allreduce(perf_counter_ns() - start, MPI.MAX)
        # Not before that: where ranks share a core, the others would wait for it.
        assert library.answer() == jitable
        return ns

    # The first finds the compiler's files not yet in memory, and the ranks' directories.
    together(0)
    cold = [together(i + 1) for i in range(cold_calls)]
    # It asks nobody whether all have the library. As for the others, most calls do not count.
    for _ in range(10 * warm_calls):
        together(0)
    warm = [together(0) for _ in range(warm_calls)]
    if comm.rank == 0:
        for what, ns in [("cold", cold), ("warm", warm), ("local", warm)]:
            print(json.dumps({"name": "%s-%s" % (buildon, what), "ns": median(ns)}))
    comm.Barrier()
    if cache_dir != root or comm.rank == 0:
        shutil.rmtree(cache_dir)
