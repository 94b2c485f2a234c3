import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, test } from "../../harness/ranks.js";
import { Half, random } from "./kinds.js";
import { growable, resizable, wasmMemory } from "./memory.js";

const self = mpi.COMM_SELF;

/** Sends `send` to oneself, into `recv`. */
const move = (send: mpi.MessageBuffer, recv: mpi.MessageBuffer): mpi.Status =>
  self.sendrecv(send, 0, 0, recv, 0, 0);

const numbers = Float64Array.of(1, -2, 3.5, 4);
const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

test("DataView, ArrayBuffer, SharedArrayBuffer and Buffer are messages of their bytes", () => {
  for (const create of [
    (): ArrayBufferView => new DataView(new ArrayBuffer(40), 4, 32),
    (): ArrayBufferView => Buffer.alloc(32),
    (): ArrayBufferView => Buffer.from("x".repeat(32)), // a slice of a pool
    (): ArrayBufferView => new Uint8ClampedArray(32),
    (): ArrayBufferView => new Uint8Array(new SharedArrayBuffer(40), 8, 32),
    (): ArrayBufferView => new DataView(new SharedArrayBuffer(40), 3, 32),
  ]) {
    const sent = create();
    bytesOf(sent).set(bytesOf(numbers));
    const received = create();
    const status = move(sent, received);
    assert.is(status.byteLength, 32);
    assertArray(bytesOf(received), bytesOf(numbers));
  }
  for (const create of [() => new ArrayBuffer(32), () => new SharedArrayBuffer(32)]) {
    const [sent, received] = [create(), create()];
    new Float64Array(sent).set(numbers);
    assert.is(move(sent, received).byteLength, 32);
    assertArray(new Float64Array(received), numbers);
  }
});

test("arrays of shared memory are sent, received and combined", () => {
  const comm = mpi.COMM_WORLD;
  const shared = new Float64Array(new SharedArrayBuffer(64), 16, 4);
  shared.set(numbers);
  const recv = new Float64Array(new SharedArrayBuffer(32));
  comm.allreduce(shared, recv);
  assertArray(
    Float64Array.from(recv),
    numbers.map((x) => x * comm.size),
  );
  comm.allreduce(mpi.IN_PLACE, shared);
  assertArray(Float64Array.from(shared), Float64Array.from(recv));
  const bytes = new SharedArrayBuffer(8);
  if (comm.rank === 0) new Float64Array(bytes)[0] = 7;
  assert.is(comm.bcast(bytes), bytes);
  assert.is(new Float64Array(bytes)[0], 7);
  const request = self.irecv(recv, 0, 3);
  self.isend(shared, 0, 3).wait();
  assert.is(request.wait().count(Float64Array), 4);
});

test("a view reads and writes only its part of the memory", () => {
  const source = Float64Array.from({ length: 12 }, (_, i) => i);
  const target = new Float64Array(12).fill(-1);
  move(source.subarray(3, 7), target.subarray(5, 9));
  assertArray(target, Float64Array.of(-1, -1, -1, -1, -1, 3, 4, 5, 6, -1, -1, -1));
});

test("what is not aligned is moved all the same", () => {
  const source = new DataView(new ArrayBuffer(17), 1, 16);
  source.setFloat64(0, 1.25, true);
  const recv = new Float64Array(2);
  move(source, recv);
  assertArray(recv, Float64Array.of(1.25, 0));
});

test("parts of data: offset and count in elements of an array", () => {
  const data = Float64Array.from({ length: 10 }, (_, i) => i);
  const recv = new Float64Array(10).fill(-1);
  assert.is(move({ data, offset: 7 }, { data: recv, offset: 1 }).count(data), 3);
  assertArray(recv, Float64Array.of(-1, 7, 8, 9, -1, -1, -1, -1, -1, -1));
  move({ data, offset: 2, count: 2 }, { data: recv, offset: 8, count: 2 });
  assertArray(recv, Float64Array.of(-1, 7, 8, 9, -1, -1, -1, -1, 2, 3));
  move({ data, count: 1 }, { data: recv });
  assert.is(recv[0], 0);
});

test("parts of data: offset and count in bytes of anything else", () => {
  const data = Uint8Array.from({ length: 10 }, (_, i) => i);
  const recv = new ArrayBuffer(10);
  move({ data: data.buffer, offset: 7 }, { data: recv, offset: 1, count: 3 });
  assertArray(new Uint8Array(recv), Uint8Array.of(0, 7, 8, 9, 0, 0, 0, 0, 0, 0));
  move({ data: new DataView(data.buffer, 2), offset: 1, count: 2 }, { data: new DataView(recv), offset: 8 });
  assertArray(new Uint8Array(recv), Uint8Array.of(0, 7, 8, 9, 0, 0, 0, 0, 3, 4));
});

test("parts of data: another type counts its own elements", () => {
  const data = Float64Array.of(1, 2, 3, 4, 5, 6);
  const type = mpi.C_DOUBLE_COMPLEX;
  const recv = new Float64Array(6);
  assert.is(move({ data, type }, { data: recv, type }).count(type), 3);
  assertArray(recv, data);
  const tail = new Float64Array(6);
  const status = move({ data, type, offset: 2, count: 1 }, { data: tail, type });
  assert.is(status.byteLength, 16);
  assert.is(status.count(type), 1);
  assertArray(tail, Float64Array.of(3, 4, 0, 0, 0, 0));
  const ints = new Int32Array(4);
  const raw = { data: Int32Array.of(1, 2, 3, 4).buffer, type: mpi.INT32_T, offset: 4 };
  assert.is(move(raw, ints).count(Int32Array), 3);
  assertArray(ints, Int32Array.of(2, 3, 4, 0));
});

test("every predefined datatype moves one element", () => {
  const types = Object.values(mpi).filter((value) => value instanceof mpi.Datatype);
  assert.ok(types.length > 30);
  for (const type of types) {
    const data = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
    const recv = new Uint8Array(64);
    const status = move({ data, type, count: 1 }, { data: recv, type, count: 1 });
    assert.is(status.count(type), 1, `${type}`);
    assert.is(status.byteLength, type.size, `${type}`);
  }
});

test("no datatype reaches behind the data", () => {
  // Pairs have gaps: their elements lie farther apart than their size tells.
  for (const type of [mpi.DOUBLE_INT, mpi.LONG_INT, mpi.SHORT_INT, mpi.LONG_DOUBLE_INT]) {
    const memory = new Uint8Array(1024).fill(0xee);
    const data = memory.subarray(0, 192);
    const message = { data: new Uint8Array(1024), type };
    const room = self.irecv({ data, type, count: 1 }, 0, 1);
    self.isend({ ...message, count: 1 }, 0, 1).wait();
    room.wait();
    for (let count = 1; ; count++) {
      memory.fill(0xee);
      let request: mpi.Request;
      try {
        request = self.irecv({ data, type, count }, 0, 2);
      } catch (error) {
        assert.is((error as { code?: string }).code, "ERR_OUT_OF_RANGE");
        assert.ok(count > 4, `${type}: at least four fit`);
        break;
      }
      self.isend({ ...message, count }, 0, 2).wait();
      request.wait();
      assertArray(memory.slice(192), new Uint8Array(1024 - 192).fill(0xee));
    }
  }
});

test("empty messages are sent and received when that is said", () => {
  const data = Float64Array.of(5);
  for (const [send, recv] of [
    [{ data, count: 0 }, data],
    [
      { data, count: 0 },
      { data, count: 0 },
    ],
    [{ data: new Float64Array(0), count: 0 }, new ArrayBuffer(1)],
    [
      { data, offset: 1, count: 0 },
      { data: new DataView(new ArrayBuffer(0)), count: 0 },
    ],
    [{ data: new ArrayBuffer(4), offset: 4, count: 0 }, Buffer.alloc(2)],
  ] as [mpi.MessageBuffer, mpi.MessageBuffer][]) {
    const request = self.irecv(recv, 0, 0);
    self.isend(send, 0, 0).wait();
    const status = request.wait();
    assert.is(status.byteLength, 0);
    assert.is(status.count(Float64Array), 0);
  }
  assert.is(data[0], 5);
});

test("a description may be frozen, or an object of any class", () => {
  class Field {
    readonly data: Float64Array = Float64Array.of(1, 2);
    get count(): number {
      return 1;
    }
  }
  const recv = new Float64Array(2);
  assert.is(move(new Field(), Object.freeze({ data: recv, count: 2 })).count(recv), 1);
  assertArray(recv, Float64Array.of(1, 0));
});

test("subclasses are what they extend", () => {
  class Vector extends Float64Array {
    get norm(): number {
      return Math.hypot(...this);
    }
  }
  const recv = new Vector(2);
  move(Vector.of(3, 4), recv);
  assert.is(recv.norm, 5);
});

test("no object can pretend to be longer than it is", () => {
  const liars: [string, ArrayBufferView][] = [
    ["length", Object.defineProperty(new Float64Array(2), "length", { value: 5000 })],
    ["byteLength", Object.defineProperty(new Float64Array(2), "byteLength", { value: 40_000 })],
    ["subarray", Object.assign(new Float64Array(2), { subarray: () => new Float64Array(5000) })],
    ["BYTES_PER_ELEMENT", Object.defineProperty(new Float64Array(2), "BYTES_PER_ELEMENT", { value: 1 })],
    [
      "a getter",
      new (class extends Float64Array {
        override get length(): number {
          return 5000;
        }
        override get byteLength(): number {
          return 40_000;
        }
        static get [Symbol.species](): Float64ArrayConstructor {
          return class extends Float64Array {
            constructor() {
              super(5000);
            }
          } as unknown as Float64ArrayConstructor;
        }
      })(2),
    ],
  ];
  for (const [name, liar] of liars) {
    const sizes = [
      self.isend(liar, 0),
      self.isend({ data: liar }, 0),
      self.isend({ data: liar, offset: 1 }, 0),
    ];
    for (const expected of [16, 16, 8]) {
      assert.is(self.recv(new Uint8Array(100_000), 0).byteLength, expected, name);
    }
    mpi.waitAll(sizes);
    for (const part of [
      { count: 3 },
      { offset: 3 },
      { offset: 1, count: 2 },
      { type: mpi.BYTE, count: 17 },
    ]) {
      let accepted = true;
      try {
        // To nobody, so that nothing is read if it is accepted.
        self.send({ data: liar, ...part }, mpi.PROC_NULL);
      } catch (error) {
        accepted = false;
        assert.is((error as { code?: string }).code, "ERR_OUT_OF_RANGE", name);
      }
      assert.not(accepted, `${name}: ${JSON.stringify(part)}`);
    }
  }
});

test("a resizable ArrayBuffer is as long as it is now", () => {
  const buffer = resizable(16, 64);
  const tracking = new Float64Array(buffer);
  buffer.resize(32);
  move(numbers, tracking);
  assertArray(tracking, numbers);
  const shared = growable(16, 64);
  const growing = new Float64Array(shared);
  shared.grow(32);
  move(numbers, growing);
  assertArray(Float64Array.from(growing), numbers);
  move(numbers, shared);
});

test("memory of WebAssembly", () => {
  const memory = wasmMemory();
  const view = new Float64Array(memory.buffer, 64, 4);
  move(numbers, view);
  assertArray(view, numbers);
  assert.is(move(memory.buffer, new Uint8Array(65_536)).byteLength, 65_536);
});

test("parts drawn at random arrive where they belong", () => {
  const next = random(2024);
  const below = (limit: number): number => next() % limit;
  const source = Uint16Array.from({ length: 50 }, () => next());
  for (let round = 0; round < 100; round++) {
    const offset = below(50);
    const count = below(50 - offset) + 1;
    const place = below(51 - count);
    const target = new Uint16Array(50);
    const status = move({ data: source, offset, count }, { data: target, offset: place });
    const expected = new Uint16Array(50);
    expected.set(source.subarray(offset, offset + count), place);
    assert.is(status.count(target), count);
    assertArray(target, expected);
  }
});

test(
  "16-bit floats are moved as bytes and counted as elements",
  () => {
    const create = (length: number): Float32Array => new (Half as NonNullable<typeof Half>)(length);
    const sent = create(4);
    sent.set([1, 0.5, -2, 3]);
    const received = create(5);
    assert.is(move(sent, received).count(received), 4);
    assert.is(received[2], -2);
    assert.is(move({ data: sent, offset: 1, count: 2 }, { data: received, offset: 3 }).count(sent), 2);
    assert.is(received[3], 0.5);
    assert.is(received[4], -2);
    const odd = self.isend(new Uint8Array(3), 0);
    assert.is(self.recv(received, 0).count(received), undefined);
    odd.wait();
  },
  { skip: Half === undefined && "this Node has no Float16Array" },
);
