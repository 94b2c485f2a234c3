import { test } from "uvu";
import * as assert from "uvu/assert";
import { mpi } from "../../src/index.js";
import { nd, njit, prange } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "../jit/caches.js";

/* Which writes of a prange are taken for those of its round alone, and which are refused. */

const params = { cache: { cacheDir: newFolder() } };
const options = { params, parallel: 2 };
const ramp = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i);

const shared = new Float64Array(3);
const write = (x: Float64Array, i: number, value: number): void => {
  x[i] = value;
};
const writeLast = (x: Float64Array, i: number, value: number): number => {
  write(x, i, value);
  return i;
};
const fillAll = (x: Float64Array, value: number): void => {
  for (let k = 0; k < x.length; k++) x[k] = value + k;
};
const ranked = (x: Float64Array, i: number): number => {
  let rank = 0;
  for (let k = 0; k < x.length; k++) if ((x[k] as number) < (x[i] as number)) rank++;
  return rank;
};
const fillHalves = (x: Float64Array, from: number, to: number): number => {
  if (to - from === 1) {
    x[from] = to;
    return 1;
  }
  const middle = from + Math.floor((to - from) / 2);
  return fillHalves(x, from, middle) + fillHalves(x, middle, to);
};
const writeShared = (): number => {
  shared[0] = (shared[0] as number) + 1;
  return 0;
};
const tell = (x: number): number => mpi.allreduce(x);
const tellAll = (x: number): number => tell(x) + 1;

/** What writes something else in each round: into `out`, 12 elements, by the numbers of 0 to 11 in another order. */
const APART: Record<string, (x: Float64Array, out: Float64Array, at: Int32Array) => void> = {
  "elements by an array of indexes": (x, out, at) => {
    for (const i of prange(x.length)) (out[at[i] as number] as number) += x[i] as number;
  },
  "rows of different lengths": (x, out, at) => {
    const start = new Int32Array(5);
    for (let i = 0; i < 5; i++) start[i] = 3 * i;
    for (const i of prange(4)) {
      for (let k = start[i] as number; k < (start[i + 1] as number); k++) out[k] = (x[k] as number) + i;
      let k = start[i] as number;
      while (k < (start[i + 1] as number)) {
        (out[k] as number) += at[k] as number;
        k++;
      }
    }
  },
  "rows and blocks": (x, out) => {
    for (const i of prange(4)) for (let k = 0; k < 3; k++) out[i * 3 + k] = i * (x[k] as number);
    for (const b of prange(2)) {
      const low = b * 6;
      for (let i = low; i < low + 6; i++) (out[i] as number) += 1;
    }
  },
  "elements, rows and columns of views": (x, out) => {
    const u = nd(out, [3, 4]);
    for (const i of prange(3)) for (let j = 0; j < 4; j++) u.set(i, j, i + (x[j] as number));
    for (const i of prange(3)) {
      const row = u.subarray(i, null);
      row.set(0, row.get(0) + 7);
    }
    for (const j of prange(4)) {
      const part = u.subarray([1, 2], [j, j + 1]);
      part.set(0, 0, part.get(0, 0) * 3);
    }
  },
  "parts of arrays, filled, copied to and handed to functions": (x, out) => {
    for (const i of prange(4)) {
      const part = out.subarray(i * 3, i * 3 + 3);
      if (i === 0) part.fill(3);
      else if (i === 1) part.set(x.subarray(4, 7));
      else if (i === 2) out.set(x.subarray(4, 7), i * 3);
      else fillAll(part, 5);
    }
    for (const i of prange(12)) x.fill(i, i, i + 1);
  },
  "arrays of the round, also exchanged, chosen and handed to functions": (x, out, at) => {
    for (const i of prange(12)) {
      let a = new Float64Array(3);
      let b = new Float64Array(3).fill(2);
      fillAll(a, i);
      [a, b] = [b, a];
      const c = (x[i] as number) > 4 ? a : b;
      c[0] = 1;
      b.subarray(1, 2)[0] = i;
      nd(b, [1, 3]).set(0, 2, 4);
      const place = new Int32Array(1);
      place[0] = at[i] as number;
      out[place[0] as number] = (a[0] as number) + (b[0] as number) + (b[1] as number) + (b[2] as number);
    }
  },
  "elements that functions write": (x, out, at) => {
    for (const i of prange(12)) writeLast(out, at[i] as number, x[i] as number);
    for (const i of prange(4)) fillHalves(x, i * 3, i * 3 + 3);
  },
  "places that are counted, by a function as well": (x, out) => {
    for (const i of prange(12)) {
      let rank = 0;
      for (let k = 0; k < 12; k++) if ((x[k] as number) < (x[i] as number)) rank++;
      out[rank] = i;
    }
    for (const i of prange(12)) (out[ranked(x, i)] as number) += 1;
  },
  "places that are searched": (x, out) => {
    for (const i of prange(12)) {
      let low = 0;
      let high = 12;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((x[middle] as number) < i) low = middle + 1;
        else high = middle;
      }
      out[low] = i;
    }
  },
};
for (const [what, fn] of Object.entries(APART)) {
  test(`no race: ${what}`, () => {
    type Given = Parameters<typeof fn>;
    const given = (): Given => {
      const at = Int32Array.from(ramp(12), (i) => (5 * i + 2) % 12);
      return [ramp(12), new Float64Array(12), at].slice(0, fn.length) as Given;
    };
    const [actual, expected] = [given(), given()];
    njit(fn, options)(...actual);
    fn(...expected);
    assert.equal(actual, expected);
  });
}

const RACES: Record<string, [(x: Float64Array, n: number) => unknown, RegExp]> = {
  "a variable that threads overwrite": [
    (x, n) => {
      let last = 0;
      for (const i of prange(n)) last = x[i] as number;
      return last;
    },
    /last is shared by the threads/,
  ],
  "a sum that is read": [
    (x, n) => {
      let sum = 0;
      for (const i of prange(n)) {
        sum += x[i] as number;
        x[i] = sum;
      }
      return sum;
    },
    /sum is shared by the threads/,
  ],
  "an element that all write": [
    (x, n) => {
      for (const i of prange(n)) x[0] = i;
    },
    /each thread of prange would write the same element/,
  ],
  "a sum that is stored": [
    (x, n) => {
      let sum = 0;
      for (const i of prange(n)) x[i] = sum += 1;
      return sum;
    },
    /sum is shared by the threads/,
  ],
  "a count that is an index": [
    (x, n) => {
      let count = 0;
      for (const i of prange(n)) if ((x[i] as number) > 0) x[count++] = i;
      return count;
    },
    /count is shared by the threads/,
  ],
  "an extreme of one kind and of the other": [
    (x, n) => {
      let most = 0;
      for (const i of prange(n)) most = i > 1 ? Math.max(most, x[i] as number) : most;
      for (const i of prange(n)) {
        most = Math.max(most, x[i] as number);
        most = Math.min(most, i);
      }
      return most;
    },
    /most is shared by the threads/,
  ],
  "the elements of an array that each round writes from its beginning": [
    (x, n) => {
      const list = new Float64Array(n);
      for (const i of prange(n)) for (let k = 0; k < (x[i] as number); k++) list[k] = i;
    },
    /each thread of prange would write the same element\n/,
  ],
  "a list that each round makes anew": [
    (x, n) => {
      const list = new Float64Array(n);
      for (const i of prange(n)) {
        let count = 0;
        for (let k = 0; k < n; k++) {
          if ((x[k] as number) < (x[i] as number)) list[count++] = k;
        }
      }
    },
    /each thread of prange would write the same element\n/,
  ],
  "an element by a constant": [
    (x, n) => {
      for (const i of prange(n)) {
        const zero = 0;
        x[zero] = i;
      }
    },
    /each thread of prange would write the same element\n/,
  ],
  "the counter of a prange within": [
    (x, n) => {
      for (const i of prange(n)) for (const j of prange(2)) x[j] = i;
    },
    /each thread of prange would write the same element\n/,
  ],
  "an array that all fill": [
    (x, n) => {
      const y = x.subarray(1);
      for (const i of prange(n)) y.fill(i, 0, i);
    },
    /each thread of prange would write the same elements\n/,
  ],
  "an array that all copy to": [
    (x, n) => {
      const y = new Float64Array(n);
      for (const i of prange(n)) y.set(x.subarray(i, i + 1));
    },
    /each thread of prange would write the same elements\n/,
  ],
  "a part that begins at the same place": [
    (x, n) => {
      for (const i of prange(n)) x.subarray(0, i + 1)[0] = i;
    },
    /each thread of prange would write the same element\n/,
  ],
  "a part that is the round's own only in some": [
    (x, n) => {
      for (const i of prange(n)) {
        const part = i > 1 ? x : new Float64Array(n);
        part[0] = i;
      }
    },
    /each thread of prange would write the same element\n/,
  ],
  "an element of a view": [
    (x, n) => {
      const u = nd(x, [1, n]);
      for (const i of prange(n)) u.set(0, 0, i);
    },
    /each thread of prange would write the same element\n/,
  ],
  "an element of the same row of a view": [
    (x, n) => {
      const u = nd(x, [1, n]);
      for (const i of prange(n)) u.subarray(0, null).set(1, i);
    },
    /each thread of prange would write the same element\n/,
  ],
  "an element that a function writes": [
    (x, n) => {
      for (const i of prange(n)) writeLast(x, 0, i);
    },
    /each thread of prange would write the same element: write is called there\n/,
  ],
  "all elements, by a function": [
    (x, n) => {
      for (const i of prange(n)) fillAll(x, i);
    },
    /each thread of prange would write the same element: fillAll is called there\n/,
  ],
  "an element of an array from outside, by a function": [
    (x, n) => {
      let sum = x[0] as number;
      for (const _ of prange(n)) sum += writeShared();
      return sum;
    },
    /each thread of prange would write the same element: writeShared is called there\n/,
  ],
  MPI: [
    (x, n) => {
      for (const i of prange(n)) x[i] = mpi.allreduce(i);
    },
    /MPI cannot be called within prange\n/,
  ],
  "MPI in what a function calls": [
    (x, n) => {
      for (const i of prange(n)) x[i] = tellAll(i);
    },
    /MPI cannot be called within prange: tell is called there\n/,
  ],
  break: [
    (x, n) => {
      for (const i of prange(n)) {
        if ((x[i] as number) > 1) break;
      }
    },
    /left by break/,
  ],
  "break out of a loop around it": [
    (x, n) => {
      outer: for (let k = 0; k < n; k++) {
        for (const i of prange(n)) if ((x[i] as number) > k) break outer;
      }
    },
    /left by break/,
  ],
  "break out of a block around it": [
    (x, n) => {
      // biome-ignore lint/suspicious/noConfusingLabels: that is what is tested
      outer: {
        for (const i of prange(n)) if ((x[i] as number) > 1) break outer;
        x[0] = 1;
      }
    },
    /left by break/,
  ],
  "continue of a loop around it": [
    (x, n) => {
      outer: for (let k = 0; k < n; k++) {
        for (const i of prange(n)) for (;;) if ((x[i] as number) > k) continue outer;
      }
    },
    /left by continue/,
  ],
  return: [
    (x, n) => {
      for (const i of prange(n)) {
        if ((x[i] as number) > 1) return 1;
      }
      return 2;
    },
    /left by return/,
  ],
};
for (const [what, [fn, message]] of Object.entries(RACES)) {
  test(`refused, where it stands: ${what}`, () => {
    const error = assertThrows(() => njit(fn, options)(ramp(3), 3), {
      code: "ERR_NJIT_UNSUPPORTED",
      message,
    });
    assert.match(error.message, /races\.test\.js:\d+:\d+\n.*\n *\^/);
  });
}

test.run();
