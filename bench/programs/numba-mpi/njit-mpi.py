"""njit-mpi KERNEL:SIZE:STEPS:BATCHES,...: kernels with MPI inside, compiled by numba; the time of one step."""

import sys

import numba_mpi as mpi
import numpy as np
from numba import njit

from measure import measure
from pi import TIMES, pi_part

# Not cached: numba cannot keep what calls MPI.
compiled = njit


@compiled
def pi(times, intervals, part, sum):
    for _ in range(times):
        pi_part(part, intervals, mpi.rank(), mpi.size())
        mpi.allreduce(part, sum, mpi.Operator.SUM)
        assert abs(sum[0] - np.pi) < 1e-2


@compiled
def halo_1d(steps, n, left, right, u, v):
    for _ in range(steps):
        mpi.sendrecv(u[n : n + 1], right, u[0:1], left, 0, 0)
        mpi.sendrecv(u[1:2], left, u[n + 1 : n + 2], right, 1, 1)
        for i in range(1, n + 1):
            v[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1])
        for i in range(1, n + 1):
            u[i] = v[i]


@compiled
def halo_2d(steps, nx, ny, up, down, u, v):
    for _ in range(steps):
        requests = np.zeros((4, 1), dtype=mpi.RequestType)
        requests[0:1] = mpi.irecv(u[0:ny], up, 0)[1]
        requests[1:2] = mpi.irecv(u[(nx + 1) * ny : (nx + 2) * ny], down, 1)[1]
        requests[2:3] = mpi.isend(u[nx * ny : (nx + 1) * ny], down, 0)[1]
        requests[3:4] = mpi.isend(u[ny : 2 * ny], up, 1)[1]
        mpi.waitall(requests)
        for i in range(1, nx + 1):
            for j in range(1, ny - 1):
                at = i * ny + j
                v[at] = u[at] + 0.1 * (u[at - ny] + u[at + ny] + u[at - 1] + u[at + 1] - 4 * u[at])
        for i in range(1, nx + 1):
            for j in range(1, ny - 1):
                u[i * ny + j] = v[i * ny + j]


rank, size = mpi.rank(), mpi.size()
left, right = (rank + size - 1) % size, (rank + 1) % size


def doubles(n):
    """At a line of the cache, as the arrays of the other peers are."""
    buffer = np.zeros(8 * n + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    array = buffer[start : start + 8 * n].view(np.float64)
    array[:] = ((np.arange(n) + rank) * 7919 % 1000) / 1000
    return array


def total(u):
    all = np.zeros(1)
    mpi.allreduce(np.array([u.sum()]), all, mpi.Operator.SUM)
    return float(all[0])


def measure_kernel(name, n, steps, batches):
    cells = n + 2 if name == "halo-1d" else (n + 2) * n
    u, v = doubles(cells), doubles(cells)
    part, sum = np.zeros(1), np.zeros(1)
    run = {
        "pi": lambda: pi(TIMES, TIMES // n, part, sum),
        "halo-1d": lambda: halo_1d(steps, n, left, right, u, v),
        "halo-2d": lambda: halo_2d(steps, n, n, left, right, u, v),
    }[name]
    run()
    result = float(sum[0]) if name == "pi" else total(u)

    def work(calls):
        for _ in range(calls):
            run()

    measure(name, 1, batches, work, result, n, steps, rank == 0)


for each in sys.argv[1].split(","):
    name, *numbers = each.split(":")
    measure_kernel(name, *map(int, numbers))
