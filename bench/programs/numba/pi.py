"""What the pi benchmark of numba-mpi's README computes between two reductions."""

from numba import njit

TIMES = 10_000


@njit
def pi_part(out, intervals, rank, size):
    h = 1 / intervals
    sum = 0.0
    for i in range(rank + 1, intervals, size):
        x = h * (i - 0.5)
        sum += 4 / (1 + x * x)
    out[0] = h * sum
