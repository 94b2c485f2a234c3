/** Bytes kept of what a compiler writes: half from the start, half from the end. */
const KEPT = 2 ** 20;

/** More than any diagnostics: who writes this much does not stop. */
const FLOOD = 2 ** 26;

/** What a compiler writes, of which the start and the end are kept. */
export class Output {
  readonly #head: Buffer[] = [];
  readonly #tail: Buffer[] = [];
  #headLength = 0;
  #tailLength = 0;
  #length = 0;

  /** Takes the next bytes, which the caller must not change afterwards. */
  add(chunk: Buffer): void {
    this.#length += chunk.length;
    const room = KEPT / 2 - this.#headLength;
    if (room > 0) {
      this.#head.push(chunk.subarray(0, room));
      this.#headLength += Math.min(room, chunk.length);
    }
    if (chunk.length <= room) return;
    this.#tail.push(chunk.subarray(room));
    this.#tailLength += chunk.length - room;
    for (;;) {
      const oldest = this.#tail[0]?.length ?? 0;
      if (this.#tailLength - oldest < KEPT / 2) return;
      this.#tail.shift();
      this.#tailLength -= oldest;
    }
  }

  /** Whether it is more than 64 MiB. */
  get flooded(): boolean {
    return this.#length > FLOOD;
  }

  /** As text, with replacement characters for what is not UTF-8. */
  get text(): string {
    const tail = Buffer.concat(this.#tail).subarray(-KEPT / 2);
    const missing = this.#length - this.#headLength - tail.length;
    if (missing === 0) return Buffer.concat([...this.#head, tail]).toString();
    return `${Buffer.concat(this.#head)}\n[${missing} bytes left out]\n${tail}`;
  }
}
