const unary = (...names: string[]): string => names.map((name) => `double ${name}(double);`).join(" ");

/**
 * What comes before each library: the places that JavaScript and C share, and the operations of JavaScript that C says
 * otherwise, by ECMAScript 2024.
 */
export const PRELUDE: string = `/* What the headers of C would say. They are sixty files, which each compilation would read, and each hit look at. */
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __SIZE_TYPE__ size_t;
#define INT32_MAX __INT32_MAX__
#define INT64_MAX __INT64_MAX__
#define INT64_MIN (-__INT64_MAX__ - 1)
#define offsetof(type, member) __builtin_offsetof(type, member)
void *calloc(size_t, size_t);
void free(void *);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
#ifdef __FAST_MATH__
/* It tells of versions for vectors. */
#include <math.h>
#else
#define NAN __builtin_nanf("")
#define INFINITY __builtin_inff()
#define isinf(x) __builtin_isinf(x)
#define signbit(x) __builtin_signbit(x)
${unary(
  ..."fabs floor ceil trunc nearbyint sqrt cbrt exp expm1 log log1p log2 log10".split(" "),
  ..."sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh".split(" "),
)}
double fmod(double, double), pow(double, double), atan2(double, double), hypot(double, double), copysign(double, double);
float sqrtf(float);
#endif

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
static inline __attribute__((unused)) int64_t njit_floor_quotient(int64_t a, int64_t b) { return a / b - (a % b < 0); }
static inline __attribute__((unused)) int64_t njit_ceil_quotient(int64_t a, int64_t b) { return a / b + (a % b > 0); }
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
int omp_get_max_threads(void), omp_get_thread_num(void);
static __attribute__((unused)) int njit_threads(slot *c) { return c[7].f > 0 ? (int)c[7].f : omp_get_max_threads(); }
/* Each thread begins with what every other number is beyond. */
#pragma omp declare reduction(njit_maximum : double, float : omp_out = njit_max(omp_out, omp_in)) initializer(omp_priv = -INFINITY)
#pragma omp declare reduction(njit_minimum : double, float : omp_out = njit_min(omp_out, omp_in)) initializer(omp_priv = INFINITY)
#endif
/* 7.1.5 ToIntegerOrInfinity, as far as lengths go */
static inline __attribute__((unused)) int64_t njit_whole(double d) {
  return d != d ? 0 : d < -9e15 ? -9000000000000000 : d > 9e15 ? 9000000000000000 : (int64_t)d;
}
/* Memory of new arrays, each at a line of the cache: a list, freed back to where it was when the function that made them began. */
typedef struct block { struct block *next; } njit_block;
static __attribute__((unused)) void *njit_new(slot *c, int64_t length, int64_t bytes) {
  if (length < 0 || length > ((int64_t)1 << 32)) return 0;
  njit_block *block = calloc(1, sizeof(njit_block) + (size_t)(length * bytes) + 72);
  if (!block) return 0;
  block->next = (njit_block *)(intptr_t)c[5].i;
  c[5].i = (int64_t)(intptr_t)block;
  return (void *)(((intptr_t)(block + 1) + 63) & ~(intptr_t)63);
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
`;
