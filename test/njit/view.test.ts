import { test } from "uvu";
import * as assert from "uvu/assert";
import { type NdView, nd, njit } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { newFolder } from "../jit/caches.js";

const params = { cache: { cacheDir: newFolder() } };
const grid = (nx: number, ny: number) =>
  nd(
    Float64Array.from({ length: nx * ny }, (_, i) => (i * 7) % 11),
    [nx, ny],
  );

const heat = (u: NdView<Float64Array>, v: NdView<Float64Array>, steps: number) => {
  let [from, to] = [u, v];
  for (let step = 0; step < steps; step++) {
    for (let i = 1; i < (from.shape[0] as number) - 1; i++) {
      for (let j = 1; j < (from.shape[1] as number) - 1; j++) {
        to.set(
          i,
          j,
          0.25 * (from.get(i - 1, j) + from.get(i + 1, j) + from.get(i, j - 1) + from.get(i, j + 1)),
        );
      }
    }
    [from, to] = [to, from];
  }
};

for (const boundscheck of ["throw", "js", "none"] as const) {
  test(`a stencil over two views that change places, boundscheck "${boundscheck}"`, () => {
    const [u, v, expectedU, expectedV] = [grid(9, 13), grid(9, 13), grid(9, 13), grid(9, 13)];
    njit(heat, { params, boundscheck })(u, v, 5);
    heat(expectedU, expectedV, 5);
    assert.equal(u.data, expectedU.data);
    assert.equal(v.data, expectedV.data);
  });
}

test("one to four dimensions, of all kinds of elements", () => {
  for (const array of [
    Int8Array,
    Uint8ClampedArray,
    Uint32Array,
    Float32Array,
    Float64Array,
  ] as (typeof Float64Array)[]) {
    for (const shape of [[24], [4, 6], [2, 3, 4], [2, 3, 2, 2]]) {
      const data = new array(24).map((_: number, i: number) => i);
      const view = nd(data, shape);
      const last = shape.map((length) => length - 1);
      const compiled = njit(
        new Function("v", `v.set(${last}, v.get(${last}) + 300); return v.get(${last});`) as never,
        { params },
      ) as (view: unknown) => number;
      const expected = array.of(323)[0] as number;
      assert.is(compiled(view), expected);
      assert.is(view.get(...last), expected);
    }
  }
  const wide = nd(BigInt64Array.of(1n, 2n), [1, 2]);
  assert.is(njit((v: typeof wide) => v.get(0, 1) + 1n, { params })(wide), 3n);
});

test("a view that is made in the function, captured, or passed on", () => {
  const captured = grid(3, 4);
  const corner = (v: NdView<Float64Array>): number =>
    v.get((v.shape[0] as number) - 1, (v.shape[1] as number) - 1);
  const work = (x: Float64Array, n: number) => {
    const own = nd(x, [n, 2]);
    own.set(n - 1, 1, 99);
    return corner(own) + corner(captured);
  };
  const x = new Float64Array(8);
  assert.is(njit(work, { params })(x, 3), 99 + captured.get(2, 3));
  assert.is(x[5], 99);
  assertThrows(() => njit(work, { params })(x, 5), {
    code: "ERR_OUT_OF_RANGE",
    message: /too few elements for this shape/,
  });
});

test("a signature with views", () => {
  const corner = njit("nd2(f64), f64", (v, scale) => v.get(0, 0) * scale, { params });
  assert.equal(corner.signatures, ["nd2(f64), f64"]);
  assert.is(corner(nd(Float64Array.of(4), [1, 1]), 0.5), 2);
  assertThrows(() => njit(() => 0, "nd5(f64)"), { code: "ERR_NJIT_SIGNATURE" });
});

test("an index outside of a dimension is an error, compiled or not", () => {
  const v = grid(3, 4);
  const at = (view: NdView<Float64Array>, i: number, j: number) => view.get(i, j);
  const compiled = njit(at, { params });
  assert.is(compiled(v, 2, 3), v.get(2, 3));
  for (const [i, j] of [
    [0, 4],
    [3, 0],
    [-1, 0],
    [0, 0.5],
    [Number.NaN, 0],
  ] as const) {
    assertThrows(() => v.get(i, j), { code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => compiled(v, i, j), { code: "ERR_OUT_OF_RANGE" });
  }
  assertThrows(() => njit((view: NdView) => view.get(0), { params })(v), {
    code: "ERR_NJIT_TYPE",
    message: /expected 2 indexes/,
  });
});

/** What a part of a view has, in its own order. */
const elementsOf = (v: NdView<Float64Array>): number[] => {
  const [nx = 0, ny] = v.shape;
  return Array.from({ length: nx * (ny ?? 1) }, (_, k) =>
    ny === undefined ? v.get(k) : v.get(Math.floor(k / ny), k % ny),
  );
};

test("parts of views share their elements, compiled or not", () => {
  const whole = nd(
    Float64Array.from({ length: 12 }, (_, i) => i),
    [3, 4],
  );
  assert.equal(elementsOf(whole.subarray(null, 1)), [1, 5, 9]);
  assert.equal(elementsOf(whole.subarray(2, null)), [8, 9, 10, 11]);
  assert.equal(elementsOf(whole.subarray([1, 3], [0, 2])), [4, 5, 8, 9]);
  assert.equal(elementsOf(whole.subarray([1, 3], [0, 2]).subarray(null, 1)), [5, 9]);
  assert.equal(whole.subarray(null, 1).strides, [4]);
  assert.is(whole.subarray([1, 1], null).shape[0], 0);
  const sum = (v: NdView<Float64Array>): number => {
    let total = 0;
    for (let i = 0; i < (v.shape[0] as number); i++) {
      for (let j = 0; j < (v.shape[1] as number); j++) total += v.get(i, j) * (1 + i + 10 * j);
    }
    v.set(0, 0, -1);
    return total;
  };
  for (const boundscheck of ["throw", "js", "none"] as const) {
    const inside = njit((v: NdView<Float64Array>) => sum(v.subarray([0, 2], [1, 3])), {
      params,
      boundscheck,
    });
    const compiled = njit(sum, { params, boundscheck });
    for (const fn of [compiled, inside, inside.js, sum]) {
      const again = nd(whole.data.slice(), [3, 4]);
      const isWhole = fn === inside || fn === inside.js;
      assert.is(fn(isWhole ? again : again.subarray([0, 2], [1, 3])), 1 + 5 * 2 + 2 * 11 + 6 * 12);
      assert.is(again.data[1], -1);
    }
    assert.equal(compiled.signatures, ["strided nd2(f64)"]);
  }
});

test("a part of a view is given to another variable, and taken by its signature", () => {
  const last = njit("strided nd1(f64)", (v) => v.get((v.shape[0] as number) - 1), { params });
  const whole = nd(
    Float64Array.from({ length: 12 }, (_, i) => i),
    [3, 4],
  );
  assert.is(last(whole.subarray(null, 3)), 11);
  const walk = (v: NdView<Float64Array>): number => {
    let [a, b] = [v.subarray(null, 0), v.subarray(null, 2)];
    let sum = 0;
    for (let i = 0; i < 3; i++) {
      sum += 10 * a.get(i) + b.get(i);
      [a, b] = [b, a];
    }
    return sum;
  };
  assert.is(njit(walk, { params })(whole), walk(whole));
});

test("what is no part of a view", () => {
  const whole = grid(3, 4);
  const wrong = [
    [0],
    [0, 0],
    [null, 4],
    [-1, null],
    [0.5, null],
    [[0, 4], null],
    [[2, 1], null],
    [[-1, 2], 0],
  ];
  for (const ranges of wrong as Parameters<typeof whole.subarray>[]) {
    assertThrows(() => whole.subarray(...ranges), { code: "ERR_OUT_OF_RANGE" });
  }
  const compiled = njit((v: NdView<Float64Array>, i: number) => v.subarray(null, i).get(0), { params });
  assert.is(compiled(whole, 3), whole.get(0, 3));
  for (const i of [4, -1, 0.5]) assertThrows(() => compiled(whole, i), { code: "ERR_OUT_OF_RANGE" });
  const range = njit((v: NdView<Float64Array>, a: number, b: number) => v.subarray([a, b], 0).get(0), {
    params,
  });
  for (const [a, b] of [
    [0, 4],
    [2, 1],
    [-1, 2],
    [0, 0],
  ] as const) {
    assertThrows(() => range(whole, a, b), { code: "ERR_OUT_OF_RANGE" });
  }
  assertThrows(() => njit((v: typeof whole) => v.subarray(0).get(0), { params })(whole), {
    code: "ERR_NJIT_TYPE",
  });
  assertThrows(() => njit((v: typeof whole) => v.subarray(0, 1).get(0), { params })(whole), {
    code: "ERR_NJIT_TYPE",
  });
});

test("what is no view", () => {
  assertThrows(() => nd([] as never, [1]), { code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => nd(new Float64Array(3), 3 as never), { code: "ERR_INVALID_ARG_TYPE" });
  for (const shape of [[], [4], [-1], [0.5], [1, 1, 1, 1, 1]]) {
    assertThrows(() => nd(new Float64Array(3), shape), { code: "ERR_OUT_OF_RANGE" });
  }
  const view = nd(new Float64Array(4), [2, 2]);
  const compiled = njit((v: typeof view) => v.get(1, 1), { params });
  assert.is(compiled(view), 0);
  structuredClone(view.data.buffer, { transfer: [view.data.buffer] });
  assertThrows(() => compiled(view), { code: "ERR_INVALID_ARG_VALUE", message: /detached/ });
});

test.run();
