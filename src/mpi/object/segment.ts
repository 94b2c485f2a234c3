import type { Memory } from "./cloneable.js";

/* Which memory the arrays of a value need, on this side and on the other. */

/** What addresses are a multiple of, for every class of arrays. */
const ALIGNMENT = 8;

/** A part of an ArrayBuffer. Arrays that overlap in memory are in one segment, and overlap on the other side. */
export interface Segment {
  /** The bytes themselves: what is sent, or where they are received. */
  readonly bytes: Uint8Array;
  /** Bytes before them in the receiver's ArrayBuffer, so that arrays are aligned there as they are here. */
  readonly lead: number;
}

/** Where the memory of one array is. */
export interface Place {
  /** Which segment. */
  readonly index: number;
  /** From the beginning of the ArrayBuffer on the other side, in bytes. */
  readonly offset: number;
}

export interface Layout {
  readonly segments: readonly Segment[];
  readonly places: ReadonlyMap<Memory, Place>;
}

interface Range {
  readonly memory: Memory;
  readonly start: number;
  readonly end: number;
}

/** Finds the segments of some arrays. Nothing but what they view is in one. */
export function layOut(arrays: Iterable<Memory>): Layout {
  const segments: Segment[] = [];
  const places = new Map<Memory, Place>();
  for (const [buffer, ranges] of byBuffer(arrays)) {
    for (const { start, end, members } of overlapping(ranges)) {
      // A whole ArrayBuffer begins at 0, and so does its segment.
      const lead = start % ALIGNMENT;
      const index = segments.push({ bytes: new Uint8Array(buffer, start, end - start), lead }) - 1;
      for (const member of members) {
        places.set(member.memory, { index, offset: member.start - start + lead });
      }
    }
  }
  return { segments, places };
}

function byBuffer(arrays: Iterable<Memory>): Map<ArrayBufferLike, Range[]> {
  const found = new Map<ArrayBufferLike, Range[]>();
  for (const memory of arrays) {
    const isView = ArrayBuffer.isView(memory);
    const start = isView ? memory.byteOffset : 0;
    const range = { memory, start, end: start + memory.byteLength };
    const buffer = isView ? memory.buffer : memory;
    const others = found.get(buffer);
    if (others === undefined) found.set(buffer, [range]);
    else others.push(range);
  }
  return found;
}

interface Group {
  readonly start: number;
  end: number;
  readonly members: Range[];
}

function overlapping(ranges: Range[]): Group[] {
  const groups: Group[] = [];
  let last: Group | undefined;
  for (const range of ranges.sort((a, b) => a.start - b.start)) {
    if (last === undefined || range.start >= last.end) {
      last = { start: range.start, end: range.end, members: [range] };
      groups.push(last);
      continue;
    }
    last.members.push(range);
    last.end = Math.max(last.end, range.end);
  }
  return groups;
}
