"""jit-on-comm CALLS cold|warm|local BUILDON FOLDER: a library built or found together; rank 0 prints the median time of the slowest rank."""

import json
import os
import shutil
import sys
from statistics import median
from time import perf_counter_ns

from mpi4py import MPI

comm = MPI.COMM_WORLD
calls, what, buildon, folder = sys.argv[1:]
root = os.path.join(folder, "dijitso-on-comm-" + buildon)
cache_dir = os.path.join(root, str(comm.rank)) if buildon == "process" else root
os.makedirs(cache_dir, exist_ok=True)
# dijitso ignores the parameter for its cache.
os.environ["DIJITSO_CACHE_DIR"] = cache_dir

import dijitso
from common import generate, params
from dijitso.mpi import create_comms_and_role, receive_binary, send_binary

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


def together(jitable, name):
    """Nanoseconds until all ranks have the library."""
    comm.Barrier()
    start = perf_counter_ns()
    library, _ = dijitso.jit(jitable, name, params(cache_dir), **callbacks)
    ns = perf_counter_ns() - start
    assert library.answer() == jitable
    return comm.allreduce(ns, MPI.MAX)


# The first finds the compiler's files not yet in memory, and the ranks' directories.
together(0, "first")
ns = []
for i in range(int(calls)):
    ns.append(together(i, "cold_%d" % i) if what == "cold" else together(0, "first"))
if comm.rank == 0:
    print(json.dumps({"name": "jit-on-comm", "ns": median(ns)}))
comm.Barrier()
if cache_dir != root or comm.rank == 0:
    shutil.rmtree(cache_dir)
