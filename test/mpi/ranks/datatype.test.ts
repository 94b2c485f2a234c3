import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import * as mpi from "../../../src/mpi/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";

const { Datatype, COMM_SELF, DOUBLE, FLOAT, INT32_T, INT8_T, BYTE } = mpi;

/** 0, 1, 2, ... */
const count = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i);

/** Sends one element of `type` to this process, and receives it as doubles without gaps. */
function pick(type: mpi.Datatype, data: Float64Array, offset = 0): number[] {
  const out = new Float64Array(type.size / 8);
  COMM_SELF.sendrecv({ data, type, count: 1, offset }, 0, 1, out, 0, 1);
  return [...out];
}

/** Every constructor with the doubles that it picks out of 0, 1, 2, ... */
const CASES: readonly [name: string, make: () => mpi.Datatype, picks: number[], extent: number][] = [
  ["contiguous", () => Datatype.contiguous(3, DOUBLE), [0, 1, 2], 24],
  ["vector", () => Datatype.vector(3, 2, 4, DOUBLE), [0, 1, 4, 5, 8, 9], 80],
  ["hvector", () => Datatype.hvector(2, 1, 24, DOUBLE), [0, 3], 32],
  ["indexed", () => Datatype.indexed([2, 1], [3, 0], DOUBLE), [3, 4, 0], 40],
  ["hindexed", () => Datatype.hindexed([1, 2], [16, 32], DOUBLE), [2, 4, 5], 32],
  ["indexedBlock", () => Datatype.indexedBlock(2, new Int32Array([4, 0]), DOUBLE), [4, 5, 0, 1], 48],
  ["hindexedBlock", () => Datatype.hindexedBlock(1, [40, 8], DOUBLE), [5, 1], 40],
  ["struct", () => Datatype.struct([1, 2], [8, 24], [DOUBLE, DOUBLE]), [1, 3, 4], 32],
  ["subarray", () => Datatype.subarray([3, 4], [2, 2], [1, 1], DOUBLE), [5, 6, 9, 10], 96],
  ["subarray", () => Datatype.subarray([3, 4], [2, 1], [1, 1], DOUBLE, "fortran"), [4, 5], 96],
  ["resized", () => Datatype.resized(DOUBLE, 0, 24), [0], 24],
  ["dup", () => DOUBLE.dup(), [0], 8],
];

for (const [i, [name, make, picks, extent]] of CASES.entries()) {
  test(`${name} takes its elements and no others (${i})`, () => {
    using type = make();
    assert.equal(pick(type, count(16)), picks);
    assert.is(type.size, 8 * picks.length);
    assert.is(type.extent, extent);
  });

  test(`${name} is decoded and made again (${i})`, () => {
    using type = make();
    const recipe = type.decode();
    assert.is(recipe.combiner, name);
    using again = Datatype.from(recipe as mpi.DerivedRecipe<mpi.Datatype>);
    assert.equal(pick(again, count(16)), picks);
    assert.equal(again.decode(), recipe);
  });
}

test("darray deals an array out to all ranks, each element once", () => {
  for (const order of ["C", "fortran"] as const) {
    const dealt = [0, 1, 2, 3].map((rank) => {
      using type = Datatype.darray(
        4,
        rank,
        [4, 6],
        ["block", "cyclic"],
        [undefined, 2],
        [2, 2],
        DOUBLE,
        order,
      );
      const recipe = type.decode();
      assert.equal(recipe, {
        combiner: "darray",
        size: 4,
        rank,
        gsizes: [4, 6],
        distribs: ["block", "cyclic"],
        dargs: [undefined, 2],
        psizes: [2, 2],
        order,
        type: DOUBLE,
      });
      return pick(type, count(24));
    });
    assert.equal(
      dealt.flat().sort((a, b) => a - b),
      [...count(24)],
    );
    if (order === "C") assert.equal(dealt[0], [0, 1, 4, 5, 6, 7, 10, 11]);
  }
});

test("decode gives all arguments by their names", () => {
  assert.equal(DOUBLE.decode(), { combiner: "named", name: "MPI_DOUBLE" });
  using vector = Datatype.vector(3, 2, -4, FLOAT);
  assert.equal(vector.decode(), { combiner: "vector", count: 3, blocklength: 2, stride: -4, type: FLOAT });
  using struct = Datatype.struct([1, 2], [0, 16], [INT32_T, vector]);
  const recipe = struct.decode();
  assert.ok(recipe.combiner === "struct");
  assert.equal(
    [recipe.blocklengths, recipe.displacements],
    [
      [1, 2],
      [0, 16],
    ],
  );
  assert.is(recipe.types[0], INT32_T);
  assert.equal(recipe.types[1]?.decode(), vector.decode());
  using array = Datatype.subarray([5, 6], [2, 3], [1, 2], INT8_T, "fortran");
  assert.equal(array.decode(), {
    combiner: "subarray",
    sizes: [5, 6],
    subsizes: [2, 3],
    starts: [1, 2],
    order: "fortran",
    type: INT8_T,
  });
});

test("a decoded datatype outlives the one it was made from", () => {
  const inner = Datatype.vector(2, 1, 2, DOUBLE);
  const outer = Datatype.contiguous(2, inner);
  inner.free();
  const recipe = outer.decode();
  outer.free();
  assert.ok(recipe.combiner === "contiguous");
  assert.equal(pick(recipe.type, count(4)), [0, 2]);
});

test("extents and true extents", () => {
  using vector = Datatype.vector(2, 1, -2, DOUBLE);
  assert.equal([vector.size, vector.lb, vector.extent, vector.ub], [16, -16, 24, 8]);
  using resized = Datatype.resized(vector, -32, 100);
  assert.equal([resized.lb, resized.extent, resized.ub], [-32, 100, 68]);
  assert.equal([resized.trueLb, resized.trueExtent], [-16, 24]);
  assert.is(DOUBLE.extent, 8);
  assert.ok(DOUBLE.isDense && !vector.isDense && !resized.isDense);
});

test("a stride of -1 byte, by vector and hvector", () => {
  using backwards = Datatype.resized(mpi.INT8_T, 0, -1);
  const cases: [make: () => mpi.Datatype, picks: number[], lb: number, extent: number][] = [
    [() => Datatype.hvector(4, 1, -1, mpi.INT8_T), [9, 8, 7, 6], -3, 4],
    [() => Datatype.vector(3, 2, -1, mpi.INT8_T), [9, 10, 8, 9, 7, 8], -2, 4],
    [() => Datatype.vector(3, 2, 1, backwards), [9, 8, 8, 7, 7, 6], -3, 2],
    [() => Datatype.hvector(1, 1, -1, mpi.INT8_T), [9], 0, 1],
  ];
  const data = Int8Array.from({ length: 16 }, (_, i) => i);
  for (const [make, picks, lb, extent] of cases) {
    using type = make();
    const out = new Int8Array(picks.length);
    COMM_SELF.sendrecv({ data, type, count: 1, offset: 9 }, 0, 1, out, 0, 1);
    assertArray(out, Int8Array.from(picks));
    assert.equal([type.size, type.lb, type.extent], [picks.length, lb, extent]);
    const recipe = type.decode();
    using again = Datatype.from(recipe as mpi.DerivedRecipe<mpi.Datatype>);
    assert.is(again.decode().combiner, recipe.combiner);
    assert.equal([again.lb, again.extent], [lb, extent]);
  }
  const vector = Datatype.vector(3, 2, -1, mpi.INT8_T);
  const expected = { combiner: "vector", count: 3, blocklength: 2, stride: -1, type: mpi.INT8_T };
  assert.equal(vector.decode(), expected);
  vector.free();
});

test("a datatype that reaches further than 2^53 bytes is refused", () => {
  const far = Number.MAX_SAFE_INTEGER;
  using wide = Datatype.resized(DOUBLE, 0, 2 ** 50);
  const makers: (() => mpi.Datatype)[] = [
    () => Datatype.hvector(2 ** 31 - 1, 1, far, mpi.INT8_T),
    () => Datatype.hvector(2 ** 31 - 1, 1, -far, mpi.INT8_T),
    () => Datatype.vector(2 ** 20, 1, 2 ** 30, wide),
    () => Datatype.contiguous(16, wide),
    () => Datatype.indexed([1, 1], [0, 8], wide),
    () => Datatype.indexedBlock(1, [0, 8], wide),
    () => Datatype.hindexed([1], [far], DOUBLE),
    () => Datatype.hindexedBlock(1, [-far], DOUBLE),
    () => Datatype.struct([1, 1], [0, far], [DOUBLE, DOUBLE]),
    () => Datatype.subarray([4, 4], [1, 1], [0, 0], wide),
    () => Datatype.resized(DOUBLE, far, 1),
  ];
  for (const make of makers) assertThrows(make, { code: "ERR_OUT_OF_RANGE", message: "2^53" });
  using near = Datatype.hvector(2, 1, 2 ** 53 - 16, DOUBLE);
  assert.is(near.extent, 2 ** 53 - 8);
});

test("an element of more than 2^31 bytes has its size", () => {
  using block = Datatype.contiguous(2 ** 30, DOUBLE);
  assert.is(block.size, 2 ** 33);
  using far = Datatype.hvector(2, 1, 2 ** 40, DOUBLE);
  assert.is(far.extent, 2 ** 40 + 8);
  assert.is((far.decode() as { stride: number }).stride, 2 ** 40);
});

test("names", () => {
  assert.is(DOUBLE.name, "MPI_DOUBLE");
  using type = Datatype.vector(3, 1, 2, DOUBLE);
  assert.is(type.name, "");
  assert.is(String(type), "vector of MPI_DOUBLE");
  type.name = "every other one, größer";
  assert.is(type.name, "every other one, größer");
  assert.is(String(type), "every other one, größer");
  assertThrows(() => (type.name = "x".repeat(200)), { code: "ERR_OUT_OF_RANGE", argument: "name" });
  assertThrows(() => (DOUBLE.name = "x"), { code: "ERR_MPI_TYPE", message: "cannot be renamed" });
});

test("a datatype is freed once, and then refused", () => {
  const type = Datatype.contiguous(2, DOUBLE);
  const { size } = type;
  assert.is(size, 16);
  const pending = COMM_SELF.irecv({ data: new Float64Array(2), type, count: 1 }, 0, 3);
  type.free();
  assert.ok(type.freed);
  COMM_SELF.send(new Float64Array(2), 0, 3);
  assert.is(pending.wait().byteLength, 16);
  for (const use of [
    () => type.free(),
    () => type.size,
    () => type.dup(),
    () => Datatype.contiguous(2, type),
    () => COMM_SELF.send({ data: new Float64Array(2), type }, 0),
  ]) {
    assertThrows(use, { code: "ERR_MPI_FREED", message: "contiguous of MPI_DOUBLE" });
  }
  type[Symbol.dispose]();
  assertThrows(() => DOUBLE.free(), { code: "ERR_MPI_TYPE" });
});

test("datatypes that cannot be reached are freed", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  // The library uses the handles of freed datatypes again.
  const handles = new Set<number | bigint>();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 200; i++) handles.add(Datatype.contiguous(i, DOUBLE).handle);
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(handles.size < 1500, `${handles.size} handles of 2000 datatypes`);
});

test("bad arguments are named", () => {
  const bad: [() => unknown, string, string][] = [
    [() => Datatype.contiguous(-1, DOUBLE), "ERR_OUT_OF_RANGE", "count"],
    [() => Datatype.contiguous(1.5, DOUBLE), "ERR_OUT_OF_RANGE", "count"],
    [() => Datatype.contiguous("1" as never, DOUBLE), "ERR_INVALID_ARG_TYPE", "count"],
    [() => Datatype.contiguous(1, "double" as never), "ERR_INVALID_ARG_TYPE", "type"],
    [() => Datatype.vector(1, -2, 1, DOUBLE), "ERR_OUT_OF_RANGE", "blocklength"],
    [() => Datatype.vector(1, 1, Number.NaN, DOUBLE), "ERR_OUT_OF_RANGE", "stride"],
    [() => Datatype.indexed([1, -1], [0, 1], DOUBLE), "ERR_OUT_OF_RANGE", "blocklengths[1]"],
    [() => Datatype.indexed([1, 1], [0], DOUBLE), "ERR_OUT_OF_RANGE", "displacements"],
    [() => Datatype.indexed(3 as never, [0], DOUBLE), "ERR_INVALID_ARG_TYPE", "blocklengths"],
    [() => Datatype.struct([1], [0], [1 as never]), "ERR_INVALID_ARG_TYPE", "types[0]"],
    [() => Datatype.struct([1], [0], []), "ERR_OUT_OF_RANGE", "types"],
    [() => Datatype.subarray([4], [5], [0], DOUBLE), "ERR_OUT_OF_RANGE", "subsizes[0]"],
    [() => Datatype.subarray([4], [2], [3], DOUBLE), "ERR_OUT_OF_RANGE", "starts[0]"],
    [() => Datatype.subarray([], [], [], DOUBLE), "ERR_OUT_OF_RANGE", "sizes"],
    [() => Datatype.subarray([4], [2], [0], DOUBLE, "F" as never), "ERR_INVALID_ARG_VALUE", "order"],
    [() => Datatype.darray(4, 0, [4], ["block"], [undefined], [3], DOUBLE), "ERR_OUT_OF_RANGE", "psizes"],
    [() => Datatype.darray(4, 4, [4], ["block"], [undefined], [4], DOUBLE), "ERR_OUT_OF_RANGE", "rank"],
    [() => Datatype.darray(2, 0, [4], ["block"], [1], [2], DOUBLE), "ERR_OUT_OF_RANGE", "dargs[0]"],
    [() => Datatype.darray(2, 0, [4], ["none"], [1], [2], DOUBLE), "ERR_OUT_OF_RANGE", "psizes[0]"],
    [
      () => Datatype.darray(1, 0, [4], ["all" as never], [1], [1], DOUBLE),
      "ERR_INVALID_ARG_VALUE",
      "distribs[0]",
    ],
  ];
  for (const [call, code, argument] of bad) assertThrows(call, { code, argument });
});

test("elements of a derived type must lie inside of the data", () => {
  using column = Datatype.vector(3, 1, 4, DOUBLE);
  const matrix = count(12);
  assert.equal(pick(column, matrix, 3), [3, 7, 11]);
  const use = (buffer: mpi.BufferDescription) => (): void => COMM_SELF.send(buffer, mpi.PROC_NULL);
  use({ data: matrix, type: column })();
  assertThrows(use({ data: matrix, type: column, offset: 4 }), { code: "ERR_OUT_OF_RANGE" });
  assertThrows(use({ data: matrix, type: column, count: 2 }), {
    code: "ERR_OUT_OF_RANGE",
    argument: "buf.count",
  });
  using next = Datatype.resized(column, 0, 8);
  use({ data: matrix, type: next, count: 4 })();
  assertThrows(use({ data: matrix, type: next, count: 5 }), {
    code: "ERR_OUT_OF_RANGE",
    argument: "buf.count",
  });
  using backwards = Datatype.vector(3, 1, -4, DOUBLE);
  assert.equal(pick(backwards, matrix, 9), [9, 5, 1]);
  assertThrows(() => pick(backwards, matrix, 7), { code: "ERR_OUT_OF_RANGE" });
  using leftwards = Datatype.resized(DOUBLE, 0, -8);
  const reversed = new Float64Array(3);
  COMM_SELF.sendrecv({ data: matrix, type: leftwards, count: 3, offset: 2 }, 0, 1, reversed, 0, 1);
  assertArray(reversed, new Float64Array([2, 1, 0]));
  assertThrows(use({ data: matrix, type: leftwards, count: 4, offset: 2 }), { code: "ERR_OUT_OF_RANGE" });
  using same = Datatype.resized(DOUBLE, 0, 0);
  use({ data: matrix, type: same, count: 3 })();
  assertThrows(use({ data: matrix, type: same }), { code: "ERR_OUT_OF_RANGE", argument: "buf.count" });
});

test("without a count, as many elements as there are are taken", () => {
  using next = Datatype.resized(DOUBLE, 0, 16);
  const out = new Float64Array(3);
  COMM_SELF.sendrecv({ data: count(5), type: next }, 0, 1, out, 0, 1);
  assertArray(out, new Float64Array([0, 2, 4]));
  // A pair has a gap at its end.
  assert.is(mpi.DOUBLE_INT.size, 12);
  const pairs = new DataView(new ArrayBuffer(32));
  pairs.setFloat64(16, 2.5, true);
  const received = new DataView(new ArrayBuffer(32));
  COMM_SELF.sendrecv(
    { data: pairs, type: mpi.DOUBLE_INT },
    0,
    1,
    { data: received, type: mpi.DOUBLE_INT },
    0,
    1,
  );
  assert.is(received.getFloat64(16, true), 2.5);
});

test("packed messages", () => {
  const values = count(3);
  const names = new TextEncoder().encode("héllo");
  const bytes = new Uint8Array(mpi.packSize(3, DOUBLE) + mpi.packSize(names.length, names));
  let position = mpi.pack(values, bytes);
  position = mpi.pack({ data: names }, bytes, position);
  const copy = new Uint8Array(bytes.length);
  COMM_SELF.sendrecv(
    { data: bytes, count: position, type: mpi.PACKED },
    0,
    1,
    { data: copy, type: mpi.PACKED },
    0,
    1,
  );
  const outValues = new Float64Array(3);
  const outNames = new Uint8Array(names.length);
  const middle = mpi.unpack(copy, outValues);
  assert.is(mpi.unpack(copy, outNames, middle, COMM_SELF), position);
  assertArray(outValues, values);
  assertArray(outNames, names);
  assertThrows(() => mpi.pack(values, new Uint8Array(23)), { code: "ERR_OUT_OF_RANGE", argument: "packed" });
  assertThrows(() => mpi.unpack(copy, outValues, copy.length - 8), {
    code: "ERR_OUT_OF_RANGE",
    argument: "packed",
  });
  assertThrows(() => mpi.unpack(copy, outValues, -1), { code: "ERR_OUT_OF_RANGE", argument: "position" });
  assertThrows(() => mpi.unpack([] as never, outValues), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "packed",
  });
  assertThrows(() => mpi.pack(values, copy, 0, {} as never), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "comm",
  });
  assertThrows(() => mpi.packSize(-1, DOUBLE), { code: "ERR_OUT_OF_RANGE", argument: "count" });
});

test("a strided type is packed without its gaps", () => {
  using column = Datatype.vector(3, 1, 4, DOUBLE);
  const bytes = new Float64Array(3);
  assert.is(mpi.pack({ data: count(12), type: column, count: 1, offset: 1 }, bytes), 24);
  assertArray(bytes, new Float64Array([1, 5, 9]));
});

test("external32 is big-endian", () => {
  assert.is(mpi.packExternalSize(2, DOUBLE), 16);
  const bytes = new Uint8Array(20);
  let position = mpi.packExternal(new Float64Array([1, -2]), bytes);
  position = mpi.packExternal(new Int32Array([258]), bytes, position);
  assert.is(position, 20);
  const view = new DataView(bytes.buffer);
  assert.equal([view.getFloat64(0), view.getFloat64(8), view.getInt32(16)], [1, -2, 258]);
  const doubles = new Float64Array(2);
  assert.is(mpi.unpackExternal(bytes, doubles), 16);
  assertArray(doubles, new Float64Array([1, -2]));
  assertThrows(() => mpi.unpackExternal(bytes, doubles, 8), { code: "ERR_OUT_OF_RANGE", argument: "packed" });
});

test("BYTE is still the type of bytes", () => {
  assert.is(BYTE.size, 1);
  using bytes = Datatype.contiguous(3, BYTE);
  assert.is((bytes.decode() as { type: mpi.Datatype }).type, BYTE);
});
