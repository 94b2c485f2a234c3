/* njit-mpi KERNEL:SIZE:STEPS:BATCHES,...: kernels with MPI inside, as a C programmer writes them; the time of one step. */
#include <math.h>
#include <string.h>

#include "measure.h"

/* Neither inlined nor made for the constants of its one call: a library does not know them. */
#define KERNEL static __attribute__((noipa))

enum { TIMES = 10000 };

static double pi_part(int intervals, int rank, int size) {
  double h = 1.0 / intervals, sum = 0;
  for (int i = rank + 1; i < intervals; i += size) {
    double x = h * (i - 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

KERNEL void pi(int times, int intervals, double *part, double *sum) {
  for (int i = 0; i < times; i++) {
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    *part = pi_part(intervals, rank, size);
    MPI_Allreduce(part, sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    if (!(fabs(*sum - 3.141592653589793) < 1e-2)) abort();
  }
}

KERNEL void halo_1d(int steps, int n, int left, int right, double *restrict u, double *restrict v) {
  for (int t = 0; t < steps; t++) {
    MPI_Sendrecv(u + n, 1, MPI_DOUBLE, right, 0, u, 1, MPI_DOUBLE, left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(u + 1, 1, MPI_DOUBLE, left, 1, u + n + 1, 1, MPI_DOUBLE, right, 1, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    for (int i = 1; i <= n; i++) v[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1]);
    for (int i = 1; i <= n; i++) u[i] = v[i];
  }
}

KERNEL void halo_2d(int steps, int nx, int ny, int up, int down, double *restrict u, double *restrict v) {
  for (int t = 0; t < steps; t++) {
    MPI_Request requests[4];
    MPI_Irecv(u, ny, MPI_DOUBLE, up, 0, MPI_COMM_WORLD, &requests[0]);
    MPI_Irecv(u + (nx + 1) * ny, ny, MPI_DOUBLE, down, 1, MPI_COMM_WORLD, &requests[1]);
    MPI_Isend(u + nx * ny, ny, MPI_DOUBLE, down, 0, MPI_COMM_WORLD, &requests[2]);
    MPI_Isend(u + ny, ny, MPI_DOUBLE, up, 1, MPI_COMM_WORLD, &requests[3]);
    MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
    for (int i = 1; i <= nx; i++) {
      for (int j = 1; j < ny - 1; j++) {
        int at = i * ny + j;
        v[at] = u[at] + 0.1 * (u[at - ny] + u[at + ny] + u[at - 1] + u[at + 1] - 4 * u[at]);
      }
    }
    for (int i = 1; i <= nx; i++) {
      for (int j = 1; j < ny - 1; j++) u[i * ny + j] = v[i * ny + j];
    }
  }
}

static int rank, size, left, right, steps, n, cells;
static double *u, *v, part, sum;

static void run_pi(void) { pi(TIMES, TIMES / n, &part, &sum); }
static void run_1d(void) { halo_1d(steps, n, left, right, u, v); }
static void run_2d(void) { halo_2d(steps, n, n, left, right, u, v); }

static double result_pi(void) { return sum; }

static double result_halo(void) {
  double own = 0, all;
  for (int i = 0; i < cells; i++) own += u[i];
  MPI_Allreduce(&own, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

static void (*run)(void);

static void work(long calls) {
  for (long i = 0; i < calls; i++) run();
}

/* At a line of the cache, as the arrays of the other peers are. */
static double *doubles(int length) {
  size_t bytes = sizeof(double) * (size_t)length;
  return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

/* One kernel of a size; `what` is KERNEL:SIZE:STEPS:BATCHES. */
static void measure_one(const char *what) {
  char name[16];
  int batches;
  if (sscanf(what, "%15[^:]:%d:%d:%d", name, &n, &steps, &batches) != 4) exit(2);
  int is_pi = strcmp(name, "pi") == 0, is_1d = strcmp(name, "halo-1d") == 0;
  cells = is_1d ? n + 2 : (n + 2) * n;
  u = doubles(cells);
  v = doubles(cells);
  for (int i = 0; i < cells; i++) u[i] = v[i] = ((i + rank) * 7919L % 1000) / 1000.0;
  run = is_pi ? run_pi : is_1d ? run_1d : run_2d;
  run();
  measure_kernel(name, n, batches, steps, work, is_pi ? result_pi() : result_halo());
  free(u);
  free(v);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  left = (rank + size - 1) % size;
  right = (rank + 1) % size;
  for (char *at = strtok(argv[1], ","); at != NULL; at = strtok(NULL, ",")) measure_one(at);
  return MPI_Finalize();
}
