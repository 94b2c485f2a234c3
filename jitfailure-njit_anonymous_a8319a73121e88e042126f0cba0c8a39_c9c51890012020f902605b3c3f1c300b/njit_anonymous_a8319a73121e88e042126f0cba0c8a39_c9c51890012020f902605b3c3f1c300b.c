#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef union { double f; int64_t i; } slot;
/* What a message told, or one of several requests, of which there is an index as well; null is not there */
typedef struct { int source, tag, index, there; } njit_status;
typedef struct { double value; int there; } njit_maybe_f64;
typedef struct { int64_t value; int there; } njit_maybe_i64;
/* A communicator, with what JavaScript knows of it; what messages can go to are its peers */
typedef struct { intptr_t handle; int peers, size, rank, is_inter; } njit_comm;
/* 0: null, 1: MPI works on it, 2: complete, with how it ended, 3: another variable has it */
typedef struct { intptr_t handle; int state, code; njit_status status; } njit_request;
typedef struct { njit_request **list; int64_t length, capacity; } njit_requests;

/* What the running MPI library says */
#define njit_mpi ((const int64_t *)(intptr_t)c[6].i)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define FAIL(site, a, b) (c[0].f = (site), c[1].f = (double)(a), c[2].f = (double)(b))

static inline __attribute__((unused)) njit_comm njit_comm_at(const slot *at) {
  return (njit_comm){(intptr_t)at[0].i, (int)at[1].f, (int)at[2].f, (int)at[3].f, (int)at[4].f};
}
/* 7.1.6 ToInt32 */
static __attribute__((noinline, unused)) int32_t njit_int32_far(double d) {
  if (!(d - d == 0)) return 0;
  d = fmod(trunc(d), 4294967296.0);
  return (int32_t)(uint32_t)(int64_t)d;
}
static inline __attribute__((unused)) int32_t njit_int32(double d) {
  if (__builtin_expect(d > -9.2e18 && d < 9.2e18, 1)) return (int32_t)(int64_t)d;
  return njit_int32_far(d);
}
/* 7.1.11 ToUint8Clamp: halves go to the even one */
static inline __attribute__((unused)) uint8_t njit_clamp(double d) {
  return d > 0 ? (d < 255 ? (uint8_t)nearbyint(d) : 255) : 0;
}
static inline __attribute__((unused)) uint8_t njit_clamp_int(int64_t i) { return i < 0 ? 0 : i > 255 ? 255 : (uint8_t)i; }
/* 6.1.6.1.3 Number::exponentiate, where C says 1 */
static __attribute__((unused)) double njit_pow(double a, double b) {
  if (b != b) return b;
  if ((a == 1 || a == -1) && isinf(b)) return NAN;
  return pow(a, b);
}
/* 21.3.2: NaN wins, and -0 is less than 0 */
static inline __attribute__((unused)) double njit_min(double a, double b) {
  if (a != a || b != b) return NAN;
  return a < b || (a == b && signbit(a)) ? a : b;
}
static inline __attribute__((unused)) double njit_max(double a, double b) {
  if (a != a || b != b) return NAN;
  return a > b || (a == b && !signbit(a)) ? a : b;
}
static inline __attribute__((unused)) int64_t njit_min_int(int64_t a, int64_t b) { return a < b ? a : b; }
static inline __attribute__((unused)) int64_t njit_max_int(int64_t a, int64_t b) { return a > b ? a : b; }
static inline __attribute__((unused)) int64_t njit_abs_int(int64_t a) { return a < 0 ? -a : a; }
static inline __attribute__((unused)) int64_t njit_sign_int(int64_t a) { return (a > 0) - (a < 0); }
static inline __attribute__((unused)) double njit_sign(double a) { return a > 0 ? 1 : a < 0 ? -1 : a; }
/* 21.3.2.28: halves go up */
static __attribute__((unused)) double njit_round(double x) {
  double f = floor(x);
  return copysign(x - f >= 0.5 ? f + 1 : f, x);
}
static inline __attribute__((unused)) int64_t njit_clz32(uint32_t x) { return x ? __builtin_clz(x) : 32; }
static inline __attribute__((unused)) int64_t njit_quotient(int64_t a, int64_t b) { return b ? (int64_t)(int32_t)(a / b) : 0; }
/* Of int64, where C would trap */
static inline __attribute__((unused)) int64_t njit_div(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }
static inline __attribute__((unused)) int64_t njit_rem(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
static inline __attribute__((unused)) int64_t njit_shr(int64_t a, int64_t b);
static inline __attribute__((unused)) int64_t njit_shl(int64_t a, int64_t b) {
  if (b < 0) return njit_shr(a, b == INT64_MIN ? INT64_MAX : -b);
  return b > 63 ? 0 : (int64_t)((uint64_t)a << b);
}
static inline __attribute__((unused)) int64_t njit_shr(int64_t a, int64_t b) {
  if (b < 0) return njit_shl(a, b == INT64_MIN ? INT64_MAX : -b);
  return a >> (b > 63 ? 63 : b);
}
/* xorshift128+, whose state outlives the call */
static inline __attribute__((unused)) uint64_t njit_draw(slot *c) {
  uint64_t *state = (uint64_t *)(intptr_t)c[3].i, s1 = state[0], s0 = state[1];
  state[0] = s0;
  s1 ^= s1 << 23;
  s1 ^= s0 ^ (s1 >> 17) ^ (s0 >> 26);
  state[1] = s1;
  return s0 + s1;
}
static inline __attribute__((unused)) double njit_random(slot *c) { return (double)(njit_draw(c) >> 11) * 0x1p-53; }
/* splitmix64: the state of one of several threads */
static inline __attribute__((unused)) void njit_seed(uint64_t *state, uint64_t seed, uint64_t thread) {
  seed ^= thread * 0xD1342543DE82EF95u;
  for (int i = 0; i < 2; i++) {
    uint64_t z = (seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    state[i] = z ^ (z >> 31);
  }
  state[1] |= 1;
}
/* 10.4.5.14 IsValidIntegerIndex: what is no index is none beyond the end either */
static inline __attribute__((unused)) int64_t njit_index(double d) {
  return d >= 0 && d < 9007199254740992.0 && d == (double)(int64_t)d ? (int64_t)d : -1;
}
/* How many threads a prange has; by default what OpenMP's environment says. */
#ifdef _OPENMP
#include <omp.h>
static __attribute__((unused)) int njit_threads(slot *c) { return c[7].f > 0 ? (int)c[7].f : omp_get_max_threads(); }
#endif
/* 7.1.5 ToIntegerOrInfinity, as far as lengths go */
static inline __attribute__((unused)) int64_t njit_whole(double d) {
  return d != d ? 0 : d < -9e15 ? -9000000000000000 : d > 9e15 ? 9000000000000000 : (int64_t)d;
}
/* Memory of new arrays: a list, freed back to where it was when the function that made them began. */
typedef struct block { struct block *next; double data[]; } njit_block;
static __attribute__((unused)) void *njit_new(slot *c, int64_t length, int64_t bytes) {
  if (length < 0 || length > ((int64_t)1 << 32)) return 0;
  njit_block *block = calloc(1, sizeof(njit_block) + (size_t)(length * bytes) + 8);
  if (!block) return 0;
  block->next = (njit_block *)(intptr_t)c[5].i;
  c[5].i = (int64_t)(intptr_t)block;
  return block->data;
}
static __attribute__((unused)) void njit_release(slot *c, int64_t mark) {
  while (c[5].i != mark) {
    njit_block *block = (njit_block *)(intptr_t)c[5].i;
    c[5].i = (int64_t)(intptr_t)block->next;
    free(block);
  }
}
/* 23.2.3.30 subarray: from the end if negative, and within the array */
static inline __attribute__((unused)) int64_t njit_within(int64_t i, int64_t n) {
  if (i < 0) i += n;
  return i < 0 ? 0 : i > n ? n : i;
}

/* anonymous(comm, f64[], f64[], f64, f64) */
typedef struct { int64_t f0; int64_t f1; int64_t f2; int64_t f3; int64_t f4; } njit_tuple_0;
static __attribute__((unused)) njit_status njit_told(slot *c, const char *status) {
  int source = *(const int *)(status + njit_mpi[7]), tag = *(const int *)(status + njit_mpi[8]);
  if (source < 0) source = source == (int)njit_mpi[2] ? -3 : -1;
  return (njit_status){source, tag < 0 ? -2 : tag, 0, 1};
}
/* Open MPI leaves a request that failed to its owner */
static __attribute__((noinline, unused)) void njit_failed(slot *c, njit_request *r) {
  if ((int32_t)r->handle != (int32_t)njit_mpi[9]) ((int (*)(intptr_t *))njit_mpi[10])(&r->handle);
}
static inline __attribute__((unused)) int njit_ended(slot *c, njit_request *r, int code, const int64_t *status) {
  r->state = 2;
  r->code = code;
  
  else r->status = njit_told(c, (char *)status);
  return code;
}
static inline __attribute__((unused)) int njit_wait(slot *c, njit_request *r) {
  if (r->state != 1) return r->state == 2 ? r->code : -1;
  int64_t status[8];
  return njit_ended(c, r, ((int (*)(intptr_t *, void *))njit_mpi[11])(&r->handle, status), status);
}
static inline __attribute__((unused)) int njit_test(slot *c, njit_request *r) {
  if (r->state != 1) return r->state == 2 ? r->code : -1;
  int64_t status[8];
  int flag = 0, code = ((int (*)(intptr_t *, int *, void *))njit_mpi[12])(&r->handle, &flag, status);
  return code || flag ? njit_ended(c, r, code, status) : 0;
}
static inline __attribute__((unused)) int njit_absent(njit_request *const *list, int64_t n) {
  for (int64_t i = 0; i < n; i++) if (list[i]->state != 1 && list[i]->state != 2) return -1;
  return 0;
}
static inline __attribute__((unused)) int njit_wait_all(slot *c, njit_request *const *list, int64_t n) {
  int first = njit_absent(list, n);
  for (int64_t i = 0; i < n && first != -1; i++) {
    int code = njit_wait(c, list[i]);
    if (!first) first = code;
  }
  return first;
}
/* If not all are complete, none is completed */
static __attribute__((unused)) int njit_test_all(slot *c, njit_request *const *list, int64_t n, int *done) {
  *done = 0;
  if (njit_absent(list, n)) return -1;
  for (int64_t i = 0; i < n; i++) {
    int64_t status[8];
    int flag = 0;
    if (list[i]->state == 1 && !((int (*)(intptr_t, int *, void *))njit_mpi[13])(list[i]->handle, &flag, status) && !flag) return 0;
  }
  *done = 1;
  return njit_wait_all(c, list, n);
}
static __attribute__((unused)) int njit_any(slot *c, njit_request *const *list, int64_t n, int waits, njit_status *told) {
  *told = (njit_status){0};
  if (njit_absent(list, n)) return -1;
  do {
    int active = 0;
    for (int64_t i = 0; i < n; i++) {
      if (list[i]->state != 1) continue;
      active = 1;
      int code = njit_test(c, list[i]);
      if (list[i]->state == 1) continue;
      *told = list[i]->status;
      told->index = (int)i;
      return code;
    }
    if (!active) {
      *told = (njit_status){-1, -2, -32766, 1};
      return 0;
    }
  } while (waits);
  return 0;
}
static __attribute__((noinline)) njit_tuple_0 apart_anonymous_0(slot *c, njit_comm a0, double *restrict a1, int64_t a1_n, double *restrict a2, int64_t a2_n, int64_t a3, int64_t a4);
static __attribute__((noinline)) njit_tuple_0 apart_anonymous_0(slot *c, njit_comm a0, double *restrict a1, int64_t a1_n, double *restrict a2, int64_t a2_n, int64_t a3, int64_t a4) {
njit_comm given_0 = a0;
double *x_1 = a1; int64_t x_1_n = a1_n;
double *y_2 = a2; int64_t y_2_n = a2_n;
int64_t next_3 = a3;
int64_t previous_4 = a4;
njit_request receiving_5 = {0};
int64_t early_6 = 0;
njit_request sending_7 = {0};
njit_status status_8 = {0};
njit_status again_9 = {0};
njit_status last_10 = {0};
int64_t sum_11 = 0;
double *p0 = y_2;
int64_t t1 = y_2_n;
int64_t t2 = previous_4;
if (UNLIKELY((uint64_t)t2 >= (uint64_t)given_0.peers && t2 != -1 && t2 != -3)) { FAIL(1, t2, given_0.peers - 1); goto failed; }
int64_t t3 = 3LL;
if (UNLIKELY((uint64_t)t3 >= (uint64_t)(njit_mpi[3] + 1) && t3 != -2)) { FAIL(2, t3, (njit_mpi[3] + 1) - 1); goto failed; }
if (UNLIKELY(t1 < 1 || t1 > INT32_MAX)) { FAIL(3, t1, 0); goto failed; }
receiving_5.handle = receiving_5.state = receiving_5.code = 0;
int code5 = ((int (*)(void *, int, intptr_t, int, int, intptr_t, intptr_t *))njit_mpi[6])(p0, (int)t1, njit_mpi[0], (t2 == -3 ? (int)njit_mpi[2] : (t2 == -1 ? (int)njit_mpi[1] : (int)t2)), (int)t3, given_0.handle, &receiving_5.handle);
if (UNLIKELY(code5 != 0)) { FAIL(4, code5, 0); goto failed; }
receiving_5.state = 1;
early_6 = 0;
int code6 = njit_test(c, &receiving_5);
if (UNLIKELY(code6 == -1)) { FAIL(5, 0, 0); goto failed; }
if (UNLIKELY(code6 != 0)) { FAIL(6, code6, 0); goto failed; }
njit_status status7 = {0};
if (receiving_5.state == 2) status7 = receiving_5.status;
if ((!(status7.there != 0))) {
early_6 = (early_6 + 1);
}
int code10 = ((int (*)(intptr_t))njit_mpi[14])(given_0.handle);
if (UNLIKELY(code10 != 0)) { FAIL(7, code10, 0); goto failed; }
double *p11 = x_1;
int64_t t12 = x_1_n;
int64_t t13 = next_3;
if (UNLIKELY((uint64_t)t13 >= (uint64_t)given_0.peers && t13 != -3)) { FAIL(8, t13, given_0.peers - 1); goto failed; }
int64_t t14 = 3LL;
if (UNLIKELY((uint64_t)t14 >= (uint64_t)(njit_mpi[3] + 1))) { FAIL(9, t14, (njit_mpi[3] + 1) - 1); goto failed; }
if (UNLIKELY(t12 < 1 || t12 > INT32_MAX)) { FAIL(10, t12, 0); goto failed; }
sending_7.handle = sending_7.state = sending_7.code = 0;
int code16 = ((int (*)(const void *, int, intptr_t, int, int, intptr_t, intptr_t *))njit_mpi[15])(p11, (int)t12, njit_mpi[0], (t13 == -3 ? (int)njit_mpi[2] : (int)t13), (int)t14, given_0.handle, &sending_7.handle);
if (UNLIKELY(code16 != 0)) { FAIL(11, code16, 0); goto failed; }
sending_7.state = 1;
int code17 = njit_test(c, &receiving_5);
if (UNLIKELY(code17 == -1)) { FAIL(12, 0, 0); goto failed; }
if (UNLIKELY(code17 != 0)) { FAIL(13, code17, 0); goto failed; }
njit_status status18 = {0};
if (receiving_5.state == 2) status18 = receiving_5.status;
status_8 = status18;
for (; (!(status_8.there != 0)); ) {
int code19 = njit_test(c, &receiving_5);
if (UNLIKELY(code19 == -1)) { FAIL(14, 0, 0); goto failed; }
if (UNLIKELY(code19 != 0)) { FAIL(15, code19, 0); goto failed; }
njit_status status20 = {0};
if (receiving_5.state == 2) status20 = receiving_5.status;
status_8 = status20;
continue_0: __attribute__((unused));
}
break_0: __attribute__((unused));
int code21 = njit_wait(c, &sending_7);
if (UNLIKELY(code21 == -1)) { FAIL(16, 0, 0); goto failed; }
if (UNLIKELY(code21 != 0)) { FAIL(17, code21, 0); goto failed; }
njit_status status22 = {0};
if (sending_7.state == 2) status22 = sending_7.status;
int code23 = njit_test(c, &receiving_5);
if (UNLIKELY(code23 == -1)) { FAIL(18, 0, 0); goto failed; }
if (UNLIKELY(code23 != 0)) { FAIL(19, code23, 0); goto failed; }
njit_status status24 = {0};
if (receiving_5.state == 2) status24 = receiving_5.status;
again_9 = status24;
int code25 = njit_wait(c, &receiving_5);
if (UNLIKELY(code25 == -1)) { FAIL(20, 0, 0); goto failed; }
if (UNLIKELY(code25 != 0)) { FAIL(21, code25, 0); goto failed; }
njit_status status26 = {0};
if (receiving_5.state == 2) status26 = receiving_5.status;
last_10 = status26;
int t27;
t27 = (!(!(again_9.there != 0)));
if (t27) {
if (UNLIKELY(!again_9.there)) { FAIL(22, 0, 0); goto failed; }
if (UNLIKELY(!status_8.there)) { FAIL(23, 0, 0); goto failed; }
t27 = ((int64_t)again_9.source == (int64_t)status_8.source);
}
int64_t t28;
if (t27) {
if (UNLIKELY(!last_10.there)) { FAIL(24, 0, 0); goto failed; }
t28 = (int64_t)last_10.source;
} else {
t28 = (-1LL);
}
sum_11 = t28;
njit_tuple_0 r29;
r29.f0 = early_6;
if (UNLIKELY(!status_8.there)) { FAIL(25, 0, 0); goto failed; }
r29.f1 = (int64_t)status_8.source;
if (UNLIKELY(!status_8.there)) { FAIL(26, 0, 0); goto failed; }
r29.f2 = (int64_t)status_8.tag;
if (UNLIKELY(!last_10.there)) { FAIL(27, 0, 0); goto failed; }
r29.f3 = (int64_t)last_10.tag;
r29.f4 = sum_11;
return r29;
failed: __attribute__((unused));  return (njit_tuple_0){0};
}
static __attribute__((noinline)) njit_tuple_0 anonymous_0(slot *c, njit_comm a0, double *a1, int64_t a1_n, double *a2, int64_t a2_n, int64_t a3, int64_t a4);
static __attribute__((noinline)) njit_tuple_0 anonymous_0(slot *c, njit_comm a0, double *a1, int64_t a1_n, double *a2, int64_t a2_n, int64_t a3, int64_t a4) {
njit_comm given_0 = a0;
double *x_1 = a1; int64_t x_1_n = a1_n;
double *y_2 = a2; int64_t y_2_n = a2_n;
int64_t next_3 = a3;
int64_t previous_4 = a4;
njit_request receiving_5 = {0};
int64_t early_6 = 0;
njit_request sending_7 = {0};
njit_status status_8 = {0};
njit_status again_9 = {0};
njit_status last_10 = {0};
int64_t sum_11 = 0;
double *p0 = y_2;
int64_t t1 = y_2_n;
int64_t t2 = previous_4;
if (UNLIKELY((uint64_t)t2 >= (uint64_t)given_0.peers && t2 != -1 && t2 != -3)) { FAIL(28, t2, given_0.peers - 1); goto failed; }
int64_t t3 = 3LL;
if (UNLIKELY((uint64_t)t3 >= (uint64_t)(njit_mpi[3] + 1) && t3 != -2)) { FAIL(29, t3, (njit_mpi[3] + 1) - 1); goto failed; }
if (UNLIKELY(t1 < 1 || t1 > INT32_MAX)) { FAIL(30, t1, 0); goto failed; }
receiving_5.handle = receiving_5.state = receiving_5.code = 0;
int code5 = ((int (*)(void *, int, intptr_t, int, int, intptr_t, intptr_t *))njit_mpi[6])(p0, (int)t1, njit_mpi[0], (t2 == -3 ? (int)njit_mpi[2] : (t2 == -1 ? (int)njit_mpi[1] : (int)t2)), (int)t3, given_0.handle, &receiving_5.handle);
if (UNLIKELY(code5 != 0)) { FAIL(31, code5, 0); goto failed; }
receiving_5.state = 1;
early_6 = 0;
int code6 = njit_test(c, &receiving_5);
if (UNLIKELY(code6 == -1)) { FAIL(32, 0, 0); goto failed; }
if (UNLIKELY(code6 != 0)) { FAIL(33, code6, 0); goto failed; }
njit_status status7 = {0};
if (receiving_5.state == 2) status7 = receiving_5.status;
if ((!(status7.there != 0))) {
early_6 = (early_6 + 1);
}
int code10 = ((int (*)(intptr_t))njit_mpi[14])(given_0.handle);
if (UNLIKELY(code10 != 0)) { FAIL(34, code10, 0); goto failed; }
double *p11 = x_1;
int64_t t12 = x_1_n;
int64_t t13 = next_3;
if (UNLIKELY((uint64_t)t13 >= (uint64_t)given_0.peers && t13 != -3)) { FAIL(35, t13, given_0.peers - 1); goto failed; }
int64_t t14 = 3LL;
if (UNLIKELY((uint64_t)t14 >= (uint64_t)(njit_mpi[3] + 1))) { FAIL(36, t14, (njit_mpi[3] + 1) - 1); goto failed; }
if (UNLIKELY(t12 < 1 || t12 > INT32_MAX)) { FAIL(37, t12, 0); goto failed; }
sending_7.handle = sending_7.state = sending_7.code = 0;
int code16 = ((int (*)(const void *, int, intptr_t, int, int, intptr_t, intptr_t *))njit_mpi[15])(p11, (int)t12, njit_mpi[0], (t13 == -3 ? (int)njit_mpi[2] : (int)t13), (int)t14, given_0.handle, &sending_7.handle);
if (UNLIKELY(code16 != 0)) { FAIL(38, code16, 0); goto failed; }
sending_7.state = 1;
int code17 = njit_test(c, &receiving_5);
if (UNLIKELY(code17 == -1)) { FAIL(39, 0, 0); goto failed; }
if (UNLIKELY(code17 != 0)) { FAIL(40, code17, 0); goto failed; }
njit_status status18 = {0};
if (receiving_5.state == 2) status18 = receiving_5.status;
status_8 = status18;
for (; (!(status_8.there != 0)); ) {
int code19 = njit_test(c, &receiving_5);
if (UNLIKELY(code19 == -1)) { FAIL(41, 0, 0); goto failed; }
if (UNLIKELY(code19 != 0)) { FAIL(42, code19, 0); goto failed; }
njit_status status20 = {0};
if (receiving_5.state == 2) status20 = receiving_5.status;
status_8 = status20;
continue_0: __attribute__((unused));
}
break_0: __attribute__((unused));
int code21 = njit_wait(c, &sending_7);
if (UNLIKELY(code21 == -1)) { FAIL(43, 0, 0); goto failed; }
if (UNLIKELY(code21 != 0)) { FAIL(44, code21, 0); goto failed; }
njit_status status22 = {0};
if (sending_7.state == 2) status22 = sending_7.status;
int code23 = njit_test(c, &receiving_5);
if (UNLIKELY(code23 == -1)) { FAIL(45, 0, 0); goto failed; }
if (UNLIKELY(code23 != 0)) { FAIL(46, code23, 0); goto failed; }
njit_status status24 = {0};
if (receiving_5.state == 2) status24 = receiving_5.status;
again_9 = status24;
int code25 = njit_wait(c, &receiving_5);
if (UNLIKELY(code25 == -1)) { FAIL(47, 0, 0); goto failed; }
if (UNLIKELY(code25 != 0)) { FAIL(48, code25, 0); goto failed; }
njit_status status26 = {0};
if (receiving_5.state == 2) status26 = receiving_5.status;
last_10 = status26;
int t27;
t27 = (!(!(again_9.there != 0)));
if (t27) {
if (UNLIKELY(!again_9.there)) { FAIL(49, 0, 0); goto failed; }
if (UNLIKELY(!status_8.there)) { FAIL(50, 0, 0); goto failed; }
t27 = ((int64_t)again_9.source == (int64_t)status_8.source);
}
int64_t t28;
if (t27) {
if (UNLIKELY(!last_10.there)) { FAIL(51, 0, 0); goto failed; }
t28 = (int64_t)last_10.source;
} else {
t28 = (-1LL);
}
sum_11 = t28;
njit_tuple_0 r29;
r29.f0 = early_6;
if (UNLIKELY(!status_8.there)) { FAIL(52, 0, 0); goto failed; }
r29.f1 = (int64_t)status_8.source;
if (UNLIKELY(!status_8.there)) { FAIL(53, 0, 0); goto failed; }
r29.f2 = (int64_t)status_8.tag;
if (UNLIKELY(!last_10.there)) { FAIL(54, 0, 0); goto failed; }
r29.f3 = (int64_t)last_10.tag;
r29.f4 = sum_11;
return r29;
failed: __attribute__((unused));  return (njit_tuple_0){0};
}
static __attribute__((noinline)) njit_tuple_0 plain_anonymous_0(slot *c, njit_comm a0, double *a1, int64_t a1_n, double *a2, int64_t a2_n, double a3, double a4);
static __attribute__((noinline)) njit_tuple_0 plain_anonymous_0(slot *c, njit_comm a0, double *a1, int64_t a1_n, double *a2, int64_t a2_n, double a3, double a4) {
njit_comm given_0 = a0;
double *x_1 = a1; int64_t x_1_n = a1_n;
double *y_2 = a2; int64_t y_2_n = a2_n;
double next_3 = a3;
double previous_4 = a4;
njit_request receiving_5 = {0};
int64_t early_6 = 0;
njit_request sending_7 = {0};
njit_status status_8 = {0};
njit_status again_9 = {0};
njit_status last_10 = {0};
int64_t sum_11 = 0;
double *p0 = y_2;
int64_t t1 = y_2_n;
double t2 = previous_4;
int64_t t3 = t2 > -1e9 && t2 < 1e10 && t2 == (double)(int64_t)t2 ? (int64_t)t2 : -99;
if (UNLIKELY((uint64_t)t3 >= (uint64_t)given_0.peers && t3 != -1 && t3 != -3)) { FAIL(55, t2, given_0.peers - 1); goto failed; }
int64_t t4 = 3LL;
if (UNLIKELY((uint64_t)t4 >= (uint64_t)(njit_mpi[3] + 1) && t4 != -2)) { FAIL(56, t4, (njit_mpi[3] + 1) - 1); goto failed; }
if (UNLIKELY(t1 < 1 || t1 > INT32_MAX)) { FAIL(57, t1, 0); goto failed; }
receiving_5.handle = receiving_5.state = receiving_5.code = 0;
int code6 = ((int (*)(void *, int, intptr_t, int, int, intptr_t, intptr_t *))njit_mpi[6])(p0, (int)t1, njit_mpi[0], (t3 == -3 ? (int)njit_mpi[2] : (t3 == -1 ? (int)njit_mpi[1] : (int)t3)), (int)t4, given_0.handle, &receiving_5.handle);
if (UNLIKELY(code6 != 0)) { FAIL(58, code6, 0); goto failed; }
receiving_5.state = 1;
early_6 = 0;
int code7 = njit_test(c, &receiving_5);
if (UNLIKELY(code7 == -1)) { FAIL(59, 0, 0); goto failed; }
if (UNLIKELY(code7 != 0)) { FAIL(60, code7, 0); goto failed; }
njit_status status8 = {0};
if (receiving_5.state == 2) status8 = receiving_5.status;
if ((!(status8.there != 0))) {
early_6 = (early_6 + 1);
}
int code11 = ((int (*)(intptr_t))njit_mpi[14])(given_0.handle);
if (UNLIKELY(code11 != 0)) { FAIL(61, code11, 0); goto failed; }
double *p12 = x_1;
int64_t t13 = x_1_n;
double t14 = next_3;
int64_t t15 = t14 > -1e9 && t14 < 1e10 && t14 == (double)(int64_t)t14 ? (int64_t)t14 : -99;
if (UNLIKELY((uint64_t)t15 >= (uint64_t)given_0.peers && t15 != -3)) { FAIL(62, t14, given_0.peers - 1); goto failed; }
int64_t t16 = 3LL;
if (UNLIKELY((uint64_t)t16 >= (uint64_t)(njit_mpi[3] + 1))) { FAIL(63, t16, (njit_mpi[3] + 1) - 1); goto failed; }
if (UNLIKELY(t13 < 1 || t13 > INT32_MAX)) { FAIL(64, t13, 0); goto failed; }
sending_7.handle = sending_7.state = sending_7.code = 0;
int code18 = ((int (*)(const void *, int, intptr_t, int, int, intptr_t, intptr_t *))njit_mpi[15])(p12, (int)t13, njit_mpi[0], (t15 == -3 ? (int)njit_mpi[2] : (int)t15), (int)t16, given_0.handle, &sending_7.handle);
if (UNLIKELY(code18 != 0)) { FAIL(65, code18, 0); goto failed; }
sending_7.state = 1;
int code19 = njit_test(c, &receiving_5);
if (UNLIKELY(code19 == -1)) { FAIL(66, 0, 0); goto failed; }
if (UNLIKELY(code19 != 0)) { FAIL(67, code19, 0); goto failed; }
njit_status status20 = {0};
if (receiving_5.state == 2) status20 = receiving_5.status;
status_8 = status20;
for (; (!(status_8.there != 0)); ) {
int code21 = njit_test(c, &receiving_5);
if (UNLIKELY(code21 == -1)) { FAIL(68, 0, 0); goto failed; }
if (UNLIKELY(code21 != 0)) { FAIL(69, code21, 0); goto failed; }
njit_status status22 = {0};
if (receiving_5.state == 2) status22 = receiving_5.status;
status_8 = status22;
continue_0: __attribute__((unused));
}
break_0: __attribute__((unused));
int code23 = njit_wait(c, &sending_7);
if (UNLIKELY(code23 == -1)) { FAIL(70, 0, 0); goto failed; }
if (UNLIKELY(code23 != 0)) { FAIL(71, code23, 0); goto failed; }
njit_status status24 = {0};
if (sending_7.state == 2) status24 = sending_7.status;
int code25 = njit_test(c, &receiving_5);
if (UNLIKELY(code25 == -1)) { FAIL(72, 0, 0); goto failed; }
if (UNLIKELY(code25 != 0)) { FAIL(73, code25, 0); goto failed; }
njit_status status26 = {0};
if (receiving_5.state == 2) status26 = receiving_5.status;
again_9 = status26;
int code27 = njit_wait(c, &receiving_5);
if (UNLIKELY(code27 == -1)) { FAIL(74, 0, 0); goto failed; }
if (UNLIKELY(code27 != 0)) { FAIL(75, code27, 0); goto failed; }
njit_status status28 = {0};
if (receiving_5.state == 2) status28 = receiving_5.status;
last_10 = status28;
int t29;
t29 = (!(!(again_9.there != 0)));
if (t29) {
if (UNLIKELY(!again_9.there)) { FAIL(76, 0, 0); goto failed; }
if (UNLIKELY(!status_8.there)) { FAIL(77, 0, 0); goto failed; }
t29 = ((int64_t)again_9.source == (int64_t)status_8.source);
}
int64_t t30;
if (t29) {
if (UNLIKELY(!last_10.there)) { FAIL(78, 0, 0); goto failed; }
t30 = (int64_t)last_10.source;
} else {
t30 = (-1LL);
}
sum_11 = t30;
njit_tuple_0 r31;
r31.f0 = early_6;
if (UNLIKELY(!status_8.there)) { FAIL(79, 0, 0); goto failed; }
r31.f1 = (int64_t)status_8.source;
if (UNLIKELY(!status_8.there)) { FAIL(80, 0, 0); goto failed; }
r31.f2 = (int64_t)status_8.tag;
if (UNLIKELY(!last_10.there)) { FAIL(81, 0, 0); goto failed; }
r31.f3 = (int64_t)last_10.tag;
r31.f4 = sum_11;
return r31;
failed: __attribute__((unused));  return (njit_tuple_0){0};
}
static int njit_run(slot *c) {
int64_t arena = c[5].i;
c[0].f = c[1].f = 0;
if (!(c[35].f <= 2147483647.0 && c[45].f <= 2147483647.0 && c[54].f >= -2147483648.0 && c[54].f <= 2147483647.0 && (double)(int64_t)c[54].f == c[54].f && !(c[54].f == 0 && signbit(c[54].f)) && c[64].f >= -2147483648.0 && c[64].f <= 2147483647.0 && (double)(int64_t)c[64].f == c[64].f && !(c[64].f == 0 && signbit(c[64].f)))) {
njit_tuple_0 result = plain_anonymous_0(c, njit_comm_at(c + 24), (double *)(intptr_t)c[34].f, (int64_t)c[35].f, (double *)(intptr_t)c[44].f, (int64_t)c[45].f, c[54].f, c[64].f);
c[8].f = (double)result.f0;
c[9].f = (double)result.f1;
c[10].f = (double)result.f2;
c[11].f = (double)result.f3;
c[12].f = (double)result.f4;
} else
if ((c[34].f + 8 * c[35].f <= c[44].f || c[44].f + 8 * c[45].f <= c[34].f)) {
njit_tuple_0 result = apart_anonymous_0(c, njit_comm_at(c + 24), (double *)(intptr_t)c[34].f, (int64_t)c[35].f, (double *)(intptr_t)c[44].f, (int64_t)c[45].f, (int64_t)c[54].f, (int64_t)c[64].f);
c[8].f = (double)result.f0;
c[9].f = (double)result.f1;
c[10].f = (double)result.f2;
c[11].f = (double)result.f3;
c[12].f = (double)result.f4;
} else
{
njit_tuple_0 result = anonymous_0(c, njit_comm_at(c + 24), (double *)(intptr_t)c[34].f, (int64_t)c[35].f, (double *)(intptr_t)c[44].f, (int64_t)c[45].f, (int64_t)c[54].f, (int64_t)c[64].f);
c[8].f = (double)result.f0;
c[9].f = (double)result.f1;
c[10].f = (double)result.f2;
c[11].f = (double)result.f3;
c[12].f = (double)result.f4;
}
njit_release(c, arena);
return (int)c[0].f;
}
static slot *njit_shared;
void njit_bind(slot *shared) { njit_shared = shared; }
int njit_call(void) { return njit_run(njit_shared); }
int njit_call_with(slot *c) { return njit_run(c); }
