/* As batches.h, in an MPI job: rank 0 prints. */
#include <mpi.h>

#include "batches.h"

/* MULTIPLE is what typed-mpi and mpi4py ask for, and it costs locks: all peers pay the same. */
static void init(int *argc, char ***argv) {
  int provided;
  MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided);
}

/* Rank 0 prints the median over the batches of the time per call, divided by `parts`. */
static inline void measure(const char *name, long calls, int batches, int parts, void (*work)(long calls)) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  double median = median_ns(calls, batches, work) / parts;
  if (rank == 0) printf("{\"name\":\"%s\",\"ns\":%.4f}\n", name, median);
}

/* The least of a kernel, and its result, by which the peers are compared. */
static inline void measure_kernel(const char *name, long x, int batches, int parts, void (*work)(long calls),
                                  double result) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  double least = least_ns(1, batches, work) / parts;
  if (rank == 0) print_result(name, x, least, result);
}
