/* pingpong CALLS BATCHES BYTES: half a round trip between two ranks, as osu_latency counts it. */
#include "measure.h"

static char *data;
static int bytes, rank;

static void pingpong(long calls) {
  for (long i = 0; i < calls; i++) {
    if (rank == 0) {
      MPI_Send(data, bytes, MPI_UINT8_T, 1, 1, MPI_COMM_WORLD);
      MPI_Recv(data, bytes, MPI_UINT8_T, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
      MPI_Recv(data, bytes, MPI_UINT8_T, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(data, bytes, MPI_UINT8_T, 0, 1, MPI_COMM_WORLD);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  bytes = atoi(argv[3]);
  data = calloc((size_t)bytes, 1);
  measure("pingpong", atol(argv[1]), atoi(argv[2]), 2, pingpong);
  free(data);
  return MPI_Finalize();
}
