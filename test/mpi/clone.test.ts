import { inspect, isDeepStrictEqual } from "node:util";
import { Script } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Arrived, write } from "../../src/mpi/object/clone.js";
import { assertArray, assertThrows } from "../harness/assert.js";

// What is written here and read there, without MPI in between.

/** What arrives, the memory of its arrays having been copied as MPI would. */
function trip<Value>(value: Value): Value {
  const { stream, memory } = write(value);
  // The reader gets other memory than the writer's.
  const arrived = new Arrived(Uint8Array.from(stream), "rank 0");
  assert.is(arrived.memory.length, memory.length);
  for (const [i, bytes] of arrived.memory.entries()) bytes.set(memory[i] as Uint8Array);
  return arrived.read() as Value;
}

function assertSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) assert.unreachable(`got ${inspect(actual)}`);
}

const sum = (arrays: readonly Uint8Array[]): number => arrays.reduce((all, { length }) => all + length, 0);

const LARGE = 20_000;
type Kind = { new (length: number): { fill(value: never): ArrayBufferView }; readonly name: string };
const Float16Array = (globalThis as unknown as { Float16Array?: Kind }).Float16Array;
const KINDS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...(Float16Array === undefined ? [] : [Float16Array]),
] as unknown as Kind[];

const values = suite("values");

const PLAIN: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  true: true,
  "-0": -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "a large integer": 2 ** 53,
  "a bigint": -(2n ** 200n),
  "an empty string": "",
  "a string of two-byte characters": "grüße, 世界 \u{1f680}\0",
  "half a surrogate pair": "\ud800",
  "a large string": "x".repeat(5_000_000),
  "a date": new Date(1e12),
  "a regular expression": /a+(?<name>b)/giu,
  "a boxed number": Object(-0),
  "a boxed string": Object("text"),
  "a boxed bigint": Object(7n),
  "an array": [1, "two", [3, [4]], undefined, null],
  "a sparse array": Object.assign([1], { 7: 2 }),
  "an array with a name": Object.assign([1, 2], { name: "both" }),
  "a match": "a1".match(/(a)1/),
  "nested objects": { a: { b: { c: [{ d: 1n }] } }, "": 0, __proto: 1, 7: "seven" },
  "maps and sets": new Map<unknown, unknown>([
    [{ key: 1 }, new Set([new Map([[1, new Set([[]])]])])],
    ["text", { nested: new Map() }],
  ]),
  "an empty object": {},
};
for (const [name, value] of Object.entries(PLAIN)) values(name, () => assertSame(trip(value), value));

values("holes stay holes, and are not walked through", () => {
  const sparse: unknown[] = [];
  sparse[4_000_000_000] = { last: true };
  const arrived = trip(sparse);
  assert.is(arrived.length, 4_000_000_001);
  assertSame(Object.entries(arrived), [["4000000000", { last: true }]]);
});

values("an invalid date", () => {
  const { date } = trip({ date: new Date(Number.NaN) });
  assert.instance(date, Date);
  assert.ok(Number.isNaN(date.getTime()));
});

values("an object without prototype arrives as a plain one", () => {
  assertSame(trip(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
});

values("what structured cloning leaves out: symbol keys, hidden properties, accessors", () => {
  const value = { get computed() { return [1]; }, [Symbol("key")]: 1 }; // biome-ignore format: short
  Object.defineProperty(value, "hidden", { value: () => 0 });
  const arrived = trip(value);
  assertSame(arrived, { computed: [1] });
  assert.not(Object.getOwnPropertyDescriptor(arrived, "computed")?.get);
});

values("errors", () => {
  const error = new RangeError("too far", { cause: new TypeError("wrong", { cause: { deep: [1n] } }) });
  const arrived = trip({ error }).error;
  assert.instance(arrived, RangeError);
  assert.is(arrived.message, "too far");
  assert.is(arrived.stack, error.stack);
  assert.instance(arrived.cause, TypeError);
  assertSame((arrived.cause as Error).cause, { deep: [1n] });
});

values("cycles and shared references", () => {
  const shared = { name: "shared" };
  const value: Record<string, unknown> = { a: shared, b: [shared], map: new Map([[shared, shared]]) };
  value["self"] = value;
  value["set"] = new Set([value]);
  const arrived = trip(value) as {
    a: object;
    b: object[];
    self: object;
    map: Map<object, object>;
    set: Set<object>;
  };
  assert.is(arrived.a, arrived.b[0]);
  assert.is(arrived.map.get(arrived.a), arrived.a);
  assert.is(arrived.self, arrived);
  assert.ok(arrived.set.has(arrived));
});

values("a ring of many objects, and a ladder with 2 ^ 60 ways through it", () => {
  const ring: { next?: unknown; length: number } = { length: 500 };
  let last = ring;
  for (let i = 1; i < ring.length; i++) {
    const next = { length: i };
    last.next = next;
    last = next;
  }
  last.next = ring;
  let at = trip(ring) as { next: typeof at };
  const first = at;
  for (let i = 0; i < ring.length; i++) at = at.next;
  assert.is(at, first);

  let ladder: unknown[] = [];
  for (let i = 0; i < 60; i++) ladder = [ladder, ladder];
  assertSame(trip(ladder).length, 2);
});

values("values of another realm, such as a test runner's", () => {
  const foreign = new Script(
    "({ list: [1], map: new Map([[1, new Date(5)]]), array: new Float32Array([1, 2]), error: new TypeError('no') })",
  ).runInNewContext() as { list: number[]; map: Map<number, Date>; array: Float32Array; error: Error };
  const arrived = trip(foreign);
  assertSame(arrived.list, [1]);
  assertSame(arrived.map, new Map([[1, new Date(5)]]));
  assertArray(arrived.array, new Float32Array([1, 2]));
  assert.instance(arrived.error, TypeError);
});

values("cycles are as deep as what is in them", () => {
  type Node = { children: Node[]; parent?: Node; root?: Node };
  const root: Node = { children: [] };
  for (let i = 0; i < 5000; i++) root.children.push({ children: [{ children: [] }], parent: root, root });
  assert.is(trip(root).children[4999]?.root?.children.length, 5000);
  const chain: Node[] = Array.from({ length: 300 }, () => ({ children: [] }));
  for (const [i, node] of chain.entries()) {
    Object.assign(node, { parent: chain[i - 1], root: chain[0], children: chain.slice(i + 1, i + 2) });
  }
  assert.is(trip(chain).length, 300);
});

values.run();

const arrays = suite("arrays");

for (const kind of KINDS) {
  for (const length of [0, 3, LARGE]) {
    arrays(`${kind.name} of ${length}`, () => {
      const value = new kind(length).fill((kind.name.startsWith("Big") ? 7n : 7) as never);
      const [arrived] = trip([value]);
      assert.is(arrived?.constructor, kind);
      assert.is((arrived as Uint8Array).buffer.byteLength, value.byteLength);
      assertSame(arrived, value);
    });
  }
}

for (const length of [5, LARGE]) {
  arrays(`Buffer, DataView and ArrayBuffer of ${length}`, () => {
    const bytes = Buffer.alloc(length, "abc");
    const view = new DataView(Uint8Array.from(bytes).buffer, 1, length - 2);
    const arrived = trip({ bytes, view, buffer: view.buffer });
    assert.ok(Buffer.isBuffer(arrived.bytes));
    assert.ok(bytes.equals(arrived.bytes));
    assert.instance(arrived.view, DataView);
    assert.is(arrived.view.byteOffset, 1);
    assert.is(arrived.view.byteLength, length - 2);
    assert.is(arrived.view.buffer, arrived.buffer);
    assertSame(new Uint8Array(arrived.buffer), new Uint8Array(view.buffer));
  });

  arrays(`what is shared stays shared: ${length}`, () => {
    const whole = new Float64Array(length).fill(1);
    const value = {
      whole,
      tail: whole.subarray(2),
      bytes: new Uint8Array(whole.buffer, 3, 20),
      again: whole,
    };
    const arrived = trip(value);
    assert.is(arrived.whole, arrived.again);
    assert.is(arrived.whole.buffer, arrived.tail.buffer);
    assert.is(arrived.whole.buffer, arrived.bytes.buffer);
    arrived.whole[2] = 5;
    assert.is(arrived.tail[0], 5);
  });
}

arrays("arrays that overlap at odd addresses stay aligned", () => {
  const memory = new ArrayBuffer(LARGE * 8);
  const numbers = new Float64Array(memory, 8, LARGE - 1).fill(2);
  const bytes = new Uint8Array(memory, 5, 100);
  const arrived = trip({ numbers, bytes });
  assert.is(arrived.numbers.buffer, arrived.bytes.buffer);
  assert.is(arrived.numbers.byteOffset - arrived.bytes.byteOffset, 3);
  assertSame([arrived.numbers, arrived.bytes], [numbers, bytes]);
});

arrays("of a huge buffer only what is viewed is sent, and nothing between two views", () => {
  const huge = new Uint8Array(2 ** 28);
  const value = { first: huge.subarray(0, LARGE), last: huge.subarray(-LARGE) };
  value.first.fill(1);
  value.last.fill(2);
  const { stream, memory } = write(value);
  assert.is(sum(memory), 2 * LARGE);
  assert.ok(stream.length < 200);
  const arrived = trip(value);
  assert.is(arrived.first.buffer.byteLength, LARGE);
  assertSame(arrived, { first: Uint8Array.from(value.first), last: Uint8Array.from(value.last) });
});

arrays("of Node's pool of small Buffers nothing else is sent", () => {
  const [secret, open] = [Buffer.from("secret"), Buffer.from("open")];
  const { stream, memory } = write([open]);
  assert.is(sum(memory), 0);
  assert.not(Buffer.from(stream).includes(secret));
});

arrays("large arrays are sent from where they are", () => {
  const data = new Float64Array(LARGE);
  const [bytes] = write({ data }).memory;
  assert.is(bytes?.buffer, data.buffer);
});

arrays("many small arrays are no memory of their own", () => {
  const value = Array.from({ length: 5000 }, (_, i) => new Float64Array([i, -i]));
  assert.is(write(value).memory.length, 0);
  assertSame(trip(value), value);
});

arrays("views of a SharedArrayBuffer arrive as views of an ArrayBuffer", () => {
  const shared = new Int32Array(new SharedArrayBuffer(4 * LARGE)).fill(3);
  const arrived = trip({ shared, part: shared.subarray(0, 2) });
  assert.instance(arrived.shared.buffer, ArrayBuffer);
  assert.is(arrived.shared.buffer, arrived.part.buffer);
  assertSame(arrived.shared, new Int32Array(LARGE).fill(3));
});

arrays("a buffer that can grow arrives as it is", () => {
  type Resizable = { new (length: number, options: { maxByteLength: number }): ArrayBuffer };
  const buffer = new (ArrayBuffer as unknown as Resizable)(16, { maxByteLength: 64 });
  const arrived = trip({ buffer, view: new Uint8Array(buffer).fill(9) });
  assert.is(arrived.view.buffer, arrived.buffer);
  assertSame(arrived.view, new Uint8Array(16).fill(9));
});

arrays.run();

const refused = suite("refused");

class Point {
  x = 1;
}
class Pairs extends Map {}
class Failure extends Error {}
class List extends Array {}
class Vector extends Float64Array {}
class Float32Array2 extends Float32Array {}
Object.defineProperty(Float32Array2, "name", { value: "Float32Array" });
const throwing = {
  get broken(): never {
    throw new RangeError("not now");
  },
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const detached = new Uint8Array(8);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

/** Something that cannot be sent, and what the error says of it. */
const REFUSED: Record<string, readonly [value: unknown, message: string]> = {
  "a function": [() => 0, "value: a function"],
  "a method": [{ list: [0, { run() {} }] }, "value.list[1].run: a function"],
  "a symbol": [{ "the key": Symbol("s") }, 'value["the key"]: a symbol'],
  "an instance of a class": [[new Point()], "value[0]: an instance of Point"],
  "one without a name": [{ a: new (class {})() }, "value.a: an instance of an unknown class"],
  "a subclass of Map": [{ a: new Pairs() }, "value.a: an instance of Pairs"],
  "a subclass of Error": [{ a: new Failure() }, "value.a: an instance of Failure"],
  "a subclass of Array": [{ a: new List() }, "value.a: an instance of List"],
  "a subclass of a TypedArray": [{ a: new Vector(2) }, "value.a: an instance of Vector"],
  "a subclass under the name of its class": [[new Float32Array2(1)], "value[0]: an instance of Float32Array"],
  "a key of a map": [new Map([[new Point(), 1]]), "value.keys()[0]: an instance of Point"],
  "a value of a map": [new Map([["p", { q: new Point() }]]), 'value.get("p").q: an instance of Point'],
  "a member of a set": [new Set([1, new Point()]), "value.values()[1]: an instance of Point"],
  "a cause": [new Error("e", { cause: { f() {} } }), "value.cause.f: a function"],
  "a WeakMap": [{ a: new WeakMap() }, "value.a: an instance of WeakMap"],
  "a Promise": [{ a: Promise.resolve() }, "value.a: an instance of Promise"],
  "a generator": [{ a: [].values() }, "value.a: an instance of"],
  "a SharedArrayBuffer": [{ a: new SharedArrayBuffer(8) }, "value.a: an instance of SharedArrayBuffer"],
  "a boxed symbol": [{ a: Object(Symbol("s")) }, "value.a: an instance of Symbol"],
  "a URL": [{ a: new URL("file:///") }, "value.a: an instance of URL"],
  "a Proxy": [{ a: new Proxy({}, {}) }, "value.a: a Proxy"],
  "a revoked Proxy": [{ a: [revoked.proxy] }, "value.a[0]: a Proxy"],
  "a detached array": [{ a: detached }, "value.a: a detached array"],
  "a detached ArrayBuffer": [[detached.buffer], "value[0]: a detached array"],
  "a getter that throws": [{ a: throwing }, "value.a.broken: cannot be read"],
  "what only looks like a Map": [[Object.create(Map.prototype)], "value[0]: an instance of Map"],
  "what only looks like an Error": [[Object.create(Error.prototype)], "value[0]: an instance of Error"],
  "what has a name in an array": [
    { list: Object.assign([1, 2], { origin: new Point() }) },
    "value.list.origin: an instance of Point",
  ],
  "what has a name in an array with holes": [
    Object.assign([], { 100000000: 1, size: { at: new Point() } }),
    "value.size.at: an instance of Point",
  ],
  "what comes after a cycle": [cycle(new Point()), "value.last: an instance of Point"],
};
for (const [name, [value, message]] of Object.entries(REFUSED)) {
  refused(name, () => {
    const expected = { code: "ERR_INVALID_ARG_VALUE", name: "TypeError", message };
    const { argument } = assertThrows(() => write(value), expected) as Error & { argument: string };
    assert.is(argument, message.replace(/: .*/, ""));
  });
}

refused("the error that a getter throws is the cause", () => {
  const error = assertThrows(() => write(throwing), { code: "ERR_INVALID_ARG_VALUE" });
  assert.instance(error.cause, RangeError);
});

refused("an array that a getter makes each time", () => {
  const value = {
    get fresh() {
      return new Float64Array(LARGE);
    },
  };
  assertThrows(() => write(value), {
    code: "ERR_INVALID_ARG_VALUE",
    message: "changed while it was written",
  });
});

const NESTINGS: Record<string, (inner: unknown) => unknown> = {
  objects: (next) => ({ next }),
  arrays: (inner) => [inner],
  "arrays with holes": (inner) => Object.assign([], { 3: inner }),
  "arrays with names": (inner) => Object.assign([1], { inner }),
  maps: (inner) => new Map([[inner, 1]]),
  sets: (inner) => new Set([inner]),
  errors: (cause) => new Error("within", { cause }),
};
for (const [name, nest] of Object.entries(NESTINGS)) {
  refused(`${name} that are nested more than 1000 deep`, () => {
    const nested = (depth: number): unknown => {
      let value: unknown = new Uint8Array(1);
      for (let i = 1; i < depth; i++) value = nest(value);
      return value;
    };
    trip(nested(1000));
    for (const depth of [1001, 2500, 200_000]) {
      assertThrows(() => write(nested(depth)), { code: "ERR_INVALID_ARG_VALUE", message: "1000 deep" });
    }
  });
}

refused("objects that are in a list too, but are met through each other before", () => {
  const list = Array.from({ length: 2500 }, (): { next?: unknown } => ({}));
  for (const [i, item] of list.entries()) item.next = list[i + 1];
  assertThrows(() => write(list), { code: "ERR_INVALID_ARG_VALUE", message: "1000 deep" });
  // From its end, each has been met before.
  assert.is(trip(list.toReversed()).length, list.length);
});

refused("bytes that are no object", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(64), Buffer.from("tmo1 is not enough")]) {
    assertThrows(() => new Arrived(bytes, "rank 3").read(), { code: "ERR_MPI_TYPE", message: "rank 3" });
  }
});

refused("a stream that was cut off", () => {
  const { stream } = write({ a: [1, 2, 3], b: new Uint8Array(9) });
  for (let length = 0; length < stream.length; length++) {
    const cut = stream.slice(0, length);
    // What is missing at the end may be padding, or bytes of an array.
    try {
      new Arrived(cut, "rank 0").read();
    } catch (error) {
      assert.is((error as { code?: unknown }).code, "ERR_MPI_TYPE", `${length} bytes`);
    }
  }
});

refused.run();

function cycle(last: unknown): unknown {
  const value: Record<string, unknown> = { list: [] };
  (value["list"] as unknown[]).push(value, { up: value });
  value["last"] = last;
  return value;
}
