/** Memory of kinds that TypeScript's library for ES2023 does not know, and ways to lose it. */

type Growing<Buffer> = Buffer & { resize(byteLength: number): void; grow(byteLength: number): void };

/** An ArrayBuffer that can be resized. */
export const resizable = (byteLength: number, maxByteLength: number): Growing<ArrayBuffer> =>
  Reflect.construct(ArrayBuffer, [byteLength, { maxByteLength }]) as Growing<ArrayBuffer>;

/** A SharedArrayBuffer that can grow. */
export const growable = (byteLength: number, maxByteLength: number): Growing<SharedArrayBuffer> =>
  Reflect.construct(SharedArrayBuffer, [byteLength, { maxByteLength }]) as Growing<SharedArrayBuffer>;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Detaches the buffer. */
  grow(pages: number): void;
}

/** One page of 64 KiB. */
export function wasmMemory(): WasmMemory {
  const { Memory } = Reflect.get(globalThis, "WebAssembly") as {
    Memory: new (limits: { initial: number }) => WasmMemory;
  };
  return new Memory({ initial: 1 });
}

/** Detaches a buffer, and returns it. */
export function detach<B extends ArrayBufferLike>(buffer: B): B {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  return buffer;
}
