import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { engine } from "../../src/ffi/index.js";
import { alignedArray } from "../../src/njit/index.js";
import { assertThrows } from "../harness/assert.js";
import { ARRAYS } from "./fuzz/values.js";

const aligned = suite("aligned arrays");

const isAtLine = (view: ArrayBufferView): boolean => engine().addressOf(view) % 64n === 0n;

for (const kind of Object.values(ARRAYS)) {
  aligned(`${kind.name}: zeros from a line of the cache on, of the length asked for`, () => {
    for (const length of [1, 3, 64, 1000, 100_000]) {
      const array = alignedArray(kind as typeof Float64Array, length);
      assert.instance(array, kind);
      assert.is(array.length, length);
      assert.ok(isAtLine(array));
      assert.ok(array.every((value) => Number(value) === 0));
    }
    assert.is(alignedArray(kind as typeof Float64Array, 0).length, 0);
  });
}

if (process.platform === "linux" && existsSync("/sys/kernel/mm/transparent_hugepage/enabled")) {
  aligned("one of 4 MiB asks for large pages", () => {
    const array = alignedArray(Float64Array, 2 ** 20);
    assert.ok(array.every((value) => value === 0));
    const middle = engine().addressOf(array) + 2n ** 22n;
    // The flags of the memory that it is in.
    const areas = readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
    const area = areas.find((text) => {
      const [begin, end] = text.split(" ", 1)[0]?.split("-") ?? [];
      return BigInt(`0x${begin}`) <= middle && middle < BigInt(`0x${end}`);
    });
    assert.match(area ?? "", /^VmFlags:.* hg/m);
  });
}

aligned("what cannot be is refused by its name and value", () => {
  for (const wrong of [undefined, null, 8, Array, {}, DataView]) {
    assertThrows(() => alignedArray(wrong as never, 1), { code: "ERR_INVALID_ARG_TYPE", argument: "kind" });
  }
  for (const wrong of [-1, 0.5, NaN, 2 ** 60, "3" as never]) {
    assertThrows(() => alignedArray(Float64Array, wrong), { code: "ERR_OUT_OF_RANGE", argument: "length" });
  }
});

aligned.run();
