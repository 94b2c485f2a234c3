import { Deserializer, Serializer } from "node:v8";
import { tagOf } from "../buffer/element.js";
import { MpiError } from "../error.js";
import { VIEWS } from "./classes.js";
import { arraysIn, refusal } from "./cloneable.js";
import { type Layout, layOut, type Segment } from "./segment.js";

/*
 * Values as bytes by the structured clone algorithm, as V8 writes it: Map, Set, Date, RegExp, BigInt, errors,
 * typed arrays, cycles. The memory of large arrays stays out of the bytes: it is sent from where it is and
 * received where it will be.
 *
 *   "tmo1", number of segments, length and lead of each     which memory the arrays need
 *   V8's bytes                                              the value, with references to the segments
 *   the bytes of small segments
 */
const MAGIC = Buffer.from("tmo1", "latin1");

/** Bytes up to which copying a segment costs less than another message. */
const SMALL = 8192;

const isSmall = (byteLength: number): boolean => byteLength <= SMALL;

/** A value that was written. */
export interface Clone {
  readonly stream: Uint8Array;
  /** Memory that is to be sent as well. */
  readonly memory: readonly Uint8Array[];
}

/**
 * Writes a value.
 * @param name What it is called in errors.
 * @throws TypeError for functions, symbols, instances of classes and other things that cannot be cloned, with
 *   the path to the first of them; for what is nested too deep
 */
export function write(value: unknown, name = "value"): Clone {
  try {
    return new Writer(layOut(arraysIn(value))).write(value);
  } catch (cause) {
    throw refusal(value, name, cause);
  }
}

class Writer extends Serializer {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    super();
    this.#layout = layout;
  }

  write(value: unknown): Clone {
    const { segments, places } = this.#layout;
    this.writeRawBytes(MAGIC);
    this.writeUint32(segments.length);
    for (const { bytes, lead } of segments) {
      this.writeDouble(bytes.length);
      this.writeUint32(lead);
    }
    // @ts-expect-error: documented for subclasses of Serializer only
    this._setTreatArrayBufferViewsAsHostObjects(true);
    for (const [memory, { index }] of places) {
      if (!ArrayBuffer.isView(memory)) this.transferArrayBuffer(index, memory);
    }
    this.writeHeader();
    this.writeValue(value);
    const [small, large] = split(segments);
    for (const { bytes } of small) this.writeRawBytes(bytes);
    return { stream: this.releaseBuffer(), memory: large.map(({ bytes }) => bytes) };
  }

  /** V8 calls it for each view. */
  _writeHostObject(view: ArrayBufferView): void {
    const place = this.#layout.places.get(view);
    // A getter may give another array each time.
    if (place === undefined) throw new TypeError("it changed while it was written");
    const name = Buffer.isBuffer(view) ? "Buffer" : (tagOf(view) ?? "DataView");
    this.writeUint32(VIEWS.indexOf(name as (typeof VIEWS)[number]));
    this.writeUint32(place.index);
    this.writeDouble(place.offset);
    this.writeDouble(view.byteLength);
  }

  /** V8 makes errors of it. */
  _getDataCloneError: typeof TypeError = TypeError;
}

function split(segments: readonly Segment[]): [small: Segment[], large: Segment[]] {
  const small: Segment[] = [];
  const large: Segment[] = [];
  for (const segment of segments) (isSmall(segment.bytes.length) ? small : large).push(segment);
  return [small, large];
}

/** A value that was received: first its stream, then its memory. */
export class Arrived {
  /** New memory, to be filled before the value is read, which keeps it. */
  readonly memory: readonly Uint8Array[];
  readonly #reader: Reader;
  readonly #from: string;

  /**
   * @param stream What `write` made. It is not kept.
   * @param from Who sent it, for the error.
   * @throws MpiError `ERR_MPI_TYPE` for other bytes
   */
  constructor(stream: Uint8Array, from: string) {
    this.#from = from;
    this.#reader = new Reader(stream);
    const segments = this.#attempt(() => this.#reader.open(stream));
    this.memory = segments.flatMap(({ bytes }) => (isSmall(bytes.length) ? [] : [bytes]));
  }

  /** The value. @throws MpiError `ERR_MPI_TYPE` */
  read(): unknown {
    return this.#attempt(() => {
      this.#reader.readHeader();
      return this.#reader.readValue();
    });
  }

  #attempt<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new MpiError(`What ${this.#from} sent cannot be read as an object: ${reason}`, {
        code: "ERR_MPI_TYPE",
        cause,
      });
    }
  }
}

type ViewClass = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
};

class Reader extends Deserializer {
  #segments: readonly Segment[] = [];

  /** Reads which memory is needed, and makes it. */
  open(stream: Uint8Array): readonly Segment[] {
    const isOurs = stream.length > MAGIC.length && MAGIC.equals(this.readRawBytes(MAGIC.length));
    if (!isOurs) throw new TypeError("it was not sent by an operation on objects");
    this.#segments = Array.from({ length: this.readUint32() }, () => {
      const length = this.readDouble();
      const lead = this.readUint32();
      return { bytes: new Uint8Array(new ArrayBuffer(lead + length), lead), lead };
    });
    const [small] = split(this.#segments);
    let at = stream.length - small.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const { bytes } of small) {
      bytes.set(stream.subarray(at, at + bytes.length));
      at += bytes.length;
    }
    for (const [index, { bytes }] of this.#segments.entries()) {
      this.transferArrayBuffer(index, bytes.buffer as ArrayBuffer);
    }
    return this.#segments;
  }

  /** V8 calls it for each view. */
  _readHostObject(): ArrayBufferView {
    const name = VIEWS[this.readUint32()] as (typeof VIEWS)[number];
    const { buffer } = (this.#segments[this.readUint32()] as Segment).bytes;
    const byteOffset = this.readDouble();
    const byteLength = this.readDouble();
    if (name === "Buffer") return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    const View = (globalThis as unknown as Record<string, ViewClass>)[name];
    if (View === undefined) throw new TypeError(`this Node has no ${name}`);
    return new View(buffer, byteOffset, byteLength / (View.BYTES_PER_ELEMENT ?? 1));
  }
}
