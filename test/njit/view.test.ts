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
