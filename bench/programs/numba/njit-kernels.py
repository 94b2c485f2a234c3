"""njit-kernels BATCHES KERNEL:CALLS,...: numeric kernels, compiled by numba, from its cache if they are there."""

import sys

import numpy as np
from numba import njit

from measure import measure

compiled = njit(cache=True)


@compiled
def pi(n):
    h = 1 / n
    sum = 0.0
    for i in range(n):
        x = h * (i + 0.5)
        sum += 4 / (1 + x * x)
    return h * sum


@compiled
def dot(x, y):
    sum = 0.0
    for i in range(x.size):
        sum += x[i] * y[i]
    return sum


@compiled
def axpy(a, x, y):
    for i in range(x.size):
        y[i] = a * x[i] + y[i]


@compiled
def matmul_ijk(n, a, b, c):
    for i in range(n):
        for j in range(n):
            sum = 0.0
            for k in range(n):
                sum += a[i * n + k] * b[k * n + j]
            c[i * n + j] = sum


@compiled
def matmul_ikj(n, a, b, c):
    for i in range(n):
        for j in range(n):
            c[i * n + j] = 0
        for k in range(n):
            factor = a[i * n + k]
            for j in range(n):
                c[i * n + j] += factor * b[k * n + j]


@compiled
def heat_1d(steps, u, v):
    n = u.size
    for _ in range(steps):
        for i in range(1, n - 1):
            v[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1])
        for i in range(1, n - 1):
            u[i] = v[i]


@compiled
def heat_2d(steps, nx, ny, u, v):
    for _ in range(steps):
        for i in range(1, nx - 1):
            for j in range(1, ny - 1):
                at = i * ny + j
                v[at] = u[at] + 0.1 * (u[at - ny] + u[at + ny] + u[at - 1] + u[at + 1] - 4 * u[at])
        for i in range(1, nx - 1):
            for j in range(1, ny - 1):
                u[i * ny + j] = v[i * ny + j]


@compiled
def mandelbrot(n, most):
    count = 0
    for i in range(n):
        for j in range(n):
            cx = 3 * j / n - 2
            cy = 2.5 * i / n - 1.25
            x = 0.0
            y = 0.0
            for _ in range(most):
                following = x * x - y * y + cx
                y = 2 * x * y + cy
                x = following
                if x * x + y * y > 4:
                    break
                count += 1
    return count


@compiled
def sieve(flags):
    n = flags.size
    for i in range(n):
        flags[i] = 1
    i = 2
    while i * i < n:
        if flags[i] != 0:
            for j in range(i * i, n, i):
                flags[j] = 0
        i += 1
    count = 0
    for i in range(2, n):
        count += flags[i]
    return count


LENGTH = 16384
MATRIX = 200
GRID = 256


def aligned(n, dtype):
    """Zeros at a line of the cache, as the arrays of the other peers are; written to, so that they have their pages."""
    size = n * np.dtype(dtype).itemsize
    buffer = np.full(size + 64, 0, np.uint8)
    start = -buffer.ctypes.data % 64
    return buffer[start : start + size].view(dtype)


def doubles(n):
    array = aligned(n, np.float64)
    array[:] = (np.arange(n) * 7919 % 1000) / 1000
    return array


def floats(n):
    array = aligned(n, np.float32)
    array[:] = doubles(n)
    return array


def of_array(function, *args, changed):
    return lambda: function(*args), lambda _: args[changed].sum(dtype=np.float64)


def returning(function, *args):
    return lambda: function(*args), lambda value: value


KERNELS = {
    "pi": lambda: returning(pi, 1_000_000),
    "dot": lambda: returning(dot, doubles(LENGTH), doubles(LENGTH)),
    "axpy": lambda: of_array(axpy, 0.5, doubles(LENGTH), doubles(LENGTH), changed=2),
    "axpy-f32": lambda: of_array(axpy, np.float32(0.5), floats(LENGTH), floats(LENGTH), changed=2),
    "matmul-ijk": lambda: of_array(
        matmul_ijk, MATRIX, doubles(MATRIX**2), doubles(MATRIX**2), aligned(MATRIX**2, np.float64), changed=3
    ),
    "matmul-ikj": lambda: of_array(
        matmul_ikj, MATRIX, doubles(MATRIX**2), doubles(MATRIX**2), aligned(MATRIX**2, np.float64), changed=3
    ),
    "heat-1d": lambda: of_array(heat_1d, 1000, doubles(1000), doubles(1000), changed=1),
    "heat-2d": lambda: of_array(
        heat_2d, 20, GRID, GRID, doubles(GRID**2), doubles(GRID**2), changed=3
    ),
    "mandelbrot": lambda: returning(mandelbrot, 200, 200),
    "sieve": lambda: returning(sieve, aligned(1_000_000, np.uint8)),
}


def measure_kernel(name, calls):
    """Which pages its arrays got makes a kernel up to a fifth slower in any language: each batch has others."""
    made, came_to = [], None

    def work(calls):
        run, _ = made[-1]
        for _ in range(calls):
            run()

    def prepare():
        nonlocal came_to
        # Those of the batches before keep their pages.
        made.append(KERNELS[name]())
        if came_to is None:
            run, result = made[-1]
            came_to = float(result(run()))

    prepare()
    measure(name, calls, int(sys.argv[1]), work, came_to, prepare=prepare)


for each in sys.argv[2].split(","):
    name, calls = each.split(":")
    measure_kernel(name, int(calls))
