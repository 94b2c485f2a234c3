"""One operation after the other at many sizes in one process, as the OSU micro-benchmarks do it; a JSON line for each: the
same in every language of this bench. Command line: BATCH_US BATCHES SIZES OPERATIONS, the lists with commas."""

import json
import sys
from math import ceil
from statistics import median
from time import perf_counter_ns

import numpy as np
from mpi4py import MPI

GROWTH = 8
LEAST_BATCHES = 3

comm = MPI.COMM_WORLD
batch_ns = 1000 * int(sys.argv[1])
batches = int(sys.argv[2])
sizes = [int(text) for text in sys.argv[3].split(",")]
largest = max(sizes)
asked = sys.argv[4].split(",")


def touched(length):
    """Memory that is really there: what was never written is read from one page of zeros."""
    return np.ones(length, dtype=np.uint8)


def is_asked(operation):
    return operation in asked


def sweep(name, x, parts, work):
    """Rank 0 prints the median over the batches of the time per call, divided by `parts`. A batch is as long as asked, if a
    single call is not longer: the ranks agree on how many calls that is."""

    def time(calls):
        start = perf_counter_ns()
        work(calls)
        return perf_counter_ns() - start

    calls = 1
    while True:
        # The least of three: one may have lost its core to another process.
        ns = comm.bcast(min(time(calls) for _ in range(3)))
        wanted = ceil(calls * batch_ns / ns)
        if wanted < 2 * calls:
            break
        calls = min(wanted, GROWTH * calls)
    # Where a single call is longer than a batch, fewer do.
    count = max(LEAST_BATCHES, round(min(1, batch_ns / ns) * batches))
    time(calls)
    taken = [time(calls) / calls / parts for _ in range(count)]
    if comm.rank == 0:
        size = {} if x is None else {"x": x}
        print(json.dumps({"name": name, **size, "ns": median(taken)}), flush=True)
