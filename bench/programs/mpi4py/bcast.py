"""bcast CALLS BATCHES: 8 doubles on COMM_SELF, so that only the cost of the call remains."""

import sys

import numpy as np
from mpi4py import MPI

from measure import measure

data = np.zeros(8)


def bcast(calls):
    comm = MPI.COMM_SELF
    for _ in range(calls):
        comm.Bcast(data, 0)


measure("bcast", int(sys.argv[1]), int(sys.argv[2]), 1, bcast)
