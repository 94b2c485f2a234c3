import { inspect } from "node:util";
import * as assert from "uvu/assert";
import * as mpi from "../../../src/mpi/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";

const { Datatype, COMM_SELF, COMM_WORLD, DOUBLE, FLOAT, INT32_T, INT64_T, INT8_T, INT16_T, C_BOOL } = mpi;

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => undefined;

test("fields are laid out as in C", () => {
  using type = Datatype.struct({ c: INT8_T, x: DOUBLE, n: INT32_T, v: [FLOAT, 3], s: INT16_T });
  assert.equal(type.offsets, { c: 0, x: 8, n: 16, v: 20, s: 32 });
  assert.equal([type.extent, type.size, type.alignment, type.lb], [40, 1 + 8 + 4 + 12 + 2, 8, 0]);
  using packed = Datatype.struct({ c: INT8_T, x: DOUBLE, n: INT32_T }, { packed: true });
  assert.equal(packed.offsets, { c: 0, x: 1, n: 9 });
  assert.equal([packed.extent, packed.alignment], [13, 1]);
  using small = Datatype.struct({ n: INT16_T, z: mpi.C_FLOAT_COMPLEX, p: mpi.DOUBLE_INT, q: mpi.SHORT_INT });
  assert.equal(small.offsets, { n: 0, z: 4, p: 16, q: 32 });
});

test("structs in structs keep their alignment", () => {
  using point = Datatype.struct({ x: DOUBLE, tag: INT8_T });
  using packed = Datatype.struct({ tag: INT8_T, x: DOUBLE }, { packed: true });
  using pair = Datatype.struct({ flag: INT8_T, p: [point, 2], q: packed });
  assert.equal(pair.offsets, { flag: 0, p: 8, q: 40 });
  assert.is(pair.extent, 56);
  using column = Datatype.vector(2, 1, 2, DOUBLE);
  using other = Datatype.struct({ flag: INT8_T, c: column });
  assert.equal(other.offsets, { flag: 0, c: 8 });
});

test("records read and write the memory", () => {
  using type = Datatype.struct({
    x: DOUBLE,
    n: INT32_T,
    big: INT64_T,
    on: C_BOOL,
    v: [FLOAT, 3],
    z: mpi.C_DOUBLE_COMPLEX,
    flags: [C_BOOL, 2],
  });
  const memory = new ArrayBuffer(2 * type.extent);
  const records = type.records(memory);
  assert.is(records.length, 2);
  const [first, second] = records as [(typeof records)[0], (typeof records)[0]];
  holds<Same<typeof first.x, number>>();
  holds<Same<typeof first.big, bigint>>();
  holds<Same<typeof first.on, boolean>>();
  holds<Same<typeof first.v, mpi.Elements<number>>>();
  holds<Same<typeof first.z, mpi.Elements<number>>>();
  holds<Same<typeof first.flags, readonly boolean[]>>();
  second.x = 1.5;
  second.n = -7;
  second.big = 2n ** 60n;
  second.on = true;
  second.v = [1, 2, 3];
  second.v[1] = 20;
  second.z = [3, 4];
  second.flags = [false, true];
  assert.equal([second.x, second.n, second.big, second.on], [1.5, -7, 2n ** 60n, true]);
  assertArray(second.v as unknown as Float32Array, new Float32Array([1, 20, 3]));
  assertArray(second.z as unknown as Float64Array, new Float64Array([3, 4]));
  assert.equal(second.flags, [false, true]);
  assert.is(first.x, 0);
  assert.is(new DataView(memory).getFloat64(type.extent + type.offsets.x, true), 1.5);
  assert.is(type.record(memory, 1).n, -7);
  assert.match(inspect(second), /n: -7/);
  assert.equal(
    JSON.parse(JSON.stringify({ ...Datatype.struct({ a: INT32_T }).record(new Int32Array([5])) })),
    {},
  );
  assert.is(JSON.stringify(Datatype.struct({ a: INT32_T }).record(new Int32Array([5]))), '{"a":5}');
});

test("records of records", () => {
  using point = Datatype.struct({ x: DOUBLE, y: DOUBLE });
  using line = Datatype.struct({ id: INT32_T, from: point, both: [point, 2] });
  const record = line.record(new ArrayBuffer(line.extent));
  holds<Same<typeof record.from.y, number>>();
  record.from = { x: 1, y: 2 };
  record.from.y = 3;
  record.both = [record.from, { x: 7, y: 8 }];
  assert.equal([record.from.x, record.from.y, record.both[0]?.y, record.both[1]?.x], [1, 3, 3, 7]);
});

test("fields without a meaning in JavaScript are bytes", () => {
  using type = Datatype.struct({ pair: mpi.SHORT_INT, c: INT8_T });
  const record = type.record(new ArrayBuffer(type.extent));
  record.pair = [1, 0, 0, 0, 2, 0, 0, 0];
  assertArray(record.pair as unknown as Uint8Array, new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]));
});

test("structs are sent with their gaps left alone", () => {
  using type = Datatype.struct({ c: INT8_T, x: DOUBLE, v: [INT16_T, 3] });
  const sent = new ArrayBuffer(3 * type.extent);
  for (const [i, record] of type.records(sent).entries()) {
    Object.assign(record, { c: i, x: i / 2, v: [i, -i, 100] });
  }
  const received = new Uint8Array(3 * type.extent).fill(0xee);
  const { size, rank } = COMM_WORLD;
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  const status = COMM_WORLD.sendrecv({ data: sent, type }, next, 4, { data: received, type }, before, 4);
  assert.is(status.count(type), 3);
  for (const [i, record] of type.records(received).entries()) {
    assert.equal([record.c, record.x, [...record.v]], [i, i / 2, [i, -i, 100]]);
  }
  assert.is(received[1], 0xee);
});

test("packed structs cross to other types of the same signature", () => {
  using packed = Datatype.struct({ c: INT8_T, x: DOUBLE }, { packed: true });
  using padded = Datatype.struct({ c: INT8_T, x: DOUBLE });
  const from = new ArrayBuffer(2 * packed.extent);
  for (const [i, record] of packed.records(from).entries()) Object.assign(record, { c: i, x: i + 0.5 });
  const to = new ArrayBuffer(2 * padded.extent);
  COMM_SELF.sendrecv({ data: from, type: packed }, 0, 1, { data: to, type: padded }, 0, 1);
  assert.equal(
    padded.records(to).map(({ c, x }) => [c, x]),
    [
      [0, 0.5],
      [1, 1.5],
    ],
  );
});

test("arrays at odd addresses are frozen copies", () => {
  using type = Datatype.struct({ c: INT8_T, v: [FLOAT, 2] }, { packed: true });
  const record = type.record(new ArrayBuffer(9));
  record.v = [1, 2];
  assert.equal([...record.v], [1, 2]);
  assert.throws(() => {
    record.v[0] = 5;
  }, /read only/);
  assert.equal([...record.v], [1, 2]);
});

test("a duplicate has the fields too", () => {
  using type = Datatype.struct({ x: DOUBLE, n: INT32_T });
  using copy = type.dup();
  assert.equal(copy.offsets, { x: 0, n: 8 });
  assert.is(copy.record(new ArrayBuffer(16)).n, 0);
  assert.is(copy.decode().combiner, "dup");
});

test("bad fields and values are named", () => {
  using type = Datatype.struct({ x: DOUBLE, big: INT64_T, on: C_BOOL, v: [FLOAT, 3] });
  const record = type.record(new ArrayBuffer(type.extent));
  const bad: [() => unknown, string, string][] = [
    [() => Datatype.struct({}), "ERR_OUT_OF_RANGE", "fields"],
    [() => Datatype.struct(null as never), "ERR_INVALID_ARG_TYPE", "fields"],
    [() => Datatype.struct({ 1: DOUBLE }), "ERR_INVALID_ARG_VALUE", "fields"],
    [() => Datatype.struct({ x: Number as never }), "ERR_INVALID_ARG_TYPE", "fields.x"],
    [() => Datatype.struct({ x: [DOUBLE, 0] }), "ERR_OUT_OF_RANGE", "fields.x"],
    [() => (record.x = "1" as never), "ERR_INVALID_ARG_TYPE", "fields.x"],
    [() => (record.big = 1 as never), "ERR_INVALID_ARG_TYPE", "fields.big"],
    [() => (record.on = 1 as never), "ERR_INVALID_ARG_TYPE", "fields.on"],
    [() => (record.v = [1, 2]), "ERR_OUT_OF_RANGE", "fields.v"],
    [() => (record.v = 1 as never), "ERR_INVALID_ARG_TYPE", "fields.v"],
    [() => type.records(new ArrayBuffer(type.extent + 1)), "ERR_OUT_OF_RANGE", "buffer"],
    [() => type.records([] as never), "ERR_INVALID_ARG_TYPE", "buffer"],
    [() => type.record(new ArrayBuffer(type.extent), 1), "ERR_OUT_OF_RANGE", "index"],
  ];
  for (const [call, code, argument] of bad) assertThrows(call, { code, argument });
});
