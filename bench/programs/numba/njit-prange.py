"""njit-prange CALLS BATCHES KERNEL: a loop on all cores, and on one, compiled by numba; prints how many times as long the latter
takes, and the time of the former."""

import json
import sys
from statistics import median
from time import perf_counter_ns

import numpy as np
from numba import njit, prange

MATRIX = 200


def pi(n):
    h = 1 / n
    sum = 0.0
    for i in prange(n):
        x = h * (i + 0.5)
        sum += 4 / (1 + x * x)
    return h * sum


def matmul(n, a, b, c):
    for i in prange(n):
        for j in range(n):
            sum = 0.0
            for k in range(n):
                sum += a[i * n + k] * b[k * n + j]
            c[i * n + j] = sum


# Without `parallel` a prange is a range.
def compiled(kernel):
    return njit(kernel), njit(kernel, parallel=True)


def pi_pair():
    return [lambda each=each: each(2_000_000) for each in compiled(pi)]


def matmul_pair():
    a, b, c = np.ones(MATRIX**2), np.full(MATRIX**2, 2.0), np.zeros(MATRIX**2)

    def run(each):
        each(MATRIX, a, b, c)
        return c.sum()

    return [lambda each=each: run(each) for each in compiled(matmul)]


calls, batches = int(sys.argv[1]), int(sys.argv[2])


def time(work):
    start = perf_counter_ns()
    for _ in range(calls):
        work()
    return (perf_counter_ns() - start) / calls


alone, parallel = {"pi": pi_pair, "matmul": matmul_pair}[sys.argv[3]]()
for _ in range(2):
    time(alone)
    time(parallel)
assert abs(alone() - parallel()) < 1e-9
result = parallel()
measured = [(time(alone), time(parallel)) for _ in range(batches)]
print(json.dumps({"name": "speedup", "times": median(one / every for one, every in measured)}))
print(json.dumps({"name": "prange", "ns": median(every for _, every in measured), "result": result}))
