/** What the programs of the jit floor share: the same work as those of the same name in dijitso's folder. */
import { type Generated, type GivenParams, type Jitted, jit } from "typed-mpi/jit";

export const generate = (jitable: number): Generated => ({
  source: `extern "C" int answer() { return ${jitable}; }\n`,
});

export const params = (cacheDir: string): GivenParams => ({ cache: { cacheDir } });

/** Builds or finds the library that returns `jitable`, and asserts that it does. */
export function answer(jitable: number, name: string, cacheDir: string): Jitted {
  const jitted = jit(jitable, name, params(cacheDir), { generate });
  const got = jitted.library.func("int answer()")();
  if (got !== jitable) throw new Error(`${name} returned ${got}`);
  return jitted;
}
