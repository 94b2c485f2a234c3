"""collectives BATCH_US BATCHES SIZES OPERATIONS: every blocking collective. A size is what one rank has for another, or
gets; the ranks take turns as root, as in Intel's MPI Benchmarks, so that none runs ahead."""

import numpy as np
from mpi4py import MPI

from sweep import comm, is_asked, largest, sizes, sweep, touched

rank, size = comm.rank, comm.size
own, received = touched(largest), touched(largest)
many, gathered = touched(size * largest), touched(size * largest)


def movements(length):
    mine, got = own[:length], received[:length]
    all, into = many[: size * length], gathered[: size * length]
    counts = [length] * size
    displs = [length * i for i in range(size)]
    types = [MPI.UINT8_T] * size
    all_blocks, into_blocks = [all, counts, displs, MPI.UINT8_T], [into, counts, displs, MPI.UINT8_T]
    all_typed, into_typed = [all, counts, displs, types], [into, counts, displs, types]
    return {
        "bcast": lambda root: comm.Bcast(mine, root),
        "gather": lambda root: comm.Gather(mine, into if rank == root else None, root),
        "scatter": lambda root: comm.Scatter(all if rank == root else None, got, root),
        "allgather": lambda root: comm.Allgather(mine, into),
        "alltoall": lambda root: comm.Alltoall(all, into),
        "gatherv": lambda root: comm.Gatherv(mine, into_blocks if rank == root else None, root),
        "scatterv": lambda root: comm.Scatterv(all_blocks if rank == root else None, got, root),
        "allgatherv": lambda root: comm.Allgatherv(mine, into_blocks),
        "alltoallv": lambda root: comm.Alltoallv(all_blocks, into_blocks),
        "alltoallw": lambda root: comm.Alltoallw(all_typed, into_typed),
    }


def reductions(length):
    mine, got = own[:length].view(np.float32), received[:length].view(np.float32)
    all = many[: size * length].view(np.float32)
    counts = [length // 4] * size
    return {
        "reduce": lambda root: comm.Reduce(mine, got if rank == root else None, MPI.SUM, root),
        "allreduce": lambda root: comm.Allreduce(mine, got, MPI.SUM),
        "scan": lambda root: comm.Scan(mine, got, MPI.SUM),
        "exscan": lambda root: comm.Exscan(mine, got, MPI.SUM),
        "reduceScatterBlock": lambda root: comm.Reduce_scatter_block(all, got, MPI.SUM),
        "reduceScatter": lambda root: comm.Reduce_scatter(all, got, counts, MPI.SUM),
    }


def measure(name, x, call):
    if not is_asked(name):
        return

    def work(calls):
        for i in range(calls):
            call(i % size)

    sweep(name, x, 1, work)


measure("barrier", None, lambda root: comm.Barrier())
for length in sizes:
    for name, call in movements(length).items():
        measure(name, length, call)
    if length % 4 == 0:
        for name, call in reductions(length).items():
            measure(name, length, call)
