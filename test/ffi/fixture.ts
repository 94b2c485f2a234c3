import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SUFFIX = process.platform === "darwin" ? "dylib" : "so";

let folder: string | undefined;

/** Compiles `source` to a shared library in a temporary folder that is removed when the process ends. */
export function compile(name: string, source: string): string {
  if (folder === undefined) {
    const created = mkdtempSync(join(tmpdir(), "typed-mpi-ffi-"));
    process.on("exit", () => rmSync(created, { recursive: true, force: true }));
    folder = created;
  }
  const path = join(folder, `lib${name}.${SUFFIX}`);
  // What a library needs of those opened before it is left for the loader to find: Linux's default.
  const undefinedSymbols = process.platform === "darwin" ? ["-Wl,-undefined,dynamic_lookup"] : [];
  const args = ["-shared", "-fPIC", "-O1", ...undefinedSymbols, "-o", path, "-x", "c", "-"];
  execFileSync(process.env["CC"] || "cc", args, { input: source });
  return path;
}

/** One function of each kind that the contract speaks of. */
export const FIXTURE = `
#include <stdint.h>
#include <stdlib.h>

int64_t datum = 77;
int64_t read_datum(void) { return datum; }

#define ECHO(name, type) type echo_##name(type value) { return value; }
ECHO(int8, int8_t)
ECHO(uint8, uint8_t)
ECHO(int16, int16_t)
ECHO(uint16, uint16_t)
ECHO(int32, int32_t)
ECHO(uint32, uint32_t)
ECHO(int64, int64_t)
ECHO(uint64, uint64_t)
ECHO(float, float)
ECHO(double, double)
ECHO(pointer, void *)

/* The argument alone, for engines that cannot return the type. */
double widen_float(float value) { return value; }

/* Each argument weighs differently, so that no two can be mixed up. */
double weigh(int32_t a, double b, int64_t c, float d, const double *e, uint32_t f, double g, uint64_t h,
             int32_t i, double j, void *k, double l) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e[0] + 6 * f
       + 7 * g + 8 * h + 9 * i + 10 * j + 11 * (k == NULL) + 12 * l;
}

/* Goes on when the first is no longer 0, for at most a second or so. */
int32_t take_turns(volatile int32_t *turns) {
  for (int64_t i = 0; i < 2000000000 && turns[0] == 0; i++) {}
  turns[1] = 7;
  return turns[0] == 1 ? 42 : 0;
}

/* Adds 1 to each byte. */
void increment(uint8_t *bytes, int32_t count) {
  for (int32_t i = 0; i < count; i++) bytes[i]++;
}

double call_numbers(double (*f)(int32_t, uint32_t, float, double)) { return f(-1, 4294967295u, 1.5f, 0.1); }

int64_t call_wide(int64_t (*f)(int64_t, uint64_t, void *), void *pointer) {
  return f(-9007199254740993, 18446744073709551615u, pointer);
}

/* The number of calls made; stops when f returns 0. */
int32_t repeat(int32_t (*f)(int32_t), int32_t times) {
  int32_t i = 0;
  while (i < times && f(i)) i++;
  return i;
}

/* For a symbol of a library that this one depends on. */
void *allocate(size_t bytes) { return malloc(bytes); }

void *call_pointer(void *(*f)(void)) { return f(); }
void call_void(void (*f)(void)) { f(); }
`;

/** A library that defines what {@link needing} uses. */
export const providing = (name: string): string => `
long long ${name}_datum = 40;
int ${name}_function(void) { return 2; }
`;

/** A library that cannot be opened unless the symbols of {@link providing} are in the global scope. */
export const needing = (name: string): string => `
extern long long ${name}_datum;
int ${name}_function(void);
int sum(void) { return (int)${name}_datum + ${name}_function(); }
`;
