/** A type of the DOM's library that typed-array-utils, shipped as TypeScript source, expects to be global. */
type BufferSource = ArrayBufferView | ArrayBuffer;
