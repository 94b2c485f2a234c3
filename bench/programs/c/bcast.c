/* bcast CALLS BATCHES: 8 doubles on COMM_SELF, so that only the cost of the call remains. */
#include "measure.h"

static double data[8];

static void bcast(long calls) {
  for (long i = 0; i < calls; i++) MPI_Bcast(data, 8, MPI_DOUBLE, 0, MPI_COMM_SELF);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  init(&argc, &argv);
  measure("bcast", atol(argv[1]), atoi(argv[2]), 1, bcast);
  return MPI_Finalize();
}
