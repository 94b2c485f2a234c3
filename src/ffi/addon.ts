/**
 * What a shared library exports to Node, if it is an addon. Its functions take a third of the time of a call by any
 * engine; the library has to be compiled for it.
 * @param path Of the library.
 * @returns Undefined if Node does not load it.
 */
export function addonExports(path: string): unknown {
  const addon: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(addon, path);
  } catch {
    return undefined;
  }
  return addon.exports;
}
