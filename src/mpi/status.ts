import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints, longs, STATUS_WORDS, statusWords } from "./bindings/scratch.js";
import { datatypeOf, type ViewConstructor } from "./buffer.js";
import { ANY_TAG, UNDEFINED } from "./constants.js";
import { BYTE, type Datatype } from "./datatype.js";
import { ensureRunning } from "./environment.js";

/** Where MPI_Status has its fields, in words of 4 bytes. */
interface Layout {
  readonly words: number;
  readonly source: number;
  readonly tag: number;
  readonly error: number;
  /** The first of those that only the library reads: five at most. */
  readonly opaque: number;
  readonly rank: (native: number) => number;
}

let known: Layout | undefined;

function layout(): Layout {
  known ??= readLayout();
  return known;
}

function readLayout(): Layout {
  const { abi, constants } = binding();
  const { size, source, tag, error } = abi.table.status;
  return {
    words: size / 4,
    source: source / 4,
    tag: tag / 4,
    error: error / 4,
    // They follow the three public fields, or come before them.
    opaque: source === 0 ? error / 4 + 1 : 0,
    rank: (native) => constants.rank(native),
  };
}

/**
 * What is known of a message that was received or probed, or of a request that is complete.
 * MPI 4.0 section 3.2.5.
 *
 * It keeps the words of the library's own MPI_Status whose meaning only the library knows in fields:
 * an array would cost more than the rest of a receive.
 */
export class Status {
  /** The rank it came from; `PROC_NULL` if from none, `ANY_SOURCE` if nothing was received. */
  readonly source: number;
  /** Its tag; `ANY_TAG` if nothing was received. */
  readonly tag: number;
  static #last: Status | undefined;
  /** What the library calls the source and the tag of the last one: not all of them are ranks and tags of ours. */
  static #lastSource = 0;
  static #lastTag = 0;
  readonly #w0: number;
  readonly #w1: number;
  readonly #w2: number;
  readonly #w3: number;
  readonly #w4: number;

  /** @param words Holds an MPI_Status that the library wrote, at word `at`. */
  constructor(words: Int32Array, at: number) {
    const { source, tag, opaque, rank } = layout();
    const first = at + opaque;
    const nativeSource = words[at + source] as number;
    const nativeTag = words[at + tag] as number;
    this.source = nativeSource < 0 ? rank(nativeSource) : nativeSource;
    this.tag = nativeTag < 0 ? ANY_TAG : nativeTag;
    this.#w0 = words[first] as number;
    this.#w1 = words[first + 1] as number;
    this.#w2 = words[first + 2] as number;
    this.#w3 = words[first + 3] as number;
    this.#w4 = words[first + 4] as number;
  }

  /**
   * @internal The status in these words. If they say what those before said, as in a loop of equal messages or of
   * collective operations, it is the same object, which costs half as much.
   */
  static of(words: Int32Array, at: number): Status {
    const { source, tag } = layout();
    const nativeSource = words[at + source] as number;
    const nativeTag = words[at + tag] as number;
    let status = Status.#last;
    if (
      status === undefined ||
      nativeSource !== Status.#lastSource ||
      nativeTag !== Status.#lastTag ||
      !status.#holds(words, at)
    ) {
      status = new Status(words, at);
      Status.#last = status;
      Status.#lastSource = nativeSource;
      Status.#lastTag = nativeTag;
    }
    return status;
  }

  /** Whether the words that only the library reads are these. */
  #holds(words: Int32Array, at: number): boolean {
    const first = at + layout().opaque;
    return (
      words[first] === this.#w0 &&
      words[first + 1] === this.#w1 &&
      words[first + 2] === this.#w2 &&
      words[first + 3] === this.#w3 &&
      words[first + 4] === this.#w4
    );
  }

  /**
   * How many elements were received.
   * @param type A datatype, a TypedArray or the class of one. Default bytes.
   * @returns undefined if the message is no whole number of them.
   * @see MPI_Get_count, MPI 4.0 section 3.2.5
   */
  count(type: Datatype | ArrayBufferView | ViewConstructor = BYTE): number | undefined {
    const element = datatypeOf(type, "type");
    this.#expose();
    check(native.MPI_Get_count(addresses().status, element.handle, addresses().int), "MPI_Get_count");
    // MPI_UNDEFINED, the same in every ABI, also stands for more than an int can say.
    const isUnknown = ints[0] === UNDEFINED;
    const count = isUnknown ? this.byteLength / element.size : (ints[0] as number);
    return Number.isInteger(count) && !(isUnknown && count < 2 ** 31) ? count : undefined;
  }

  /** Bytes received. @see MPI_Get_elements_x, MPI 4.0 section 5.1.11 */
  get byteLength(): number {
    this.#expose();
    const { status, int } = addresses();
    check(native.MPI_Get_elements_x(status, BYTE.handle, int), "MPI_Get_elements_x");
    return Number(longs[0]);
  }

  /** Whether the request was cancelled before it was matched. @see MPI_Test_cancelled, MPI 4.0 section 3.8.4 */
  get cancelled(): boolean {
    this.#expose();
    check(native.MPI_Test_cancelled(addresses().status, addresses().int), "MPI_Test_cancelled");
    return ints[0] !== 0;
  }

  /** Puts the words where C can read them. */
  #expose(): void {
    ensureRunning();
    const first = layout().opaque;
    statusWords[first] = this.#w0;
    statusWords[first + 1] = this.#w1;
    statusWords[first + 2] = this.#w2;
    statusWords[first + 3] = this.#w3;
    statusWords[first + 4] = this.#w4;
  }
}

/** The status that a call wrote into the scratch memory. */
export const scratchStatus = (): Status => Status.of(statusWords, 0);

/** The statuses of several requests, written by one call. */
export class StatusArray {
  readonly words: Int32Array;

  constructor(length: number) {
    // A Status reads the words of the largest layout, also at the end of the array.
    this.words = new Int32Array(length * layout().words + STATUS_WORDS);
  }

  /** The MPI_ERROR field, which only calls that complete several requests write. */
  errorOf(index: number): number {
    return this.words[index * layout().words + layout().error] as number;
  }

  get(index: number): Status {
    return new Status(this.words, index * layout().words);
  }
}
