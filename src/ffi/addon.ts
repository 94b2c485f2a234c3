/**
 * What a shared library exports to Node, if it was compiled to be an addon: its functions are called in a third of the
 * time that koffi takes.
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
