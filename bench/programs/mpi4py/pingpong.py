"""pingpong CALLS BATCHES BYTES: half a round trip between two ranks, as osu_latency counts it."""

import sys

import numpy as np
from mpi4py import MPI

from measure import measure

data = np.zeros(int(sys.argv[3]), dtype=np.uint8)


def pingpong(calls):
    comm = MPI.COMM_WORLD
    if comm.rank == 0:
        for _ in range(calls):
            comm.Send(data, 1, 1)
            comm.Recv(data, 1, 1)
    else:
        for _ in range(calls):
            comm.Recv(data, 0, 1)
            comm.Send(data, 0, 1)


measure("pingpong", int(sys.argv[1]), int(sys.argv[2]), 2, pingpong)
