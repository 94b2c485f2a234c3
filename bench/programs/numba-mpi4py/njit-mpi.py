"""njit-mpi KERNEL:SIZE:STEPS:BATCHES,...: pi as numba-mpi's README has it without numba-mpi: numba computes, mpi4py adds."""

import sys

import numpy as np
from mpi4py import MPI

from measure import measure
from pi import TIMES, pi_part


def pi(times, intervals, part, sum):
    comm = MPI.COMM_WORLD
    for _ in range(times):
        pi_part(part, intervals, comm.rank, comm.size)
        comm.Allreduce(part, (sum, MPI.DOUBLE), op=MPI.SUM)
        assert abs(sum[0] - np.pi) < 1e-2


for each in sys.argv[1].split(","):
    name, n, steps, batches = each.split(":")
    if name != "pi":
        continue
    part, sum = np.zeros(1), np.zeros(1)
    pi(TIMES, TIMES // int(n), part, sum)

    def work(calls):
        for _ in range(calls):
            pi(TIMES, TIMES // int(n), part, sum)

    measure(name, 1, int(batches), work, float(sum[0]), int(n), 1, MPI.COMM_WORLD.rank == 0)
