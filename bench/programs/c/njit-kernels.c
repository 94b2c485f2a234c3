/* njit-kernels BATCHES KERNEL:CALLS,...: the numeric kernels as a C programmer writes them. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "batches.h"

/* Neither inlined nor made for the constants of its one call: a library does not know them. */
#define KERNEL static __attribute__((noipa))

KERNEL double pi(int n) {
  double h = 1.0 / n, sum = 0;
  for (int i = 0; i < n; i++) {
    double x = h * (i + 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

KERNEL double dot(int n, const double *restrict x, const double *restrict y) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

KERNEL void axpy(int n, double a, const double *restrict x, double *restrict y) {
  for (int i = 0; i < n; i++) y[i] = a * x[i] + y[i];
}

KERNEL void axpy_f32(int n, float a, const float *restrict x, float *restrict y) {
  for (int i = 0; i < n; i++) y[i] = a * x[i] + y[i];
}

KERNEL void matmul_ijk(int n, const double *restrict a, const double *restrict b, double *restrict c) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
  }
}

KERNEL void matmul_ikj(int n, const double *restrict a, const double *restrict b, double *restrict c) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) c[i * n + j] = 0;
    for (int k = 0; k < n; k++) {
      double factor = a[i * n + k];
      for (int j = 0; j < n; j++) c[i * n + j] += factor * b[k * n + j];
    }
  }
}

KERNEL void heat_1d(int steps, int n, double *restrict u, double *restrict v) {
  for (int t = 0; t < steps; t++) {
    for (int i = 1; i < n - 1; i++) v[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1]);
    for (int i = 1; i < n - 1; i++) u[i] = v[i];
  }
}

KERNEL void heat_2d(int steps, int nx, int ny, double *restrict u, double *restrict v) {
  for (int t = 0; t < steps; t++) {
    for (int i = 1; i < nx - 1; i++) {
      for (int j = 1; j < ny - 1; j++) {
        int at = i * ny + j;
        v[at] = u[at] + 0.1 * (u[at - ny] + u[at + ny] + u[at - 1] + u[at + 1] - 4 * u[at]);
      }
    }
    for (int i = 1; i < nx - 1; i++) {
      for (int j = 1; j < ny - 1; j++) u[i * ny + j] = v[i * ny + j];
    }
  }
}

KERNEL double mandelbrot(int n, int most) {
  long count = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double cx = 3.0 * j / n - 2, cy = 2.5 * i / n - 1.25, x = 0, y = 0;
      for (int k = 0; k < most; k++) {
        double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
        if (x * x + y * y > 4) break;
        count++;
      }
    }
  }
  return (double)count;
}

KERNEL double sieve(int n, uint8_t *flags) {
  for (int i = 0; i < n; i++) flags[i] = 1;
  for (int i = 2; (long)i * i < n; i++) {
    if (flags[i]) {
      for (int j = i * i; j < n; j += i) flags[j] = 0;
    }
  }
  int count = 0;
  for (int i = 2; i < n; i++) count += flags[i];
  return count;
}

enum { LENGTH = 16384, MATRIX = 200, GRID = 256, LINE = 1000, SIEVE = 1000000 };

static double *x, *y, *z;
static float *xf, *yf;
static uint8_t *flags;
static volatile double returned;

static double element(int i) { return (i * 7919L % 1000) / 1000.0; }

static double total(int n, const double *values) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += values[i];
  return sum;
}

static double total_f32(void) {
  double sum = 0;
  for (int i = 0; i < LENGTH; i++) sum += yf[i];
  return sum;
}

static void run_pi(void) { returned = pi(1000000); }
static void run_dot(void) { returned = dot(LENGTH, x, y); }
static void run_axpy(void) { axpy(LENGTH, 0.5, x, y); }
static void run_axpy_f32(void) { axpy_f32(LENGTH, 0.5f, xf, yf); }
static void run_matmul_ijk(void) { matmul_ijk(MATRIX, x, y, z); }
static void run_matmul_ikj(void) { matmul_ikj(MATRIX, x, y, z); }
static void run_heat_1d(void) { heat_1d(1000, LINE, x, y); }
static void run_heat_2d(void) { heat_2d(20, GRID, GRID, x, y); }
static void run_mandelbrot(void) { returned = mandelbrot(200, 200); }
static void run_sieve(void) { returned = sieve(SIEVE, flags); }

static double result_returned(void) { return returned; }
static double result_axpy(void) { return total(LENGTH, y); }
static double result_matmul(void) { return total(MATRIX * MATRIX, z); }
static double result_heat_1d(void) { return total(LINE, x); }
static double result_heat_2d(void) { return total(GRID * GRID, x); }

/* At a line of the cache, as the arrays of the other peers are; written to, so that it has its pages. */
static void *zeros(size_t bytes) {
  void *array = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (array == NULL) exit(2);
  return memset(array, 0, bytes);
}

static double *doubles(int n) {
  double *array = zeros((size_t)n * sizeof *array);
  for (int i = 0; i < n; i++) array[i] = element(i);
  return array;
}

static float *floats(int n) {
  float *array = zeros((size_t)n * sizeof *array);
  for (int i = 0; i < n; i++) array[i] = (float)element(i);
  return array;
}

static void make_nothing(void) {}
static void make_vectors(void) { x = doubles(LENGTH), y = doubles(LENGTH); }
static void make_vectors_f32(void) { xf = floats(LENGTH), yf = floats(LENGTH); }
static void make_matrices(void) {
  x = doubles(MATRIX * MATRIX), y = doubles(MATRIX * MATRIX), z = zeros(MATRIX * MATRIX * sizeof *z);
}
static void make_lines(void) { x = doubles(LINE), y = doubles(LINE); }
static void make_grids(void) { x = doubles(GRID * GRID), y = doubles(GRID * GRID); }
static void make_flags(void) { flags = zeros(SIEVE); }

static const struct {
  const char *name;
  /* Arrays on other pages: those that were made before keep theirs. */
  void (*make)(void);
  void (*run)(void);
  double (*result)(void);
} kernels[] = {
    {"pi", make_nothing, run_pi, result_returned},
    {"dot", make_vectors, run_dot, result_returned},
    {"axpy", make_vectors, run_axpy, result_axpy},
    {"axpy-f32", make_vectors_f32, run_axpy_f32, total_f32},
    {"matmul-ijk", make_matrices, run_matmul_ijk, result_matmul},
    {"matmul-ikj", make_matrices, run_matmul_ikj, result_matmul},
    {"heat-1d", make_lines, run_heat_1d, result_heat_1d},
    {"heat-2d", make_grids, run_heat_2d, result_heat_2d},
    {"mandelbrot", make_nothing, run_mandelbrot, result_returned},
    {"sieve", make_flags, run_sieve, result_returned},
};

/* Which pages its arrays got makes a kernel up to a fifth slower in any language: each batch has others. */
static void measure_kernel(const char *name, long calls, int batches) {
  for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
    if (strcmp(kernels[k].name, name) != 0) continue;
    double least = INFINITY, result = 0;
    for (int batch = -WARM_UP_BATCHES; batch < batches; batch++) {
      kernels[k].make();
      if (batch == -WARM_UP_BATCHES) {
        kernels[k].run();
        result = kernels[k].result();
      }
      double start = now_ns();
      for (long i = 0; i < calls; i++) kernels[k].run();
      double ns = (now_ns() - start) / (double)calls;
      if (batch >= 0 && ns < least) least = ns;
    }
    print_result(name, NO_X, least, result);
    return;
  }
  exit(2);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (char *at = strtok(argv[2], ","); at != NULL; at = strtok(NULL, ",")) {
    char *calls = strchr(at, ':');
    if (calls == NULL) return 2;
    *calls = 0;
    measure_kernel(at, atol(calls + 1), atoi(argv[1]));
  }
  return 0;
}
