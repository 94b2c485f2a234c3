/* point-to-point BATCH_US BATCHES SIZES OPERATIONS: two ranks, as osu_latency, osu_bw and osu_bibw count it. */
#include "sweep.h"

enum { WINDOW = 64 };

static char *out, *into, token[4];
static int bytes, other;
static MPI_Request requests[2 * WINDOW];

static void latency(long calls) {
  for (long i = 0; i < calls; i++) {
    if (rank == 0) {
      MPI_Send(out, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD);
      MPI_Recv(into, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
      MPI_Recv(into, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(out, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD);
    }
  }
}

static void end_of_window(void) {
  if (rank == 0) MPI_Recv(token, 4, MPI_UINT8_T, other, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  else MPI_Send(token, 4, MPI_UINT8_T, other, 2, MPI_COMM_WORLD);
}

static void bandwidth(long calls) {
  for (long i = 0; i < calls; i++) {
    for (int j = 0; j < WINDOW; j++) {
      if (rank == 0) MPI_Isend(out, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD, &requests[j]);
      else MPI_Irecv(into, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD, &requests[j]);
    }
    MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
    end_of_window();
  }
}

static void bidirectional(long calls) {
  for (long i = 0; i < calls; i++) {
    for (int j = 0; j < WINDOW; j++) MPI_Irecv(into, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD, &requests[j]);
    for (int j = 0; j < WINDOW; j++)
      MPI_Isend(out, bytes, MPI_UINT8_T, other, 1, MPI_COMM_WORLD, &requests[WINDOW + j]);
    MPI_Waitall(2 * WINDOW, requests, MPI_STATUSES_IGNORE);
    end_of_window();
  }
}

static const struct {
  const char *name;
  int parts;
  void (*work)(long calls);
} operations[] = {{"latency", 2, latency}, {"bandwidth", WINDOW, bandwidth}, {"bidirectional", WINDOW, bidirectional}};

int main(int argc, char **argv) {
  start_sweep(argc, argv);
  other = 1 - rank;
  out = touched((size_t)largest);
  into = touched((size_t)largest);
  for (size_t k = 0; k < sizeof operations / sizeof *operations; k++) {
    if (!is_asked(operations[k].name)) continue;
    for (int i = 0; i < size_count; i++) {
      bytes = (int)sizes[i];
      sweep(operations[k].name, sizes[i], operations[k].parts, operations[k].work);
    }
  }
  return MPI_Finalize();
}
