import { suite } from "uvu";
import * as assert from "uvu/assert";
import { extractFactoryFunction, jit } from "../../src/jit/index.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "./caches.js";

const SOURCE = `
#include <cstdint>
#include <cstring>
extern "C" {
double dot(const double *x, const double *y, int n) { double s = 0; for (int i = 0; i < n; i++) s += x[i] * y[i]; return s; }
void fill(float *x, size_t n, float value) { for (size_t i = 0; i < n; i++) x[i] = value; }
int64_t twice(int64_t x) { return 2 * x; }
uint8_t next(uint8_t x) { return x + 1; }
int length(const char *text) { return (int)strlen(text); }
bool negate(bool x) { return !x; }
static int data = 7;
void *make() { return &data; }
int read(const void *p) { return *(const int *)p; }
int table[3] = {1, 2, 3};
}`;

const cacheDir = newFolder();
const { library } = jit(null, "library", { cache: { cacheDir } }, { generate: () => ({ source: SOURCE }) });

const functions = suite("functions of a library");

functions("numbers and arrays go in, a number comes out", () => {
  const dot: (...args: Float64Array[] | never) => number | bigint | undefined = library.func(
    "double dot(const double *x, const double *y, int n)",
  ) as never;
  assert.is(
    (dot as (...args: unknown[]) => unknown)(new Float64Array([1, 2]), new Float64Array([3, 4]), 2),
    11,
  );
  const x = new Float32Array(3);
  const filled: undefined = library.func("void fill(float *, size_t, float)")(x, 3, 1.5);
  assert.is(filled, undefined);
  assert.equal([...x], [1.5, 1.5, 1.5]);
});

functions("64-bit results are bigints, smaller ones numbers; the types say so", () => {
  const big: number | bigint | undefined = library.func("int64_t twice(int64_t)")(2n ** 40n);
  assert.is(big, 2n ** 41n);
  assert.is(library.func("int64_t twice(int64_t)")(-3), -6n);
  const small: number = library.func("uint8_t next(uint8_t)")(254);
  assert.is(small, 255);
  const no: number = library.func("bool negate(bool)")(true);
  assert.is(no, 0);
});

functions("a string is passed as UTF-8 where C reads characters", () => {
  assert.is(library.func("int length(const char *)")("äb"), 3);
  assert.is(library.func("int length(const char *)")(Buffer.from("abc\0")), 3);
});

functions("a factory function returns an address, which others take", () => {
  const make = extractFactoryFunction(library, "make");
  assert.is(typeof make(), "bigint");
  assert.is(library.func("int read(const void *)")(make()), 7);
  assert.is(library.func("int read(const void *)")(library.symbol("table")), 1);
  assert.ok(library.has("make"));
  assert.not.ok(library.has("mane"));
});

functions("a bool is true, false, 1 or 0", () => {
  const negate = library.func("bool negate(bool x)");
  assert.equal(
    [true, false, 1, 0, 1n, 0n].map((x) => negate(x)),
    [0, 1, 0, 1, 0, 1],
  );
});

functions("a missing function is named", () => {
  const expected = { code: "ERR_JIT_SYMBOL", message: 'no function "mane"' };
  assertThrows(() => library.func("void *mane()"), expected);
  assertThrows(() => library.symbol("mane"), expected);
  assertThrows(() => extractFactoryFunction(library, "mane"), expected);
  assertThrows(() => extractFactoryFunction(library, "a b"), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "name",
  });
  assertThrows(() => extractFactoryFunction({} as never, "make"), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "library",
  });
  assertThrows(() => library.func(7 as never), { code: "ERR_INVALID_ARG_TYPE", argument: "prototype" });
});

const doubles = new Float64Array(2);
const BAD: Record<string, [string, unknown[], string, RegExp]> = {
  "too few arguments": [
    "double dot(const double *, const double *, int)",
    [doubles, doubles],
    "ERR_OUT_OF_RANGE",
    /3 arg/,
  ],
  "an array of other numbers": [
    "double dot(const double *, const double *, int)",
    [doubles, new Int32Array(2), 2],
    "ERR_INVALID_ARG_TYPE",
    /argument 2: expected Float64Array/,
  ],
  "no array": [
    "double dot(const double *, const double *, int)",
    [doubles, [1, 2], 2],
    "ERR_INVALID_ARG_TYPE",
    /argument 2/,
  ],
  "an empty array": [
    "double dot(const double *, const double *, int)",
    [doubles, new Float64Array(0), 2],
    "ERR_OUT_OF_RANGE",
    /argument 2/,
  ],
  "a fraction for an integer": [
    "double dot(const double *, const double *, int)",
    [doubles, doubles, 1.5],
    "ERR_OUT_OF_RANGE",
    /argument 3/,
  ],
  "too large a number": ["uint8_t next(uint8_t)", [256], "ERR_OUT_OF_RANGE", /0 to 255/],
  "a negative number": ["uint8_t next(uint8_t)", [-1], "ERR_OUT_OF_RANGE", /0 to 255/],
  "too large a bigint": ["int64_t twice(int64_t)", [2n ** 63n], "ERR_OUT_OF_RANGE", /9223372036854775807/],
  "an unsafe integer": ["int64_t twice(int64_t)", [2 ** 60], "ERR_OUT_OF_RANGE", /argument 1/],
  "a string for an integer": ["int64_t twice(int64_t)", ["2"], "ERR_INVALID_ARG_TYPE", /an integer/],
  "a bigint for a float": [
    "void fill(float *, size_t, float)",
    [null, 0, 1n],
    "ERR_INVALID_ARG_TYPE",
    /a number \(float\)/,
  ],
  "a number that is no bool": ["bool negate(bool)", [2], "ERR_OUT_OF_RANGE", /an integer from 0 to 1/],
  "a bigint that is no bool": ["bool negate(_Bool x)", [-1n], "ERR_OUT_OF_RANGE", /0 to 1/],
  "undefined for a pointer": ["int read(const void *)", [undefined], "ERR_INVALID_ARG_TYPE", /argument 1/],
};
for (const [what, [prototype, args, code, message]] of Object.entries(BAD)) {
  functions(`refused: ${what}`, () => {
    const f = library.func(prototype as string) as (...given: unknown[]) => unknown;
    assertThrows(() => f(...args), { code, message });
  });
}

functions("a detached array is refused", () => {
  const array = new Float64Array(2);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  const dot = library.func("double dot(const double *, const double *, int)");
  assertThrows(() => dot(doubles, array, 2), { code: "ERR_OUT_OF_RANGE", message: "detached" });
});

functions.run();
