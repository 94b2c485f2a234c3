/* One operation after the other at many sizes in one process, as the OSU micro-benchmarks do it; a JSON line for each: the
   same in every language of this bench. Command line: BATCH_US BATCHES SIZES OPERATIONS, the lists with commas. */
#include <math.h>
#include <string.h>

#include "measure.h"

enum { GROWTH = 8, LEAST_BATCHES = 3, MOST_SIZES = 64 };

static int rank, size;
static double batch_ns;
static int batches;
static const char *asked;
static long sizes[MOST_SIZES];
static int size_count;
static long largest;

static int is_asked(const char *operation) {
  size_t length = strlen(operation);
  for (const char *at = asked; (at = strstr(at, operation)) != NULL; at += length) {
    int begins = at == asked || at[-1] == ',', ends = at[length] == 0 || at[length] == ',';
    if (begins && ends) return 1;
  }
  return 0;
}

static void start_sweep(int argc, char **argv) {
  if (argc < 5) exit(2);
  init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  batch_ns = 1000 * atof(argv[1]);
  batches = atoi(argv[2]);
  if (batches > MOST_BATCHES) exit(2);
  asked = argv[4];
  for (const char *at = strtok(argv[3], ","); at != NULL; at = strtok(NULL, ",")) {
    if (size_count == MOST_SIZES) exit(2);
    long bytes = atol(at);
    sizes[size_count++] = bytes;
    if (bytes > largest) largest = bytes;
  }
}

/* Memory that is really there: what was never written is read from one page of zeros. */
static void *touched(size_t bytes) {
  void *memory = malloc(bytes);
  if (memory == NULL) exit(1);
  return memset(memory, 1, bytes);
}

static double timed(long calls, void (*work)(long calls)) {
  double start = now_ns();
  work(calls);
  return now_ns() - start;
}

/* Rank 0 prints the median over the batches of the time per call, divided by `parts`. A batch is as long as asked, if a
   single call is not longer: the ranks agree on how many calls that is. */
static void sweep(const char *name, long bytes, int parts, void (*work)(long calls)) {
  long calls = 1;
  double ns;
  for (;;) {
    /* The least of three: one may have lost its core to another process. */
    ns = timed(calls, work);
    for (int i = 0; i < 2; i++) ns = fmin(ns, timed(calls, work));
    MPI_Bcast(&ns, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    double wanted = calls * batch_ns / ns;
    if (wanted < 2.0 * calls) break;
    calls = wanted < (double)GROWTH * calls ? (long)wanted + 1 : GROWTH * calls;
  }
  /* Where a single call is longer than a batch, fewer do. */
  int count = (int)fmax(LEAST_BATCHES, round(fmin(1, batch_ns / ns) * batches));
  timed(calls, work);
  double taken[MOST_BATCHES];
  for (int i = 0; i < count; i++) taken[i] = timed(calls, work) / (double)calls / parts;
  qsort(taken, (size_t)count, sizeof *taken, ascending);
  if (rank != 0) return;
  double median = (taken[(count - 1) / 2] + taken[count / 2]) / 2;
  printf("{\"name\":\"%s\",", name);
  if (bytes != NO_X) printf("\"x\":%ld,", bytes);
  printf("\"ns\":%.4f}\n", median);
}
