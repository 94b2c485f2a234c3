/* Warm up, time batches, print one JSON line: the same in every language of this bench. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP_BATCHES = 2, MOST_BATCHES = 1000 };

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The times per call of the batches, in ascending order. */
static const double *sorted_ns(long calls, int batches, void (*work)(long calls)) {
  static double ns[MOST_BATCHES];
  if (batches > MOST_BATCHES) batches = MOST_BATCHES;
  for (int i = 0; i < WARM_UP_BATCHES; i++) work(calls);
  for (int i = 0; i < batches; i++) {
    double start = now_ns();
    work(calls);
    ns[i] = (now_ns() - start) / (double)calls;
  }
  qsort(ns, (size_t)batches, sizeof *ns, ascending);
  return ns;
}

static inline double median_ns(long calls, int batches, void (*work)(long calls)) {
  const double *ns = sorted_ns(calls, batches, work);
  if (batches > MOST_BATCHES) batches = MOST_BATCHES;
  return (ns[(batches - 1) / 2] + ns[batches / 2]) / 2;
}

/* A kernel takes as long each time, but for what others do meanwhile. */
static inline double least_ns(long calls, int batches, void (*work)(long calls)) {
  return *sorted_ns(calls, batches, work);
}

enum { NO_X = -1 };

/* `x` is where on the axis of the case it was measured, or NO_X. */
static inline void print_result(const char *name, long x, double ns, double result) {
  printf("{\"name\":\"%s\",", name);
  if (x != NO_X) printf("\"x\":%ld,", x);
  printf("\"ns\":%.4f,\"result\":%.17g}\n", ns, result);
}
