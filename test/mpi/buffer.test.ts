import { suite } from "uvu";
import * as assert from "uvu/assert";
import { splitCount } from "../../src/mpi/buffer/large.js";
import { hasOverlap, reach, simplify } from "../../src/mpi/buffer/strided.js";
import { TypeCache } from "../../src/mpi/buffer/type-cache.js";
import { layOut } from "../../src/mpi/datatype/struct.js";

// The arithmetic of buffers, for which no MPI is needed.

const large = suite("large counts");

large("a count is blocks of 2^30 and a rest", () => {
  assert.equal(splitCount(0), { blocks: 0, rest: 0 });
  assert.equal(splitCount(2 ** 30 - 1), { blocks: 0, rest: 2 ** 30 - 1 });
  assert.equal(splitCount(2 ** 31), { blocks: 2, rest: 0 });
  assert.equal(splitCount(2 ** 31 + 5), { blocks: 2, rest: 5 });
  assert.equal(splitCount(3 * 2 ** 30 + 1), { blocks: 3, rest: 1 });
});

large("nothing is lost up to the largest safe integer", () => {
  for (let bits = 31; bits <= 53; bits++) {
    for (const count of [2 ** bits - 1, 2 ** bits - 2 ** 29, 2 ** (bits - 1) + 1]) {
      const { blocks, rest } = splitCount(count);
      assert.is(BigInt(blocks) * 2n ** 30n + BigInt(rest), BigInt(count));
      assert.ok(blocks < 2 ** 23 && rest >= 0 && rest < 2 ** 30, String(count));
    }
  }
});

large.run();

const strided = suite("strided views");

const dimensions = (...pairs: [length: number, stride: number][]) =>
  pairs.map(([length, stride]) => ({ length, stride }));

strided("dimensions that continue each other become one", () => {
  assert.equal(simplify(dimensions([3, 4], [4, 1])), dimensions([12, 1]));
  assert.equal(simplify(dimensions([3, 5], [4, 1])), dimensions([3, 5], [4, 1]));
  assert.equal(simplify(dimensions([2, 24], [3, 8], [4, 2])), dimensions([24, 2]));
  assert.equal(simplify(dimensions([2, -12], [3, -4], [4, 1])), dimensions([6, -4], [4, 1]));
  assert.equal(simplify(dimensions([3, 0], [2, 0])), dimensions([6, 0]));
});

strided("dimensions of one are dropped", () => {
  assert.equal(simplify(dimensions([1, 7])), []);
  assert.equal(simplify(dimensions([1, 7], [3, 2], [1, -9], [2, 1])), dimensions([6, 1]));
});

strided("the reach of a view", () => {
  assert.equal(reach([]), { lowest: 0, highest: 0 });
  assert.equal(reach(dimensions([3, -4], [5, 2])), { lowest: -8, highest: 8 });
});

strided("overlaps are found, as a set of all bytes finds them", () => {
  const strides = [-5, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7];
  for (const a of strides) {
    for (const b of strides) {
      for (const size of [1, 2]) {
        const view = dimensions([3, a], [2, b]);
        const bytes: number[] = [];
        for (let i = 0; i < 3; i++) {
          for (let j = 0; j < 2; j++) for (let k = 0; k < size; k++) bytes.push(i * a + j * b + k);
        }
        assert.is(hasOverlap(view, size), new Set(bytes).size < bytes.length, `${a} ${b} ${size}`);
      }
    }
  }
});

strided.run();

const cache = suite("cache of datatypes");

cache("keeps those used last, and frees the others", () => {
  const freed: string[] = [];
  const types = new TypeCache(2);
  const get = (key: string) => types.get(key, () => ({ type: { free: () => freed.push(key) } }) as never);
  const first = get("a");
  get("b");
  assert.is(get("a"), first);
  get("c");
  assert.equal(freed, ["b"]);
  assert.is(types.size, 2);
  assert.is(get("a"), first);
  get("b");
  assert.equal(freed, ["b", "c"]);
});

cache.run();

const struct = suite("layout of structs");

const fields = (...pairs: [byteLength: number, alignment: number][]) =>
  pairs.map(([byteLength, alignment]) => ({ byteLength, alignment }));

struct("fields are aligned, and the whole to the largest alignment", () => {
  assert.equal(layOut(fields([1, 1], [8, 8], [2, 2]), false), {
    offsets: [0, 8, 16],
    extent: 24,
    alignment: 8,
  });
  assert.equal(layOut(fields([1, 1], [8, 8], [2, 2]), true), {
    offsets: [0, 1, 9],
    extent: 11,
    alignment: 1,
  });
  assert.equal(layOut(fields([12, 4], [1, 1]), false), { offsets: [0, 12], extent: 16, alignment: 4 });
});

struct.run();
