import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parsePrototype } from "../../src/jit/prototype.js";
import { assertThrows } from "../harness/assert.js";

const prototypes = suite("C prototypes");

const typesOf = (text: string): string[] => {
  const { result, parameters } = parsePrototype(text);
  return [result.type, ...parameters.map(({ type, target }) => (target ? `${type} to ${target}` : type))];
};

const long = process.platform === "win32" ? "int32" : "int64";
const KNOWN: Record<string, readonly string[]> = {
  "double f(const double *, int)": ["double", "pointer to double", "int32"],
  "void f()": ["void"],
  "void f(void)": ["void"],
  "int f(int n, double x)": ["int32", "int32", "double"],
  "  unsigned   f ( unsigned char c , signed char d, char e ) ; ": ["uint32", "uint8", "int8", "int8"],
  "long f(unsigned long a, long int b)": [long, long.replace("int", "uint"), long],
  "long long int f(unsigned long long)": ["int64", "uint64"],
  "short f(unsigned short int, int16_t x)": ["int16", "uint16", "int16"],
  "size_t f(uint8_t const* restrict bytes)": ["uint64", "pointer to uint8"],
  "void *make()": ["pointer"],
  "double f(double x[3], float y[], int n[2])": [
    "double",
    "pointer to double",
    "pointer to float",
    "pointer to int32",
  ],
  "const char* f(const char *name, char **list)": ["pointer to int8", "pointer to int8", "pointer"],
  "struct mesh *f(struct mesh *m, bool on, _Bool off)": ["pointer", "pointer", "uint8", "uint8"],
  "extern double f(const\nvoid *data)": ["double", "pointer"],
  "double f(long double *x, long double y[2], unsigned __int128 *z)": [
    "double",
    "pointer",
    "pointer",
    "pointer",
  ],
  "double f(double *x[3], struct mesh m[2], struct mesh[2], double *const restrict p)": [
    "double",
    "pointer",
    "pointer",
    "pointer",
    "pointer to double",
  ],
};

for (const [text, types] of Object.entries(KNOWN)) {
  prototypes(text, () => {
    const found = typesOf(text);
    // What a result points to does not matter.
    found[0] = (found[0] as string).split(" ")[0] as string;
    assert.equal(found, [(types[0] as string).split(" ")[0], ...types.slice(1)]);
  });
}

prototypes("the name is that of the function", () => {
  assert.is(parsePrototype("unsigned int count_of (int)").name, "count_of");
  assert.is(parsePrototype("void *make()").name, "make");
});

prototypes("a string may stand for a const char *, and for nothing else", () => {
  const { parameters } = parsePrototype(
    "int f(const char *a, char *b, const signed char *c, const char **d, char *const e, char const f[])",
  );
  assert.equal(
    parameters.map(({ isText }) => isText),
    [true, false, false, false, false, true],
  );
});

prototypes("a bool is told from a byte", () => {
  const { parameters } = parsePrototype("bool f(bool a, const _Bool, uint8_t c, bool *d, int boolean)");
  assert.equal(
    parameters.map(({ isBool }) => isBool),
    [true, true, false, false, false],
  );
});

for (const text of [
  "",
  "double",
  "f(int)",
  "double f(",
  "double f(int))",
  "double 9f(int)",
  "mesh f(int)",
  "double f(struct mesh m)",
  "double f(double (*g)(double))",
  "long double f(int)",
  "double f(int, ...)",
  "double f(void, int)",
  "double f(void x)",
  "double f(int,)",
  "double f(long double)",
  "double f(long double x)",
  "double f(unsigned __int128)",
  "double f(unsigned __int128 x)",
  "double f(double _Complex)",
  "double f(double _Complex z)",
  "double f(double complex)",
  "double _Complex f(int)",
  "double f(_Float16 x)",
  "double f(unsigned wchar_t)",
  "double f(double &x)",
  "double f(double& x)",
  "double f(const double &)",
  "double &f(int)",
  "double f(double x[2][3])",
  "double f(double [2][3])",
  "double f(double x[2)",
  "double f(double *x y)",
  "double f(double * int)",
]) {
  prototypes(`not understood: "${text}"`, () => {
    assertThrows(() => parsePrototype(text), { code: "ERR_JIT_SYMBOL", message: "is not understood" });
  });
}

prototypes.run();
