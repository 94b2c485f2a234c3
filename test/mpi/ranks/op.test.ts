import * as assert from "uvu/assert";
import { FfiError } from "../../../src/index.js";
import type { Datatype, Op } from "../../../src/mpi/index.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { hasPersistent } from "./forms.js";

const comm = mpi.COMM_WORLD;
const ranks = (): number[] => Array.from({ length: comm.size }, (_, rank) => rank);

/** Why tests of user-defined operations cannot run here. */
const skip = mpi.library().ffi === "ffi-rs" && "the FFI engine ffi-rs has no callbacks";

type Element = number | bigint;
type Numeric = { [index: number]: Element } & ArrayBufferView &
  Iterable<Element> & { readonly length: number };
type Kind = { new (length: number): Numeric; from(values: Iterable<never>): Numeric; readonly name: string };

const INTEGERS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
] as unknown as Kind[];
const FLOATS = [Float32Array, Float64Array] as unknown as Kind[];
const Float16Array = (globalThis as unknown as { Float16Array?: Kind }).Float16Array;
const HALVES = Float16Array === undefined ? [] : [Float16Array];

/** Three small values of each rank, which no operation below takes out of any kind's range. */
const valuesOf = (kind: Kind, rank: number): Numeric => {
  const values = [rank + 1, rank % 2, 3 - (rank % 3)];
  return kind.from((kind.name.startsWith("Big") ? values.map(BigInt) : values) as never[]);
};

const truth = (value: boolean): number => (value ? 1 : 0);

/** What each operation does to numbers; bigints are small enough to be compared as numbers. */
const MODEL = new Map<Op, (a: number, b: number) => number>([
  [mpi.SUM, (a, b) => a + b],
  [mpi.PROD, (a, b) => a * b],
  [mpi.MAX, Math.max],
  [mpi.MIN, Math.min],
  [mpi.LAND, (a, b) => truth(a !== 0 && b !== 0)],
  [mpi.LOR, (a, b) => truth(a !== 0 || b !== 0)],
  [mpi.LXOR, (a, b) => truth((a !== 0) !== (b !== 0))],
  [mpi.BAND, (a, b) => a & b],
  [mpi.BOR, (a, b) => a | b],
  [mpi.BXOR, (a, b) => a ^ b],
]);
const FOR_FLOATS = [mpi.SUM, mpi.PROD, mpi.MAX, mpi.MIN];
const ALL = [...MODEL.keys(), mpi.MAXLOC, mpi.MINLOC, mpi.REPLACE, mpi.NO_OP];

for (const kind of [...INTEGERS, ...FLOATS, ...HALVES]) {
  const legal = INTEGERS.includes(kind) ? [...MODEL.keys()] : FLOATS.includes(kind) ? FOR_FLOATS : [];

  test(`${kind.name}: predefined operations give what they mean`, () => {
    for (const op of legal) {
      const combine = MODEL.get(op) as (a: number, b: number) => number;
      const all = ranks().map((rank) => Array.from(valuesOf(kind, rank), Number));
      const expected = all.reduce((a, b) => a.map((value, i) => combine(value, b[i] as number)));
      const result = Array.from(comm.allreduce(valuesOf(kind, comm.rank), new kind(3), op), Number);
      assertArray(result, expected);
    }
  });

  test(`${kind.name}: the other predefined operations are refused, and the next call works`, () => {
    for (const op of ALL.filter((candidate) => !legal.includes(candidate))) {
      const refused = { code: "ERR_MPI_OP", message: op.name };
      const values = valuesOf(kind, comm.rank);
      assertThrows(() => comm.allreduce(values, new kind(3), op), refused);
      assertThrows(() => comm.reduce(values, comm.rank === 0 ? new kind(3) : null, op), refused);
      assertThrows(() => comm.scan(values, new kind(3), op), refused);
      assertThrows(() => op.reduceLocal(values, new kind(3)), refused);
      assertArray(values as Float64Array, valuesOf(kind, comm.rank) as Float64Array);
    }
    assert.is(comm.allreduce(1), comm.size);
  });
}

test("a refused operation is an MpiError with the standard's class and the C function", () => {
  for (const op of [mpi.BAND, mpi.LAND]) {
    const error = assertThrows(() => comm.allreduce(1.5, op), { code: "ERR_MPI_OP", name: "MpiError" });
    assert.is((error as mpi.MpiError).errorClass, "MPI_ERR_OP");
    assert.is((error as mpi.MpiError).operation, "MPI_Allreduce");
  }
});

test("datatypes without an array of their own: what is combined, and what is refused", () => {
  const bytes = { data: new Uint8Array(64).fill(1) };
  const legal = new Map<Datatype, readonly Op[]>([
    [mpi.BYTE, [mpi.BAND, mpi.BOR, mpi.BXOR]],
    [mpi.C_BOOL, [mpi.LAND, mpi.LOR, mpi.LXOR]],
    [mpi.C_FLOAT_COMPLEX, [mpi.SUM, mpi.PROD]],
    [mpi.C_DOUBLE_COMPLEX, [mpi.SUM, mpi.PROD]],
    [mpi.LONG_DOUBLE, FOR_FLOATS],
    [mpi.CHAR, []],
    [mpi.WCHAR, []],
    [mpi.PACKED, []],
    [mpi.LONG, [...MODEL.keys()]],
    [mpi.AINT, [...MODEL.keys()]],
    ...[mpi.FLOAT_INT, mpi.DOUBLE_INT, mpi.LONG_INT, mpi.INT_INT, mpi.SHORT_INT].map(
      (type) => [type, [mpi.MAXLOC, mpi.MINLOC]] as const,
    ),
  ]);
  for (const [type, ops] of legal) {
    for (const op of ALL) {
      const send = { ...bytes, type, count: 1 };
      const recv = { data: new Uint8Array(64), type, count: 1 };
      if (ops.includes(op)) comm.allreduce(send, recv, op);
      else assertThrows(() => comm.allreduce(send, recv, op), { code: "ERR_MPI_OP", message: type.name });
    }
  }
});

test("complex numbers are multiplied as such", () => {
  // (0 + 1i)^size
  const recv = new Float64Array(2);
  const type = mpi.C_DOUBLE_COMPLEX;
  comm.allreduce({ data: Float64Array.of(0, 1), type }, { data: recv, type }, mpi.PROD);
  const powers = [
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ];
  assert.equal(
    Array.from(recv, (part) => part + 0),
    powers[comm.size % 4],
  );
});

test("MAXLOC and MINLOC find a value and the lowest index that has it", () => {
  type Get = "getFloat32" | "getFloat64" | "getInt32" | "getBigInt64" | "getInt16";
  // The index follows the value at its own alignment, 4; the C compiler pads the end of the pair.
  const pairs: [Datatype, Get, valueBytes: number, extent: number][] = [
    [mpi.FLOAT_INT, "getFloat32", 4, 8],
    [mpi.DOUBLE_INT, "getFloat64", 8, 16],
    [mpi.INT_INT, "getInt32", 4, 8],
    [mpi.SHORT_INT, "getInt16", 4, 8],
    ...(mpi.LONG.size === 8 ? [[mpi.LONG_INT, "getBigInt64", 8, 16] as [Datatype, Get, number, number]] : []),
  ];
  for (const [type, get, indexAt, extent] of pairs) {
    const set = get.replace("get", "set") as "setInt32";
    const view = new DataView(new ArrayBuffer(extent));
    const value = Math.abs(comm.rank - 1);
    view[set](0, (get === "getBigInt64" ? BigInt(value) : value) as number, true);
    view.setInt32(indexAt, comm.rank, true);
    const found = (op: Op): number[] => {
      const recv = new DataView(new ArrayBuffer(extent));
      comm.allreduce({ data: view, type, count: 1 }, { data: recv, type, count: 1 }, op);
      return [Number(recv[get](0, true)), recv.getInt32(indexAt, true)];
    };
    const values = ranks().map((rank) => Math.abs(rank - 1));
    const [largest, smallest] = [Math.max(...values), Math.min(...values)];
    assert.equal(found(mpi.MAXLOC), [largest, values.indexOf(largest)], type.name);
    assert.equal(found(mpi.MINLOC), [smallest, values.indexOf(smallest)], type.name);
  }
});

test("a predefined operation combines locally, tells whether it commutes, and cannot be freed", () => {
  const inoutvec = Int32Array.of(1, 20, 3);
  assert.is(mpi.MAX.reduceLocal(Int32Array.of(10, 2, 30), inoutvec), inoutvec);
  assertArray(inoutvec, Int32Array.of(10, 20, 30));
  assert.is(mpi.SUM.commutative, true);
  assertThrows(() => mpi.SUM.free(), { code: "ERR_MPI_OP", message: "MPI_SUM" });
  assert.is(mpi.SUM.freed, false);
});

test("reduceLocal checks its arguments", () => {
  const a = Float64Array.of(1, 2);
  const wrong = (argument: string, code = "ERR_INVALID_ARG_VALUE") => ({ argument, code });
  assertThrows(() => mpi.SUM.reduceLocal(a, a), wrong("inoutvec"));
  assertThrows(() => mpi.SUM.reduceLocal(a, new Float32Array(2)), wrong("inoutvec"));
  assertThrows(() => mpi.SUM.reduceLocal(a, new Float64Array(3)), wrong("inoutvec", "ERR_OUT_OF_RANGE"));
  assertThrows(() => mpi.SUM.reduceLocal(1 as never, a), wrong("invec", "ERR_INVALID_ARG_TYPE"));
  assertThrows(() => mpi.SUM.reduceLocal(a, null as never), wrong("inoutvec", "ERR_INVALID_ARG_TYPE"));
});

test(
  "an engine without callbacks says so",
  () => {
    const error = assertThrows(() => mpi.Op.create(() => {}), { code: "ERR_FFI_UNSUPPORTED" });
    assert.instance(error, FfiError);
    assert.is(mpi.FfiError, FfiError);
  },
  { skip: skip === false && "this FFI engine has callbacks" },
);

test("Op.create checks its arguments", () => {
  const wrong = (argument: string) => ({ argument, code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => mpi.Op.create("sum" as never), wrong("combine"));
  assertThrows(() => mpi.Op.create(() => {}, { commute: 1 as never }), wrong("options.commute"));
});

for (const kind of [...INTEGERS, ...FLOATS, ...HALVES]) {
  test(
    `${kind.name}: a user-defined operation gets arrays of this class`,
    () => {
      const classes = new Set<string>();
      const larger = (a: Numeric, b: Numeric) => {
        classes.add(a.constructor.name).add(b.constructor.name);
        for (let i = 0; i < b.length; i++) if ((a[i] as Element) > (b[i] as Element)) b[i] = a[i] as Element;
      };
      using op = mpi.Op.create(larger as unknown as (a: Float64Array, b: Float64Array) => void);
      const expected = [0, 1, 2].map((i) =>
        Math.max(...ranks().map((rank) => Number(valuesOf(kind, rank)[i]))),
      );
      const result = comm.allreduce(valuesOf(kind, comm.rank), new kind(3), op);
      assertArray(Array.from(result, Number), expected);
      op.reduceLocal(valuesOf(kind, 0), new kind(3));
      assert.equal([...classes], [kind.name]);
    },
    { skip },
  );
}

test(
  "a user-defined operation gets bytes under another datatype as what they are",
  () => {
    const seen: string[] = [];
    using op = mpi.Op.create((a: Float64Array, b: Float64Array, type) => {
      seen.push(`${a.constructor.name} ${b.constructor.name} ${a.byteLength} ${type}`);
    });
    const show = (
      data: ArrayBufferView | ArrayBuffer,
      other: typeof data,
      type: Datatype,
      count?: number,
    ) => {
      const part = count === undefined ? {} : { count };
      op.reduceLocal({ data, type, ...part }, { data: other, type, ...part });
      return seen.pop();
    };
    const bytes = (length: number) =>
      [new Uint8Array(length), new DataView(new ArrayBuffer(length))] as const;
    assert.is(show(...bytes(24), mpi.DOUBLE), "Float64Array Float64Array 24 MPI_DOUBLE");
    assert.is(show(...bytes(24), mpi.INT32_T), "Int32Array Int32Array 24 MPI_INT32_T");
    assert.is(show(...bytes(24), mpi.UINT16_T), "Uint16Array Uint16Array 24 MPI_UINT16_T");
    assert.is(show(...bytes(32), mpi.C_DOUBLE_COMPLEX), "Float64Array Float64Array 32 MPI_C_DOUBLE_COMPLEX");
    assert.is(show(...bytes(24), mpi.BYTE), "Uint8Array Uint8Array 24 MPI_BYTE");
    // Its data ends 4 bytes before its extent.
    assert.is(
      show(new ArrayBuffer(32), new ArrayBuffer(32), mpi.DOUBLE_INT, 2),
      "DataView DataView 28 MPI_DOUBLE_INT",
    );
    const [floats, halves] = [new Float32Array(4), new Float32Array(4)];
    assert.is(show(floats, halves, mpi.C_FLOAT_COMPLEX), "Float32Array Float32Array 16 MPI_C_FLOAT_COMPLEX");
  },
  { skip },
);

/** Composition of x -> a x + b, as pairs (a, b): associative, not commutative. */
function compose(f: Float64Array, g: Float64Array): void {
  for (let i = 0; i < f.length; i += 2) {
    const [a, b, c, d] = [f[i], f[i + 1], g[i], g[i + 1]] as [number, number, number, number];
    g[i] = a * c;
    g[i + 1] = a * d + b;
  }
}

test(
  "an operation that does not commute is applied in the order of ranks",
  () => {
    using op = mpi.Op.create(compose, { commute: false });
    assert.is(op.commutative, false);
    const type = mpi.C_DOUBLE_COMPLEX;
    const of = (rank: number) => Float64Array.of(rank + 2, rank, -rank, rank + 1);
    const upTo = (last: number) =>
      ranks()
        .slice(0, last + 1)
        .map(of)
        .reduceRight((g, f) => {
          compose(f, g);
          return g;
        });
    const data = new Float64Array(4);
    comm.allreduce({ data: of(comm.rank), type }, { data, type }, op);
    assertArray(data, upTo(comm.size - 1));
    comm.scan({ data: of(comm.rank), type }, { data, type }, op);
    assertArray(data, upTo(comm.rank));
    const root = comm.size - 1;
    const atRoot = comm.rank === root ? { data: data.fill(0), type } : null;
    comm.reduce({ data: of(comm.rank), type }, atRoot, op, root);
    if (atRoot !== null) assertArray(data, upTo(root));
  },
  { skip },
);

const add = (a: Float64Array, b: Float64Array): void => {
  for (let i = 0; i < a.length; i++) b[i] = (b[i] as number) + (a[i] as number);
};

test(
  "an array's elements between those of a datatype are not combined: it is refused",
  () => {
    using op = mpi.Op.create(add);
    using gaps = mpi.Datatype.vector(2, 1, 2, mpi.DOUBLE);
    using apart = mpi.Datatype.resized(mpi.DOUBLE, 0, 16);
    using backwards = mpi.Datatype.resized(mpi.DOUBLE, 0, -8);
    const array = (): Float64Array => new Float64Array(6).fill(1);
    for (const type of [gaps, apart, backwards]) {
      const buffer = (): mpi.BufferDescription => ({ data: array(), type, offset: 2, count: 1 });
      const refused = { code: "ERR_INVALID_ARG_VALUE", message: "without gaps" };
      assertThrows(() => op.reduceLocal(buffer(), buffer()), refused);
      assertThrows(() => comm.allreduce(buffer(), buffer(), op), refused);
      assertThrows(() => comm.iallreduce(mpi.IN_PLACE, buffer(), op), refused);
    }
    using triple = mpi.Datatype.contiguous(3, mpi.DOUBLE);
    const sum = op.reduceLocal({ data: array(), type: triple }, { data: array(), type: triple });
    assertArray(sum.data as Float64Array, new Float64Array(6).fill(2));
  },
  { skip },
);

test(
  "long arrays, IN_PLACE and scalars",
  () => {
    using op = mpi.Op.create(add);
    const n = 100_003;
    const data = new Float64Array(n).map((_, i) => i + comm.rank);
    const sumOfRanks = (comm.size * (comm.size - 1)) / 2;
    const expected = new Float64Array(n).map((_, i) => i * comm.size + sumOfRanks);
    assertArray(comm.allreduce(data, new Float64Array(n), op), expected);
    assertArray(comm.allreduce(mpi.IN_PLACE, data, op), expected);
    assert.is(comm.allreduce(1.5, op), 1.5 * comm.size);
    using smallest = mpi.Op.create((a: BigInt64Array, b: BigInt64Array) => {
      if ((a[0] as bigint) < (b[0] as bigint)) b[0] = a[0] as bigint;
    });
    assert.is(comm.allreduce(BigInt(-comm.rank), smallest), BigInt(1 - comm.size));
  },
  { skip },
);

test(
  "what the function throws is thrown where it happened, nobody hangs, and the next call works",
  () => {
    const wrong = new RangeError("not on this rank");
    for (const failing of ranks()) {
      let calls = 0;
      using op = mpi.Op.create((a: Float64Array, b: Float64Array) => {
        calls++;
        if (comm.rank === failing) throw wrong;
        add(a, b);
      });
      for (const reduction of [
        () => comm.allreduce(new Float64Array(5), new Float64Array(5), op),
        () => comm.reduce(new Float64Array(5), comm.rank === 0 ? new Float64Array(5) : null, op),
        () => comm.scan(1, op),
      ]) {
        calls = 0;
        let caught: unknown;
        try {
          reduction();
        } catch (error) {
          caught = error;
        }
        assert.is(caught, calls > 0 && comm.rank === failing ? wrong : undefined);
      }
      assertThrows(
        () => {
          using always = mpi.Op.create(() => {
            throw wrong;
          });
          always.reduceLocal(new Float64Array(1), new Float64Array(1));
        },
        { code: undefined as never, message: "not on this rank" },
      );
      assert.is(comm.allreduce(1), comm.size);
    }
  },
  { skip },
);

test(
  "what is thrown and no Error, and a promise, become an MpiError",
  () => {
    const one = () => new Float64Array(1);
    using text = mpi.Op.create(() => {
      throw "a string";
    });
    const error = assertThrows(() => text.reduceLocal(one(), one()), {
      code: "ERR_MPI_OP",
      message: "a string",
    });
    assert.is(error.cause, "a string");
    using later = mpi.Op.create(async () => {});
    assertThrows(() => later.reduceLocal(one(), one()), { code: "ERR_MPI_OP", message: "async" });
    using nested = mpi.Op.create(() => void text.reduceLocal(one(), one()));
    assertThrows(() => nested.reduceLocal(one(), one()), { code: "ERR_MPI_OP" });
  },
  { skip },
);

test(
  "a function may keep its views, and even transfer them",
  () => {
    const kept: Float64Array[] = [];
    using keep = mpi.Op.create((a, b) => {
      kept.push(a, b);
      add(a, b);
    });
    for (let i = 0; i < 3; i++) keep.reduceLocal(new Float64Array(1000), new Float64Array(1000));
    for (const view of kept) view.fill(1);
    using transfer = mpi.Op.create((a, b) => {
      add(a, b);
      structuredClone(a, { transfer: [a.buffer as ArrayBuffer] });
    });
    const result = new Float64Array(9000).fill(1);
    for (let i = 0; i < 3; i++) transfer.reduceLocal(new Float64Array(9000).fill(2), result);
    assertArray(result, new Float64Array(9000).fill(7));
  },
  { skip },
);

test(
  "a freed operation is refused, and free is for once",
  () => {
    const op = mpi.Op.create(add);
    assert.is(op.name, "add");
    op.free();
    assert.is(op.freed, true);
    op[Symbol.dispose]();
    assertThrows(() => op.free(), { code: "ERR_MPI_FREED" });
    assertThrows(() => comm.allreduce(1, op), { code: "ERR_MPI_FREED" });
    assertThrows(() => op.reduceLocal(new Float64Array(1), new Float64Array(1)), { code: "ERR_MPI_FREED" });
  },
  { skip },
);

test(
  "operations come and go; too many at a time are refused, and freeing some makes room",
  () => {
    for (let i = 0; i < 10_000; i++) mpi.Op.create(add).free();
    const many: Op[] = [];
    assertThrows(
      () => {
        for (;;) many.push(mpi.Op.create(add));
      },
      { code: "ERR_MPI_OP", message: "free some" },
    );
    many.pop()?.free();
    using op = mpi.Op.create(add);
    assert.is(comm.allreduce(1, op), comm.size);
    for (const other of many) other.free();
  },
  { skip: skip || (mpi.library().ffi !== "koffi" && "only koffi has a limit") },
);

/** A persistent reduction of `op`; null, and refused, where the library has none. */
function persistent(op: Op, recv: Float64Array): mpi.PersistentRequest | null {
  const begin = (): mpi.PersistentRequest => comm.allreduceInit(new Float64Array(2).fill(1), recv, op);
  if (hasPersistent("allreduce")) return begin();
  assertThrows(begin, { code: "ERR_MPI_UNSUPPORTED" });
  return null;
}

/** More than koffi can make functions that C can call. */
const MANY = 8500;

test(
  "persistent reductions come and go, whether they were started or not",
  () => {
    using op = mpi.Op.create(add);
    for (let i = 0; i < MANY; i++) {
      const recv = new Float64Array(2);
      const request = persistent(op, recv);
      if (i % 100 === 0 && request !== null) {
        for (let round = 0; round < 2; round++) {
          request.start().wait();
          assertArray(recv, new Float64Array(2).fill(comm.size));
        }
      }
      request?.free();
    }
  },
  { skip },
);

test(
  "a persistent reduction that was not freed keeps its function from the others",
  () => {
    let calls = 0;
    const wrong = new Error("this round");
    using op = mpi.Op.create((a: Float64Array, b: Float64Array) => {
      calls++;
      if (a.length === 2) throw wrong;
      add(a, b);
    });
    const request = persistent(op, new Float64Array(2));
    for (let round = 0; round < 2; round++) {
      // Of other elements, which the function must see as they are.
      const sums = new Float64Array(3);
      assertArray(comm.allreduce(new Float64Array(3).fill(1), sums, op), new Float64Array(3).fill(comm.size));
      calls = 0;
      let caught: unknown;
      try {
        request?.start().wait();
      } catch (error) {
        caught = error;
      }
      assert.is(caught, calls > 0 ? wrong : undefined);
    }
    // After the Op itself: the function goes with its last request.
    op.free();
    request?.free();
    assert.is(comm.allreduce(1), comm.size);
  },
  { skip },
);
