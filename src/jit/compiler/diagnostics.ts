/**
 * What errors look like: of gcc, clang and tcc `file:3:5: error: ...`, of Microsoft's compiler and linker
 * `file(3): error C2065: ...`, `LINK : fatal error LNK1104: ...`, of linkers `undefined reference to`, `cannot find -lx`.
 */
const ERROR =
  /\b(?:fatal |internal compiler |linker )?error\b(?: [A-Z]+\d+)?\s?:|: undefined (?:reference|symbol)|\bld(?:\.\w+)?: (?!warning|.*: in function )|\bcannot find -l|\bcollect2: /i;

/** What only repeats that there were errors. */
const SUMMARY = /\bcollect2: error: ld returned|linker command failed with exit code|\bstopped due to/;

/**
 * The first lines of a compiler's output that say what is wrong.
 * @param output All that it wrote.
 * @param limit How many lines at most. Default 3.
 * @returns Lines without colours and spaces at the ends; where none is known for an error, the first that are not empty.
 */
export function firstDiagnostics(output: string, limit = 3): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is how colours begin.
  const plain = output.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");
  const lines = plain.split(/\r?\n/).map((line) => line.trim());
  const errors = lines.filter((line) => ERROR.test(line));
  const telling = errors.filter((line) => !SUMMARY.test(line));
  const found = [telling, errors, lines.filter((line) => line !== "")].find((list) => list.length > 0) ?? [];
  return found.slice(0, limit);
}
