/* collectives BATCH_US BATCHES SIZES OPERATIONS: every blocking collective. A size is what one rank has for another, or
   gets; the ranks take turns as root, as in Intel's MPI Benchmarks, so that none runs ahead. */
#include "sweep.h"

static void *own, *got, *all, *into;
static int bytes, length;
static int *counts, *displs, *lengths;
static MPI_Datatype *types;

#define WORLD MPI_COMM_WORLD
#define BYTES bytes, MPI_UINT8_T
#define BLOCKS counts, displs, MPI_UINT8_T
#define SUM length, MPI_FLOAT, MPI_SUM

/* A loop of calls, in which `root` is the rank whose turn it is. */
#define LOOP(name, call)                          \
  static void name(long calls) {                  \
    for (long i = 0; i < calls; i++) {            \
      int root = (int)(i % size);                 \
      (void)root;                                 \
      call;                                       \
    }                                             \
  }

LOOP(barrier, MPI_Barrier(WORLD))
LOOP(bcast, MPI_Bcast(own, BYTES, root, WORLD))
LOOP(gather, MPI_Gather(own, BYTES, into, BYTES, root, WORLD))
LOOP(scatter, MPI_Scatter(all, BYTES, got, BYTES, root, WORLD))
LOOP(allgather, MPI_Allgather(own, BYTES, into, BYTES, WORLD))
LOOP(alltoall, MPI_Alltoall(all, BYTES, into, BYTES, WORLD))
LOOP(gatherv, MPI_Gatherv(own, BYTES, into, BLOCKS, root, WORLD))
LOOP(scatterv, MPI_Scatterv(all, BLOCKS, got, BYTES, root, WORLD))
LOOP(allgatherv, MPI_Allgatherv(own, BYTES, into, BLOCKS, WORLD))
LOOP(alltoallv, MPI_Alltoallv(all, BLOCKS, into, BLOCKS, WORLD))
LOOP(alltoallw, MPI_Alltoallw(all, counts, displs, types, into, counts, displs, types, WORLD))
LOOP(reduce, MPI_Reduce(own, got, SUM, root, WORLD))
LOOP(allreduce, MPI_Allreduce(own, got, SUM, WORLD))
LOOP(scan, MPI_Scan(own, got, SUM, WORLD))
LOOP(exscan, MPI_Exscan(own, got, SUM, WORLD))
LOOP(reduce_scatter_block, MPI_Reduce_scatter_block(all, got, SUM, WORLD))
LOOP(reduce_scatter, MPI_Reduce_scatter(all, got, lengths, MPI_FLOAT, MPI_SUM, WORLD))

static const struct {
  const char *name;
  void (*work)(long calls);
  int adds;
} operations[] = {
    {"bcast", bcast, 0},
    {"gather", gather, 0},
    {"scatter", scatter, 0},
    {"allgather", allgather, 0},
    {"alltoall", alltoall, 0},
    {"gatherv", gatherv, 0},
    {"scatterv", scatterv, 0},
    {"allgatherv", allgatherv, 0},
    {"alltoallv", alltoallv, 0},
    {"alltoallw", alltoallw, 0},
    {"reduce", reduce, 1},
    {"allreduce", allreduce, 1},
    {"scan", scan, 1},
    {"exscan", exscan, 1},
    {"reduceScatterBlock", reduce_scatter_block, 1},
    {"reduceScatter", reduce_scatter, 1},
};

int main(int argc, char **argv) {
  start_sweep(argc, argv);
  size_t each = (size_t)largest, ranks = (size_t)size;
  own = touched(each);
  got = touched(each);
  all = touched(ranks * each);
  into = touched(ranks * each);
  counts = calloc(ranks, sizeof *counts);
  displs = calloc(ranks, sizeof *displs);
  lengths = calloc(ranks, sizeof *lengths);
  types = calloc(ranks, sizeof *types);
  if (is_asked("barrier")) sweep("barrier", NO_X, 1, barrier);
  for (int i = 0; i < size_count; i++) {
    bytes = (int)sizes[i];
    length = bytes / 4;
    for (int j = 0; j < size; j++) {
      counts[j] = bytes;
      displs[j] = j * bytes;
      lengths[j] = length;
      types[j] = MPI_UINT8_T;
    }
    for (size_t k = 0; k < sizeof operations / sizeof *operations; k++) {
      if (operations[k].adds && bytes % 4 != 0) continue;
      if (is_asked(operations[k].name)) sweep(operations[k].name, bytes, 1, operations[k].work);
    }
  }
  return MPI_Finalize();
}
