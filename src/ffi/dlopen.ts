import type { Library, LoadOptions, NativeFunction } from "./engine.js";

/**
 * The C library's own loader, for engines that open libraries with local scope only. Not for its dlerror: the
 * engines look each function up by dlsym before they call it, which clears the message.
 */
export interface Loader {
  /** dlopen, of the program itself if `path` is null. 0n if it cannot be opened. */
  open(path: string | null, options: LoadOptions): bigint;
  /** dlsym: 0n if there is none. */
  symbol(handle: bigint, name: string): bigint;
  /** dlclose. */
  close(handle: bigint): void;
}

const RTLD_LAZY = 1;
const RTLD_NOW = 2;
const RTLD_GLOBAL = process.platform === "darwin" ? 8 : 0x100;
const RTLD_LOCAL = process.platform === "darwin" ? 4 : 0;

const cString = (text: string): Uint8Array => Buffer.from(`${text}\0`);

/** Binds the loader from `program`, which exports what the C library does. */
export function bindLoader(program: Pick<Library, "func">): Loader {
  const dlopen: NativeFunction<"pointer"> = program.func("dlopen", "pointer", ["pointer", "int32"]);
  const dlsym: NativeFunction<"pointer"> = program.func("dlsym", "pointer", ["pointer", "pointer"]);
  const dlclose: NativeFunction<"int32"> = program.func("dlclose", "int32", ["pointer"]);
  return {
    open: (path, { global = false, now = false }) => {
      const mode = (now ? RTLD_NOW : RTLD_LAZY) | (global ? RTLD_GLOBAL : RTLD_LOCAL);
      return dlopen(path === null ? null : cString(path), mode);
    },
    symbol: (handle, name) => dlsym(handle, cString(name)),
    close(handle) {
      dlclose(handle);
    },
  };
}
