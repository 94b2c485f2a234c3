/* Warm up, time batches, print one JSON line: the same in every language of this bench. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP_BATCHES = 2, MOST_BATCHES = 1000 };

/* MULTIPLE is what typed-mpi and mpi4py ask for, and it costs locks: all peers pay the same. */
static void init(int *argc, char ***argv) {
  int provided;
  MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Rank 0 prints the median over the batches of the time per call, divided by `parts`. */
static void measure(const char *name, long calls, int batches, int parts, void (*work)(long calls)) {
  static double ns[MOST_BATCHES];
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (batches > MOST_BATCHES) batches = MOST_BATCHES;
  for (int i = 0; i < WARM_UP_BATCHES; i++) work(calls);
  for (int i = 0; i < batches; i++) {
    double start = now_ns();
    work(calls);
    ns[i] = (now_ns() - start) / (double)calls / parts;
  }
  qsort(ns, (size_t)batches, sizeof *ns, ascending);
  double median = (ns[(batches - 1) / 2] + ns[batches / 2]) / 2;
  if (rank == 0) printf("{\"name\":\"%s\",\"ns\":%.4f}\n", name, median);
}
